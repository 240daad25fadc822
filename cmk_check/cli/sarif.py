"""Write a result as SARIF 2.1.0, which code scanning reads.

https://docs.oasis-open.org/sarif/sarif/v2.1.0/sarif-v2.1.0.html. Healthy accounts are left out,
because a SARIF reader treats every entry as a problem.
"""

import hashlib
import json
import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final
from urllib.parse import quote

from cmk_check import VERSION
from cmk_check.cli.entries import ESTATE, Entry, Problem
from cmk_check.core.enums import ReasonSeverity
from cmk_check.core.reasons.catalogue import CATALOGUE, CHECK_REASONS, ReasonEntry
from cmk_check.core.reasons.command_line import address_person
from cmk_check.core.rule_text import RULE_TEXT
from cmk_check.core.text import escape_invisible
from cmk_check.core.text_files import read_toml

_LEVELS: Final[Mapping[ReasonSeverity, str]] = {
    ReasonSeverity.ERROR: "error",
    ReasonSeverity.UNKNOWN: "error",
    ReasonSeverity.WARNING: "warning",
    ReasonSeverity.INFO: "note",
}
_ABOUT: Final = "https://learn.microsoft.com/azure/ai-foundry/openai/encrypt-data-at-rest"
_SCHEMA: Final = "https://json.schemastore.org/sarif-2.1.0.json"
_PAGE_OF_REASONS: Final = read_toml("cmk_check.core", "project.toml")["reasons"]
_RULES: Final[Mapping[str, ReasonEntry]] = {
    code: entry
    for entries in (*CATALOGUE.values(), CHECK_REASONS.items())
    for code, entry in entries
}


def render_sarif(
    entries: Sequence[Entry],
    invocation: Mapping[str, Any],
    *,
    failed: bool,
    accepts: bool = False,
    page: str = _PAGE_OF_REASONS,
) -> bytes:
    """Write every problem, with its rule from the catalogue of reasons.

    The text is ASCII, so that names cannot control the terminal or fail in its encoding.
    ``failed``: the result is not complete. If ``accepts``, an accepted problem is a suppressed
    result; otherwise it is not suppressed. ``page`` is the address of docs/reference/reasons.md, or
    "" without an address.
    """
    notes = [note for entry in entries for note in entry.notes]
    results = list(_results(entries, accepts=accepts))
    used = {each["ruleId"] for each in results} | {note.code for note in notes}
    rules = {code: place for place, code in enumerate(code for code in _RULES if code in used)}
    about = {"name": "cmk_check", "semanticVersion": VERSION, "informationUri": _ABOUT}
    ended = {"executionSuccessful": not failed, **invocation}
    # Not as results, because readers open an alert for each result.
    notifications = [
        {
            "associatedRule": {"id": note.code, "index": rules[note.code]},
            "level": _LEVELS[note.severity],
            "message": _message(note.message),
        }
        for note in notes
    ]
    run = {
        "tool": {"driver": {**about, "rules": [_rule(code, page) for code in rules]}},
        "automationDetails": {"id": "cmk_check/"},
        "invocations": [{**ended, "toolConfigurationNotifications": notifications}],
        "columnKind": "unicodeCodePoints",
        "results": [{**each, "ruleIndex": rules[each["ruleId"]]} for each in results],
    }
    log = {"$schema": _SCHEMA, "version": "2.1.0", "runs": [run]}
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


def _results(entries: Sequence[Entry], *, accepts: bool) -> Iterator[dict[str, Any]]:
    # Either all results of a run have suppressions or none has (SARIF, 3.27.23).
    none_suppressed: dict[str, Any] = {"suppressions": []} if accepts else {}
    for entry in entries:
        for problem in entry.problems:
            suppressed = none_suppressed
            if problem.accepted:
                why = {"justification": escape_invisible(problem.accepted)}
                suppressed = {"suppressions": [{"kind": "external", "status": "accepted", **why}]}
            if accepts or not problem.accepted:
                yield {**_result(problem, entry), **suppressed, **entry.details}


def _result(problem: Problem, entry: Entry) -> dict[str, Any]:
    # After a fix, the next reason is a new problem, so the fingerprint contains both account and
    # reason.
    own = f"{entry.id}\n{problem.code}"  # a file's name may not be UTF-8
    fingerprint = hashlib.sha256(own.encode(errors="backslashreplace")).hexdigest()[:32]
    path, line = entry.place
    text = problem.message if entry.id == ESTATE else f"{entry.name}: {problem.message}"
    # A resource in Azure has no file, but GitHub requires a file and shows its path, so the ARM id
    # takes its place.
    file = {"uri": quote(path or entry.id.lstrip("/"), errors="surrogateescape")}
    place = {"artifactLocation": file, "region": {"startLine": line or 1}}
    location = {"name": entry.name, "fullyQualifiedName": entry.id, "kind": "resource"}
    return {
        "ruleId": problem.code,
        "level": _LEVELS[problem.severity],
        "message": _message(text),
        "locations": [{"physicalLocation": place, "logicalLocations": [location]}],
        # GitHub compares runs only by this fingerprint; if it is missing, GitHub hashes the file.
        "partialFingerprints": {"primaryLocationLineHash": f"{fingerprint}:1"},
    }


def _message(text: str) -> dict[str, str]:
    """Return a message; escape brackets and braces, which mark links and placeholders in SARIF."""
    escaped = re.sub(r"([\\[\]])", r"\\\1", escape_invisible(text))
    return {"text": re.sub(r"([{}])", r"\1\1", escaped)}
