"""The times that a row may contain."""

from datetime import MAXYEAR, UTC, datetime, timedelta
from typing import Final

# The dates of a finding with an unusable row.
UNDATED: Final = datetime.fromtimestamp(0, UTC)
_NO_OFFSET: Final = timedelta()
_LAST_TIME: Final = datetime(MAXYEAR, 1, 1, tzinfo=UTC)


def is_utc(time: datetime) -> bool:
    """Return whether a time is in UTC, as in all rows.

    Converting another offset may exceed the first or last year, and a time without an offset cannot
    be compared.
    """
    return time.utcoffset() == _NO_OFFSET


def is_usable_time(time: datetime) -> bool:
    """Return whether a time is in UTC and far enough from the limits for time arithmetic."""
    return is_utc(time) and UNDATED < time < _LAST_TIME
