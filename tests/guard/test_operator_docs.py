"""The documents of those who deploy and operate the app, against the templates and the code."""

import json
import re
from typing import Final

import pytest

from tests.guard.documents import ROOT, SETTINGS, section, table

INFRA: Final = ROOT / "infra"
LANDING_ZONES: Final = (ROOT / "docs/landing-zones.md").read_text()
UPGRADE: Final = (ROOT / "docs/upgrade.md").read_text()
OPERATIONS: Final = (ROOT / "docs/operations.md").read_text()
PERMISSIONS: Final = (ROOT / "docs/permissions.md").read_text()
DEPLOY: Final = (ROOT / "docs/deploy.md").read_text()
README: Final = (ROOT / "README.md").read_text()
OVER_THE_ACTIVITY_LOG: Final = r"name: '([\w-]+)'\n +description:"


def test_every_option_of_the_template_has_a_variable() -> None:
    """An option without one cannot be set with azd; another one would stop a deployment."""
    given = json.loads((INFRA / "main.parameters.json").read_text())["parameters"]

    variables = {entry["value"] for entry in given.values()}

    assert given.keys() == set(re.findall(r"(?m)^param (\w+)", (INFRA / "main.bicep").read_text()))
    assert {bool(re.fullmatch(r"\$\{[A-Z_]+(=\w+)?\}", each)) for each in variables} == {True}
    assert len(variables) == len(given)


def test_every_name_that_can_be_given_is_listed() -> None:
    """A misspelt name is refused, and the message does not say which ones there are."""
    text = (INFRA / "modules/parameters.bicep").read_text()
    kinds = re.search(r"(?s)type resourceNames = {\n(.*?)\n}", text)
    assert kinds is not None

    shown = [
        name for row in table(LANDING_ZONES, "name") for name in re.findall(r"`(\w+)`", row[0])
    ]

    assert sorted(shown) == sorted(re.findall(r"(?m)^  (\w+): string\?$", kinds[1]))


def listed(text: str) -> set[str]:
    """Return the environment variables that a table lists."""
    rows = table(text, "environment variable")
    return {name for row in rows for name in re.findall(r"\w+", row[0])}


@pytest.mark.parametrize(
    ("path", "heading", "left_out"),
    [
        ("production", "", "^$"),
        ("landing_zone", "Policies that refuse resources", "_SUBNET_ID"),
        ("vended_group", "An existing resource group", "_SUBNET_ID|_LOCATION|_EMAILS"),
    ],
)
def test_what_a_file_takes_from_the_environment_is_listed(
    path: str, heading: str, left_out: str
) -> None:
    """It stops at the first variable that is missing, and names no other.

    What a file reads besides the file for production is in its own section.
    """
    text = (INFRA / f"{path}.bicepparam").read_text()
    common = {name for name in listed(SETTINGS) if not re.search(left_out, name)}
    own = listed(section(LANDING_ZONES, heading)) if heading else set()

    assert own | common == set(re.findall(r"readEnvironmentVariable\('(\w+)'", text))


def test_the_variables_of_the_workflow_are_those_that_it_reads() -> None:
    """A variable that is missing is an empty word in a command."""
    text = (ROOT / ".github/workflows/deploy.yml").read_text()
    head = "variable of the environment"

    shown = [name for row in table(UPGRADE, head) for name in re.findall(r"`([A-Z_]+)`", row[0])]

    assert sorted(shown) == sorted(set(re.findall(r"vars\.(\w+)", text)))


def test_the_roles_of_the_app_are_those_that_the_template_grants() -> None:
    """An auditor compares this table with what the portal shows."""
    text = (INFRA / "modules/access.bicep").read_text()
    granted = re.findall(r"// ([\w ]+).*\nvar \w+ = '([0-9a-f-]{36})'", text)

    shown = [(row[0], row[1].strip("`")) for row in table(PERMISSIONS, "role")]

    assert len(granted) == text.count("\nvar ")
    assert sorted(shown) == sorted(granted)


def test_each_alert_says_what_it_means() -> None:
    """Its mail names this page, and the page has to know it."""
    text = (INFRA / "modules/alerts.bicep").read_text()
    kinds = {"once": "event", "whileItLasts": "condition"}
    rules = re.findall(r"(?s)    name: '([\w-]+)'.*?severity: (\d).*?timing: (\w+)", text)
    metric = re.findall(r"(?s)metricAlerts.*?'{rule}', '([\w-]+)'\).*?severity: (\d)", text)

    told = [
        (name.strip("`"), severity, kind.partition(",")[0])
        for name, severity, kind, meaning, action in table(OPERATIONS, "alert")
        if meaning and action
    ]

    # Azure gives every alert about its activity log the lowest severity.
    changed = re.findall(OVER_THE_ACTIVITY_LOG, text)
    assert told == [
        *((name, severity, kinds[timing]) for name, severity, timing in rules),
        *((name, severity, "condition") for name, severity in metric),
        *((name, "4", "event") for name in changed),
    ]


def test_the_alert_rules_cost_what_is_said_of_them() -> None:
    """A rule that is added costs money."""
    text = (INFRA / "modules/alerts.bicep").read_text()
    rules = [
        text.count("timing: once\n"),
        text.count("timing: whileItLasts\n"),
        len(re.findall(r"(?m)^resource \w+ '.*/metricAlerts@", text)),
        len(re.findall(OVER_THE_ACTIVITY_LOG, text)),
    ]
    priced = [(int(row[1]), float(row[2])) for row in table(OPERATIONS, "rules")]
    total = sum(number * price for number, price in priced)

    assert [number for number, _ in priced] == rules
    assert f"The alert rules cost ${total:.2f} " in section(OPERATIONS, "What it costs")
    assert f"| ${total:.2f} |" in section(DEPLOY, "What it costs")


def test_the_costs_of_a_month_are_the_sum_of_what_was_counted() -> None:
    """A figure that stands in three documents is mended once."""
    *rows, total = table(DEPLOY, "counted in a month")
    sums = [0.0, 0.0, 0.0]
    for _, *numbers, price, _, _ in rows:
        if price != "free":
            dollars, _, unit = price.removeprefix("$").partition(" per ")
            for place, number in enumerate(numbers):
                sums[place] += _number(number) * _number(dollars) / _number(unit or "1")

    small, middle, large = (f"${each:.2f}" for each in sums)

    assert total[1:4] == [small, middle, large]
    assert f": {small}, {middle} and {large}." in section(OPERATIONS, "What it costs")
    assert (
        f"about ${sums[0]:.0f} a month for 100 subscriptions and ${sums[2]:.0f} for 10,000"
        in README
    )
    assert f"every further 1,000 cost about ${(sums[2] - sums[1]) / 9:.2f} a month." in DEPLOY


def _number(text: str) -> float:
    return float(text.replace(",", ""))
