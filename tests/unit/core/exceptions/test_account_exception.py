"""An exception as it is at a time: honoured until its expiry, and not at it."""

from datetime import UTC, datetime, timedelta
from typing import Final

from cmk_check.core.enums import ExceptionReason, ExceptionState
from cmk_check.core.exceptions.account_exception import AccountException, ends_earlier, state_of

END: Final = datetime(2027, 1, 1, tzinfo=UTC)
HONOURED: Final = AccountException(ExceptionReason.HONOURED, expires_on=END)


def test_it_is_honoured_until_its_expiry() -> None:
    """P1: at that second the violation counts again, and says why."""
    before, at = HONOURED.at(END - timedelta(seconds=1)), HONOURED.at(END)

    assert before == HONOURED
    assert (at.reason, at.expires_on) == (ExceptionReason.EXPIRED, END)
    assert [state_of(each) for each in (None, before, at)] == [
        ExceptionState.NONE,
        ExceptionState.HONOURED,
        ExceptionState.NOT_HONOURED,
    ]


def test_only_an_earlier_end_is_earlier() -> None:
    """A status need not be lowered for an exception that lasts as long as before."""
    earlier = AccountException(ExceptionReason.HONOURED, expires_on=END - timedelta(seconds=1))

    assert [ends_earlier(HONOURED, each) for each in (None, HONOURED.at(END), earlier)] == [
        True
    ] * 3
    assert not ends_earlier(HONOURED, HONOURED)
    assert not ends_earlier(earlier, HONOURED)
    assert not ends_earlier(None, earlier)
