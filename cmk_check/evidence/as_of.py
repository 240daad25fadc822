"""Rebuild the estate as recorded at an earlier time, by undoing the changes since then.

A change contains the state of an account before the change. For this reason the state at a time is
the state before the first later change, or the present state if there is no later change. This
requires that no change is missing: the changes of a subscription are numbered, and its row contains
the last number. If a number is missing or occurs twice, the subscription is not rebuilt, and the
result contains the reason.

Changes also record when a gap begins and ends. No change records that a subscription without a gap
became excluded, retired or known. The counts of the scans in between show whether that may have
happened.
"""

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from itertools import pairwise, takewhile
from typing import Any, Final, NamedTuple

from pydantic.alias_generators import to_camel

from cmk_check.core.enums import CoverageState, KeyState, Reason, ScanState, Verdict
from cmk_check.core.text import write_time
from cmk_check.limits import PUBLICATION_DELAY
from cmk_check.web import models

_ENDED: Final = {ScanState.COMPLETE, ScanState.INCOMPLETE}
_UNREAD: Final = {CoverageState.EXCLUDED, CoverageState.RETIRED}
_NOT_TOLD: Final = "the subscription's coverage changed in ways that no change records"
_RECORDING: Final = "the app was recording the subscription during the export; export again"


class AccountThen(NamedTuple):
    """An account as recorded; ``key_health`` is None if the account's key was not checked."""

    id: str
    kind: str | None
    verdict: Verdict
    reason: Reason
    key_health: KeyState | None


@dataclass(frozen=True, slots=True)
class SubscriptionThen:
    """A subscription as recorded.

    ``accounts`` or ``coverage`` is None if it cannot be rebuilt; ``not_known`` then contains the
    reason.
    """

    id: str
    accounts: tuple[AccountThen, ...] | None = None
    coverage: CoverageState | None = None
    not_known: str | None = None


class Difference(NamedTuple):
    """A count in which the rebuilt estate differs from a scan, by its name in the API."""

    name: str
    rebuilt: int
    scan: int


@dataclass(frozen=True, slots=True)
class Then:
    """The rebuilt estate as of a time.

    ``scan`` is the last full scan that had finished at that time, or None. ``differences`` compares
    the scan's counts with the estate rebuilt as of the scan's end. ``differences_explained``: this
    estate could not be rebuilt completely, so differences are expected.
    """

    time: datetime
    subscriptions: tuple[SubscriptionThen, ...]
    scan: models.Scan | None = None
    differences: tuple[Difference, ...] = ()
    differences_explained: bool = False


class _NotKnown(Exception):
    """A part cannot be rebuilt; ``str()`` is the reason.

    All functions that rebuild may raise this.
    """


class _Side(NamedTuple):
    """The state of an account before or after a change; None for an absent account."""

    verdict: Verdict
    reason: Reason
    key_health: KeyState | None


class _CoverageChange(NamedTuple):
    """A gap that began or ended; ``before`` is None for a subscription that was not recorded."""

    time: datetime
    before: CoverageState | None
    after: CoverageState


class _Change(NamedTuple):
    """The parts of a change that undo it; ``coverage`` is None for a change of an account."""

    number: int
    time: datetime
    subject: str
    kind: str | None
    kind_before: str | None
    before: _Side | None
    after: _Side | None
    coverage: _CoverageChange | None


@dataclass(slots=True)
class _Recorded:
    """The data of one subscription: its row, its accounts, and its changes by number.

    Each account has its kind, its side, and the time of its change, or None if its row is unusable.
    """

    row: models.Subscription | None = None
    accounts: dict[str, tuple[str | None, _Side, datetime | None]] = field(default_factory=dict)
    changes: list[_Change] = field(default_factory=list)
    fault: str | None = None


class History:
    """The present data of the app, from which any earlier time can be rebuilt.

    Only a few values of each finding and change are kept in memory.
    """

    def __init__(
        self,
        findings: Iterable[models.Finding],
        subscriptions: Iterable[models.Subscription],
        changes: Iterable[models.ChangeEvent],
        scans: Iterable[models.Scan],
    ) -> None:
        """Index every finding, subscription, change and scan that the app lists."""
        recorded: defaultdict[str, _Recorded] = defaultdict(_Recorded)
        # When subscriptions became excluded or retired that are now in this state.
        self._settled: list[datetime] = []
        for row in subscriptions:
            recorded[row.subscription_id].row = row
            if row.coverage in _UNREAD and row.since is not None:
                self._settled.append(row.since)
        for finding in findings:
            key = finding.key_health.state if finding.key_health else None
            side = _Side(finding.verdict, finding.reason, key)
            dated = finding.first_seen and finding.changed_at
            accounts = recorded[finding.subscription_id].accounts
            accounts[finding.id] = finding.kind, side, dated
        self._oldest: datetime | None = None
        for change in changes:
            self._oldest = min(self._oldest or change.time, change.time)
            _, _, subscription_id = change.source.rpartition("/subscriptions/")
            if change.source != f"/subscriptions/{subscription_id}":
                continue  # a change of a scan
            try:
                recorded[subscription_id].changes.append(_change(change))
            except _NotKnown as error:
                recorded[subscription_id].fault = str(error)
        for subscription in recorded.values():
            subscription.changes.sort(key=lambda change: change.number)
        self._recorded: Mapping[str, _Recorded] = dict(sorted(recorded.items()))
        self._scans = sorted(scans, key=_get_end, reverse=True)

    def rebuild_at(self, time: datetime) -> Then:
        """Rebuild the estate as of a time, in whole seconds, and compare it with a scan."""
        rebuilt = self._rebuilt(time)
        finished = (
            scan
            for scan in self._scans
            if scan.scope == "full" and scan.state in _ENDED and scan.accounts is not None
        )
        scan = next((scan for scan in finished if _get_end(scan) <= time), None)
        if scan is None:
            return Then(time, rebuilt)
        at_its_end = self._rebuilt(_get_end(scan))
        explained = any(each.not_known for each in at_its_end)
        return Then(time, rebuilt, scan, tuple(_differences(at_its_end, scan)), explained)

    def _rebuilt(self, time: datetime) -> tuple[SubscriptionThen, ...]:
        subscriptions = []
        for subscription_id, recorded in self._recorded.items():
            try:
                then = self._subscription(subscription_id, recorded, time)
            except _NotKnown as error:
                then = SubscriptionThen(subscription_id, not_known=str(error))
            if then is not None:
                subscriptions.append(then)
        return tuple(subscriptions)

    def _subscription(
        self, subscription_id: str, recorded: _Recorded, time: datetime
    ) -> SubscriptionThen | None:
        """Rebuild one subscription; return None if it was not recorded yet."""
        row, changes = recorded.row, recorded.changes
        if recorded.fault:
            raise _NotKnown(recorded.fault)
        if row is None:
            raise _NotKnown("the app no longer lists the subscription")
        if row.since is None or row.sequence is None:
            raise _NotKnown("the subscription's row in the app's storage cannot be used")
        later = _list_changes_after(changes, row.sequence, time)
        first, numbers = row.sequence - len(later), [change.number for change in changes]
        # The feed deletes the oldest changes first, up to a day late. A change that is missing
        # after an older change was therefore not deleted because of its age.
        is_hole = any(number < first for number in numbers)
        is_deleted = self._oldest is not None and self._oldest <= time - PUBLICATION_DELAY
        if first and first not in numbers and (is_hole or not is_deleted):
            raise _NotKnown("the app does not have all changes since then")
        accounts = tuple(_accounts_then(recorded, later, time))
        try:
            coverage = self._coverage(recorded, row, time, existed=bool(first or accounts))
        except _NotKnown as error:
            return SubscriptionThen(subscription_id, accounts, None, str(error))
        if coverage is not None:
            return SubscriptionThen(subscription_id, accounts, coverage)
        if accounts:
            raise _NotKnown("the subscription has accounts from before it was recorded")
        return None

    def _coverage(
        self, recorded: _Recorded, row: models.Subscription, time: datetime, *, existed: bool
    ) -> CoverageState | None:
        """Return the coverage at a time, or None if the subscription was not recorded yet.

        ``existed``: the subscription had accounts or changes at that time.
        """
        if row.since is None:
            raise _NotKnown(_NOT_TOLD)
        if row.since <= time:
            return row.coverage
        # From the very first change on, all changes of coverage are recorded.
        firsts = (change.time for change in recorded.changes[:1] if change.number == 1)
        began = next((first for first in firsts if first <= time), None)
        changes = [change.coverage for change in recorded.changes if change.coverage is not None]
        later = [change for change in changes if change.time > time]
        earlier = [change for change in changes if change.time <= time]
        if later and later[0].before is CoverageState.GAP:
            return CoverageState.GAP  # the beginning of each gap is a change
        if later and later[0].before is None:
            return None
        states: CoverageState | None = None
        if not existed:
            is_known = not later and row.coverage is CoverageState.READ
        elif later:
            is_known, states = later[0].before is CoverageState.READ, CoverageState.READ
        else:
            is_known = row.coverage in _UNREAD and bool(earlier or began)
            states = earlier[-1].after if earlier else CoverageState.READ
        begin = earlier[-1].time if earlier else began or time
        end = later[0].time if later else row.since
        at_begin = not earlier and not began
        if is_known and not self._may_have_been_unread(begin, end, at_begin=at_begin):
            return states
        raise _NotKnown(_NOT_TOLD)

    def _may_have_been_unread(self, begin: datetime, end: datetime, *, at_begin: bool) -> bool:
        """Return whether another subscription may have been excluded or retired between two times.

        ``at_begin`` includes the first time. Scans of the whole estate count the subscriptions. A
        failed scan has recorded nothing; the results of other incomplete scans are unknown.
        """
        settled = sum(since <= begin for since in self._settled)
        for scan in self._scans:
            if scan.state is ScanState.FAILED or _get_end(scan) >= end:
                continue
            if _get_end(scan) <= begin and not at_begin:
                return False
            counts, is_full = scan.subscriptions, scan.scope == "full"
            if counts is None or counts.excluded + counts.retired != (settled if is_full else 0):
                return True
            if _get_end(scan) <= begin and is_full:
                return False
        return False


def build_as_of_document(then: Then) -> Mapping[str, Any]:
    """Return ``as-of.json``, with an iterator of subscriptions."""
    scan = then.scan
    ended = scan and scan.finished_at
    return {
        "asOf": write_time(then.time),
        "comparedWith": scan and {"scanId": scan.id, "finishedAt": ended and write_time(ended)},
        "differences": [each._asdict() for each in then.differences],
        "differencesExplained": then.differences_explained,
        "subscriptions": map(_subscription, then.subscriptions),
    }


def as_of_line(then: Then) -> str:
    """Return a sentence about how much was rebuilt, and whether a scan has the same counts."""
    accounts = sum(len(each.accounts or ()) for each in then.subscriptions)
    lost = sum(each.accounts is None for each in then.subscriptions)
    totals = f"{accounts} accounts of {len(then.subscriptions) - lost} subscriptions"
    if then.scan is None:
        compared = "the app has no full scan that finished by then"
    elif not then.differences:
        compared = f"their counts match scan {then.scan.id}"
    else:
        pairs = (f"{name} {ours} instead of {its}" for name, ours, its in then.differences)
        compared = f"their counts differ from scan {then.scan.id}: {', '.join(pairs)}"
    gaps = f"; {lost} subscriptions cannot be rebuilt, as-of.json shows why" if lost else ""
    return f"as of {write_time(then.time)}: {totals}{gaps}; {compared}"


def _subscription(then: SubscriptionThen) -> Mapping[str, Any]:
    names, accounts = ("id", "kind", "verdict", "reason", "keyHealth"), then.accounts
    return {
        "subscriptionId": then.id,
        "coverage": then.coverage,
        "notKnown": then.not_known,
        "accounts": accounts and [dict(zip(names, each, strict=True)) for each in accounts],
    }


def _get_end(scan: models.Scan) -> datetime:
    """Return when a scan ended, or when a running scan started."""
    return scan.finished_at or scan.started_at


def _change(event: models.ChangeEvent) -> _Change:
    """Return the parts of a change that undo it."""
    data = event.data
    try:
        before, after = data["before"], data["after"]
        kinds = data.get("kind"), before.get("kind") if before else None
        common = data["sequence"], event.time, event.subject, *kinds
        if event.subject == event.source:
            was = CoverageState(before["coverage"]) if before else None
            coverage = _CoverageChange(event.time, was, CoverageState(after["coverage"]))
            return _Change(*common, None, None, coverage)
        return _Change(*common, _side(before), _side(after), None)
    except (AttributeError, KeyError, TypeError, ValueError) as error:
        raise _NotKnown(f"a change has an unknown form: {event.id}") from error


def _side(data: Mapping[str, Any] | None) -> _Side | None:
    if data is None:
        return None
    key = data.get("keyHealth")
    return _Side(Verdict(data["verdict"]), Reason(data["reason"]), KeyState(key) if key else None)


def _list_changes_after(changes: Sequence[_Change], last: int, time: datetime) -> list[_Change]:
    """Return the changes after a time, and check that no number up to the last is missing."""
    numbers = [change.number for change in changes]
    if len(set(numbers)) < len(numbers):
        raise _NotKnown("the numbers of the subscription's changes restarted")
    if any(number > last for number in numbers):
        raise _NotKnown(f"{_RECORDING}, or the numbers of the changes restarted")
    later = [change for change in changes if change.time > time]
    if [change.number for change in later] != list(range(last - len(later) + 1, last + 1)):
        raise _NotKnown("a change is missing or not published yet, or times are out of order")
    return later


def _accounts_then(
    recorded: _Recorded, later: Iterable[_Change], time: datetime
) -> Iterator[AccountThen]:
    """Undo the changes of each account."""
    by_account: defaultdict[str, list[_Change]] = defaultdict(list)
    for change in later:
        if change.coverage is None:
            by_account[change.subject].append(change)
    now = recorded.accounts
    for account_id in sorted(now.keys() | by_account.keys()):
        kind, side, changed_at = now.get(account_id, (None, None, time))
        if changed_at is None:
            raise _NotKnown(f"the row of an account cannot be used: {account_id}")
        if undone := by_account.get(account_id):
            _check_chain(undone, side)
            side = undone[0].before
            kind = _kind_then(recorded.changes, undone)
        elif changed_at > time:
            raise _NotKnown(f"a change is missing: {account_id}")
        if side is not None:
            yield AccountThen(account_id, kind, *side)


def _check_chain(changes: Sequence[_Change], now: _Side | None) -> None:
    """Check that each change continues the previous one and the last matches the present state.

    Several changes of one step have the same state before and after.
    """
    for one, other in pairwise(changes):
        is_same_step = (one.before, one.after) == (other.before, other.after)
        if not is_same_step and one.after != other.before:
            raise _NotKnown(f"its changes contradict each other: {other.subject}")
    if changes[-1].after != now:
        raise _NotKnown(f"a change and the finding differ: {changes[-1].subject}; {_RECORDING}")


def _kind_then(changes: Sequence[_Change], undone: Sequence[_Change]) -> str | None:
    """Return the kind of the account before the first undone change."""
    first = undone[0]
    own = [change for change in changes if change.subject == first.subject]
    before = [change.kind for change in own if change.number < first.number]
    if before or first.before is None:
        return before[-1] if before else None
    step = takewhile(lambda change: change[-3:] == first[-3:], undone)
    kinds = [change.kind_before for change in step if change.kind_before is not None]
    kind = kinds[0] if kinds else first.kind
    if kind is None or first.before.reason is Reason.MALFORMED:
        raise _NotKnown(f"the kind of an account is unknown: {first.subject}")
    return kind


def _differences(rebuilt: Sequence[SubscriptionThen], scan: models.Scan) -> Iterator[Difference]:
    """Compare the counts of a scan with the estate as of the scan's end."""
    accounts = Counter[str](then.verdict for each in rebuilt for then in each.accounts or ())
    accounts["total"] = accounts.total()
    ours = {"accounts": accounts, "subscriptions": Counter(str(each.coverage) for each in rebuilt)}
    counted = {"accounts": {"total", *Verdict}, "subscriptions": {*CoverageState}}
    for part, counts in scan.model_dump(include=counted).items():
        for name, number in (counts or {}).items():
            if ours[part][name] != number:
                yield Difference(f"{part}.{to_camel(name)}", ours[part][name], number)
