"""The alert rules as they would be deployed: they fire on what the app writes, and on all of it."""

import json
import re
from collections.abc import Iterable
from datetime import timedelta
from typing import Any, Final
from urllib.parse import parse_qsl

import pytest

from cmk_check.config.webhook import ALERTS
from cmk_check.core.enums import ChangeType
from cmk_check.web.parameters import FindingsQuery
from tests.guard.infra.alert_engine import span
from tests.guard.infra.alert_rules import criterion
from tests.guard.infra.bicep_kit import INFRA, SUBSCRIPTION, Bicep, Json, of_type, only
from tests.guard.infra.expressions import worked_out
from tests.guard.kql import bound, compared, events, faults, has, negated

# Each alerts at the first row, and at the first error.
FIRST_ROW: Final = {
    "timeAggregation": "Count",
    "operator": "GreaterThan",
    "threshold": 0,
    "failingPeriods": {"numberOfEvaluationPeriods": 1, "minFailingPeriodsToAlert": 1},
}
FIRST_ERROR: Final = {"metricName": "Http5xx", "operator": "GreaterThan", "threshold": 0}
# What makes up an alert, by its type.
ALERTING: Final = {"actionGroups", "activityLogAlerts", "metricAlerts", "scheduledQueryRules"}
MUTES: Final = "Microsoft.AlertsManagement/actionRules"
# Types that alert by default and have no rule, each with the reason.
WITHOUT_RULE: Final = {
    ChangeType.ACCOUNT_RESOLVED: "good news",
    ChangeType.ACCOUNT_KIND_CHANGED: "the same verdict; what became worse has a rule",
    ChangeType.KEY_RECOVERED: "good news",
    ChangeType.EXCEPTION_STARTED: "somebody has decided it",
    ChangeType.COVERAGE_REGAINED: "good news",
    ChangeType.COVERAGE_REMOVED: "the gap had an alert, and what is out of scope counts no more",
}
# https://learn.microsoft.com/azure/azure-monitor/fundamentals/service-limits
MOST_DIMENSIONS: Final = 6
LONGEST_LOOK_BACK: Final = timedelta(days=2)


@pytest.fixture(scope="module")
def resources(compiler: Bicep) -> list[Json]:
    """What a deployment would create."""
    found: list[Json] = worked_out(compiler.snapshot("minimal.bicepparam"))
    return found


@pytest.fixture(scope="module")
def queries(rules: dict[str, Any]) -> dict[str, str]:
    """The query of each rule."""
    return {name: criterion(rule)["query"] for name, rule in rules.items()}


def test_each_query_parses_and_its_rule_splits_by_columns_of_text(
    rules: dict[str, Any], queries: dict[str, str]
) -> None:
    """Azure does not look when they are deployed: a wrong one fails at each evaluation.

    Rows with a time count in its window alone: a late event would be lost, and a condition would
    end until the next line.
    """
    for (name, rule), found in zip(rules.items(), bound(tuple(queries.values())), strict=True):
        dimensions = [dimension["name"] for dimension in criterion(rule)["dimensions"]]
        assert found.faults == [], name
        assert {found.columns.get(each) for each in dimensions} <= {"string"}, name
        assert len(dimensions) <= MOST_DIMENSIONS
        assert "datetime" not in found.columns.values(), name


def test_each_query_reads_what_is_written(queries: dict[str, str], lines: list[str]) -> None:
    """The opposite of a field that is missing is null, and its line is left out in silence."""
    assert {name: wrong for name, query in queries.items() if (wrong := faults(query, lines))} == {}
    assert any(negated(query) for query in queries.values())
    for query in queries.values():
        read = [line for line in map(json.loads, lines) if line["event"] in events(query)]
        assert all(has(line, field) for field in negated(query) for line in read), query


def test_each_link_of_an_alert_leads_to_a_filter_of_findings() -> None:
    """The page ignores what it does not know, and would show all accounts."""
    text = (INFRA / "modules/alerts.bicep").read_text(encoding="utf-8")
    views = re.findall(r"view: '#(.*)'", text)

    assert views
    for view in views:
        filters = dict(parse_qsl(view, strict_parsing=True))
        assert len(FindingsQuery.model_validate(filters).model_fields_set) == len(filters)


@pytest.mark.parametrize("name", ["modules/alerts.bicep", "workbook.json"])
def test_the_owner_is_the_one_of_the_finding(name: str) -> None:
    """Who has to act may stand in another tag, or in one of the subscription."""
    text = (INFRA / name).read_text(encoding="utf-8").replace("\\", "")

    assert set(re.findall(r"[Oo]wner = (tostring\(.*?\))", text)) == {
        'tostring(change["data"]["owner"]["value"])'
    }


def test_what_alerts_by_default_has_a_rule_or_a_reason_for_none(queries: dict[str, str]) -> None:
    """Whoever relies on Azure Monitor alone must hear of what a webhook would be told."""
    ruled = {word for query in queries.values() for word in compared(query)} & set(ChangeType)

    assert set(ChangeType) & ALERTS == ruled | WITHOUT_RULE.keys()
    assert ruled.isdisjoint(WITHOUT_RULE)


def test_a_key_that_got_worse_has_one_rule_and_no_other(queries: dict[str, str]) -> None:
    """Two alerts for one key are one too many, and a state that neither takes is none."""
    broken, other = queries["key-broken"], queries["key-degraded"]

    other_only = broken.replace('== "broken"', '!= "broken"').replace("#keyHealth=broken", "")
    assert other_only == other
    assert '== "broken"' in broken


def test_each_rule_is_on_and_tells_somebody(resources: list[Json], rules: dict[str, Any]) -> None:
    """A rule without a receiver is one that fires for nobody."""
    group = only(resources, "Microsoft.Insights/actionGroups")
    component = only(resources, "Microsoft.Insights/components")
    errors = only(resources, "Microsoft.Insights/metricAlerts")["properties"]

    (of_errors,) = errors["criteria"]["allOf"]

    for rule in rules.values():
        condition = criterion(rule)
        assert rule["enabled"] is True
        assert rule["scopes"] == [component["id"]]
        assert rule["actions"] == {"actionGroups": [group["id"]]}
        assert condition | FIRST_ROW == condition
        assert {(one["operator"], *one["values"]) for one in condition["dimensions"]} <= {
            ("Include", "*")
        }
    assert group["properties"]["enabled"] is True
    assert errors["enabled"] is True
    assert errors["actions"] == [{"actionGroupId": group["id"]}]
    assert of_errors | FIRST_ERROR == of_errors


def _watches(resources: list[Json]) -> dict[str, tuple[list[str], set[str]]]:
    """Return the scopes and the operations of each alert about the activity log, by its name."""
    found = {}
    for one in of_type(resources, "Microsoft.Insights/activityLogAlerts"):
        *fields, operations = one["properties"]["condition"]["allOf"]
        assert one["properties"]["enabled"] is True
        assert one["properties"]["actions"]["actionGroups"]
        assert {field["field"]: field["equals"] for field in fields} == {
            "category": "Administrative",
            "status": "Succeeded",
        }
        name = one["name"].removeprefix("cmk-").rpartition("-")[0]
        found[name] = (
            one["properties"]["scopes"],
            {each["equals"] for each in operations["anyOf"]},
        )
    return found


def _changes(types: Iterable[str]) -> set[str]:
    return {f"{type_}/{verb}" for type_ in types for verb in ("write", "delete")}


def test_whoever_silences_an_alert_is_not_the_only_one_who_knows(resources: list[Json]) -> None:
    """A rule that is off, and a group without receivers, look like an estate without news."""
    alerting = [resource for resource in resources if resource["type"].split("/")[1] in ALERTING]

    watches = _watches(resources)

    (scope,), operations = watches["alerts-changed"]
    types = {resource["type"] for resource in alerting}
    assert operations == _changes(types) | {"Microsoft.Insights/scheduledQueryRules/disable/action"}
    assert all(resource["id"].startswith(f"{scope}/") for resource in alerting)
    # A processing rule mutes alerts from any resource group of the subscription.
    assert watches["alerts-muted"] == ([f"/subscriptions/{SUBSCRIPTION}"], _changes([MUTES]))


def test_without_rights_on_the_subscription_the_own_group_is_watched(compiler: Bicep) -> None:
    """An alert about the subscription would end the deployment; so would one about another one."""
    path = "vended_group.bicepparam"
    resources = worked_out(compiler.snapshot(path, resource_group="rg-example"))

    ((name, (scopes, operations)),) = _watches(resources).items()

    assert name == "alerts-changed"
    assert scopes == [f"/subscriptions/{SUBSCRIPTION}/resourceGroups/rg-example"]
    assert operations >= _changes([MUTES])


def test_each_rule_looks_back_as_far_as_azure_allows_and_no_event_is_resolved(
    rules: dict[str, Any], queries: dict[str, str]
) -> None:
    """A rule that reports "resolved" when its window is over says that a violation has ended.

    https://learn.microsoft.com/azure/azure-monitor/alerts/alerts-create-log-alert-rule: at most two
    days, and no ``ingestion_time()`` in a rule that runs every minute.
    """
    for name, rule in rules.items():
        assert rule["windowSize"] == rule["evaluationFrequency"], name
        assert span(rule["evaluationFrequency"]) >= timedelta(minutes=5), name
        assert span(rule["overrideQueryTimeRange"]) == LONGEST_LOOK_BACK, name
        assert rule["autoMitigate"] != ("ingestion_time()" in queries[name]), name


def test_a_missing_scan_is_seen_within_what_a_rule_can_look_back(
    rules: dict[str, Any], queries: dict[str, str], compiler: Bicep
) -> None:
    """Asked about a longer time than it sees, the rule would complain for ever."""
    (minutes,) = re.findall(r"ago\((\d+)m\)", queries["scan-missing"])
    longest = compiler.compiled("main.bicep")[0]["parameters"]["maxAgeMinutes"]["maxValue"]

    look_back = span(rules["scan-missing"]["overrideQueryTimeRange"])

    assert timedelta(minutes=int(minutes)) <= timedelta(minutes=longest) < look_back
