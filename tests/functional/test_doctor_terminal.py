"""``doctor`` as a person sees it: colours where they are wanted, names that are text, usage."""

import pytest

from local.simulator import Estate, Fault, Simulator, arm_error
from tests.functional import terminal_kit
from tests.functional.estate_kit import accounts_of, sub_id


@pytest.mark.long
def test_p10_a_subscription_cannot_steer_a_terminal() -> None:
    """Names of subscriptions are anybody's."""
    estate = Estate()
    estate.add_subscription(sub_id(1), "x\x1b]0;owned\x07\x1b[2J\u202e\nok       tables [red]y")
    with Simulator(estate) as simulator:
        simulator.faults.add(Fault(path=accounts_of(1), then=arm_error(403, "No")))
        ended = terminal_kit.run_at_terminal(
            "doctor", "--no-color", environment=simulator.environment()
        )

    assert ended.code == 3
    assert not set(ended.out) & set("\x1b\x07\u202e")
    assert [line for line in ended.out.splitlines() if line.startswith("ok       tables")] == []
    assert "[red]y" in ended.out


@pytest.mark.parametrize("name", ["/nowhere.json", "-"])
def test_a_file_that_is_no_list_of_settings_is_a_usage_error(name: str) -> None:
    """Nothing is tried: every answer would be about something else."""
    ended = terminal_kit.run("doctor", "--settings", name, environment={})

    assert (ended.code, ended.out) == (2, "")
    assert "--settings" in ended.err
