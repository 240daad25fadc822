"""Announcements of an exception, each made once."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Final

import pytest

from cmk_check.core.enums import ExceptionReason, Verdict
from cmk_check.core.exceptions.account_exception import AccountException, AnnouncedException
from cmk_check.core.exceptions.announcements import announce

NOW: Final = datetime(2026, 11, 25, 12, tzinfo=UTC)
DAY: Final = timedelta(days=1)
BAD: Final = Verdict.NON_COMPLIANT
HONOURED: Final = AccountException(
    ExceptionReason.HONOURED, "e1", ticket="secret", expires_on=NOW + 30 * DAY
)
UNREAD: Final = AccountException(ExceptionReason.EXEMPTION_UNREAD)


def _walk(
    *steps: tuple[float, AccountException | None] | tuple[float, AccountException | None, Verdict],
    before: AnnouncedException | None = None,
) -> list[str]:
    """Scan on these days; return the announcements with their days."""
    told = []
    for day, exception, *verdict in steps:
        before, news = announce(before, exception, verdict[0] if verdict else BAD, NOW + day * DAY)
        told += [
            f"{day:g} {each.type.rpartition('.')[2]}{f' {each.end}' if each.end else ''}"
            for each in news
        ]
    return told


def test_an_exception_is_told_once_at_each_of_its_turns() -> None:
    """A scan runs every hour, and an alert each time would be ignored."""
    scans = [(day / 2, HONOURED) for day in range(64)]

    assert _walk(*scans) == ["0 started", "16 expiring", "27 expiring", "30 ended expired"]


def test_one_found_in_its_last_days_is_told_of_these_alone() -> None:
    """Two reminders at once are no better than one."""
    assert _walk((28, HONOURED), (29, HONOURED)) == ["28 started", "28 expiring"]


def test_one_that_is_prolonged_starts_anew() -> None:
    """Somebody accepted the violation for longer, so it ends on another day."""
    renewed = replace(HONOURED, expires_on=NOW + 60 * DAY)

    assert _walk((20, HONOURED), (21, renewed), (22, renewed), (50, renewed)) == [
        "20 started",
        "20 expiring",
        "21 started",
        "50 expiring",
    ]


def test_one_that_is_shortened_is_reminded_of_in_time() -> None:
    """Shortening an exception needs no alert; the reminders follow the new day."""
    shorter = replace(HONOURED, expires_on=NOW + 20 * DAY)

    assert _walk((0, HONOURED), (1, shorter), (7, shorter)) == ["0 started", "7 expiring"]


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
def test_what_is_out_of_sight_has_not_ended(
    dark: tuple[float, AccountException | None],
) -> None:
    """A lost access right would end and restart every exception of a company."""
    assert _walk((0, HONOURED), dark, (2, HONOURED), (3, None)) == ["0 started", "3 ended removed"]


def test_another_exemption_takes_over_without_an_end() -> None:
    """The account stays excepted: an alert that says otherwise would be wrong."""
    other = replace(HONOURED, id="e2")

    assert _walk((0, HONOURED), (1, other)) == ["0 started", "1 started"]
