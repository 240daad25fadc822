"""Announce the start, the reminders and the end of each exception once.

If an exception's expiry becomes later, its start is announced again, because somebody has accepted
the violation for longer. An exception that was not read has not ended before its expiry.
"""

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timedelta

from cmk_check.core.enums import ChangeType, ExceptionEnd, ExceptionReason, Verdict
from cmk_check.core.exceptions.account_exception import AccountException, AnnouncedException
from cmk_check.core.text import write_time
from cmk_check.limits import EXPIRY_REMINDERS_DAYS, MAX_CHANGE_TEXT_CHARS

type Turn = tuple[ChangeType, dict[str, object]]
"""A start, reminder or end to announce, with its data."""
type Announced = tuple[AnnouncedException | None, Sequence[Turn]]


def announce(
    before: AnnouncedException | None,
    exception: AccountException | None,
    verdict: Verdict,
    now: datetime,
    *,
    reminds: bool = True,
) -> Announced:
    """Return the exception to record as announced, and the announcements to make.

    ``exception`` belongs to an account with this ``verdict``. ``reminds`` is False in the first
    scan: its changes are not sent, so the next scan announces reminders that are due.
    """
    current = exception.at(now) if exception else None
    if current is not None and current.honoured_until is not None:
        return _lasting(before, current, current.honoured_until, now, reminds=reminds)
    is_unread = current is not None and current.reason is ExceptionReason.EXEMPTION_UNREAD
    may_last = is_unread or verdict is Verdict.UNKNOWN
    if before is None or (before.expires_on > now and may_last):
        return before, ()
    return None, (build_end(before, _why(before, current, verdict, now)),)


def announce_off(before: AnnouncedException | None, verdict: Verdict, now: datetime) -> Announced:
    """Return the same as ``announce`` for settings that switch exceptions off."""
    announced, turns = announce(before, None, verdict, now)
    if before and turns and turns[0] == build_end(before, ExceptionEnd.REMOVED):
        turns = (build_end(before, ExceptionEnd.NOT_HONOURED),)
    return announced, turns


def build_end(exception: AnnouncedException, why: ExceptionEnd) -> Turn:
    """Build the announcement that an exception has ended."""
    return (ChangeType.EXCEPTION_ENDED, {**_describe_exception(exception), "ended": why.value})


def _lasting(
    before: AnnouncedException | None,
    current: AccountException,
    until: datetime,
    now: datetime,
    *,
    reminds: bool,
) -> Announced:
    announced = AnnouncedException(current.id or "", until, current.category, current.display_name)
    announcements: list[ChangeType] = []
    prolonged = before is not None and before.expires_on < announced.expires_on
    if before is None or before.id != announced.id or prolonged:
        announcements.append(ChangeType.EXCEPTION_STARTED)
    elif before.expires_on == announced.expires_on:
        announced = replace(announced, reminded=before.reminded)
    left = until - now
    due = min((days for days in EXPIRY_REMINDERS_DAYS if left <= timedelta(days)), default=None)
    if reminds and due is not None and (announced.reminded is None or due < announced.reminded):
        announcements.append(ChangeType.EXCEPTION_EXPIRING)
        announced = replace(announced, reminded=due)
    return announced, [(kind, _describe_exception(announced)) for kind in announcements]


def _why(
    before: AnnouncedException, current: AccountException | None, verdict: Verdict, now: datetime
) -> ExceptionEnd:
    if verdict is Verdict.COMPLIANT:
        return ExceptionEnd.NO_LONGER_NEEDED
    reason = current.reason if current is not None and current.id == before.id else None
    if before.expires_on <= now or reason is ExceptionReason.EXPIRED:
        return ExceptionEnd.EXPIRED
    return ExceptionEnd.REMOVED if reason is None else ExceptionEnd.NOT_HONOURED


def _describe_exception(exception: AnnouncedException) -> dict[str, object]:
    """Return a change's data about an exception, with its display name but no other free text."""
    data = {
        "id": exception.id[:MAX_CHANGE_TEXT_CHARS],
        "category": exception.category,
        "displayName": exception.display_name,
        "expiresOn": write_time(exception.expires_on),
    }
    return {"exception": data}
