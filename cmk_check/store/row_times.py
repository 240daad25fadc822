"""Which times a row may hold."""

from datetime import MAXYEAR, UTC, datetime, timedelta
from typing import Final

# The dates of a finding whose row is unusable.
UNDATED: Final = datetime.fromtimestamp(0, UTC)
_NO_OFFSET: Final = timedelta()
_LAST_TIME: Final = datetime(MAXYEAR, 1, 1, tzinfo=UTC)


def is_utc(time: datetime) -> bool:
    """Return whether a time is in UTC, as all rows have it.

    Another offset may lead beyond the first or last year; without one it cannot be compared.
    """
    return time.utcoffset() == _NO_OFFSET


def is_usable_time(time: datetime) -> bool:
    """Return whether a time is in UTC and leaves room to add to it and to subtract from it."""
    return is_utc(time) and UNDATED < time < _LAST_TIME
