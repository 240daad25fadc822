"""The rules of Microsoft Sentinel as they would be deployed: each fires on the lines of its app."""

import json
from datetime import UTC, datetime, timedelta
from typing import Any, Final

import duckdb_kql
import pytest

from tests.guard.infra.alert_engine import span
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
    titles = ("not under", "cannot be used", "no longer read", "not finished")
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
    query: str, written: list[tuple[timedelta, str]], component: str, period: timedelta
) -> list[dict[str, Any]]:
    """Run a query over lines, each with its age, that an app has written."""
    with duckdb_kql.connect() as connection:
        connection.execute(
            "CREATE TABLE AppTraces (TimeGenerated TIMESTAMP, Message VARCHAR, _ResourceId VARCHAR)"
        )
        for age, text in written:
            if age < period:
                time = (NOW - age).replace(tzinfo=None)
                row = [time, text, component.upper()]
                connection.execute("INSERT INTO AppTraces VALUES (?, ?, ?)", row)
        found = duckdb_kql.query(connection, query, query_now=NOW.replace(tzinfo=None))
        return [dict(zip(found.columns, row, strict=True)) for row in found.fetchall()]


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
        ("not under", {"Account": "chat", "Owner": "x", "Type": "cmkcheck.account.violated"}),
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
    late = [(timedelta(minutes=6), text) for text in lines]
    assert _fired(rules[about], late, _component(resources)) == []


def test_the_starting_point_makes_no_incident(
    rules: dict[str, Any], resources: list[Json], lines: list[str]
) -> None:
    """What the first scan finds would be hundreds of incidents on the first day."""
    first = [(timedelta(), text.replace('"baseline":false', '"baseline":true')) for text in lines]

    assert [_fired(rule, first, _component(resources)) for rule in rules.values()][:3] == [[]] * 3


def test_no_owner_is_a_group_of_its_own(
    rules: dict[str, Any], resources: list[Json], lines: list[str]
) -> None:
    """Alerts are grouped by a value; nothing is none."""
    unowned = [
        (timedelta(), text.replace('"owner":{"value":"x"', '"owner":{"value":null'))
        for text in lines
    ]

    (row,) = _fired(rules["not under"], unowned, _component(resources))

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


def test_windows_neither_overlap_nor_leave_a_gap(rules: dict[str, Any]) -> None:
    """An overlap repeats alerts; a look back of two days may come once an hour at most."""
    events_, (missing_scan,) = list(rules.values())[:3], list(rules.values())[3:]

    assert {(rule["queryFrequency"], rule["queryPeriod"]) for rule in events_} == {("PT5M", "PT5M")}
    assert {rule["suppressionEnabled"] for rule in events_} == {False}
    assert (missing_scan["queryFrequency"], missing_scan["queryPeriod"]) == ("PT1H", "P2D")
    assert span(missing_scan["suppressionDuration"]) <= timedelta(days=1)


def test_incidents_are_grouped_by_a_detail_that_there_is(rules: dict[str, Any]) -> None:
    """A rule that groups by a detail it does not have is refused."""
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
