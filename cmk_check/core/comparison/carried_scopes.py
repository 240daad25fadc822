"""What a scan carries over because it is read only once a day: encryption scopes and projects.

Nothing is carried over from a list that could not be read, or to an account whose document differs
from the recorded one.

The hash of an account's id spreads the readings over the scans of a day and determines, without a
stored time, when each is due. The next scan that can makes a due reading, so the account was read
at or after the time when its reading was last due.
"""

from collections.abc import Iterable, Mapping
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from typing import Final

from cmk_check.core.account import Account
from cmk_check.core.comparison.judge_accounts import agree
from cmk_check.core.comparison.updates import Known
from cmk_check.core.enums import CoverageState, DataReason, KeyReason
from cmk_check.core.keys.facts import CarriedScopes
from cmk_check.core.keys.key_health import KeyHealth, unseen_parts
from cmk_check.core.keys.permissions import user_of
from cmk_check.core.keys.vault import SCOPES
from cmk_check.core.model import Coverage, Finding
from cmk_check.core.rule import RULE_VERSION, judge
from cmk_check.core.status import Status
from cmk_check.limits import DAILY_READING

_EPOCH: Final = datetime.fromtimestamp(0, UTC)
_READ_AGAIN: Final = {DataReason.PLACES_UNREAD, DataReason.HOST_NOT_READY}


def carried_scopes(
    known: Known, accounts: Iterable[Account], until: datetime | None, started_at: datetime
) -> Mapping[str, CarriedScopes]:
    """Return what a scan that began at ``started_at`` carries over, by account id.

    ``accounts`` are the compliant accounts that the scan read; all daily readings that were due by
    ``until`` are recorded.
    """
    if not _is_read(known.coverage):
        return {}
    carried: dict[str, CarriedScopes] = {}
    for account in accounts:
        account_id = str(account.id)
        before = known.findings.get(account_id)
        if before is None or before.key_health is None or is_due(account_id, until, started_at):
            continue
        is_same_user = before.key_health.principal_id == user_of(account)
        if is_same_user and _saw_scopes(before.key_health) and says_the_same(before, account):
            concerns, code = before.key_health.concerns, KeyReason.SCOPE_NOT_CUSTOMER_MANAGED
            evidence = next((each.evidence for each in concerns if each.code is code), None)
            carried[account_id] = CarriedScopes(evidence)
    return carried


def scopes_as_of(
    finding: Finding, coverage: Coverage | None, status: Status | None
) -> datetime | None:
    """Return a time at or after which an account's scopes were read, None if it is not known."""
    until = status.daily_until if status else None
    health = finding.key_health
    if status is None or until is None or health is None:
        return None
    if not _is_read(coverage) or not _saw_scopes(health):
        return None
    return last_due(str(finding.id), until) if status.daily_carried else until


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


def _is_read(coverage: Coverage | None) -> bool:
    # Readings that were due while the subscription was a gap were not made.
    return coverage is not None and coverage.state is CoverageState.READ


def _saw_scopes(health: KeyHealth) -> bool:
    missing = unseen_parts(health)
    hidden = any(each.code is KeyReason.CANNOT_READ for each in health.concerns)
    return bool(missing) == hidden and SCOPES not in missing


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
