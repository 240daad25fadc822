"""The estate as it was recorded at an earlier time, rebuilt by undoing the changes since then.

A change says what an account was before it. So an account is what the first change after that time
says of before, or what it is now if there was none. This holds only if no change is missing: the
changes of a subscription are numbered, and the subscription tells the last number. Where a number
is missing or occurs twice, nothing is rebuilt, and the reason is given.
"""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Final, NamedTuple

from cmk_check.cli.evidence.accounts_then import (
    Account,
    AccountThen,
    RecordedChange,
    Side,
    accounts_then,
    change_of,
    changes_after,
    first_change,
)
from cmk_check.cli.evidence.coverage_then import NotKnown, Unread, coverage_then, ended
from cmk_check.core.enums import CoverageState, ScanState, Verdict
from cmk_check.limits import PUBLICATION_DELAY
from cmk_check.web import models

_ENDED: Final = {ScanState.COMPLETE, ScanState.INCOMPLETE}


@dataclass(frozen=True, slots=True)
class SubscriptionThen:
    """A subscription as it was recorded.

    ``accounts`` or ``coverage`` are None if they cannot be rebuilt; ``not_known`` then says why.
    """

    id: str
    accounts: tuple[AccountThen, ...] | None = None
    coverage: CoverageState | None = None
    not_known: str | None = None


class Difference(NamedTuple):
    """A count of a scan, by its name in the API, that the rebuilt estate does not have."""

    name: str
    rebuilt: int
    scan: int


@dataclass(frozen=True, slots=True)
class Then:
    """The estate as of a time.

    ``scan`` is the last full scan that had finished by then, None if there is none. ``differences``
    compare its counts with the estate rebuilt as of its end; with ``differences_explained`` not all
    could be rebuilt as of its end, so differences must be expected.
    """

    time: datetime
    subscriptions: tuple[SubscriptionThen, ...]
    scan: models.Scan | None = None
    differences: tuple[Difference, ...] = ()
    differences_explained: bool = False


@dataclass(slots=True)
class _Recorded:
    """What the app holds of one subscription: its row, its findings, its changes by number."""

    row: models.Subscription | None = None
    accounts: dict[str, Account] = field(default_factory=dict)
    changes: list[RecordedChange] = field(default_factory=list)
    fault: str | None = None


class History:
    """What the app holds now, from which any earlier time can be rebuilt.

    It keeps a few values of each finding and change in memory.
    """

    def __init__(
        self,
        findings: Iterable[models.Finding],
        subscriptions: Iterable[models.Subscription],
        changes: Iterable[models.ChangeEvent],
        scans: Iterable[models.Scan],
    ) -> None:
        """Take all that the app lists: every finding, subscription, change and scan it keeps."""
        recorded: defaultdict[str, _Recorded] = defaultdict(_Recorded)
        for subscription in subscriptions:
            recorded[subscription.subscription_id].row = subscription
        for finding in findings:
            key = finding.key_health.state if finding.key_health else None
            side = Side(finding.verdict, finding.reason, key)
            dated = finding.first_seen and finding.changed_at
            accounts = recorded[finding.subscription_id].accounts
            accounts[finding.id] = Account(finding.kind, side, dated)
        self._oldest: datetime | None = None
        for change in changes:
            self._oldest = min(self._oldest or change.time, change.time)
            _, _, subscription_id = change.source.rpartition("/subscriptions/")
            if change.source != f"/subscriptions/{subscription_id}":
                continue  # of a scan
            try:
                recorded[subscription_id].changes.append(change_of(change))
            except NotKnown as error:
                recorded[subscription_id].fault = str(error)
        for each in recorded.values():
            each.changes.sort(key=lambda change: change.number)
        self._recorded: Mapping[str, _Recorded] = dict(sorted(recorded.items()))
        self._scans = list(scans)
        rows = (each.row for each in recorded.values() if each.row is not None)
        self._unread = Unread.of(rows, self._scans)

    def as_of(self, time: datetime) -> Then:
        """Rebuild the estate as of a time, in whole seconds, and compare it with a scan."""
        rebuilt = self._rebuilt(time)
        finished = [each for each in self._scans if _is_full(each) and ended(each) <= time]
        scan = max(finished, key=ended, default=None)
        if scan is None:
            return Then(time, rebuilt)
        at_its_end = self._rebuilt(ended(scan))
        explained = any(each.not_known for each in at_its_end)
        return Then(time, rebuilt, scan, tuple(_differences(at_its_end, scan)), explained)

    def _rebuilt(self, time: datetime) -> tuple[SubscriptionThen, ...]:
        found = []
        for subscription_id, recorded in self._recorded.items():
            try:
                then = self._subscription(subscription_id, recorded, time)
            except NotKnown as error:
                then = SubscriptionThen(subscription_id, not_known=str(error))
            if then is not None:
                found.append(then)
        return tuple(found)

    def _subscription(
        self, subscription_id: str, recorded: _Recorded, time: datetime
    ) -> SubscriptionThen | None:
        """Rebuild one subscription; None if it was not recorded yet.

        Raises:
            NotKnown: it cannot be rebuilt.

        """
        row = recorded.row
        if recorded.fault:
            raise NotKnown(recorded.fault)
        if row is None:
            raise NotKnown("the app does not list it any more")
        if row.since is None or row.sequence is None:
            raise NotKnown("its row in the app's storage cannot be used")
        later = changes_after(recorded.changes, row.sequence, time)
        first = row.sequence - len(later)
        is_linked = any(change.number == first for change in recorded.changes)
        if first and not is_linked and not self._reaches(recorded.changes, first, time):
            raise NotKnown("the app does not keep the changes since then, or one is missing")
        accounts = tuple(accounts_then(recorded.accounts, recorded.changes, later, time))
        began = first_change(recorded.changes, time)
        existed = bool(first or accounts)
        told = [change.coverage for change in recorded.changes if change.coverage is not None]
        try:
            coverage = coverage_then(row, told, time, self._unread, began, existed=existed)
        except NotKnown as error:
            return SubscriptionThen(subscription_id, accounts, None, str(error))
        if coverage is not None:
            return SubscriptionThen(subscription_id, accounts, coverage)
        if accounts:
            raise NotKnown("it had accounts before it was recorded")
        return None

    def _reaches(self, changes: Sequence[RecordedChange], first: int, time: datetime) -> bool:
        """Tell whether a change that the feed lacks was earlier: the oldest are deleted first.

        Changes are deleted in the order in which they were published, up to a day after they were
        recorded. A change that is missing after an older one was not deleted for its age.
        """
        is_hole = any(change.number < first for change in changes)
        return not is_hole and self._oldest is not None and self._oldest <= time - PUBLICATION_DELAY


def _is_full(scan: models.Scan) -> bool:
    return scan.scope == "full" and scan.state in _ENDED and scan.accounts is not None


def _differences(rebuilt: Sequence[SubscriptionThen], scan: models.Scan) -> Iterator[Difference]:
    """Compare the counts of a scan with the estate as of its end."""
    verdicts = [account.verdict for each in rebuilt for account in each.accounts or ()]
    violated = verdicts.count(Verdict.NON_COMPLIANT)
    states = [each.coverage for each in rebuilt]
    accounts, subscriptions = scan.accounts, scan.subscriptions
    counts: list[tuple[str, int, int]] = []
    if accounts is not None:
        counts += [
            ("accounts.total", len(verdicts), accounts.total),
            ("accounts.compliant", verdicts.count(Verdict.COMPLIANT), accounts.compliant),
            ("accounts.nonCompliant", violated, accounts.non_compliant),
            ("accounts.unknown", verdicts.count(Verdict.UNKNOWN), accounts.unknown),
        ]
    if subscriptions is not None:
        expected = {
            CoverageState.READ: subscriptions.read,
            CoverageState.GAP: subscriptions.gap,
            CoverageState.EXCLUDED: subscriptions.excluded,
            CoverageState.RETIRED: subscriptions.retired,
        }
        counts += [
            (f"subscriptions.{state}", states.count(state), number)
            for state, number in expected.items()
        ]
    return (Difference(*each) for each in counts if each[1] != each[2])
