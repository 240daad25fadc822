"""The updates of a subscription's rows: a step for each finding, and a coverage row with sums."""

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
    """The rows of one subscription.

    ``findings`` are keyed by lower-cased account id. ``untrusted`` represents rows that are broken
    or were written by a newer version of this program. Untrusted rows are never changed and count
    as unknown. ``sequence`` is the number of the last change if no coverage row can be read: 0 if
    there was no change, or None if the number is lost. ``listed`` is what is known about the
    subscription if its row is broken or missing.
    """

    coverage: Coverage | None = None
    findings: Mapping[str, Finding] = field(default_factory=dict)
    untrusted: Mapping[str, Finding] = field(default_factory=dict)
    sequence: int | None = 0
    listed: Subscription | None = None

    def last_sequence(self, now: datetime) -> int:
        """Return the sequence number of the last change, or a higher number if it is unknown.

        Readers sort a subscription's changes by sequence number, which is also part of the row keys
        in the outbox. Sequence numbers may have gaps but must never decrease.
        """
        if self.coverage is not None:
            return self.coverage.sequence
        if self.sequence is not None:
            return self.sequence
        return int(now.timestamp()) * SEQUENCES_PER_SECOND

    def apply_steps(self, steps: Iterable["FindingUpdate"]) -> dict[str, Finding]:
        """Return the findings as they are after these ``steps``."""
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
        """Count the given ``findings`` together with the untrusted rows."""
        return replace(self, findings=findings).tally().counts(ignored, unread)

    def tally(self) -> AccountCounter:
        """Count the recorded findings and the untrusted rows."""
        tally = AccountCounter()
        for finding in (*self.findings.values(), *self.untrusted.values()):
            tally.add(finding)
        return tally


@dataclass(frozen=True, slots=True)
class FindingUpdate:
    """A step that changes one finding.

    The finding is new if ``before`` is None, and removed if ``after`` is None. ``changes`` are the
    changes to announce. A step that only fills in missing values has no changes to announce.
    """

    before: Finding | None
    after: Finding | None
    changes: tuple[Change, ...]

    @property
    def finding(self) -> Finding:
        """The finding as it is after the step, or as it was before a step that removes it."""
        finding = self.after or self.before
        if finding is None:
            raise ValueError("A step must have a finding before or after it.")
        return finding


@dataclass(frozen=True, slots=True)
class Difference:
    """The updates that are needed to record a reading.

    ``coverage`` is the coverage row after recording. ``coverage_change`` is its change, if any.
    """

    known: Known
    coverage: Coverage
    steps: tuple[FindingUpdate, ...] = ()
    coverage_change: Change | None = None

    @property
    def is_empty(self) -> bool:
        """Whether the recorded rows are already up to date."""
        return not self.steps and self.known.coverage == self.coverage

    def build_coverage_after(self, steps: int, claim: str) -> Coverage:
        """Return the coverage row as it is after this number of ``steps``, if more steps follow."""
        return next(self.partial_coverages([steps], claim))

    def partial_coverages(self, sizes: Iterable[int], claim: str) -> Iterator[Coverage]:
        """Yield the coverage row as it is after each batch of steps; ``sizes`` are the batch sizes.

        Counting continues from batch to batch, because a first recording may have a hundred
        batches. Only the coverage row after the last batch contains account groups.
        """
        changes = sum(len(step.changes) for step in self.steps) + bool(self.coverage_change)
        coverage = self.known.coverage or replace(
            self.coverage,
            state=CoverageState.PENDING,
            gap=None,
            last_read=None,
            accounts=AccountCounts(),
            sequence=self.coverage.sequence - changes,
        )
        if coverage.state is CoverageState.RETIRED and self.coverage.state is not coverage.state:
            # Azure lists the subscription again. A later scan that does not list it must not call
            # it retired.
            coverage = replace(coverage, state=CoverageState.PENDING)
        coverage = replace(coverage, owners=None, keys=None)
        tally, steps, counter = self.known.tally(), iter(self.steps), 0
        for size in sizes:
            for step in islice(steps, size):
                for finding, times in ((step.before, -1), (step.after, 1)):
                    if finding is not None:
                        tally.add(finding, times)
                counter += len(step.changes)
            accounts = tally.counts(coverage.accounts.ignored_by_kind, coverage.accounts.unread)
            sequence = coverage.sequence + counter
            yield replace(coverage, accounts=accounts, sequence=sequence, recording=claim)
