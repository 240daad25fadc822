"""When a scan reads an account's projects again: once a day, unless the account has changed.

The hash of an account's id spreads the readings over the scans of a day and determines, without a
stored time, when each is due. The next scan that can makes a due reading, so the account was read
at or after the time when its reading was last due.
"""

from datetime import UTC, datetime, timedelta
from hashlib import sha256
from typing import Final

from cmk_check.core.account import Account
from cmk_check.core.comparison.judge_accounts import agree
from cmk_check.core.enums import DataReason
from cmk_check.core.model import Finding
from cmk_check.core.rule import RULE_VERSION, judge
from cmk_check.limits import DAILY_READING

_EPOCH: Final = datetime.fromtimestamp(0, UTC)
_READ_AGAIN: Final = {DataReason.PLACES_UNREAD, DataReason.HOST_NOT_READY}


def are_projects_due(before: Finding | None, account: Account, started_at: datetime) -> bool:
    """Return whether a scan that began at ``started_at`` must read an account's projects again."""
    data = before.data if before else None
    if before is None or data is None or data.as_of is None:
        return True
    unsure = any(concern.code in _READ_AGAIN for concern in data.concerns)
    same = says_the_same(before, account)
    return unsure or not same or is_due(account.id.text, data.as_of, started_at)


def last_due(account_id: str, at: datetime) -> datetime:
    """Return the latest time up to ``at`` when an account's reading was due.

    ``account_id`` is case-insensitive; both times are aware.
    """
    digest = sha256(account_id.lower().encode()).digest()
    seconds = int.from_bytes(digest[:8]) % (DAILY_READING // timedelta(seconds=1))
    return at - (at - _EPOCH - timedelta(seconds=seconds)) % DAILY_READING


def is_due(account_id: str, until: datetime | None, now: datetime) -> bool:
    """Return whether a scan that begins ``now`` must read an account.

    All readings that were due by ``until`` are recorded; None if that time is not known. A time in
    the future comes from a wrong clock.
    """
    return until is None or until > now or last_due(account_id, now) > until


def says_the_same(before: Finding, account: Account) -> bool:
    """Return whether an account's document agrees with the recorded finding."""
    judgement = judge(account)
    return (
        before.rule_version == RULE_VERSION
        and before.judgement.reason is judgement.reason
        # An account that was deleted and created again has another date.
        and before.judgement.evidence.created_at == judgement.evidence.created_at
        and agree(before, account, judgement)
    )
