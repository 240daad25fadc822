"""The exception aspect: whether an account's violation was accepted for a limited time."""

from collections.abc import Hashable, Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from math import inf
from typing import ClassVar, Final, override

from cmk_check.core.aspects.aspect import AnyAccount, Aspect, News, Occasion
from cmk_check.core.enums import ChangeType, ExceptionEnd, ExceptionState, Verdict
from cmk_check.core.exceptions.account_exception import expiries, state_of
from cmk_check.core.exceptions.announcements import announce, announce_off, build_end
from cmk_check.core.model import AccountCounts, Finding


class ExceptionAspect(Aspect):
    """The Azure Policy exemption of a non-compliant account.

    An account's finding records the announcements, so that each start, reminder and end of an
    exception is announced only once.
    """

    name = side = "exception"
    verdicts = frozenset({Verdict.NON_COMPLIANT})
    changes: ClassVar[Mapping[ChangeType, str]] = {
        ChangeType.EXCEPTION_STARTED: "Violation accepted by an exemption",
        ChangeType.EXCEPTION_EXPIRING: "Exception expires soon",
        ChangeType.EXCEPTION_ENDED: "Exception has ended",
    }
    in_history = False

    @override
    def state(self, account: AnyAccount, now: datetime) -> str | None:
        """Return an exception's state at ``now``, because it may have expired without a new row."""
        exception = account.exception
        return state_of(exception.at(now) if exception else None).value

    @override
    def describe(self, account: AnyAccount) -> dict[str, object] | None:
        """Return the state of an account's exception when it was judged."""
        return {"exception": state_of(account.exception).value} if account.exception else None

    @override
    def get_badness(self, account: AnyAccount) -> float:
        """Return a number that is higher, the sooner the acceptance of a violation ends."""
        until = account.exception.honoured_until if account.exception else None
        return -until.timestamp() if until else inf

    @override
    def list_news(
        self, before: Finding | None, after: Finding, read: AnyAccount, occasion: Occasion
    ) -> tuple[Finding, Sequence[News]]:
        previous = after.announced
        verdict, now = after.judgement.verdict, occasion.now
        if occasion.removed and previous:
            return after, [News(*build_end(previous, ExceptionEnd.NO_LONGER_NEEDED))]
        if occasion.unread or occasion.removed:
            return after, ()
        if occasion.exceptions_off:
            announced, more = announce_off(previous, verdict, now)
        else:
            reminds = not occasion.baseline
            announced, more = announce(previous, read.exception, verdict, now, reminds=reminds)
            starts = any(kind is ChangeType.EXCEPTION_STARTED for kind, _ in more)
            if starts and read.exception != after.exception:
                announced, more = previous, ()
        if announced is not after.announced:
            after = replace(after, announced=announced)
        return after, [News(kind, shown) for kind, shown in more]

    @override
    def get_label(self, account: AnyAccount) -> Hashable | None:
        exception = account.exception if self.applies(account.judgement) else None
        return exception.honoured_until if exception else None

    @override
    def add_counts(self, counts: AccountCounts, labels: Mapping[Hashable, int]) -> AccountCounts:
        ends = [(end, count) for end, count in labels.items() if isinstance(end, datetime)]
        return replace(counts, excepted=expiries(ends))

    @override
    def list_counts(self, counts: AccountCounts) -> Iterable[tuple[Hashable, int]]:
        return counts.excepted

    @override
    def is_in_table(self, state: str) -> bool:
        """Return whether the state is honoured; rows with other states may be out of date."""
        return state == ExceptionState.HONOURED


EXCEPTION: Final = ExceptionAspect()
