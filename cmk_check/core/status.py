"""The results of scans: sums, gaps, the latest scan, and the status that combines all of these."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime
from typing import Final

from cmk_check.core.cross_check import CrossCheck
from cmk_check.core.enums import PostureReason, ScanState, Trigger
from cmk_check.core.gap import Gap
from cmk_check.core.keys.key_health import BrokenKey
from cmk_check.core.model import AccountCounts
from cmk_check.core.recorded_scope import RecordedScope
from cmk_check.core.text import require_all


@dataclass(frozen=True, slots=True)
class SubscriptionCounts:
    """The numbers of subscriptions in an estate, by coverage state."""

    read: int = 0
    gap: int = 0
    excluded: int = 0
    retired: int = 0

    @property
    def total(self) -> int:
        """The number of subscriptions with any coverage state."""
        return self.read + self.gap + self.excluded + self.retired


@dataclass(frozen=True, slots=True)
class KnownGap:
    """A gap as the status lists it."""

    subscription_id: str
    name: str | None
    gap: Gap
    since: datetime


@dataclass(frozen=True, slots=True)
class UnwrittenGap:
    """A gap that no coverage row records; ``last_read`` is the date of the recorded findings."""

    subscription_id: str
    last_read: datetime | None = None


@dataclass(frozen=True, slots=True)
class Unpublished:
    """Recorded changes that are not yet published. ``changes`` is the number of these changes.

    ``since`` is when the oldest of these changes was recorded. ``since`` is None if there are no
    changes, or if a change's row does not contain the time of recording.
    """

    changes: int = 0
    since: datetime | None = None

    @classmethod
    def of(cls, times: Iterable[datetime | None]) -> "Unpublished":
        """Count unpublished changes by their times of recording; an unknown time is None."""
        all_times = list(times)
        return cls(len(all_times), min(require_all(all_times) or (), default=None))

    @classmethod
    def add(cls, parts: Iterable["Unpublished"]) -> "Unpublished":
        """Add up several counts of unpublished changes."""
        some = [part for part in parts if part.changes]
        return cls(sum(part.changes for part in some), cls.of(part.since for part in some).since)


@dataclass(frozen=True, slots=True)
class Undelivered:
    """Published changes that a receiver of alerts has not accepted.

    ``first`` and ``last`` are the lowest and highest number of these changes. ``since`` is when the
    receiver refused the first of these changes.
    """

    first: int
    last: int
    since: datetime


ALL_PUBLISHED: Final = Unpublished()


@dataclass(frozen=True, slots=True)
class Summary:
    """The sums of a slice or of a whole scan."""

    accounts: AccountCounts = field(default_factory=AccountCounts)
    subscriptions: SubscriptionCounts = field(default_factory=SubscriptionCounts)
    gaps: tuple[KnownGap, ...] = ()
    """The gaps to show, at most 50."""
    gaps_omitted: int = 0
    """The number of gaps that ``gaps`` omits."""
    changes: int = 0
    broken_keys: tuple[BrokenKey, ...] = ()
    """At most 50, and only in the first scan; ``accounts`` counts all broken keys."""
    unwritten: int = 0
    """The number of gaps without a coverage row."""
    new: int = 0
    """The number of subscriptions that were not counted before."""
    cross_check: CrossCheck | None = None
    """The comparison with Resource Graph; None if no list was compared."""
    unwritten_gaps: tuple[UnwrittenGap, ...] = ()
    """At most 1,000 of the gaps without a coverage row."""
    unpublished: Unpublished = ALL_PUBLISHED
    """The subscriptions' changes that the scan left unpublished."""

    @property
    def unnamed(self) -> int:
        """The number of unwritten gaps that ``unwritten_gaps`` does not name."""
        return self.unwritten - len(self.unwritten_gaps)

    def unwritten_gap(self, subscription_id: str) -> UnwrittenGap | None:
        """Return a subscription's unwritten gap if ``unwritten_gaps`` contains it, else None."""
        gaps = (gap for gap in self.unwritten_gaps if gap.subscription_id == subscription_id)
        return next(gaps, None)


@dataclass(frozen=True, slots=True)
class LastScan:
    """The latest full scan that has ended, as the status describes it.

    ``overdue`` means that the second clock started the scan because the timer had not done so.
    """

    id: str
    state: ScanState
    trigger: Trigger
    started_at: datetime
    finished_at: datetime | None
    reason: str | None = None
    overdue: bool = False


@dataclass(frozen=True, slots=True)
class Status:
    """The facts from which the estate's posture can be derived at any later time.

    >>> Status().as_of is None, Status().summary.accounts.total
    (True, 0)
    """

    as_of: datetime | None = None
    """When the last finished full scan took its lease; None before the first scan."""
    summary: Summary = field(default_factory=Summary)
    visible: int = 0
    """The number of subscriptions that Azure listed in this scan."""
    last_scan: LastScan | None = None
    lowered: PostureReason | None = None
    """What was found after this scan that rules out "compliant"."""
    lowered_for: tuple[str, ...] = ()
    """The requirements found to be broken after this scan, in addition to the verdicts."""
    scope: RecordedScope | None = None
    """The scope of the scan; None before the first scan."""
    group_unread: Gap | None = None
    """Why the scan could not read the management group."""
    unnamed_until: datetime | None = None
    """The date of the rows if ``unwritten_gaps`` does not name all unwritten gaps."""
    unpublished_of_scans: Unpublished = ALL_PUBLISHED
    """Unpublished changes about scans themselves."""
    finished_scans: int = 0
    """The number of finished full scans, which decides what a scan reads in rotation."""
    undelivered: Undelivered | None = None
    """The alerts not accepted; None if every receiver has accepted all alerts."""

    @property
    def unpublished(self) -> Unpublished:
        """All recorded changes that are not yet published."""
        return Unpublished.add((self.summary.unpublished, self.unpublished_of_scans))

    @property
    def all_recorded_until(self) -> datetime | None:
        """The time up to which all rows are recorded, or None if this time is unknown."""
        until = self.unnamed_until if self.summary.unnamed else self.as_of
        known_times = require_all((until, *(gap.last_read for gap in self.summary.unwritten_gaps)))
        return min(known_times) if known_times else None
