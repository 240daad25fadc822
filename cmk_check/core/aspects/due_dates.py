"""The due date aspect: the date by which a violation or a broken key must be fixed.

An account has a problem from the first scan that finds one until a scan finds none. Scans in
between do not change the due date if they cannot judge the account or find a different problem. An
exception moves the due date to the exception's expiry, but never to before a due date that was
announced as passed.
"""

from collections.abc import Hashable, Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from typing import ClassVar, Final, override

from cmk_check.core.aspects.aspect import AnyAccount, Aspect, News, Occasion
from cmk_check.core.enums import ChangeType, DueState, KeyState, Verdict
from cmk_check.core.model import AccountCounts, DueDate, Finding
from cmk_check.core.text import write_time


class DueDateAspect(Aspect):
    """The due date of accounts that are non-compliant or have a broken key."""

    name = side = "due"
    verdicts = frozenset(Verdict)
    changes: ClassVar[Mapping[ChangeType, str]] = {
        ChangeType.ACCOUNT_OVERDUE: "Account not fixed by its due date"
    }
    in_history = False

    @override
    def state(self, account: AnyAccount, now: datetime) -> str | None:
        if account.due is None or account.due.at is None:
            return None
        return DueState.OVERDUE if account.due.is_overdue else DueState.UPCOMING

    @override
    def describe(self, account: AnyAccount) -> dict[str, object] | None:
        return {"dueAt": write_time(account.due.at)} if account.due and account.due.at else None

    @override
    def list_news(
        self, before: Finding | None, after: Finding, read: AnyAccount, occasion: Occasion
    ) -> tuple[Finding, Sequence[News]]:
        due_date, now = after.due, occasion.now
        if occasion.removed or (due_date is None and occasion.fix_within is None):
            return after, ()
        since = _since(after)
        if since is None:
            return (replace(after, due=None) if due_date else after), ()
        announced_at, at = due_date.told if due_date else None, None
        if occasion.fix_within is not None:
            # An exception that ended before its expiry does not move the date.
            announced = before.announced if before else None
            ended = announced if announced and announced.expires_on <= now else None
            accepted = after.announced or ended
            until = accepted.expires_on if accepted else None
            at = max(filter(None, (since + occasion.fix_within, until, announced_at)))
        news: list[News] = []
        if at is not None and at <= now and at != announced_at and not occasion.baseline:
            announced_at, details = at, {"dueAt": write_time(at), "since": write_time(since)}
            news.append(News(ChangeType.ACCOUNT_OVERDUE, details, at.isoformat()))
        due = DueDate(since, at, announced_at) if at or announced_at else None
        return (after if due == due_date else replace(after, due=due)), news

    @override
    def get_label(self, account: AnyAccount) -> Hashable | None:
        return (account.due is not None and account.due.is_overdue) or None

    @override
    def add_counts(self, counts: AccountCounts, labels: Mapping[Hashable, int]) -> AccountCounts:
        return replace(counts, overdue=sum(labels.values()))

    @override
    def list_counts(self, counts: AccountCounts) -> Iterable[tuple[Hashable, int]]:
        return ((True, counts.overdue),)


def _since(finding: Finding) -> datetime | None:
    """Return when the account's current problem was first found, or None if it has no problem.

    A violation ends as soon as the account has a customer-managed key, even if that key could not
    be checked. A broken key stops being a problem only when a check finds that it works, or when
    keys are no longer checked.
    """
    first = finding.history[0].at if finding.history else finding.changed_at
    recorded = finding.due.since if finding.due else finding.violated_since
    # If the problem began before the history, only the finding's row has its date.
    since = recorded if recorded and recorded < first else None
    is_broken = since is not None
    for transition in finding.history:
        match transition.verdict, transition.key_health:
            case Verdict.NON_COMPLIANT, _:
                since, is_broken = since or transition.at, False
            case Verdict.COMPLIANT, KeyState.BROKEN:
                since, is_broken = since or transition.at, True
            case Verdict.COMPLIANT, state if not (is_broken and state is KeyState.UNKNOWN):
                since, is_broken = None, False
    return since


DUE: Final = DueDateAspect()
