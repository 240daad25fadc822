"""The result of a scan as SARIF 2.1.0, which code scanning reads.

https://docs.oasis-open.org/sarif/sarif/v2.1.0/sarif-v2.1.0.html. Healthy accounts are left out,
because a reader of SARIF takes every entry as a problem.
"""

import hashlib
import json
import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final
from urllib.parse import quote

from cmk_check import VERSION
from cmk_check.cli.problems import Collected, Problem
from cmk_check.core.enums import ReasonArea, ReasonSeverity
from cmk_check.core.reasons.catalogue import CATALOGUE, CHECK_REASONS, ReasonEntry
from cmk_check.core.text import shown
from cmk_check.web import models
from cmk_check.web.json_model import written

_LEVELS: Final[Mapping[ReasonSeverity, str]] = {
    ReasonSeverity.ERROR: "error",
    ReasonSeverity.UNKNOWN: "error",
    ReasonSeverity.WARNING: "warning",
    ReasonSeverity.INFO: "note",
}
_LEARN: Final = "https://learn.microsoft.com/azure"
_HELP: Final[Mapping[ReasonArea, str]] = {
    ReasonArea.VERDICT: f"{_LEARN}/ai-foundry/openai/encrypt-data-at-rest",
    ReasonArea.GAP: f"{_LEARN}/role-based-access-control/role-assignments-portal",
    ReasonArea.KEY: f"{_LEARN}/foundry/concepts/encryption-keys-portal",
    ReasonArea.EXCEPTION: f"{_LEARN}/governance/policy/concepts/exemption-structure",
    ReasonArea.POSTURE: f"{_LEARN}/role-based-access-control/role-assignments-portal",
}
_RULES: Final = [
    (area, code, entry) for area, entries in CATALOGUE.items() for code, entry in entries
] + [(ReasonArea.VERDICT, code, entry) for code, entry in CHECK_REASONS.items()]
_INDEX: Final[Mapping[str, int]] = {code: place for place, (_, code, _) in enumerate(_RULES)}
_ESTATE: Final = "/subscriptions"


def as_sarif(collected: Collected, status: models.Status, *, failed: bool) -> bytes:
    """Yield every problem, with its rule from the catalogue of reasons.

    The text is ASCII, so that names cannot control the terminal or fail in its encoding.
    ``failed``: the scan did not finish.
    """
    invocation = {"executionSuccessful": not failed, **_times(status)}
    return log_of(list(_results(collected)), collected.notes, invocation)


def log_of(
    results: Sequence[Mapping[str, Any]], notes: Sequence[Problem], invocation: Mapping[str, Any]
) -> bytes:
    """Yield a run with these results, each from ``result``."""
    run = {
        "tool": {
            "driver": {
                "name": "cmk_check",
                "semanticVersion": VERSION,
                "informationUri": _HELP[ReasonArea.VERDICT],
                "rules": [_rule(*rule) for rule in _RULES],
            }
        },
        "automationDetails": {"id": "cmk_check/"},
        "invocations": [
            {
                **invocation,
                # Not as results: readers open an alert for each result.
                "toolConfigurationNotifications": [
                    {
                        "associatedRule": {"id": note.code, "index": _INDEX[note.code]},
                        "level": _LEVELS[note.severity],
                        "message": _message(note.message),
                    }
                    for note in notes
                ],
            }
        ],
        "columnKind": "unicodeCodePoints",
        "results": results,
    }
    log = {
        "$schema": "https://json.schemastore.org/sarif-2.1.0.json",
        "version": "2.1.0",
        "runs": [run],
    }
    return f"{json.dumps(log, indent=2)}\n".encode()


def _rule(area: ReasonArea, code: str, entry: ReasonEntry) -> dict[str, Any]:
    return {
        "id": code,
        "shortDescription": _message(entry.message),
        "fullDescription": _message(entry.text()),
        "help": _message(entry.text()),
        "helpUri": _HELP[area],
        "defaultConfiguration": {"level": _LEVELS[entry.severity]},
    }


def _times(status: models.Status) -> dict[str, str]:
    scan = status.last_scan
    if scan is None:
        return {}
    times = {"startTimeUtc": scan.started_at, "endTimeUtc": scan.finished_at}
    return {name: written(time) for name, time in times.items() if time is not None}


def _results(collected: Collected) -> Iterator[dict[str, Any]]:
    # Either all results of a run have suppressions or none has (SARIF, 3.27.23).
    none_suppressed: dict[str, Any] = {"suppressions": []} if collected.accepts else {}
    for problem in collected.of_scan:
        yield result(problem, problem.message, _ESTATE, "subscriptions") | none_suppressed
    for subscription, problem in collected.gaps:
        name = subscription.name or subscription.subscription_id
        place = f"{_ESTATE}/{subscription.subscription_id}"
        yield result(problem, f"{name}: {problem.message}", place, name) | none_suppressed
    for finding, problems in collected.accounts:
        for problem in problems:
            text, suppressed = f"{finding.name}: {problem.message}", none_suppressed
            if problem.accepted:
                why = {"justification": shown(problem.accepted)}
                suppressed = {"suppressions": [{"kind": "external", "status": "accepted", **why}]}
            yield (
                result(problem, text, finding.id, finding.name)
                | suppressed
                | {
                    "hostedViewerUri": finding.portal_url,
                    "properties": {
                        "subscription": finding.subscription_name,
                        "resourceGroup": finding.resource_group,
                        "kind": finding.kind,
                        "location": finding.location,
                        "createdAt": finding.evidence.created_at
                        and written(finding.evidence.created_at),
                        "accountTags": finding.tags,
                    },
                }
            )


def result(
    problem: Problem,
    text: str,
    resource_id: str,
    name: str,
    place: tuple[str, int | None] = ("", 1),
) -> dict[str, Any]:
    """Return one result; ``place`` is file and line, if the resource is in a file."""
    # The next reason after a fix is a new problem, so the fingerprint contains both.
    own = f"{resource_id}\n{problem.code}"  # a file's name may not be UTF-8
    fingerprint = hashlib.sha256(own.encode(errors="backslashreplace")).hexdigest()[:32]
    path = place[0] or resource_id.lstrip("/")
    return {
        "ruleId": problem.code,
        "ruleIndex": _INDEX[problem.code],
        "level": _LEVELS[problem.severity],
        "message": _message(text),
        "locations": [
            {
                # A resource in Azure has no file. GitHub requires one and shows its path, so the
                # ARM id takes its place.
                "physicalLocation": {
                    "artifactLocation": {"uri": quote(path, errors="surrogateescape")},
                    "region": {"startLine": place[1] or 1},
                },
                "logicalLocations": [
                    {"name": name, "fullyQualifiedName": resource_id, "kind": "resource"}
                ],
            }
        ],
        # GitHub compares runs by this fingerprint alone; if it is missing, it hashes the file.
        "partialFingerprints": {"primaryLocationLineHash": f"{fingerprint}:1"},
    }


def _message(text: str) -> dict[str, str]:
    """Return a message; escape brackets and braces, in which SARIF has links and placeholders."""
    escaped = re.sub(r"([\\[\]])", r"\\\1", shown(text))
    return {"text": re.sub(r"([{}])", r"\1\1", escaped)}
