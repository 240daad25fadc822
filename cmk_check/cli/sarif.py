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
from cmk_check.core.enums import ReasonSeverity
from cmk_check.core.reasons.catalogue import CATALOGUE, CHECK_REASONS, ReasonEntry
from cmk_check.core.reasons.command_line import address_person
from cmk_check.core.rule_text import RULE_TEXT
from cmk_check.core.text import shown
from cmk_check.core.text_files import toml_of
from cmk_check.web import models
from cmk_check.web.json_model import written

_LEVELS: Final[Mapping[ReasonSeverity, str]] = {
    ReasonSeverity.ERROR: "error",
    ReasonSeverity.UNKNOWN: "error",
    ReasonSeverity.WARNING: "warning",
    ReasonSeverity.INFO: "note",
}
_ABOUT: Final = "https://learn.microsoft.com/azure/ai-foundry/openai/encrypt-data-at-rest"
_PAGE_OF_REASONS: Final = toml_of("cmk_check.core", "project.toml")["reasons"]
_RULES: Final[Mapping[str, ReasonEntry]] = {
    code: entry
    for entries in (*CATALOGUE.values(), CHECK_REASONS.items())
    for code, entry in entries
}
_ESTATE: Final = "/subscriptions"


def as_sarif(collected: Collected, status: models.Status, *, failed: bool) -> bytes:
    """Yield every problem, with its rule from the catalogue of reasons.

    The text is ASCII, so that names cannot control the terminal or fail in its encoding.
    ``failed``: the scan did not finish.
    """
    invocation = {"executionSuccessful": not failed, **_times(status)}
    return log_of(list(_results(collected)), collected.notes, invocation)


def log_of(
    results: Sequence[Mapping[str, Any]],
    notes: Sequence[Problem],
    invocation: Mapping[str, Any],
    page: str = _PAGE_OF_REASONS,
) -> bytes:
    """Yield a run with these results, each from ``result``, and the rules that they use.

    ``page`` is the address of docs/reference/reasons.md, empty if there is none.
    """
    used = {each["ruleId"] for each in results} | {note.code for note in notes}
    rules = {code: place for place, code in enumerate(code for code in _RULES if code in used)}
    run = {
        "tool": {
            "driver": {
                "name": "cmk_check",
                "semanticVersion": VERSION,
                "informationUri": _ABOUT,
                "rules": [_rule(code, page) for code in rules],
            }
        },
        "automationDetails": {"id": "cmk_check/"},
        "invocations": [
            {
                **invocation,
                # Not as results: readers open an alert for each result.
                "toolConfigurationNotifications": [
                    {
                        "associatedRule": {"id": note.code, "index": rules[note.code]},
                        "level": _LEVELS[note.severity],
                        "message": _message(note.message),
                    }
                    for note in notes
                ],
            }
        ],
        "columnKind": "unicodeCodePoints",
        "results": [{**each, "ruleIndex": rules[each["ruleId"]]} for each in results],
    }
    log = {
        "$schema": "https://json.schemastore.org/sarif-2.1.0.json",
        "version": "2.1.0",
        "runs": [run],
    }
    return f"{json.dumps(log, indent=2)}\n".encode()


def _rule(code: str, page: str) -> dict[str, Any]:
    entry, text = _RULES[code], _message(address_person(_RULES[code].text()))
    rule = {
        "id": code,
        "shortDescription": _message(address_person(entry.message)),
        "fullDescription": text,
        "help": text,
        **({"helpUri": f"{page}#{code}"} if page else {}),
        "defaultConfiguration": {"level": _LEVELS[entry.severity]},
    }
    if entry.severity is ReasonSeverity.ERROR:
        # GitHub shows this severity instead of the level, so an unknown account must not have it.
        severity = str(RULE_TEXT.security_severity)
        rule["help"] = _message(" ".join((text["text"], *RULE_TEXT.why)))
        rule["properties"] = {"security-severity": severity, "tags": RULE_TEXT.tags}
    return rule


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
