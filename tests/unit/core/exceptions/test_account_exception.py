"""An exception as it is at a time, alone and in sums: honoured until its expiry, not at it."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Final

import pytest

from cmk_check.core.enums import ExceptionReason, ExceptionState
from cmk_check.core.exceptions.account_exception import (
    AccountException,
    ends_earlier,
    expiries,
    honoured_at,
    state_of,
)
from cmk_check.core.exceptions.judge_exception import ExceptionRules, exception_of
from cmk_check.core.unread import Unread
from tests.fakes.exemptions import ASSIGNMENT, DENIED, exempted
from tests.fakes.world import bad
from tests.unit.core.examples import ID

END: Final = datetime(2027, 1, 1, tzinfo=UTC)
HONOURED: Final = AccountException(ExceptionReason.HONOURED, expires_on=END)


def test_it_is_honoured_until_its_expiry() -> None:
    """P1: at that second the violation counts again, with the reason."""
    before, at = HONOURED.at(END - timedelta(seconds=1)), HONOURED.at(END)

    assert before == HONOURED
    assert (at.reason, at.expires_on) == (ExceptionReason.EXPIRED, END)
    assert [state_of(each) for each in (None, before, at)] == [
        ExceptionState.NONE,
        ExceptionState.HONOURED,
        ExceptionState.NOT_HONOURED,
    ]


def test_only_an_earlier_end_is_earlier() -> None:
    """The status is not lowered if an exception lasts as long as before."""
    earlier = AccountException(ExceptionReason.HONOURED, expires_on=END - timedelta(seconds=1))

    assert [ends_earlier(HONOURED, each) for each in (None, HONOURED.at(END), earlier)] == [
        True
    ] * 3
    assert not ends_earlier(HONOURED, HONOURED)
    assert not ends_earlier(earlier, HONOURED)
    assert not ends_earlier(None, earlier)


def test_what_could_not_be_read_is_named() -> None:
    """P11: the list of exemptions, or the assignment of one."""
    gap = DENIED.exemptions.gap if isinstance(DENIED.exemptions, Unread) else None
    assert gap is not None
    facts = replace(exempted(ID, END), assignments={ASSIGNMENT: Unread(gap)})

    for each in (DENIED, facts):
        found = exception_of(bad(ID), each, ExceptionRules(), END - timedelta(days=1))
        assert found is not None
        assert found.reason is ExceptionReason.EXEMPTION_UNREAD
        assert (found.missing_action, found.detail) == (gap.missing_action, gap.detail)


NOW: Final = datetime(2026, 11, 25, 12, tzinfo=UTC)
HOUR: Final = timedelta(hours=1)


@pytest.mark.parametrize("times", [0, 1, 50, 51, 90])
def test_what_does_not_fit_ends_early_and_never_late(times: int) -> None:
    """P1: a violation that counts as accepted after the end of its exception is a false green."""
    counted = [(NOW + hour * HOUR, 1 + hour % 3) for hour in range(times)]

    kept = expiries([*counted[::-1], *counted])

    assert len(kept) == min(times, 50)
    for hour in range(-1, times):
        honoured = 2 * sum(count for _, count in counted[hour + 1 :])
        late = hour >= 49 and times > 50
        assert honoured_at(kept, NOW + hour * HOUR) == (0 if late else honoured)
