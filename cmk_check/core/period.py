"""Summarize the events of a period, such as the last week, from published changes.

The individual changes of the first scan are left out, and the one change that reports the whole
first scan is passed on unchanged.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Final

from cmk_check.core.enums import ChangeType, KeyState, Verdict
from cmk_check.core.model import Change
from cmk_check.core.text import as_object, format_count


class Happening(StrEnum):
    """The events of accounts and subscriptions that a summary counts."""

    VIOLATED = "violated"
    """The account became non-compliant, or was found non-compliant."""
    FIXED = "fixed"
    """The account was non-compliant and became compliant."""
    OVERDUE = "overdue"
    """The account was not fixed by its due date."""
    KEY_BROKEN = "keyBroken"
    """The account's key broke."""
    KEY_REPAIRED = "keyRepaired"
    """The account's key is no longer broken."""
    GAP_OPENED = "gapOpened"
    """The subscription could no longer be read."""
    GAP_CLOSED = "gapClosed"
    """The subscription can be read again, or left the scope."""


@dataclass(frozen=True, slots=True)
class Period:
    """The events of a period, with the latest change of each subject.

    ``begins`` is None if all changes of the period were read. If the feed starts within the period
    or contains too many changes to read at once, ``begins`` is the time of the oldest change that
    was read.
    """

    happened: Mapping[Happening, tuple[Change, ...]] = field(default_factory=dict)
    first_scan: Change | None = None
    begins: datetime | None = None

    @property
    def text(self) -> str:
        """The number of events as one phrase for people, such as "1 new violation, 2 fixed"."""
        parts = (
            phrase(len(self.happened[kind]))
            for kind, phrase in _PHRASES.items()
            if self.happened.get(kind)
        )
        first = "first scan" if self.first_scan else ""
        return ", ".join(filter(None, [first, *parts])) or "no news"


def build_period(changes: Sequence[Change], begins: datetime | None = None) -> Period:
    """Group the ``changes`` of a period, which are sorted oldest first, by event.

    An event that happened more than once to a subject counts once.
    """
    firsts = (each for each in changes if each.type is ChangeType.SCAN_BASELINE)
    first_scan = next(firsts, None)
    latest: dict[Happening, dict[str, Change]] = {each: {} for each in Happening}
    for change in changes:
        # The first scan announces each gap separately.
        of_first = first_scan and change.data.get("scanId") == first_scan.data.get("scanId")
        if change.data.get("baseline") is True or of_first:
            continue
        if happening := _happening(change):
            latest[happening].pop(change.subject, None)  # moves the newest change to the end
            latest[happening][change.subject] = change
    happened = {each: tuple(by_subject.values()) for each, by_subject in latest.items()}
    return Period(happened, first_scan, begins)


_OF_TYPES: Final[Mapping[ChangeType, Happening]] = {
    ChangeType.ACCOUNT_VIOLATED: Happening.VIOLATED,
    ChangeType.ACCOUNT_OVERDUE: Happening.OVERDUE,
    ChangeType.COVERAGE_LOST: Happening.GAP_OPENED,
    ChangeType.COVERAGE_REGAINED: Happening.GAP_CLOSED,
    ChangeType.COVERAGE_REMOVED: Happening.GAP_CLOSED,
}


def _happening(change: Change) -> Happening | None:
    before, after = (as_object(change.data.get(side)) for side in ("before", "after"))
    was, now = before.get("keyHealth"), after.get("keyHealth")
    match change.type:
        case ChangeType.ACCOUNT_RESOLVED if before.get("verdict") == Verdict.NON_COMPLIANT:
            return Happening.FIXED
        case ChangeType.KEY_DEGRADED if now == KeyState.BROKEN != was:
            return Happening.KEY_BROKEN
        case ChangeType.KEY_RECOVERED if now != KeyState.UNKNOWN and was == KeyState.BROKEN:
            return Happening.KEY_REPAIRED
    return _OF_TYPES.get(change.type)


_PHRASES: Final[Mapping[Happening, Callable[[int], str]]] = {
    Happening.VIOLATED: lambda number: format_count(number, "new violation"),
    Happening.FIXED: lambda number: f"{number:,} fixed",
    Happening.OVERDUE: lambda number: f"{number:,} overdue",
    Happening.KEY_BROKEN: lambda number: format_count(number, "broken key"),
    Happening.KEY_REPAIRED: lambda number: f"{format_count(number, 'key')} repaired",
    Happening.GAP_OPENED: lambda number: format_count(number, "new gap"),
    Happening.GAP_CLOSED: lambda number: f"{format_count(number, 'gap')} closed",
}
