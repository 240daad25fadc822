"""A result as SARIF 2.1.0, which code scanning reads.

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
from cmk_check.cli.entries import ESTATE, Entry, Problem
from cmk_check.core.enums import ReasonArea, ReasonSeverity
from cmk_check.core.reasons.catalogue import CATALOGUE, CHECK_REASONS, ReasonEntry
from cmk_check.core.text import shown

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
    ReasonArea.EXCEPTION: f"{_LEARN}/governance/policy/concepts/exemption-structure",
    ReasonArea.POSTURE: f"{_LEARN}/role-based-access-control/role-assignments-portal",
}
_HELP_OF_SIDES: Final = f"{_LEARN}/foundry/concepts/encryption-keys-portal"
_RULES: Final = [
    (area, code, entry) for area, entries in CATALOGUE.items() for code, entry in entries
] + [(ReasonArea.VERDICT, code, entry) for code, entry in CHECK_REASONS.items()]
_INDEX: Final[Mapping[str, int]] = {code: place for place, (_, code, _) in enumerate(_RULES)}


def as_sarif(
    entries: Sequence[Entry],
    invocation: Mapping[str, Any],
    *,
    failed: bool,
    accepts: bool = False,
) -> bytes:
    """Write every problem, with its rule from the catalogue of reasons.

    The text is ASCII, so that names cannot control the terminal or fail in its encoding.
    ``failed``: the result is not complete. With ``accepts``, an accepted problem is a suppressed
    result; otherwise it is none.
    """
    notes = [note for entry in entries for note in entry.notes]
    results = list(_results(entries, accepts=accepts))
    return log_of(results, notes, {"executionSuccessful": not failed, **invocation})


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
        "helpUri": _HELP.get(area, _HELP_OF_SIDES),
        "defaultConfiguration": {"level": _LEVELS[entry.severity]},
    }


def _results(entries: Sequence[Entry], *, accepts: bool) -> Iterator[dict[str, Any]]:
    # Either all results of a run have suppressions or none has (SARIF, 3.27.23).
    none_suppressed: dict[str, Any] = {"suppressions": []} if accepts else {}
    for entry in entries:
        for problem in entry.problems:
            suppressed = none_suppressed
            if problem.accepted:
                why = {"justification": shown(problem.accepted)}
                suppressed = {"suppressions": [{"kind": "external", "status": "accepted", **why}]}
            if accepts or not problem.accepted:
                yield {**result(problem, entry), **suppressed, **entry.details}


def result(problem: Problem, entry: Entry) -> dict[str, Any]:
    """Return one result."""
    # The next reason after a fix is a new problem, so the fingerprint contains both.
    own = f"{entry.id}\n{problem.code}"  # a file's name may not be UTF-8
    fingerprint = hashlib.sha256(own.encode(errors="backslashreplace")).hexdigest()[:32]
    path, line = entry.place
    text = problem.message if entry.id == ESTATE else f"{entry.name}: {problem.message}"
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
                    "artifactLocation": {
                        "uri": quote(path or entry.id.lstrip("/"), errors="surrogateescape")
                    },
                    "region": {"startLine": line or 1},
                },
                "logicalLocations": [
                    {"name": entry.name, "fullyQualifiedName": entry.id, "kind": "resource"}
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
