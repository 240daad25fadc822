"""The findings table: subscriptions with their findings and the changes not yet published.

Recording a subscription is one transaction where it fits, so that no state stands without its
change and no change without its state. Where it does not fit, every transaction is guarded by the
coverage row, which all of them rewrite:

    A: read table, Azure .. mark coverage row . still mine? . write 1 ... write 2, clears the mark
    B (took over A's slice):    read table, meet the mark, clear it: A's write fails; read Azure
"""

import logging
from collections.abc import AsyncIterator, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Final

from cmk_check.core.difference import Difference, Step
from cmk_check.core.model import Change, Coverage, Finding
from cmk_check.core.words import Verdict
from cmk_check.ports import Delete, Entity, Insert, Query, Replace, Store, Table, Write
from cmk_check.store import cutting, keys, rows
from cmk_check.store.partition import (
    Pending,
    StoredSubscription,
    coverage_in,
    finding_in,
    is_ours,
    parse_partition,
)

_log = logging.getLogger(__name__)

_TABLE: Final = Table.FINDINGS
# The coverage row and its change go with every transaction.
_RESERVE: Final = 2


@dataclass(frozen=True, slots=True)
class FindingFilter:
    """Which findings to list, None for all; values compare exactly, the id lower-cased."""

    verdict: str | None = None
    kind: str | None = None
    subscription_id: str | None = None


class EstateTable:
    """The table of findings and coverage."""

    def __init__(self, store: Store) -> None:
        self._store = store

    async def subscriptions(self, low: str, high: str) -> AsyncIterator[StoredSubscription]:
        """Read the partitions from ``low`` to before ``high`` ("" is the end), in key order.

        Each is given as soon as its last row is here: nobody has to wait for the whole range.
        """
        query = Query(partition_from=low, partition_to=high)
        found: list[Entity] = []
        async for entity in self._store.query(_TABLE, query):
            if not is_ours(entity.partition):
                continue
            if found and found[0].partition != entity.partition:
                yield parse_partition(found[0].partition, found)
                found = []
            found.append(entity)
        if found:
            yield parse_partition(found[0].partition, found)

    async def read_one(self, partition: str) -> StoredSubscription:
        """Read one partition, empty where nothing is stored."""
        query = Query(partition=partition)
        found = [entity async for entity in self._store.query(_TABLE, query)]
        return parse_partition(partition, found) if found else StoredSubscription(partition)

    async def coverage(self, subscription_id: str) -> Coverage | None:
        """Read one coverage row, None where there is none.

        Raises:
            RowUnusable: a newer version wrote it, or it is broken.

        """
        partition = keys.partition_of(subscription_id)
        entity = await self._store.get(_TABLE, partition, keys.COVERAGE)
        return None if entity is None else coverage_in(entity)

    async def findings(
        self, where: FindingFilter, after: tuple[str, str] | None
    ) -> AsyncIterator[tuple[tuple[str, str], Finding]]:
        """List findings by subscription, group and name, each with its place to go on behind.

        A row that a newer version wrote, or that is broken, is listed as unknown.
        """
        # A row that cannot be trusted is unknown, whatever verdict stands in it.
        asked = None if where.verdict == Verdict.UNKNOWN else where.verdict
        equals = {"verdict": asked, "kind": where.kind}
        query = Query(
            partition=keys.partition_of(where.subscription_id) if where.subscription_id else None,
            row_from=keys.FINDINGS_FROM,
            row_to=keys.FINDINGS_TO,
            after=after,
            equals={name: value for name, value in equals.items() if value is not None},
        )
        async for entity in self._store.query(_TABLE, query):
            if not is_ours(entity.partition):
                continue
            finding = finding_in(entity)
            if where.verdict in {None, finding.judgement.verdict.value}:
                yield (entity.partition, entity.row), finding

    async def clear_mark(self, stored: StoredSubscription) -> StoredSubscription:
        """Clear the mark of a worker that died or was overtaken, so that it can write no more.

        Raises:
            WriteConflict: somebody wrote the row since it was read.

        """
        if stored.known.coverage is None:
            return stored
        coverage = replace(stored.known.coverage, recording=None)
        cleared = await self._write_coverage(stored, coverage)
        return replace(cleared, known=replace(stored.known, coverage=coverage))

    async def mark(
        self, stored: StoredSubscription, difference: Difference, claim: str
    ) -> StoredSubscription:
        """Set the recording mark, before the claim is checked for the last time.

        Raises:
            WriteConflict: somebody wrote the row since it was read.

        """
        return await self._write_coverage(stored, difference.upto(0, claim))

    async def record(
        self, stored: StoredSubscription, batches: Sequence["Batch"]
    ) -> tuple[Pending, ...]:
        """Write a difference as cut; return the changes that now wait in the outbox.

        Raises:
            WriteConflict: somebody wrote first; earlier transactions of this call stand, and the
                mark with them.

        """
        etag = stored.etags.get(keys.COVERAGE)
        pending: list[Pending] = []
        for batch in batches:
            guard = _guard(rows.coverage_values(batch.coverage), etag)
            etags = await self._store.commit(
                _TABLE, stored.partition, [guard, *batch.writes, *batch.outbox]
            )
            etag = etags[0]
            told = etags[len(etags) - len(batch.outbox) :]
            pending += [
                Pending(stored.partition, write.row, new, change)
                for write, new, change in zip(batch.outbox, told, batch.changes, strict=True)
            ]
        return tuple(pending)

    async def clear_outbox(self, pending: Sequence[Pending]) -> None:
        """Delete published changes of one partition, at most 100."""
        writes = [Delete(entry.row, entry.etag) for entry in pending]
        await self._store.commit(_TABLE, pending[0].partition, writes)

    async def _write_coverage(
        self, stored: StoredSubscription, coverage: Coverage
    ) -> StoredSubscription:
        guard = _guard(rows.coverage_values(coverage), stored.etags.get(keys.COVERAGE))
        (etag,) = await self._store.commit(_TABLE, stored.partition, [guard])
        return replace(stored, etags={**stored.etags, keys.COVERAGE: etag})


@dataclass(frozen=True, slots=True)
class Batch:
    """One transaction: the coverage row as of then, findings, and the outbox rows they bring."""

    coverage: Coverage
    writes: tuple[Write, ...]
    outbox: tuple[Insert, ...]
    changes: tuple[Change, ...]


def cut(stored: StoredSubscription, difference: Difference, claim: str) -> Iterator[Batch]:
    """Cut a difference between accounts into transactions that the table service takes.

    The last one brings the coverage row to its final state and clears the mark; those before keep
    the mark.
    """
    done = 0
    pairs = [
        (_finding_write(stored, step), _outbox_write(step.change)) for step in difference.steps
    ]
    groups = list(cutting.cut_groups(pairs, reserve=_RESERVE)) or [[]]
    for number, group in enumerate(groups, 1):
        changes = [step.change for step in difference.steps[done : done + len(group)]]
        outbox = [told for _, told in group]
        done += len(group)
        coverage = difference.upto(done, claim)
        if number == len(groups):
            coverage = difference.coverage
            if difference.coverage_change is not None:
                changes.append(difference.coverage_change)
                outbox.append(_outbox_write(difference.coverage_change))
        yield Batch(coverage, tuple(write for write, _ in group), tuple(outbox), tuple(changes))


def _guard(values: rows.Values, etag: str | None) -> Write:
    return Insert(keys.COVERAGE, values) if etag is None else Replace(keys.COVERAGE, values, etag)


def _finding_write(stored: StoredSubscription, step: Step) -> Write:
    finding = step.finding
    row = keys.finding_row(finding.id.resource_group, finding.id.name)
    if step.before is None:
        return Insert(row, rows.finding_values(finding))
    if step.after is None:
        return Delete(row, stored.etags[row])
    return Replace(row, rows.finding_values(finding), stored.etags[row])


def _outbox_write(change: Change) -> Insert:
    return Insert(keys.outbox_row(change.sequence, change.id), rows.change_values(change))
