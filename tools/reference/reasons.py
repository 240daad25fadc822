"""The reasons, from their catalogue, and the words that it uses."""

from collections.abc import Iterator
from enum import StrEnum
from typing import Final

from cmk_check.core.enums import (
    Actor,
    ExceptionEnd,
    KeyReason,
    KeyState,
    ReasonArea,
    ReasonSeverity,
    RemovalReason,
)
from cmk_check.core.reasons.catalogue import CATALOGUE, NOTHING_TO_DO, ReasonCode, ReasonEntry
from cmk_check.core.reasons.key_sentences import key_severity
from cmk_check.doctor.results import Mark
from tools.reference.docstrings import docstrings
from tools.reference.documents import code, one_line, table

_ENUMS: Final[dict[str, type[StrEnum]]] = {
    "actor": Actor,
    "exception-end": ExceptionEnd,
    "key-state": KeyState,
    "mark": Mark,
    "removal-reason": RemovalReason,
    "severity": ReasonSeverity,
}


def reasons(area: str) -> str:
    """Write a section for each reason of an area, in the order of the catalogue."""
    entries = CATALOGUE[ReasonArea(area)]
    return "\n\n".join("\n".join(_section(each, entry)) for each, entry in entries)


def _section(each: ReasonCode, entry: ReasonEntry) -> Iterator[str]:
    yield f"### `{each}`\n\n{entry.message}\n"
    if entry.when:
        yield f"- **When:** {entry.when}"
    if entry.way_out != NOTHING_TO_DO:
        yield f"- **What ends it:** {entry.way_out}"
    of_key = f", `{key_severity(each)}` in key health" if isinstance(each, KeyReason) else ""
    yield f"- **Severity:** `{entry.severity}`{of_key}. **Who acts:** `{entry.actor}`."


def members(name: str) -> str:
    """Write what each member of an enum means."""
    told = docstrings(_ENUMS[name])
    rows = [(code(each.value), one_line(told.get(each.name), each)) for each in _ENUMS[name]]
    return table((name.rpartition("-")[2], "means"), rows)
