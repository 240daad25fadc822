"""Store aspects as columns of a finding's row.

Broken columns of exceptions, owners and due dates affect nothing else: the account is treated as
having no exception, owner or due date, and the next scan writes the columns again. A broken key
column makes the finding unknown: see ``codec``. A filter column that differs from the value next to
it also makes the finding unknown, because the filter would miss the account.
"""

from collections.abc import Mapping
from typing import Any, Final, get_args

from pydantic import TypeAdapter

from cmk_check.core.aspects import ASPECTS
from cmk_check.core.enums import DueState, ExceptionState, KeyState
from cmk_check.core.exceptions.account_exception import AccountException, AnnouncedException
from cmk_check.core.exceptions.judge_exception import unread_exception
from cmk_check.core.keys.key_health import KeyHealth
from cmk_check.core.model import DueDate, Finding
from cmk_check.core.owner import UNOWNED, Owner, OwnerSource
from cmk_check.core.reasons.gap_sentences import EXEMPTION_NOT_READ
from cmk_check.ports import Scalar
from cmk_check.store.row_times import UNDATED, is_usable_time, is_utc

KEY_HEALTH: Final = TypeAdapter(KeyHealth)
_EXCEPTION: Final = TypeAdapter(AccountException)
_ANNOUNCED: Final = TypeAdapter(AnnouncedException)
_DUE: Final = TypeAdapter(DueDate)
_DETAIL: Final = "exceptionDetail"
_KNOWN: Final = "exceptionAnnounced"
_STATES: Final[frozenset[object]] = frozenset((*KeyState, *ExceptionState, *DueState))
_SOURCES: Final[tuple[OwnerSource, ...]] = get_args(OwnerSource.__value__)


def encode_aspects(finding: Finding) -> dict[str, Scalar | None]:
    """Return the columns of all aspects: states for filters and people, and full values as JSON."""
    health = finding.key_health
    states = {
        aspect.name: aspect.state(finding, UNDATED)
        for aspect in ASPECTS
        if getattr(finding, aspect.side) is not None
    }
    return {
        **states,
        "keyReasons": ",".join(aspect.code for aspect in health.concerns) if health else None,
        "keyDetail": _json(KEY_HEALTH, health),
        _DETAIL: _json(_EXCEPTION, finding.exception),
        _KNOWN: _json(_ANNOUNCED, finding.announced),
        "dueDetail": _json(_DUE, finding.due),
        "ownerSource": finding.owner.source,
    }


def find_mismatch(values: Mapping[str, Scalar], finding: Finding) -> str | None:
    """Return the first state column that differs from the finding as read, or None.

    A state that this version does not know was written by a later version. A state that the table
    cannot filter by may be a value that could not be read.
    """
    for aspect in ASPECTS:
        stored, state = values.get(aspect.name), aspect.state(finding, UNDATED)
        is_known = stored is None or stored in _STATES
        if state is not None and stored != state and is_known and aspect.is_in_table(state):
            return aspect.name
    return None


def decode_sides(values: Mapping[str, Scalar]) -> dict[str, Any]:
    """Read the fields of ``Sides`` from a row, except the key."""
    return {
        "exception": _decode_exception(values),
        "announced": _decode_announced(values),
        "due": _due_in(values),
        "owner": _decode_owner(values),
    }


def _decode_exception(values: Mapping[str, Scalar]) -> AccountException | None:
    """Read the exception of a row; return None if it was not checked or does not apply."""
    if _DETAIL not in values:
        return None
    exception = _decode_json(_EXCEPTION, values[_DETAIL])
    if exception and _has_usable_expiry(exception):
        return exception
    return unread_exception(EXEMPTION_NOT_READ)


def _decode_announced(values: Mapping[str, Scalar]) -> AnnouncedException | None:
    announced = _decode_json(_ANNOUNCED, values.get(_KNOWN))
    return announced if announced and is_usable_time(announced.expires_on) else None


def _due_in(values: Mapping[str, Scalar]) -> DueDate | None:
    """Read the due date of a row; if it cannot be read, the next scan determines it again."""
    due = _decode_json(_DUE, values.get("dueDetail"))
    if due is None or not is_usable_time(due.since):
        return None
    return due if all(time is None or is_utc(time) for time in (due.at, due.told)) else None


def _decode_owner(values: Mapping[str, Scalar]) -> Owner:
    value, source = values.get("owner"), values.get("ownerSource")
    known_source = next((each for each in _SOURCES if each == source), None)
    return Owner(value, known_source) if known_source and isinstance(value, str) else UNOWNED


def _has_usable_expiry(exception: AccountException) -> bool:
    """Return whether the expiry is usable; only honoured exceptions need a usable expiry."""
    expires_on = exception.expires_on
    if expires_on is None:
        return True
    return is_usable_time(expires_on) if exception.is_honoured else is_utc(expires_on)


def _json[T](adapter: TypeAdapter[T], value: T | None) -> str | None:
    return None if value is None else adapter.dump_json(value).decode()


def _decode_json[T](adapter: TypeAdapter[T], value: Scalar | None) -> T | None:
    try:
        return adapter.validate_json(value) if isinstance(value, str) else None
    except ValueError:
        return None
