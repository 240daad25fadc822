"""The findings table: subscriptions with their findings and unpublished changes.

If possible, one transaction records a whole subscription, so that no state is stored without its
change and no change without its state. Otherwise the coverage row protects every transaction,
because each transaction rewrites it:

    A: read table, Azure .. mark coverage row . still mine? . write 1 ... write 2, clears the mark
    B (took over A's slice):    read table, meet the mark, clear it: A's write fails; read Azure

Parsing a row into a finding takes ten times as long as comparing a few of its columns. For this
reason a search reads only these columns of every row, and all columns of rows that may match.
"""

from collections.abc import AsyncIterator, Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import islice
from typing import Final

from cmk_check.core.comparison.updates import Difference, FindingUpdate
from cmk_check.core.enums import CoverageState
from cmk_check.core.model import Change, Coverage, Finding
from cmk_check.core.resource_id import AccountId
from cmk_check.core.status import Unpublished
from cmk_check.limits import RESERVED_WRITES, SEARCHED_AT_ONCE, TABLE_PAGE_ROWS
from cmk_check.ports import (
    Delete,
    Entity,
    Insert,
    LimitExceeded,
    Replace,
    Store,
    Table,
    TableQuery,
    Write,
)
from cmk_check.store import codec, table_checks, table_keys
from cmk_check.store.codec import RowUnusable
from cmk_check.store.finding_filter import FindingFilter
from cmk_check.store.outbox import OutboxEntry, count_unpublished, outbox_write, read_outbox
from cmk_check.store.subscription_rows import (
    StoredSubscription,
    coverage_in,
    finding_in,
    is_ours,
    parse_partition,
)

_TABLE: Final = Table.FINDINGS
_SEARCHED: Final = ("schema", "name", "resourceGroup", "tags", "kind", "location")
# The first key after the coverage row's key: "!" is the lowest character that can extend a key.
_BEHIND_COVERAGE: Final = f"{table_keys.COVERAGE}!"

type RowPosition = tuple[str, str]
# A finding, with the coverage of its subscription if that was requested and is usable.
type JoinedFinding = tuple[Finding, Coverage | None]
# The position of a row in a list, and the finding if the row matches.
type ListedFinding = tuple[RowPosition, JoinedFinding | None]
# Whether a row may match, judged by its searched columns and its coverage row if it was read.
type MayMatch = Callable[[Entity, Mapping[str, object]], bool]
# A finding and its changes, written in one transaction.
type _Group = tuple[Write, *tuple[Insert, ...]]


class FindingsTable:
    """The table of findings and coverage.

    A write raises WriteConflict if another worker wrote the subscription since it was read.
    """

    def __init__(self, store: Store) -> None:
        self._store = store

    async def subscriptions(self, low: str, high: str) -> AsyncIterator[StoredSubscription]:
        """Read the partitions from ``low`` to before ``high`` ("" is the end), in key order.

        Each partition is yielded as soon as its last row is read.
        """
        query = TableQuery(partition_from=low, partition_to=high)
        entities: list[Entity] = []
        async for entity in self._rows(query):
            if entities and entities[0].partition != entity.partition:
                yield parse_partition(entities[0].partition, entities)
                entities = []
            entities.append(entity)
        if entities:
            yield parse_partition(entities[0].partition, entities)

    async def read_one(self, partition: str) -> StoredSubscription:
        """Read one partition, which may be empty."""
        query = TableQuery(partition=partition)
        entities = [entity async for entity in self._store.query(_TABLE, query)]
        return parse_partition(partition, entities)

    async def coverage(self, subscription_id: str) -> Coverage | None:
        """Read one coverage row, or return None if it does not exist.

        Raises:
            RowUnusable: the row is broken or was written by a newer version.
        """
        partition = table_keys.get_partition(subscription_id)
        entity = await self._store.get(_TABLE, partition, table_keys.COVERAGE)
        coverage = None if entity is None else coverage_in(entity)
        if isinstance(coverage, RowUnusable):
            raise coverage
        return coverage

    async def coverages(
        self, state: CoverageState | None, after: RowPosition | None, *, only: str = ""
    ) -> AsyncIterator[tuple[RowPosition, Coverage | RowUnusable]]:
        """List coverage rows by subscription, with their positions.

        ``state`` selects rows by their stored state. For an unusable row, the error is returned.
        ``only``: read this column and the required columns, which is faster.
        """
        query = TableQuery(
            row_from=table_keys.COVERAGE,
            row_to=_BEHIND_COVERAGE,
            after=after,
            equals={} if state is None else {"coverage": state.value},
            columns=(*codec.COVERAGE_NEEDS, only) if only else (),
        )
        async for entity in self._rows(query):
            if entity.row == table_keys.COVERAGE:
                yield (entity.partition, entity.row), coverage_in(entity)

    async def count_unpublished(self) -> Unpublished:
        """Count the unpublished changes of all subscriptions."""
        query = TableQuery(row_from=table_keys.OUTBOX_FROM, row_to=table_keys.OUTBOX_TO)
        outbox = read_outbox(_TABLE, [entity async for entity in self._rows(query)])
        return Unpublished.add((count_unpublished(outbox.entries), outbox.unreadable))

    async def finding(self, account: AccountId) -> Finding | None:
        """Read the finding of an account; return None if there is none.

        If the row is unusable, the finding is unknown.
        """
        try:
            partition = table_keys.get_partition(account.subscription_id)
            row = table_keys.finding_row(account.resource_group, account.name)
        except LimitExceeded:
            return None  # names of this length are never written
        entity = await self._store.get(_TABLE, partition, row)
        return finding_in(entity) if entity and is_ours(entity.partition) else None

    def findings(
        self,
        where: FindingFilter,
        after: RowPosition | None,
        *,
        joined: bool = False,
        at_once: int = TABLE_PAGE_ROWS,
    ) -> AsyncIterator[ListedFinding]:
        """Iterate over the rows of findings by subscription, group and name.

        A finding is unknown if its row is broken or was written by a newer version. ``joined`` also
        reads the coverage rows in the same query. ``at_once`` is the number of rows per request.
        """
        return self._list(replace(_list_query(where, after, joined=joined), page=at_once), where)

    async def search(
        self,
        where: FindingFilter,
        after: RowPosition | None,
        may_match: MayMatch,
        *,
        joined: bool = False,
    ) -> AsyncIterator[list[ListedFinding]]:
        """Iterate over the rows of ``findings`` for a search, at most SEARCHED_AT_ONCE at a time.

        Only rows for which ``may_match`` returns True, and rows between them, are read in full.
        """
        query = _list_query(where, after, joined=joined)
        narrow = replace(query, columns=_SEARCHED, page=SEARCHED_AT_ONCE)
        before = await self._read_coverage_before(query)
        coverage = {before.partition: before.values} if before else {}
        places: list[RowPosition] = []
        matching: list[int] = []
        async for entity in self._rows(narrow):
            if entity.row == table_keys.COVERAGE:
                coverage = {entity.partition: entity.values}
            elif may_match(entity, coverage.get(entity.partition, {})):
                matching.append(len(places))
            places.append((entity.partition, entity.row))
            if len(places) == SEARCHED_AT_ONCE:
                yield await self._read_whole(query, where, places, matching)
                query = replace(query, after=places[-1])
                places, matching = [], []
        yield await self._read_whole(query, where, places, matching)

    async def _read_whole(
        self, query: TableQuery, where: FindingFilter, places: list[RowPosition], indexes: list[int]
    ) -> list[ListedFinding]:
        """Read the rows from the first to the last matching row, with all columns."""
        whole: dict[RowPosition, JoinedFinding | None] = {}
        if indexes:
            first, last = indexes[0], indexes[-1]
            after = places[first - 1] if first else query.after
            span = replace(query, after=after, page=last - first + 1)
            async for place, match in self._list(span, where):
                whole[place] = match
                if place >= places[last]:
                    break
        return [(place, whole.get(place)) for place in places]

    async def _list(self, query: TableQuery, where: FindingFilter) -> AsyncIterator[ListedFinding]:
        before = await self._read_coverage_before(query)
        coverages = {before.partition: _usable_coverage(before)} if before else {}
        async for entity in self._rows(query):
            place = entity.partition, entity.row
            if entity.row == table_keys.COVERAGE:
                coverages = {entity.partition: _usable_coverage(entity)}
                yield place, None
            elif entity.row.startswith(table_keys.FINDINGS_FROM):
                joined = (finding := finding_in(entity)), coverages.get(entity.partition)
                yield place, joined if where.admits(finding) else None

    async def _rows(self, query: TableQuery) -> AsyncIterator[Entity]:
        """Read the query's rows without rows of foreign partitions."""
        async for entity in self._store.query(_TABLE, query):
            if is_ours(entity.partition):
                yield entity

    async def _read_coverage_before(self, query: TableQuery) -> Entity | None:
        """Read the coverage row of the subscription in which a joined list continues."""
        if not query.besides or query.after is None:
            return None
        return await self._store.get(_TABLE, query.after[0], table_keys.COVERAGE)

    async def list_with_keys_in(self, vault_id: str) -> set[str]:
        """Return the lower-cased ids of subscriptions whose keys were last found in a vault."""
        query = TableQuery(
            row_from=table_keys.FINDINGS_FROM,
            row_to=table_keys.FINDINGS_TO,
            equals={"keyVaultId": vault_id},
        )
        return {table_keys.unescape(entity.partition) async for entity in self._rows(query)}

    async def clear_mark(self, stored: StoredSubscription) -> StoredSubscription:
        """Clear the mark of a worker that crashed or was overtaken, so that its writes fail."""
        if stored.known.coverage is None:
            return stored
        coverage = replace(stored.known.coverage, recording=None)
        cleared = await self._write_coverage(stored, coverage)
        return replace(cleared, known=replace(stored.known, coverage=coverage))

    async def mark(
        self, stored: StoredSubscription, difference: Difference, claim: str
    ) -> StoredSubscription:
        """Set the recording mark, before the last check of the claim."""
        return await self._write_coverage(stored, difference.build_coverage_after(0, claim))

    async def record(
        self, stored: StoredSubscription, batches: Sequence["RecordBatch"]
    ) -> tuple[OutboxEntry, ...]:
        """Write the batches of a difference, and return the changes that are now in the outbox.

        After a conflict with another worker, the earlier transactions and the mark remain.
        """
        etag = stored.etags.get(table_keys.COVERAGE)
        pending: list[OutboxEntry] = []
        for batch in batches:
            guard = _guard(batch.coverage, etag)
            writes = [guard, *batch.writes, *map(outbox_write, batch.changes)]
            etags = await self._store.commit(_TABLE, stored.partition, writes)
            etag = etags[0]
            pending += map(OutboxEntry, batch.changes, etags[len(etags) - len(batch.changes) :])
        return tuple(pending)

    async def _write_coverage(
        self, stored: StoredSubscription, coverage: Coverage
    ) -> StoredSubscription:
        guard = _guard(coverage, stored.etags.get(table_keys.COVERAGE))
        (etag,) = await self._store.commit(_TABLE, stored.partition, [guard])
        return replace(stored, etags={**stored.etags, table_keys.COVERAGE: etag})


@dataclass(frozen=True, slots=True)
class RecordBatch:
    """One transaction: the coverage row so far, findings, and changes for the outbox."""

    coverage: Coverage
    writes: tuple[Write, ...]
    changes: tuple[Change, ...]


def record_batches(
    stored: StoredSubscription, difference: Difference, claim: str
) -> Iterator[RecordBatch]:
    """Divide a difference into transactions, without splitting the rows of an account.

    The last transaction sets the coverage row's final state and clears the mark; earlier
    transactions keep the mark.
    """
    groups: list[_Group] = [
        (_build_write(stored, step), *map(outbox_write, step.changes)) for step in difference.steps
    ]
    parts = list(table_checks.group_batches(groups, reserve=RESERVED_WRITES)) or [[]]
    coverages = [*difference.partial_coverages(map(len, parts[:-1]), claim), difference.coverage]
    steps = iter(difference.steps)
    for number, (part, coverage) in enumerate(zip(parts, coverages, strict=True), 1):
        changes = [change for step in islice(steps, len(part)) for change in step.changes]
        if number == len(parts) and difference.coverage_change is not None:
            changes.append(difference.coverage_change)
        yield RecordBatch(coverage, tuple(write for write, *_ in part), tuple(changes))


def _list_query(where: FindingFilter, after: RowPosition | None, *, joined: bool) -> TableQuery:
    return TableQuery(
        partition=table_keys.get_partition(where.subscription_id)
        if where.subscription_id
        else None,
        row_from=table_keys.COVERAGE if joined else table_keys.FINDINGS_FROM,
        row_to=table_keys.FINDINGS_TO,
        after=after,
        equals=where.equals(),
        besides=table_keys.COVERAGE if joined else "",
    )


def _usable_coverage(entity: Entity) -> Coverage | None:
    coverage = coverage_in(entity)
    return None if isinstance(coverage, RowUnusable) else coverage


def _guard(coverage: Coverage, etag: str | None) -> Write:
    return codec.write(table_keys.COVERAGE, codec.encode_coverage(coverage), etag)


def _build_write(stored: StoredSubscription, step: FindingUpdate) -> Write:
    finding = step.finding
    row = table_keys.finding_row(finding.id.resource_group, finding.id.name)
    if step.before is None:
        return Insert(row, codec.encode_finding(finding))
    if step.after is None:
        return Delete(row, stored.etags[row])
    return Replace(row, codec.encode_finding(finding), stored.etags[row])
