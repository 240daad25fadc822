"""When the projects of an account and what they name are read again: once a day, or sooner."""

from datetime import datetime
from typing import Final

from cmk_check.core.account import Account
from cmk_check.core.comparison.carried_scopes import says_the_same
from cmk_check.core.daily_schedule import is_due
from cmk_check.core.enums import DataReason
from cmk_check.core.model import Finding

_READ_AGAIN: Final = {DataReason.PLACES_UNREAD, DataReason.HOST_NOT_READY}


def are_projects_due(before: Finding | None, account: Account, started_at: datetime) -> bool:
    """Tell whether a scan that began then reads again what the projects of an account say."""
    data = before.data if before else None
    if before is None or data is None or data.as_of is None:
        return True
    unsure = any(concern.code in _READ_AGAIN for concern in data.concerns)
    same = says_the_same(before, account)
    return unsure or not same or is_due(account.id.text, data.as_of, started_at)
