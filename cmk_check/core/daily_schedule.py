"""Readings that are due once a day, at a time of day that follows from the account's id.

The hash of the id spreads the readings over the scans of a day, and says without a row of its own
when each was made: a reading that fell due before a scan began is made by that scan, or by the next
one that can. So what was last due is a time at or after which the account was read.
"""

from datetime import UTC, datetime, timedelta
from hashlib import sha256
from typing import Final

from cmk_check.limits import DAILY_READING

_EPOCH: Final = datetime.fromtimestamp(0, UTC)


def last_due(account_id: str, at: datetime) -> datetime:
    """Return the latest time, ``at`` or before, at which the reading of an account fell due.

    ``account_id`` is in any case, both times are aware.
    """
    digest = sha256(account_id.lower().encode()).digest()
    seconds = int.from_bytes(digest[:8]) % (DAILY_READING // timedelta(seconds=1))
    return at - (at - _EPOCH - timedelta(seconds=seconds)) % DAILY_READING


def is_due(account_id: str, until: datetime | None, now: datetime) -> bool:
    """Tell whether a scan that begins ``now`` has to read an account.

    ``until`` is the time until when all readings that fell due are recorded; None if that is not
    known. A time in the future comes from a wrong clock.
    """
    return until is None or until > now or last_due(account_id, now) > until
