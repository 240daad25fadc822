"""The day of a person without the app: scans at a terminal, a fix, and what is new since."""

from pathlib import Path

import pytest

from local.simulator import Simulator
from local.terminal import left_on_screen, without_codes
from tests.functional import terminal_kit
from tests.functional.estate_kit import CMK, MICROSOFT, add_account, estate_of, sub_id

pytestmark = pytest.mark.long


@pytest.mark.parametrize("columns", [80, 100, 120, 180])
def test_an_account_is_one_line_at_any_terminal(columns: int) -> None:
    """A large estate must not scroll its totals out of sight."""
    names = [f"customer-support-assistant-westeurope-{each:04d}" for each in range(5_000)]
    accounts = dict.fromkeys(names, MICROSOFT)
    with Simulator(estate_of(accounts)) as simulator:
        ended = terminal_kit.run_at_terminal(
            "scan", environment=simulator.environment(), columns=columns
        )

    lines = without_codes(left_on_screen(ended.out)).splitlines()
    rows = [line for line in lines if line.startswith("non_compliant ")]
    assert len(rows) == 50
    assert all("-westeurope-00" in row for row in rows)
    assert max(map(len, lines)) <= columns
    assert any(line.startswith("4,950 more: --limit 0 shows all") for line in lines)
    assert "accounts: 5,000: 0 compliant, 5,000 non_compliant, 0 unknown" in " ".join(lines)


def test_a_pipeline_with_old_violations_fails_on_new_ones_alone(tmp_path: Path) -> None:
    """A fix is confirmed, old debt passes with its number, and a new account does not."""
    estate = estate_of({"chat": MICROSOFT, "lab": MICROSOFT})
    file = str(tmp_path / "baseline.json")
    with Simulator(estate) as simulator:
        environment = simulator.environment()

        def run(*words: str) -> terminal_kit.Ended:
            return terminal_kit.run("scan", "--quiet", *words, environment=environment)

        first = run("--format", "json", "--output", file)
        own = {each.name: each for each in estate.subscription(sub_id(1)).accounts.values()}
        own["chat"].set("properties.encryption", CMK)
        fixed = run("--since", file, "--fail-on", "new")
        add_account(estate.subscription(sub_id(1)), "late", MICROSOFT)
        options = ("--since", file, "--fail-on", "new")
        later = terminal_kit.run("scan", *options, environment=environment)
        report = run("--exit-zero")

    assert [each.code for each in (first, fixed, later, report)] == [1, 0, 1, 0]
    assert fixed.err.startswith("violations: 0 new, 1 old; 1 fixed since ")
    assert "new: late: microsoft_managed_key" in later.err
    assert "fixed: chat: microsoft_managed_key" in later.err
    assert report.err.splitlines()[-1].endswith("the exit code is 0 instead of 1.")
