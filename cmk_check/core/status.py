"""What a scan adds up to: sums, gaps, the latest scan, and the status made of them."""

from dataclasses import dataclass, field
from datetime import datetime

from cmk_check.core.cross_check import CrossCheck
from cmk_check.core.enums import PostureReason, ScanState, Trigger
from cmk_check.core.gap import Gap
from cmk_check.core.keys.key_health import BrokenKey
from cmk_check.core.model import AccountCounts
from cmk_check.core.recorded_scope import RecordedScope
from cmk_check.core.rule import OF_UNUSABLE_ROWS


@dataclass(frozen=True, slots=True)
class SubscriptionCounts:
    """Subscriptions of an estate by coverage."""

    read: int = 0
    gap: int = 0
    excluded: int = 0
    retired: int = 0

    @property
    def total(self) -> int:
        """All of them."""
        return self.read + self.gap + self.excluded + self.retired


@dataclass(frozen=True, slots=True)
class KnownGap:
    """A gap as the status shows it."""

    subscription_id: str
    name: str | None
    gap: Gap
    since: datetime


@dataclass(frozen=True, slots=True)
class UnwrittenGap:
    """A gap that stands in no row; ``last_read`` is the date of what is recorded there."""

    subscription_id: str
    last_read: datetime | None = None


@dataclass(frozen=True, slots=True)
class Summary:
    """The sums of a slice or of a whole scan."""

    accounts: AccountCounts = field(default_factory=AccountCounts)
    subscriptions: SubscriptionCounts = field(default_factory=SubscriptionCounts)
    gaps: tuple[KnownGap, ...] = ()
    """At most 50."""
    gaps_omitted: int = 0
    """How many more there are."""
    changes: int = 0
    broken_keys: tuple[BrokenKey, ...] = ()
    """At most 50, and only in the first scan; ``accounts`` counts all of them."""
    unwritten: int | None = None
    """How many of the gaps are in no coverage row; None in rows of earlier versions."""
    new: int = 0
    """How many subscriptions were not counted before."""
    cross_check: CrossCheck | None = None
    """None where no list was compared with Resource Graph."""
    unwritten_gaps: tuple[UnwrittenGap, ...] = ()
    """At most 1,000 of the gaps that are in no coverage row."""

    @property
    def unwritten_count(self) -> int:
        """How many gaps may stand in no coverage row; earlier versions did not count them."""
        return self.subscriptions.gap if self.unwritten is None else self.unwritten

    @property
    def unnamed(self) -> int:
        """How many of these ``unwritten_gaps`` does not name."""
        return self.unwritten_count - len(self.unwritten_gaps)

    def unwritten_gap(self, subscription_id: str) -> UnwrittenGap | None:
        """Return the unwritten gap of a subscription, if it is named."""
        named = (gap for gap in self.unwritten_gaps if gap.subscription_id == subscription_id)
        return next(named, None)


@dataclass(frozen=True, slots=True)
class LastScan:
    """The latest full scan that ended, as the status shows it.

    ``overdue``: not the timer itself has started it, but the second clock in its place.
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
    """The facts from which the posture of the estate is derived at any later moment."""

    as_of: datetime | None = None
    """When the last finished full scan took its lease; None before the first."""
    summary: Summary = field(default_factory=Summary)
    visible: int = 0
    """How many subscriptions Azure listed then."""
    last_scan: LastScan | None = None
    lowered: PostureReason | None = None
    """What was learnt since that forbids "compliant"."""
    keys_lowered: bool = False
    """Whether a key got worse since, which forbids it where keys count."""
    scope: RecordedScope | None = None
    """What the scan was made under; None in rows of earlier versions."""
    group_unread: Gap | None = None
    """Why it could not read the management group."""
    daily_carried: bool = True
    """Whether it carried daily readings over; rows of earlier versions do not say so."""
    data_lowered: bool = False
    """As ``keys_lowered``, for data."""
    data_read: bool = False
    """Whether it carried over nothing of where data is."""
    unnamed_until: datetime | None = None
    """Dates the rows where gaps are in none of them and are not all named."""

    @property
    def recorded_until(self) -> datetime | None:
        """Until when all rows are recorded but those that ``unwritten_gaps`` names."""
        is_cut = self.summary.unwritten is not None and self.summary.unnamed
        return self.unnamed_until if is_cut else self.as_of

    @property
    def all_recorded_until(self) -> datetime | None:
        """Until when all rows are recorded; None if that is not known."""
        times = [self.recorded_until, *(gap.last_read for gap in self.summary.unwritten_gaps)]
        known = [time for time in times if time is not None]
        return min(known) if len(known) == len(times) else None

    @property
    def daily_until(self) -> datetime | None:
        """Until when all daily readings that fell due are recorded; None if that is not known.

        What a scan could not write down may have been the one reading of a day. That is also so of
        an account whose row is of a newer version or broken: its row may come back as it was.
        """
        lost = OF_UNUSABLE_ROWS & self.summary.accounts.by_reason.keys()
        return self.as_of if self.summary.unwritten == 0 and not lost else None
