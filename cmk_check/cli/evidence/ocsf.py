"""Findings as OCSF events of class 2003, Compliance Finding: https://schema.ocsf.io/1.5.0.

Only fields with a value are written. An exemption changes neither ``status`` nor
``compliance.status_id``: whoever reads one of them alone must not miss a violation.
"""

import json
from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import Any, Final

from cmk_check import VERSION
from cmk_check.cli.evidence.download import Evidence
from cmk_check.core.controls import CONTROLS
from cmk_check.core.data_stores.account_data import COVERED
from cmk_check.core.enums import CoverageState, KeyState, Verdict
from cmk_check.core.reasons.reason_entry import NOTHING_TO_DO
from cmk_check.core.reasons.verdict_sentences import VERDICT_REASONS
from cmk_check.web import models

_VERSION: Final = "1.5.0"
_CHECK: Final = "cmk_check"
_TITLE: Final = "Azure OpenAI accounts are encrypted at rest with a customer-managed key"
_STANDARDS: Final = list(dict.fromkeys(control.framework for control in CONTROLS))
_REQUIREMENTS: Final = [f"{control.framework}: {control.control}" for control in CONTROLS]
# Of the standard: compliance.status_id, and severity_id of the event.
_PASS, _WARNING, _FAIL, _UNKNOWN = 1, 2, 3, 0
_INFORMATIONAL, _MEDIUM, _HIGH, _UNCLEAR = 1, 3, 4, 0
_STATUSES: Final[Mapping[Verdict, int]] = {
    Verdict.COMPLIANT: _PASS,
    Verdict.NON_COMPLIANT: _FAIL,
    Verdict.UNKNOWN: _UNKNOWN,
}
_NAMED: Final[Mapping[int, tuple[str, int, str]]] = {
    _PASS: ("Pass", _INFORMATIONAL, "Informational"),
    _WARNING: ("Warning", _MEDIUM, "Medium"),
    _FAIL: ("Fail", _HIGH, "High"),
    _UNKNOWN: ("Unknown", _UNCLEAR, "Unknown"),
}


def lines(evidence: Evidence) -> Iterator[bytes]:
    """Write an event for each finding, as a line of JSON."""
    for finding in evidence.findings():
        event = _event(finding, evidence.status)
        yield f"{json.dumps(event, separators=(',', ':'))}\n".encode()


def _event(finding: models.Finding, status: models.Status) -> dict[str, Any]:
    key, data = finding.key_health, finding.data_stores
    is_key_well = key is None or key.state is KeyState.HEALTHY
    is_data_well = data is None or data.state in COVERED
    result = _STATUSES[finding.verdict]
    if result == _PASS and finding.coverage is not CoverageState.READ:
        result = _UNKNOWN  # nobody has looked again, so that an old "compliant" says little
    elif result == _PASS and not (is_key_well and is_data_well):
        result = _WARNING
    name, severity_id, severity = _NAMED[result]
    plain = finding.model_dump(mode="json", by_alias=True)
    entry = VERDICT_REASONS[finding.reason]
    at = _milliseconds(finding.as_of or status.as_of)
    event = {
        "activity_id": 1,
        "activity_name": "Create",
        "category_name": "Findings",
        "category_uid": 2,
        "class_name": "Compliance Finding",
        "class_uid": 2003,
        "type_uid": 200301,
        "type_name": "Compliance Finding: Create",
        "time": at,
        "severity_id": severity_id,
        "severity": severity,
        "status_id": 1,
        "status": "New",
        "status_code": finding.reason.value,
        "status_detail": finding.message,
        "message": finding.message,
        "metadata": {
            "version": _VERSION,
            "product": {"name": _CHECK, "vendor_name": _CHECK, "version": VERSION},
            "event_code": _CHECK,
            "tenant_uid": finding.tenant_id,
        },
        "finding_info": {
            "uid": finding.id,
            "title": _TITLE,
            "desc": entry.message,
            "created_time": _milliseconds(finding.first_seen),
            "first_seen_time": _milliseconds(finding.first_seen),
            "modified_time": _milliseconds(finding.changed_at),
            "last_seen_time": _milliseconds(finding.as_of),
            "src_url": finding.portal_url,
            "types": ["customer-managed key"],
        },
        "compliance": {
            "control": _TITLE,
            "standards": _STANDARDS,
            "requirements": _REQUIREMENTS,
            "status_id": result,
            "checks": [
                {
                    "uid": _CHECK,
                    "name": _TITLE,
                    "version": finding.rule_version,
                    "status_id": result,
                    "status": name,
                }
            ],
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
                "data": {
                    "kind": finding.kind,
                    "subscriptionId": finding.subscription_id,
                    "subscriptionName": finding.subscription_name,
                    "owner": plain["owner"],
                },
            }
        ],
        "unmapped": {
            "verdict": finding.verdict.value,
            "reason": finding.reason.value,
            "coverage": finding.coverage.value,
            "violatedSince": plain["violatedSince"],
            "evidence": plain["evidence"],
            # The days to its expiry depend on the day of the export.
            "keyHealth": _without(plain["keyHealth"], "daysToExpiry"),
            "dataStores": plain["dataStores"],
            "exception": plain["exception"],
            "azurePolicy": plain["azurePolicy"],
        },
    }
    written: dict[str, Any] = _with_values(event)
    return written


def _without(given: Mapping[str, Any] | None, name: str) -> dict[str, Any]:
    return {key: value for key, value in (given or {}).items() if key != name}


def _with_values(given: Any) -> Any:  # noqa: ANN401 - JSON
    """Leave out what has no value, at every level."""
    if isinstance(given, dict):
        return {
            name: _with_values(value)
            for name, value in given.items()
            if value is not None and value != {}
        }
    return [_with_values(each) for each in given] if isinstance(given, list) else given


def _milliseconds(time: datetime | None) -> int | None:
    return None if time is None else round(time.timestamp() * 1000)
