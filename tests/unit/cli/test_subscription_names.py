"""``--subscription`` by name: never another subscription than the one that is meant."""

import pytest
from typer.testing import CliRunner

from cmk_check.cli import app
from cmk_check.cli.subscription_names import find_id
from cmk_check.core.account import Subscription
from cmk_check.errors import NotUsable
from tests.fakes.world import sub

LISTED = [
    Subscription(sub(1), "Production AI"),
    Subscription(sub(2), "Sandbox"),
    Subscription(sub(3), "sandbox"),
    Subscription(sub(4), None),
]


@pytest.mark.parametrize(
    ("text", "found"),
    [("production ai", sub(1)), (sub(9).upper(), sub(9))],
    ids=["a name, in any case", "an id, which a scan reports as not visible"],
)
def test_a_name_or_an_id_is_found(text: str, found: str) -> None:
    """People know the names, and the portal shows them."""
    assert find_id(text, LISTED) == found


@pytest.mark.parametrize(
    ("text", "listed", "said"),
    [
        (
            "SANDBOX",
            LISTED,
            f"2 subscriptions have the name SANDBOX; use the id of one of them: {sub(2)}, {sub(3)}",
        ),
        ("Producton AI", LISTED, "the name Producton AI; similar names: Production AI"),
        ("\x1b[2J", LISTED, "\\x1b[2J; you see Production AI, Sandbox, sandbox"),
        ("x", [], "no subscription has the name x; you see no subscription"),
    ],
    ids=["ambiguous", "misspelt", "hostile, and like none", "nothing visible"],
)
def test_p1_a_name_that_is_not_one_subscription_is_refused(
    text: str, listed: list[Subscription], said: str
) -> None:
    """A scan of another subscription, or of none, may be green."""
    with pytest.raises(NotUsable) as refused:
        find_id(text, listed)

    assert said in str(refused.value)


@pytest.mark.parametrize("command", ["scan", "plan --out plans"])
def test_p1_an_empty_name_does_not_select_everything(command: str) -> None:
    """As when a variable of a pipeline is not set."""
    result = CliRunner().invoke(app, [*command.split(), "--subscription", " "])

    assert result.exit_code == 2
    assert "--subscription: '' must be the name or the id of a subscription" in result.stderr
