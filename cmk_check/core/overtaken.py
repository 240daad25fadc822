"""Which change a later one has overtaken: of the same subject, it answers the same question anew.

A receiver that was away gets a change late, perhaps after newer ones. Changes of one reading never
overtake each other: together they say what it found.
"""

from collections.abc import Iterable
from dataclasses import replace
from typing import Final

from cmk_check.core.enums import ChangeType
from cmk_check.core.model import Change

_SCANS: Final = "scan"
# Whoever has another verdict has no such key any more; what is no longer monitored has nothing.
_VERDICT: Final = frozenset({"account", "key"})
_ANSWERS: Final = {
    ChangeType.ACCOUNT_DISCOVERED: _VERDICT,
    ChangeType.ACCOUNT_VIOLATED: _VERDICT,
    ChangeType.ACCOUNT_UNVERIFIABLE: _VERDICT,
    ChangeType.ACCOUNT_RESOLVED: _VERDICT,
    ChangeType.ACCOUNT_REMOVED: _VERDICT | {"data", "exception"},
    # These say what is new beside a verdict or a scan that holds.
    ChangeType.ACCOUNT_UPDATED: frozenset[str](),
    ChangeType.ACCOUNT_KIND_CHANGED: frozenset[str](),
    ChangeType.SCAN_BASELINE: frozenset[str](),
}


class LatestChanges:
    """The latest answer to each question among the changes that it has seen."""

    def __init__(self) -> None:
        self._latest: dict[tuple[str, str, str], Change] = {}

    def see(self, changes: Iterable[Change]) -> None:
        """Take changes into account, in whatever order."""
        for change in changes:
            question = _question(change)
            for answered in _ANSWERS.get(change.type, {question}):
                place = _place(change, answered)
                if place not in self._latest or self._latest[place].sequence < change.sequence:
                    # Without the rest of its data, which may be large.
                    scan = {"scanId": change.data.get("scanId")}
                    self._latest[place] = replace(change, data=scan)

    def marked(self, change: Change) -> Change:
        """Return a change; if a later one has overtaken it, ``data.overtakenBy`` says which."""
        latest = self._latest.get(_place(change, _question(change)), change)
        if latest.sequence <= change.sequence or _reading(latest) == _reading(change):
            return change
        by = {
            "id": latest.id,
            "type": latest.type.value,
            "time": f"{latest.time:%Y-%m-%dT%H:%M:%SZ}",
            "sequence": latest.sequence,
        }
        return replace(change, data={**change.data, "overtakenBy": by})


def _question(change: Change) -> str:
    return change.type.value.split(".")[1]


def _place(change: Change, question: str) -> tuple[str, str, str]:
    """Return what is asked of what; all scans are one subject, and number their changes alike."""
    return ("", "", question) if question == _SCANS else (change.source, change.subject, question)


def _reading(change: Change) -> tuple[object, object]:
    return change.data.get("scanId"), change.time
