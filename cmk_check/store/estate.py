"""The findings table: subscriptions with their findings and the changes not yet published.

Recording a subscription is one transaction where it fits, so that no state stands without its
change and no change without its state. Where it does not fit, every transaction is guarded by the
coverage row, which all of them rewrite:

    A: read table, Azure .. mark coverage row . still mine? . write 1 ... write 2, clears the mark
    B (took over A's slice):    read table, meet the mark, clear it: A's write fails; read Azure
"""

import logging
from collections.abc import AsyncIterator, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import lru_cache
from typing import Final

from cmk_check.core.difference import Difference, Known, Step
from cmk_check.core.model import Change, Coverage, Finding
from cmk_check.core.resource_id import AccountId
from cmk_check.core.rule import row_broken, row_too_new
from cmk_check.errors import RowUnusable
from cmk_check.ports import Delete, Entity, Insert, Query, Replace, Store, Table, Write
from cmk_check.store import cutting, keys, rows

_log = logging.getLogger(__name__)

_TABLE: Final = Table.FINDINGS
# The coverage row and its change go with every transaction.
_RESERVE: Final = 2
_NEWER: Final = (
    "A newer version of cmk_check recorded this subscription: deploy that version again."
)


@dataclass(frozen=True, slots=True)
class Pending:
    """A change in an outbox: its row, and the change."""

    partition: str
    row: str
    etag: str
    change: Change


@dataclass(frozen=True, slots=True)
class StoredSubscription:
    """A subscription's partition as read.

    ``etags`` by row key. ``unusable`` says why its rows must not be touched, where they must not.
    """

    partition: str
    known: Known = field(default_factory=Known)
    etags: Mapping[str, str] = field(default_factory=dict)
    outbox: tuple[Pending, ...] = ()
    unusable: str | None = None

    @property
    def mark(self) -> str | None:
        """The claim of a worker whose recording was under way."""
        return self.known.coverage.recording if self.known.coverage else None


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

    async def read_range(self, low: str, high: str) -> dict[str, StoredSubscription]:
        """Read the partitions from ``low`` to before ``high`` ("" is the end), by their keys."""
        query = Query(partition_from=low, partition_to=high)
        return await self._gather(self._store.query(_TABLE, query))

    async def read_one(self, partition: str) -> StoredSubscription:
        """Read one partition, empty where nothing is stored."""
        found = await self._gather(self._store.query(_TABLE, Query(partition=partition)))
        return found.get(partition, StoredSubscription(partition))

    async def coverage(self, subscription_id: str) -> Coverage | None:
        """Read one coverage row, None where there is none.

        Raises:
            RowUnusable: a newer version wrote it, or it is broken.

        """
        partition = keys.partition_of(subscription_id)
        entity = await self._store.get(_TABLE, partition, keys.COVERAGE)
        if entity is None:
            return None
        if rows.is_too_new(entity):
            raise RowUnusable(_NEWER)
        return rows.coverage_of(entity)

    async def findings(
        self, where: FindingFilter, after: tuple[str, str] | None
    ) -> AsyncIterator[tuple[tuple[str, str], Finding]]:
        """List findings by subscription, group and name, each with its place to go on behind.

        A row that a newer version wrote, or that is broken, is listed as unknown, but not where one
        verdict is asked for: what the row says of its verdict cannot be trusted.
        """
        equals = {"verdict": where.verdict, "kind": where.kind}
        query = Query(
            partition=keys.partition_of(where.subscription_id) if where.subscription_id else None,
            row_from=keys.FINDINGS_FROM,
            row_to=keys.FINDINGS_TO,
            after=after,
            equals={name: value for name, value in equals.items() if value is not None},
        )
        async for entity in self._store.query(_TABLE, query):
            if not _is_ours(entity.partition):
                continue
            try:
                finding = _finding(entity)
            except RowUnusable as error:
                if where.verdict is not None:
                    continue
                judgement = row_too_new() if rows.is_too_new(entity) else row_broken(str(error))
                finding = rows.unusable_finding(entity, _id_of(entity), judgement)
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

    async def _gather(self, entities: AsyncIterator[Entity]) -> dict[str, StoredSubscription]:
        partitions: dict[str, list[Entity]] = {}
        async for entity in entities:
            if _is_ours(entity.partition):
                partitions.setdefault(entity.partition, []).append(entity)
        return {partition: _stored(partition, found) for partition, found in partitions.items()}


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


@lru_cache(maxsize=1024)
def _is_ours(partition: str) -> bool:
    """Leave out what somebody else put into the table: it belongs to no subscription."""
    try:
        keys.unescape(partition)
    except ValueError:
        _log.warning("Rows that are not ours stand in %s: %.200a", _TABLE, partition)
        return False
    return True


def _finding(entity: Entity) -> Finding:
    if rows.is_too_new(entity):
        raise RowUnusable(_NEWER)
    return rows.finding_of(entity)


def _stored(partition: str, entities: Sequence[Entity]) -> StoredSubscription:
    try:
        return _parsed(partition, entities)
    except RowUnusable as error:
        # One broken row must not stop the slice it lies in.
        return StoredSubscription(partition, unusable=str(error))


def _parsed(partition: str, entities: Sequence[Entity]) -> StoredSubscription:
    coverage: Coverage | None = None
    findings: dict[str, Finding] = {}
    newer: dict[str, str | None] = {}
    outbox: list[Pending] = []
    unusable: str | None = None
    for entity in entities:
        is_finding = entity.row.startswith(keys.FINDINGS_FROM)
        if rows.is_too_new(entity):
            if is_finding:
                finding = rows.unusable_finding(entity, _id_of(entity), row_too_new())
                newer[str(finding.id)] = finding.kind
            else:
                unusable = _NEWER
        elif is_finding:
            finding = rows.finding_of(entity)
            findings[str(finding.id)] = finding
        elif entity.row == keys.COVERAGE:
            coverage = rows.coverage_of(entity)
        else:
            outbox.append(Pending(partition, entity.row, entity.etag, rows.change_of(entity)))
    etags = {entity.row: entity.etag for entity in entities}
    known = Known(coverage, findings, newer)
    return StoredSubscription(partition, known, etags, tuple(outbox), unusable)


def _id_of(entity: Entity) -> AccountId:
    """Rebuild the account id of a row from its keys alone."""
    _, _, names = entity.row.partition("|")
    group, _, name = names.partition("|")
    try:
        group, name = keys.unescape(group), keys.unescape(name)
    except ValueError:
        _log.warning("A row key that is not ours stands in %s: %.200a", _TABLE, entity.row)
    subscription = keys.unescape(entity.partition)
    text = (
        f"/subscriptions/{subscription}/resourcegroups/{group}"
        f"/providers/microsoft.cognitiveservices/accounts/{name}"
    )
    return AccountId(subscription, group, name, text)
