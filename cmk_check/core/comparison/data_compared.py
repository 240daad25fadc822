"""Where accounts keep data: what stands beside verdicts, what is worse than before, what is told.

Nobody is told that it cannot be read: what people know of stays until it is seen to have changed.
"""

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime
from typing import Final

from cmk_check.core.comparison.carried_scopes import says_the_same
from cmk_check.core.comparison.judge import Judged
from cmk_check.core.daily_reading import is_due
from cmk_check.core.data_enums import DataReason, DataState
from cmk_check.core.data_stores.account_data import AccountData, AccountsData, DataConcern
from cmk_check.core.enums import ChangeType
from cmk_check.core.model import Account, Finding
from cmk_check.core.reasons.gap_sentences import DATA_NOT_READ

_UNREAD: Final = AccountData(
    DataState.UNKNOWN, (DataConcern(DataReason.PLACES_UNREAD, detail=DATA_NOT_READ.detail),)
)
_BADNESS: Final = {
    DataState.UNKNOWN: 1,
    DataState.MAY_BE_MICROSOFT_KEYS: 2,
    DataState.MICROSOFT_KEYS: 3,
}
_READ_AGAIN: Final = {DataReason.PLACES_UNREAD, DataReason.HOST_NOT_READY}


def with_data(
    judged: Mapping[str, Judged], findings: Mapping[str, Finding], data: AccountsData
) -> dict[str, Judged]:
    """Put beside accounts where they keep data; of what nothing was said is unknown."""
    return {
        account_id: replace(entry, data=data.get(account_id) or _unread(findings.get(account_id)))
        for account_id, entry in judged.items()
    }


def _unread(before: Finding | None) -> AccountData:
    return replace(_UNREAD, told=before.data.told if before and before.data else ())


def is_data_worse(before: AccountData | None, after: AccountData | None) -> bool:
    """Tell what an incomplete reading may say as well."""
    had, has = _badness(before), _badness(after)
    if after is None or has < had:
        return False
    return has > had or _news(before, after) is ChangeType.DATA_EXPOSED


def data_news(before: Finding | None, after: Finding) -> ChangeType | None:
    """Return what is told of an account's data, if anything."""
    return None if after.data is None else _news(before.data if before else None, after.data)


def is_places_due(before: Finding | None, account: Account, started_at: datetime) -> bool:
    """Tell whether a scan that began then reads again what the projects of an account say."""
    data = before.data if before else None
    if before is None or data is None or data.as_of is None:
        return True
    unsure = any(concern.code in _READ_AGAIN for concern in data.concerns)
    same = says_the_same(before, account)
    return unsure or not same or is_due(account.id.text, data.as_of, started_at)


def _badness(data: AccountData | None) -> int:
    # Of what nobody looked at nothing is known.
    return 1 if data is None else _BADNESS.get(data.state, 0)


def _news(before: AccountData | None, after: AccountData) -> ChangeType | None:
    told = before.told if before else ()
    if after.exposed - set(told):
        return ChangeType.DATA_EXPOSED
    return ChangeType.DATA_COVERED if told and after.is_covered else None
