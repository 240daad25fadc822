"""What recording a reading changes: a step per finding, and the coverage row that sums them."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from itertools import islice

from cmk_check.core.account import Subscription
from cmk_check.core.counts import AccountCounter
from cmk_check.core.enums import CoverageState
from cmk_check.core.model import AccountCounts, Change, Coverage, Finding
from cmk_check.limits import SEQUENCES_PER_SECOND


@dataclass(frozen=True, slots=True)
class Known:
    """What the table holds of one subscription.

    ``findings`` by lower-cased account id. ``untrusted`` stand for rows that a newer version of
    this program wrote or that are broken: they are left alone, and count as unknown. ``sequence``
    is that of the last change, where no coverage row can be read: 0 if there was none, None if it
    is lost. ``listed`` is what is left of the subscription itself where its row is broken or gone.
    """

    coverage: Coverage | None = None
    findings: Mapping[str, Finding] = field(default_factory=dict)
    untrusted: Mapping[str, Finding] = field(default_factory=dict)
    sequence: int | None = 0
    listed: Subscription | None = None

    def last_sequence(self, now: datetime) -> int:
        """Return the sequence of the last change, or a number above all that were ever used.

        Readers put the changes of a subscription in order by it, and rows of the outbox are named
        by it: so it may jump, and must never go back.
        """
        if self.coverage is not None:
            return self.coverage.sequence
        if self.sequence is not None:
            return self.sequence
        return int(now.timestamp()) * SEQUENCES_PER_SECOND

    def after(self, steps: Iterable["FindingUpdate"]) -> dict[str, Finding]:
        """Return the findings as they stand once these steps are recorded."""
        findings = dict(self.findings)
        for step in steps:
            account_id = str(step.finding.id)
            if step.after is None:
                del findings[account_id]
            else:
                findings[account_id] = step.after
        return findings

    def count(
        self, findings: Mapping[str, Finding], ignored: Mapping[str, int], unread: int
    ) -> AccountCounts:
        """Count findings together with the untrusted rows."""
        return replace(self, findings=findings).tally().counts(ignored, unread)

    def tally(self) -> AccountCounter:
        """Count what the table holds."""
        tally = AccountCounter()
        for finding in (*self.findings.values(), *self.untrusted.values()):
            tally.add(finding)
        return tally


@dataclass(frozen=True, slots=True)
class FindingUpdate:
    """One finding that changes: None before is new, None after is removed.

    ``changes`` are what is told of it, a few; none where it was only filled in.
    """

    before: Finding | None
    after: Finding | None
    changes: tuple[Change, ...]

    @property
    def finding(self) -> Finding:
        """The finding as it is, or as it was before it went."""
        finding = self.after or self.before
        if finding is None:
            message = "A step has a finding before it or after it."
            raise ValueError(message)
        return finding


@dataclass(frozen=True, slots=True)
class Difference:
    """What recording a reading changes.

    ``coverage`` is the row as it stands afterwards; ``coverage_change`` what is told of it, if
    anything.
    """

    known: Known
    coverage: Coverage
    steps: tuple[FindingUpdate, ...] = ()
    coverage_change: Change | None = None

    @property
    def is_empty(self) -> bool:
        """Whether the table already says all this."""
        return not self.steps and self.known.coverage == self.coverage

    def coverage_after(self, steps: int, claim: str) -> Coverage:
        """Return the coverage row once so many steps are recorded and more are to come."""
        return next(self.partial_coverages([steps], claim))

    def partial_coverages(self, sizes: Iterable[int], claim: str) -> Iterator[Coverage]:
        """Yield the coverage row after each of these numbers of further steps.

        Counts are carried on from one to the next: a first recording may have a hundred parts.
        """
        changes = sum(len(step.changes) for step in self.steps) + bool(self.coverage_change)
        had = self.known.coverage or replace(
            self.coverage,
            state=CoverageState.PENDING,
            gap=None,
            last_read=None,
            accounts=AccountCounts(),
            sequence=self.coverage.sequence - changes,
        )
        if had.state is CoverageState.RETIRED and self.coverage.state is not had.state:
            # It is there again. A scan that does not list it must not take it for retired still.
            had = replace(had, state=CoverageState.PENDING)
        tally, steps, told = self.known.tally(), iter(self.steps), 0
        for size in sizes:
            for step in islice(steps, size):
                for finding, times in ((step.before, -1), (step.after, 1)):
                    if finding is not None:
                        tally.add(finding, times)
                told += len(step.changes)
            accounts = tally.counts(had.accounts.ignored_by_kind, had.accounts.unread)
            yield replace(had, accounts=accounts, sequence=had.sequence + told, recording=claim)
