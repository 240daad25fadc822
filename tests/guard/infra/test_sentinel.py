"""The rules of Microsoft Sentinel as they would be deployed: each fires on the lines of its app."""

import json
import re
from collections import Counter
from datetime import UTC, datetime, timedelta
from typing import Any, Final

import pytest

from tests.guard.infra.alert_engine import (
    DELAYS,
    PHASES,
    Line,
    Log,
    Look,
    at_every_phase,
    every,
    span,
)
from tests.guard.infra.bicep_kit import Bicep, Json, of_type, only
from tests.guard.infra.expressions import worked_out
from tests.guard.infra.test_options import OPTIONS
from tests.guard.kql import CHANGES, bound, faults

NOW: Final = datetime(2026, 11, 25, 12, tzinfo=UTC)
LONGEST_QUERY: Final = 10_000  # https://learn.microsoft.com/azure/sentinel/scheduled-rules-overview
FUNCTION: Final = "Microsoft.OperationalInsights/workspaces/savedSearches"


@pytest.fixture(scope="module")
def resources(compiler: Bicep) -> list[Json]:
    """What a deployment with the option would create."""
    option = OPTIONS["sentinel"]
    found: list[Json] = worked_out(compiler.snapshot_with(option["before"] | option["added"]))
    return found


@pytest.fixture(scope="module")
def rules(resources: list[Json]) -> dict[str, Any]:
    """The properties of each rule, by what it is about."""
    titles = ("not encrypted", "cannot be used", "no longer read", "not finished")
    found = [
        one["properties"] for one in of_type(resources, "Microsoft.SecurityInsights/alertRules")
    ]
    assert len(found) == len(titles)
    return {title: rule for title in titles for rule in found if title in rule["displayName"]}


@pytest.fixture(scope="module")
def function(resources: list[Json]) -> str:
    """The text of the function for hunters."""
    found: str = only(resources, FUNCTION)["properties"]["query"]
    return found


def _component(resources: list[Json]) -> str:
    return str(only(resources, "Microsoft.Insights/components")["id"])


def _rows(
    query: str,
    written: list[tuple[timedelta, str]],
    component: str,
    period: timedelta = timedelta(days=1),
) -> list[dict[str, Any]]:
    """Run a query over lines, each with its age, that an app has written."""
    log = Log([Line(NOW - age, text) for age, text in written], component)
    return log.rows(query, Look(NOW, NOW - period, NOW, NOW))


def _fired(
    rule: Any,  # noqa: ANN401 - the template's JSON
    written: list[tuple[timedelta, str]],
    component: str,
) -> list[dict[str, Any]]:
    return _rows(rule["query"], written, component, span(rule["queryPeriod"]))


def test_each_query_parses_and_has_what_its_alert_or_a_hunter_reads(
    rules: dict[str, Any], function: str, lines: list[str]
) -> None:
    """Of an entity or a detail that is no column, an incident shows nothing."""
    *of_rules, of_function = bound((*(rule["query"] for rule in rules.values()), function))
    for rule, result in zip(rules.values(), of_rules, strict=True):
        assert result.faults == []
        mapped = [
            field["columnName"] for one in rule["entityMappings"] for field in one["fieldMappings"]
        ]
        shown = {*mapped, *rule["customDetails"].values()}
        assert {result.columns.get(name) for name in shown} == {"string"}
        assert mapped == ["ResourceId"]
        assert result.columns["TimeGenerated"] == "datetime"
        assert len(rule["query"]) <= LONGEST_QUERY
    # Hunters write their queries against the page.
    assert (of_function.faults, of_function.columns) == ([], CHANGES)
    assert faults(function, lines) == []


@pytest.mark.parametrize(
    ("about", "shown"),
    [
        ("not encrypted", {"Account": "chat", "Owner": "x", "Type": "cmkcheck.account.violated"}),
        ("cannot be used", {"Account": "chat", "Owner": "x", "Reason": "key_disabled"}),
        ("no longer read", {"Subscription": "Production", "Reason": "forbidden"}),
    ],
)
def test_a_rule_fires_once_on_its_change(
    rules: dict[str, Any], resources: list[Json], lines: list[str], about: str, shown: Json
) -> None:
    """A line may be written twice; an app beside this one has rules of its own."""
    twice = [(timedelta(minutes=1), text) for text in lines] * 2

    (row,) = _fired(rules[about], twice, _component(resources))

    assert {name: row[name] for name in shown} == shown
    assert row["ResourceId"].startswith("/subscriptions/")
    assert row["Finding"].startswith("https://") or about == "no longer read"
    assert _fired(rules[about], twice, "/another/component") == []
    before = [(timedelta(minutes=13), text) for text in lines]
    assert _fired(rules[about], before + twice, _component(resources)) == []


def test_the_starting_point_makes_no_incident(
    rules: dict[str, Any], resources: list[Json], lines: list[str]
) -> None:
    """What the first scan finds would be hundreds of incidents on the first day."""
    first = [(timedelta(), text.replace('"baseline":false', '"baseline":true')) for text in lines]

    assert [_fired(rule, first, _component(resources)) for rule in rules.values()][:3] == [[]] * 3
    # Alerts are grouped by a value: an account without an owner has one, too.
    unowned = [
        (timedelta(), text.replace('"owner":{"value":"x"', '"owner":{"value":null'))
        for text in lines
    ]

    (row,) = _fired(rules["not encrypted"], unowned, _component(resources))
    assert row["Owner"] == "none"


@pytest.mark.parametrize(
    ("age", "component", "fires"),
    [(2, None, False), (4, None, True), (2, "/another/component", True), (None, None, True)],
)
def test_a_missing_scan_is_one_of_this_app(
    rules: dict[str, Any],
    resources: list[Json],
    age: int | None,
    component: str | None,
    fires: bool,  # noqa: FBT001 - a parameter of the test
) -> None:
    """The scan of another app in the same workspace must not stand for one that is missing."""
    ago = timedelta(hours=age or 0)
    started = f"{NOW - ago:%Y-%m-%dT%H:%M:%SZ}"
    text = json.dumps(
        {"event": "cmk.scan", "v": 1, "state": "complete", "startedAt": started},
        separators=(",", ":"),
    )
    written = [(ago, text)] if age else []

    rows = _fired(rules["not finished"], written, component or _component(resources))

    assert bool(rows) is fires
    for row in rows:
        assert row["ResourceId"] == only(resources, "Microsoft.Web/sites")["id"]
        assert row["Todo"]


@pytest.mark.parametrize(("jitter", "now_is_when_it_runs"), [((0,), True), ((-1, 1), False)])
def test_an_event_makes_an_alert_at_every_phase_and_delay(
    rules: dict[str, Any],
    resources: list[Json],
    lines: list[str],
    jitter: tuple[int, ...],
    now_is_when_it_runs: bool,  # noqa: FBT001 - a parameter of the test
) -> None:
    """Sentinel runs a rule five minutes after its time, and which time is now is not documented.

    The same alert may be made up to four times: an incident groups them.
    """
    minute = timedelta(minutes=1)
    late = [minutes * minute for minutes in jitter]
    texts = [
        text for text in lines if re.search("account.violated|key.degraded|coverage.lost", text)
    ]
    log = Log(at_every_phase(texts, NOW), _component(resources), unreadable=minute)

    for rule in list(rules.values())[:3]:
        made: Counter[str] = Counter()
        for time in every(span(rule["queryFrequency"]), NOW, NOW + 60 * minute, late):
            runs = time + 5 * minute
            since = time - span(rule["queryPeriod"])
            look = Look(runs, since, time, runs if now_is_when_it_runs else time)
            made.update({row["Id"] for row in log.rows(rule["query"], look)})
        assert len(made) == len(PHASES) * len(DELAYS)
        assert max(made.values()) <= 4


def test_a_rule_looks_back_less_than_two_days_or_runs_once_an_hour(rules: dict[str, Any]) -> None:
    """Sentinel refuses a rule that looks back two days more often."""
    *of_events, missing_scan = rules.values()

    assert {(rule["queryFrequency"], rule["queryPeriod"]) for rule in of_events} == {
        ("PT5M", "P1D")
    }
    assert {rule["suppressionEnabled"] for rule in of_events} == {False}
    assert (missing_scan["queryFrequency"], missing_scan["queryPeriod"]) == ("PT1H", "P2D")
    assert span(missing_scan["suppressionDuration"]) <= timedelta(days=1)
    # It refuses a rule that groups by a detail it does not have.
    for rule in rules.values():
        grouping = rule["incidentConfiguration"]["groupingConfiguration"]
        assert set(grouping["groupByCustomDetails"]) <= rule["customDetails"].keys()
        is_selected = grouping["matchingMethod"] == "Selected"
        assert is_selected == bool(grouping["groupByCustomDetails"])
        assert len(rule["customDetails"]) <= 20
        assert all(len(name) <= 20 and name.isalnum() for name in rule["customDetails"])


def test_ids_are_those_of_the_last_deployment(compiler: Bicep, resources: list[Json]) -> None:
    """A deployment replaces its rules, and leaves those of another app in the workspace alone."""
    option = OPTIONS["sentinel"]
    other = compiler.snapshot_with(
        option["before"] | option["added"] | {"names": {"insights": "appi-other"}}
    )

    def ids(found: list[Json]) -> set[str]:
        return {one["name"] for one in of_type(found, "Microsoft.SecurityInsights/alertRules")}

    assert len(ids(resources)) == len(ids(worked_out(other))) == 4
    assert ids(resources).isdisjoint(ids(worked_out(other)))
    assert only(worked_out(other), FUNCTION) == only(resources, FUNCTION)
