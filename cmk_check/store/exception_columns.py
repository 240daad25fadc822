"""The exception of an account as columns of its finding.

They cost only themselves: where they cannot be read, the account counts as not excepted, and the
next scan writes them anew.
"""

from collections.abc import Mapping
from typing import Final

from pydantic import TypeAdapter

from cmk_check.core.exceptions.account_exception import (
    AccountException,
    AnnouncedException,
    state_of,
)
from cmk_check.core.exceptions.judge import unread_exception
from cmk_check.core.model import Finding
from cmk_check.core.reasons.gap_sentences import EXEMPTION_NOT_READ
from cmk_check.ports import Scalar
from cmk_check.store.row_times import is_usable_time, is_utc

_EXCEPTION: Final = TypeAdapter(AccountException)
_ANNOUNCED: Final = TypeAdapter(AnnouncedException)
_DETAIL: Final = "exceptionDetail"
_KNOWN: Final = "exceptionAnnounced"


def exception_values(finding: Finding) -> dict[str, Scalar]:
    """Return an exception as columns: the state for filters and people, and all of it."""
    values: dict[str, Scalar] = {}
    if finding.exception is not None:
        values["exception"] = state_of(finding.exception).value
        values[_DETAIL] = _EXCEPTION.dump_json(finding.exception).decode()
    if finding.announced is not None:
        values[_KNOWN] = _ANNOUNCED.dump_json(finding.announced).decode()
    return values


def exception_in(values: Mapping[str, Scalar]) -> AccountException | None:
    """Read the exception of a row."""
    if _DETAIL not in values:
        return None
    found = _parsed(_EXCEPTION, values[_DETAIL])
    return found if found and _has_usable_expiry(found) else unread_exception(EXEMPTION_NOT_READ)


def announced_in(values: Mapping[str, Scalar]) -> AnnouncedException | None:
    """Read the exception that people know of."""
    found = _parsed(_ANNOUNCED, values.get(_KNOWN))
    return found if found is not None and is_usable_time(found.expires_on) else None


def _has_usable_expiry(exception: AccountException) -> bool:
    """Check the expiry: only that of an honoured one is counted, so others may be on any day."""
    expires_on = exception.expires_on
    if expires_on is None:
        return True
    return is_usable_time(expires_on) if exception.is_honoured else is_utc(expires_on)


def _parsed[T](adapter: TypeAdapter[T], value: Scalar | None) -> T | None:
    try:
        return adapter.validate_json(value) if isinstance(value, str) else None
    except ValueError:
        return None
