"""The estimates in the document are what the command prints today."""

import re
from dataclasses import asdict

import pytest
from typer.testing import CliRunner

from cmk_check.cli import app
from cmk_check.core.prices import NOTED, Prices
from tests.guard.documents import ROOT

DOCUMENT = (ROOT / "docs/performance.md").read_text()
ALERT_RULES = (ROOT / "docs/operations.md").read_text().partition("The alert rules cost")[2]
SHOWN = re.findall(r"(?s)```console\n\$ cmk-check (estimate [^\n]+)\n(.*?)```", DOCUMENT)


@pytest.mark.parametrize(("command", "text"), SHOWN)
def test_an_estimate_is_what_the_command_prints(command: str, text: str) -> None:
    """Whoever plans a large estate reads it there first."""
    result = CliRunner().invoke(app, command.split())

    assert (result.exit_code, result.output) == (0, text)


def test_both_large_estates_are_shown() -> None:
    """And the costs of alert rules are those that operators read of."""
    assert [command.split()[2] for command, _ in SHOWN] == ["10000", "50000"]
    (rules,) = re.findall(r"about (\S+) \$ a month", ALERT_RULES)
    assert all(re.search(rf"alert rules +{rules}\n", text) for _, text in SHOWN)


def test_the_prices_are_those_that_count() -> None:
    """Whoever has other prices finds there which to give."""
    listed = re.findall(r"(?m)^\| `(\w+)` \| ([0-9.]+) \|", DOCUMENT)

    assert {name: float(price) for name, price in listed} == asdict(Prices())
    assert all(f"list prices assumed on {NOTED}\n" in text for _, text in SHOWN)


def test_the_watch_costs_what_is_said_of_it() -> None:
    """The deployed app has it, and a shell mostly not."""
    queries, usd = re.findall(r"adds (\d+) queries an hour and (\S+) \$ a month", DOCUMENT)[0]
    looks = {"CMK_WATCH_SCHEDULE": "0 1/2 * * * *"}
    for command, text in SHOWN:
        watched = CliRunner().invoke(app, command.split(), env=looks).output
        before, after = (_numbers(each) for each in (text, watched))

        assert after["queries"] - before["queries"] == int(queries)
        # Both are rounded to cents.
        more = after["together"] - before["together"]
        assert more == pytest.approx(float(usd), abs=0.011)


def _numbers(text: str) -> dict[str, float]:
    rows = re.findall(r"(?m)^ *(\w+)\D*?([\d,.]+)(?:  |$)", text)
    return {name: float(number.replace(",", "")) for name, number in rows}
