"""Tells changes as log lines that alert rules can count: one JSON object a line.

The Functions worker passes on the text of a log line but no structured fields, so the fields are
the text. JSON escapes every control character: no name can break a line or start another.
"""

import json
import logging
from collections.abc import Mapping, Sequence
from typing import Final

from cmk_check.alerts.events import event_of
from cmk_check.core.model import Change

_log = logging.getLogger("cmk_check.lines")
# Azure Monitor and what people put behind it take 8 KB a line without cutting it.
LONGEST_LINE: Final = 8192
# What values are cut to, one after the other, until the line is short enough.
_SHORTER: Final = (200, 40, 8, 0)
_IDS: Final = frozenset({"event", "id", "type", "subject", "source", "scanId"})


class LogTeller:
    """Writes each change and each scan's end as a line."""

    async def tell(self, published: Sequence[tuple[int, Change]]) -> None:
        """Write a line per change."""
        for number, change in published:
            _log.info("%s", line("cmk.change", {"number": number, **event_of(change)}))

    async def tell_end(self, scan_id: str, state: str, reason: str | None) -> None:
        """Write a line for a scan that ended."""
        level = logging.WARNING if reason else logging.INFO
        fields = {"scanId": scan_id, "state": state, "reason": reason}
        _log.log(level, "%s", line("cmk.scan", fields))


def line(event: str, fields: Mapping[str, object]) -> str:
    """Return one line of JSON, at most 8 KB: long values are cut, ids never are."""
    whole = {"event": event, "v": 1, **fields}
    text = json.dumps(whole, separators=(",", ":"))
    for longest in _SHORTER:
        if len(text) <= LONGEST_LINE:
            break
        text = json.dumps(_cut(whole, longest), separators=(",", ":"))
    return text


def _cut(value: object, longest: int, name: str = "") -> object:
    match value:
        case dict():
            return {key: _cut(entry, longest, key) for key, entry in value.items()}
        case str() if name not in _IDS:
            return value[:longest]
        case _:
            return value
