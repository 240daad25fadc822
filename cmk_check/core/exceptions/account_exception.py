"""An account's exception as its finding stores it, and counts of honoured exceptions by expiry."""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from datetime import datetime

from cmk_check.core.enums import ExceptionReason, ExceptionState
from cmk_check.core.reasons.catalogue import EXCEPTION_REASONS
from cmk_check.limits import MAX_EXPIRIES_COUNTED

type Expiries = tuple[tuple[datetime, int], ...]
"""The number of honoured exceptions by expiry, sorted; some may be counted at an earlier expiry."""


@dataclass(frozen=True, slots=True)
class AccountException:
    """The exemption that applies to an account, and the reason why it is or is not honoured."""

    reason: ExceptionReason
    id: str | None = None
    """The lower-cased id of the exemption, or None if no exemption could be read."""
    category: str | None = None
    display_name: str | None = None
    description: str | None = None
    ticket: str | None = None
    """The name of the person who requested the exemption as free text, like ``approved_by``."""
    approved_by: str | None = None
    created_by: str | None = None
    expires_on: datetime | None = None
    missing_action: str | None = None
    """The permission that was missing for the reading."""
    # Error texts vary, so a new wording must not count as a changed exception.
    detail: str | None = field(default=None, compare=False)
    """Why a part could not be read, and what to do."""

    @property
    def message(self) -> str:
        """A message that says what failed, or what the reason means and what to do."""
        return self.detail or EXCEPTION_REASONS[self.reason].text()

    @property
    def honoured_until(self) -> datetime | None:
        """When the exception expires if it was honoured when it was judged, else None."""
        return self.expires_on if self.reason is ExceptionReason.HONOURED else None

    @property
    def is_honoured(self) -> bool:
        """Whether the exception was honoured when it was judged."""
        return self.honoured_until is not None

    def at(self, now: datetime) -> "AccountException":
        """Return the exception as it is at ``now``: an honoured exception ends at its expiry."""
        until = self.honoured_until
        has_ended = until is not None and until <= now
        return replace(self, reason=ExceptionReason.EXPIRED) if has_ended else self


@dataclass(frozen=True, slots=True)
class AnnouncedException:
    """An exception whose start has been announced and whose end has not.

    ``reminded`` is the shortest notice that was announced, in days before the expiry.
    """

    id: str
    expires_on: datetime
    category: str | None = None
    display_name: str | None = None
    reminded: int | None = None


def expiries(counted: Iterable[tuple[datetime, int]]) -> Expiries:
    """Sum counts by expiry, sort them, and combine the last expiries if a row cannot hold all."""
    counts: Counter[datetime] = Counter()
    for time, count in counted:
        counts[time] += count
    times = sorted((+counts).items())
    kept, rest = times[: MAX_EXPIRIES_COUNTED - 1], times[MAX_EXPIRIES_COUNTED - 1 :]
    if rest:
        kept.append((rest[0][0], sum(count for _, count in rest)))
    return tuple(kept)


def count_honoured(counted: Expiries, now: datetime) -> int:
    """Return how many of the ``counted`` honoured exceptions have not expired at ``now``."""
    return sum(count for time, count in counted if time > now)


def state_of(exception: AccountException | None) -> ExceptionState:
    """Return whether an account has an exception, and whether that exception is honoured."""
    if exception is None:
        return ExceptionState.NONE
    return ExceptionState.HONOURED if exception.is_honoured else ExceptionState.NOT_HONOURED
