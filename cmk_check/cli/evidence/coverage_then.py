"""The coverage of a subscription at an earlier time.

Changes say when a gap begins and ends. That a subscription without a gap is excluded, retired or
new is not told as a change: the counts of the scans in between show whether that may have happened.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final, NamedTuple

from cmk_check.core.enums import CoverageState, ScanState
from cmk_check.web import models

_UNREAD: Final = {CoverageState.EXCLUDED, CoverageState.RETIRED}
_NOT_TOLD: Final = "its coverage changed in ways that are not told as changes"


class NotKnown(Exception):
    """Something cannot be rebuilt; ``str()`` says why."""


class CoverageChange(NamedTuple):
    """A gap that began or ended; ``before`` is None for a subscription that was not recorded."""

    time: datetime
    before: CoverageState | None
    after: CoverageState


@dataclass(frozen=True, slots=True)
class Unread:
    """When subscriptions were excluded or retired, as far as rows and scans tell.

    ``settled`` are the times since which subscriptions are excluded or retired now; of ``scans``
    the latest comes first.
    """

    settled: Sequence[datetime]
    scans: Sequence[models.Scan]

    @classmethod
    def of(
        cls, subscriptions: Iterable[models.Subscription], scans: Iterable[models.Scan]
    ) -> "Unread":
        """Take what is needed from the lists of the API."""
        rows = (row for row in subscriptions if row.coverage in _UNREAD)
        settled = [row.since for row in rows if row.since is not None]
        return cls(settled, sorted(scans, key=ended, reverse=True))

    def may_include_others(self, begin: datetime, end: datetime, *, at_begin: bool) -> bool:
        """Tell whether another subscription may have been excluded or retired between two times.

        ``at_begin``: or at the first of them. Scans of the whole estate count the subscriptions. A
        scan that failed has recorded nothing; what others that ended early have recorded is
        unknown.
        """
        settled = sum(since <= begin for since in self.settled)
        for scan in self.scans:
            if scan.state is ScanState.FAILED or ended(scan) >= end:
                continue
            if ended(scan) <= begin and not at_begin:
                return False
            counts, is_full = scan.subscriptions, scan.scope == "full"
            if counts is None or counts.excluded + counts.retired != (settled if is_full else 0):
                return True
            if ended(scan) <= begin and is_full:
                return False
        return False


def ended(scan: models.Scan) -> datetime:
    """Return when a scan ended; of one that runs, when it started."""
    return scan.finished_at or scan.started_at


def coverage_then(  # noqa: PLR0913 - each is another fact
    row: models.Subscription,
    changes: Sequence[CoverageChange],
    time: datetime,
    unread: Unread,
    began: datetime | None,
    *,
    existed: bool,
) -> CoverageState | None:
    """Return the coverage at a time; None if the subscription was not recorded yet.

    ``changes`` are those of its coverage that the feed holds, in order. ``began`` is the time of
    its first change of all, from which on ``changes`` are complete; None if that is deleted or was
    later. ``existed``: it had accounts or changes at the time.

    Raises:
        NotKnown: nothing says what it was.

    """
    if row.since is None:
        raise NotKnown(_NOT_TOLD)
    if row.since <= time:
        return row.coverage
    later = [change for change in changes if change.time > time]
    told = [change for change in changes if change.time <= time]
    if later and later[0].before is CoverageState.GAP:
        return CoverageState.GAP  # the beginning of each gap is told
    if later and later[0].before is None:
        return None
    found: CoverageState | None = None
    if not existed:
        is_known = not later and row.coverage is CoverageState.READ
    elif later:
        is_known, found = later[0].before is CoverageState.READ, CoverageState.READ
    else:
        is_known = row.coverage in _UNREAD and bool(told or began)
        found = told[-1].after if told else CoverageState.READ
    begin = told[-1].time if told else began or time
    end = later[0].time if later else row.since
    if is_known and not unread.may_include_others(begin, end, at_begin=not told and not began):
        return found
    raise NotKnown(_NOT_TOLD)
