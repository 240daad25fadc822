"""An exception over time: honoured until its expiry, not at it, and each turn announced once."""

from dataclasses import replace
from datetime import timedelta
from typing import Final

import pytest

from cmk_check.core.aspects.exceptions import EXCEPTION
from cmk_check.core.enums import ExceptionReason, ExceptionState, Verdict
from cmk_check.core.exceptions.account_exception import (
    AccountException,
    AnnouncedException,
    count_honoured,
    expiries,
    state_of,
)
from cmk_check.core.exceptions.announcements import announce
from cmk_check.core.exceptions.facts import Assignment
from cmk_check.core.exceptions.judge_exception import ExceptionRules, find_exception
from cmk_check.core.unread import Absent, Unread
from tests.fakes.exemptions import ASSIGNMENT, CORP, DENIED, exempted
from tests.fakes.world import bad
from tests.unit.core.examples import HOUR, ID, NOON, known_of, only_finding

DAY: Final = timedelta(days=1)
END: Final = NOON + 30 * DAY
BAD: Final = Verdict.NON_COMPLIANT
HONOURED: Final = AccountException(ExceptionReason.HONOURED, "e1", ticket="secret", expires_on=END)
UNREAD: Final = AccountException(ExceptionReason.EXEMPTION_UNREAD)


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
    earlier = replace(HONOURED, expires_on=END - timedelta(seconds=1))

    violating, *others = (
        replace(only_finding(known_of(bad(ID))), exception=each)
        for each in (HONOURED, None, HONOURED.at(END), earlier)
    )

    assert all(EXCEPTION.is_worse(violating, each) for each in others)
    assert not any(EXCEPTION.is_worse(each, violating) for each in (violating, *others))


def test_what_could_not_be_read_is_named() -> None:
    """P11: the list of exemptions, or the assignment of one."""
    gap = DENIED.exemptions.gap if isinstance(DENIED.exemptions, Unread) else None
    assert gap is not None
    facts = replace(exempted(ID, END), assignments={ASSIGNMENT: Unread(gap)})

    for each in (DENIED, facts):
        found = find_exception(bad(ID), each, ExceptionRules(), END - timedelta(days=1))
        assert found is not None
        assert found.reason is ExceptionReason.EXEMPTION_UNREAD
        assert (found.missing_action, found.detail) == (gap.missing_action, gap.detail)


def test_an_initiative_that_is_gone_exempts_nothing() -> None:
    """P7: nor does it stop the scan."""
    gone = "/providers/microsoft.authorization/policysetdefinitions/gone"
    facts = replace(exempted(ID, END), assignments={ASSIGNMENT: Assignment(CORP, gone)})
    facts = replace(facts, sets={gone: Absent(gone)})

    assert find_exception(bad(ID), facts, ExceptionRules(), NOON) is None


@pytest.mark.parametrize("times", [0, 1, 50, 51, 90])
def test_what_does_not_fit_ends_early_and_never_late(times: int) -> None:
    """P1: a violation that counts as accepted after the end of its exception is a false green."""
    counted = [(NOON + hour * HOUR, 1 + hour % 3) for hour in range(times)]

    kept = expiries([*counted[::-1], *counted])

    assert len(kept) == min(times, 50)
    for hour in range(-1, times):
        honoured = 2 * sum(count for _, count in counted[hour + 1 :])
        late = hour >= 49 and times > 50
        assert count_honoured(kept, NOON + hour * HOUR) == (0 if late else honoured)


def _walk(
    *steps: tuple[float, AccountException | None] | tuple[float, AccountException | None, Verdict],
    before: AnnouncedException | None = None,
) -> list[str]:
    """Scan on these days; return the announcements with their days."""
    told = []
    for day, exception, *verdict in steps:
        before, turns = announce(
            before, exception, verdict[0] if verdict else BAD, NOON + day * DAY
        )
        for kind, shown in turns:
            end = f" {shown['ended']}" if "ended" in shown else ""
            told.append(f"{day:g} {kind.rpartition('.')[2]}{end}")
    return told


def test_an_exception_is_told_once_at_each_of_its_turns() -> None:
    """A scan runs every hour, and an alert each time would be ignored."""
    scans = [(day / 2, HONOURED) for day in range(64)]

    assert _walk(*scans) == ["0 started", "16 expiring", "27 expiring", "30 ended expired"]


def test_one_found_in_its_last_days_is_told_of_these_alone() -> None:
    """Two reminders at once are no better than one."""
    assert _walk((28, HONOURED), (29, HONOURED)) == ["28 started", "28 expiring"]


def test_one_that_is_prolonged_starts_anew_and_one_that_is_shortened_does_not() -> None:
    """Only that somebody accepted the violation for longer is news; reminders follow the day."""
    renewed, shorter, soon = (
        replace(HONOURED, expires_on=NOON + days * DAY) for days in (60, 20, 25)
    )

    assert _walk((20, HONOURED), (21, renewed), (22, renewed), (50, renewed)) == [
        "20 started",
        "20 expiring",
        "21 started",
        "50 expiring",
    ]
    assert _walk((0, HONOURED), (1, shorter), (7, shorter)) == ["0 started", "7 expiring"]
    assert _walk((16, HONOURED), (17, soon)) == ["16 started", "16 expiring", "17 expiring"]


@pytest.mark.parametrize(
    ("step", "told"),
    [
        ((1, None), "ended removed"),
        ((1, replace(HONOURED, reason=ExceptionReason.EXPIRES_TOO_LATE)), "ended not_honoured"),
        ((1, replace(HONOURED, reason=ExceptionReason.EXPIRED)), "ended expired"),
        ((1, None, Verdict.COMPLIANT), "ended no_longer_needed"),
        ((31, UNREAD), "ended expired"),
        ((31, None, Verdict.UNKNOWN), "ended expired"),
    ],
)
def test_the_end_says_why(step: tuple[float, AccountException | None], told: str) -> None:
    """The reason tells whether to renew, to ask, or to do nothing."""
    assert _walk((0, HONOURED), step) == ["0 started", f"{step[0]} {told}"]


@pytest.mark.parametrize("dark", [(1, UNREAD), (1, None, Verdict.UNKNOWN)])
def test_what_is_out_of_sight_has_not_ended(dark: tuple[float, AccountException | None]) -> None:
    """A lost access right would end and restart every exception of a company."""
    assert _walk((0, HONOURED), dark, (2, HONOURED), (3, None)) == ["0 started", "3 ended removed"]


def test_another_exemption_takes_over_without_an_end() -> None:
    """The account stays excepted: an alert that says otherwise would be wrong."""
    other = replace(HONOURED, id="e2")

    assert _walk((0, HONOURED), (1, other)) == ["0 started", "1 started"]
