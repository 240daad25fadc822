"""The accounts of a subscription at an earlier time: the changes since then, undone."""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from itertools import pairwise, takewhile
from typing import Any, Final, NamedTuple

from cmk_check.cli.evidence.coverage_then import CoverageChange, NotKnown
from cmk_check.core.enums import ChangeType, CoverageState, KeyState, Reason, Verdict
from cmk_check.web import models

_RECORDING: Final = "the app was recording it during the export; export again"


class AccountThen(NamedTuple):
    """An account as it was recorded; ``key_health`` is None if its key was not checked."""

    id: str
    kind: str | None
    verdict: Verdict
    reason: Reason
    key_health: KeyState | None


class Account(NamedTuple):
    """An account as the app lists it; ``changed_at`` is None if its row cannot be used."""

    kind: str | None
    side: "Side | None"
    changed_at: datetime | None


class Side(NamedTuple):
    """What a change says of an account before it or after it; None instead: it was not there."""

    verdict: Verdict
    reason: Reason
    key_health: KeyState | None


class RecordedChange(NamedTuple):
    """What undoing a change needs; ``coverage`` is None for a change of an account."""

    number: int
    time: datetime
    type: ChangeType
    subject: str
    kind: str | None
    kind_before: str | None
    before: Side | None
    after: Side | None
    coverage: CoverageChange | None


def change_of(event: models.ChangeEvent) -> RecordedChange:
    """Take from a change what undoing it needs.

    Raises:
        NotKnown: it has another form than this version of the program knows.

    """
    data = event.data
    try:
        before, after = data["before"], data["after"]
        kinds = data.get("kind"), before.get("kind") if before else None
        common = data["sequence"], event.time, event.type, event.subject, *kinds
        if event.subject == event.source:
            had = CoverageState(before["coverage"]) if before else None
            told = CoverageChange(event.time, had, CoverageState(after["coverage"]))
            return RecordedChange(*common, None, None, told)
        return RecordedChange(*common, _side(before), _side(after), None)
    except (AttributeError, KeyError, TypeError, ValueError) as error:
        raise NotKnown(f"a change has an unknown form: {event.id}") from error


def _side(data: Mapping[str, Any] | None) -> Side | None:
    if data is None:
        return None
    key = data.get("keyHealth")
    return Side(Verdict(data["verdict"]), Reason(data["reason"]), KeyState(key) if key else None)


def first_change(changes: Sequence[RecordedChange], time: datetime) -> datetime | None:
    """Return the time of the first change of all; None if it is deleted or was later."""
    first = changes[0] if changes else None
    return first.time if first and first.number == 1 and first.time <= time else None


def changes_after(
    changes: Sequence[RecordedChange], last: int, time: datetime
) -> list[RecordedChange]:
    """Return the changes after a time, which must have all numbers up to the last.

    Raises:
        NotKnown: a number is missing, occurs twice, or is not in the order of the times.

    """
    numbers = [change.number for change in changes]
    if len(set(numbers)) < len(numbers):
        raise NotKnown("the numbers of its changes began again")
    later = [change for change in changes if change.time > time]
    earlier = [change.number for change in changes if change.time <= time]
    first = last - len(later)
    if any(number > last for number in numbers):
        raise NotKnown(f"{_RECORDING}, or the numbers of its changes began again")
    if [change.number for change in later] != list(range(first + 1, last + 1)):
        raise NotKnown("a change is missing or not published yet, or times are out of order")
    if earlier and max(earlier) > first:
        raise NotKnown("the times of its changes are out of order")
    return later


def accounts_then(
    now: Mapping[str, Account],
    changes: Sequence[RecordedChange],
    later: Iterable[RecordedChange],
    time: datetime,
) -> Iterator[AccountThen]:
    """Undo the changes of each account.

    Raises:
        NotKnown: what a change says is not what was there.

    """
    by_account: defaultdict[str, list[RecordedChange]] = defaultdict(list)
    for change in later:
        if change.coverage is None:
            by_account[change.subject].append(change)
    for account_id in sorted(now.keys() | by_account.keys()):
        kind, side, changed_at = now.get(account_id, Account(None, None, time))
        if changed_at is None:
            raise NotKnown(f"the row of an account cannot be used: {account_id}")
        undone = by_account.get(account_id)
        if undone:
            _check_chain(undone, side)
            side = undone[0].before
            kind = _kind_then(changes, undone)
        elif changed_at > time:
            raise NotKnown(f"a change is missing: {account_id}")
        if side is not None:
            yield AccountThen(account_id, kind, *side)


def _check_chain(changes: Sequence[RecordedChange], now: Side | None) -> None:
    """Check that each change begins where the one before ended, and the last ends with the present.

    Several changes of one step have the same two sides.
    """
    for one, other in pairwise(changes):
        is_same_step = (one.before, one.after) == (other.before, other.after)
        if not is_same_step and one.after != other.before:
            raise NotKnown(f"its changes contradict each other: {other.subject}")
    if changes[-1].after != now:
        raise NotKnown(f"a change and the finding differ: {changes[-1].subject}; {_RECORDING}")


def _kind_then(changes: Sequence[RecordedChange], undone: Sequence[RecordedChange]) -> str | None:
    """Return the kind before the first change that is undone.

    Raises:
        NotKnown: the account had no kind before or after it, and no earlier change says its kind.

    """
    first = undone[0]
    before = [
        change.kind
        for change in changes
        if change.subject == first.subject and change.number < first.number
    ]
    if before or first.before is None:
        return before[-1] if before else None
    step = takewhile(lambda change: change[-3:] == first[-3:], undone)
    kinds = [change.kind_before for change in step if change.kind_before is not None]
    kind = kinds[0] if kinds else first.kind
    if kind is None or first.before.reason is Reason.MALFORMED:
        raise NotKnown(f"the kind of an account is not known: {first.subject}")
    return kind
