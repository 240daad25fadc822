"""Findings as OCSF events of class 2003, Compliance Finding: https://schema.ocsf.io/1.5.0.

Only fields with a value are written. An exemption changes neither ``status`` nor
``compliance.status_id``, so that a reader of only one of them does not miss a violation.
"""

import json
from collections.abc import Iterator, Mapping
from datetime import datetime
from itertools import chain
from typing import Any, Final, NamedTuple

from cmk_check import VERSION
from cmk_check.core.aspects import BY_NAME
from cmk_check.core.aspects.owners import OWNER
from cmk_check.core.controls import CONTROLS
from cmk_check.core.enums import CoverageState, GapReason, Reason, Verdict
from cmk_check.core.reasons.catalogue import GAP_REASONS, NOTHING_TO_DO, VERDICT_REASONS
from cmk_check.evidence.download import Evidence
from cmk_check.evidence.summary import gaps
from cmk_check.web import models

_CHECK: Final = "cmk_check"
_TITLE: Final = "Azure OpenAI accounts are encrypted at rest with a customer-managed key"
_STANDARDS: Final = list(dict.fromkeys(control.framework for control in CONTROLS))
_REQUIREMENTS: Final = [f"{control.framework}: {control.control}" for control in CONTROLS]
_METADATA: Final = {
    "version": "1.5.0",
    "product": {"name": _CHECK, "vendor_name": _CHECK, "version": VERSION},
    "event_code": _CHECK,
}
_TYPES: Final = ["customer-managed key"]
_OF_RESOURCE: Final = ("kind", "subscriptionId", "subscriptionName", OWNER.name)
_UNMAPPED: Final = (
    *("verdict", "reason", "coverage", "violatedSince", "dueAt", "evidence"),
    *(name for name in BY_NAME if name != OWNER.name),
)


class _Result(NamedTuple):
    """``compliance.status_id`` and ``severity_id`` of the standard, with their names."""

    status_id: int
    status: str
    severity_id: int
    severity: str


_PASS: Final = _Result(1, "Pass", 1, "Informational")
_WARNING: Final = _Result(2, "Warning", 3, "Medium")
_UNKNOWN: Final = _Result(0, "Unknown", 0, "Unknown")
_RESULTS: Final[Mapping[Verdict, _Result]] = {
    Verdict.COMPLIANT: _PASS,
    Verdict.NON_COMPLIANT: _Result(3, "Fail", 4, "High"),
    Verdict.UNKNOWN: _UNKNOWN,
}


def lines(evidence: Evidence) -> Iterator[bytes]:
    """Yield an event for each finding and each unread subscription, as lines of JSON."""
    status = evidence.status
    events = chain(
        (_of_finding(finding, status) for finding in evidence.findings()),
        (_of_gap(subscription, gap, status) for subscription, gap in gaps(evidence)),
    )
    for event in events:
        yield f"{json.dumps(_with_values(event), separators=(',', ':'))}\n".encode()


def _of_finding(finding: models.Finding, status: models.Status) -> dict[str, Any]:
    # The days to the expiry of a key depend on the day of the export.
    without = {"key_health": {"days_to_expiry"}}
    plain = finding.model_dump(mode="json", by_alias=True, exclude=without)
    entry = VERDICT_REASONS[finding.reason]
    event = _event(_result(finding, status), finding.reason, finding.message, finding.rule_version)
    return event | {
        "time": _milliseconds(finding.as_of or finding.changed_at or status.as_of),
        "metadata": _METADATA | {"tenant_uid": finding.tenant_id},
        "finding_info": {
            "uid": finding.id,
            "title": _TITLE,
            "desc": entry.message,
            "created_time": _milliseconds(finding.first_seen),
            "first_seen_time": _milliseconds(finding.first_seen),
            "modified_time": _milliseconds(finding.changed_at),
            "last_seen_time": _milliseconds(finding.as_of),
            "src_url": finding.portal_url,
            "types": _TYPES,
        },
        "remediation": None if entry.way_out == NOTHING_TO_DO else {"desc": entry.way_out},
        "resources": [
            {
                "uid": finding.id,
                "name": finding.name,
                "type": "Microsoft.CognitiveServices/accounts",
                "region": finding.location,
                "group": {"name": finding.resource_group},
                "labels": [f"{name}:{value}" for name, value in finding.tags.items()] or None,
                "data": {name: plain[name] for name in _OF_RESOURCE},
            }
        ],
        "unmapped": {name: plain[name] for name in _UNMAPPED},
    }


def _result(finding: models.Finding, status: models.Status) -> _Result:
    """Return the result of an account; an outdated "compliant" does not pass."""
    result = _RESULTS[finding.verdict]
    if result is not _PASS:
        return result
    scanned, as_of = status.as_of, finding.as_of
    is_of_last_scan = as_of is not None and scanned is not None and as_of >= scanned
    if not (status.fresh and finding.coverage is CoverageState.READ and is_of_last_scan):
        return _UNKNOWN
    for name, side in finding.sides.items():
        aspect = BY_NAME[name]
        # An aspect that was never read is fine only if it is turned off.
        is_well = side.state in aspect.well if side else status.sums[name] is None
        if not is_well and finding.verdict in aspect.verdicts:
            return _WARNING
    return _PASS


def _of_gap(
    subscription: models.Subscription, gap: models.GapOfSubscription, status: models.Status
) -> dict[str, Any]:
    uid, entry = f"/subscriptions/{subscription.subscription_id}", GAP_REASONS[gap.reason]
    message = gap.detail or entry.text(gap.missing_action)
    return _event(_UNKNOWN, gap.reason, message) | {
        "time": _milliseconds(status.as_of),
        "metadata": _METADATA | {"tenant_uid": subscription.tenant_id},
        "finding_info": {
            "uid": uid,
            "title": _TITLE,
            "desc": entry.message,
            "created_time": _milliseconds(subscription.since),
            "last_seen_time": _milliseconds(subscription.last_read),
            "types": _TYPES,
        },
        "remediation": {"desc": message},  # it also contains the cure
        "resources": [
            {
                "uid": uid,
                "name": subscription.name or subscription.subscription_id,
                "type": "Microsoft.Resources/subscriptions",
            }
        ],
        "unmapped": {
            "reason": gap.reason.value,
            "coverage": subscription.coverage.value,
            "missingAction": gap.missing_action,
        },
    }


def _event(
    result: _Result, code: Reason | GapReason, message: str, rule: str | None = None
) -> dict[str, Any]:
    """Return the fields of every event."""
    told = {"status_id": result.status_id, "status": result.status}
    return {
        "activity_id": 1,
        "activity_name": "Create",
        "category_name": "Findings",
        "category_uid": 2,
        "class_name": "Compliance Finding",
        "class_uid": 2003,
        "type_uid": 200301,
        "type_name": "Compliance Finding: Create",
        "severity_id": result.severity_id,
        "severity": result.severity,
        "status_id": 1,
        "status": "New",
        "status_code": code.value,
        "status_detail": message,
        "message": message,
        "compliance": {
            "control": _TITLE,
            "standards": _STANDARDS,
            "requirements": _REQUIREMENTS,
            "status_id": result.status_id,
            "checks": [{"uid": _CHECK, "name": _TITLE, "version": rule, **told}],
        },
    }


def _with_values(given: Any) -> Any:  # noqa: ANN401 - JSON
    """Leave out fields without a value, at every level."""
    if isinstance(given, dict):
        return {
            name: _with_values(value)
            for name, value in given.items()
            if value is not None and value != {}
        }
    return [_with_values(each) for each in given] if isinstance(given, list) else given


def _milliseconds(time: datetime | None) -> int | None:
    return None if time is None else round(time.timestamp() * 1000)
