"""The scans table: the lease, the scans, their slices, and the status.

Rows that must change together are in one partition, so that one transaction starts or ends a scan.
The slices of each scan are in a separate partition.
"""

import logging
from collections import defaultdict
from collections.abc import AsyncIterator, Callable, Sequence
from datetime import datetime
from typing import Final

from cmk_check.core.model import Change
from cmk_check.core.scan_request import parse_start
from cmk_check.core.status import Status
from cmk_check.core.watch_state import Watch
from cmk_check.limits import ATTEMPTS_PER_STEP, MAX_SLICES, TABLE_PAGE_ROWS
from cmk_check.ports import (
    Delete,
    Entity,
    Insert,
    Replace,
    Store,
    StoreError,
    StoreUnavailable,
    Table,
    TableQuery,
    Write,
    WriteConflict,
)
from cmk_check.store import codec as rows
from cmk_check.store import row_times, table_checks, table_keys
from cmk_check.store.codec import RowUnusable
from cmk_check.store.outbox import OF_SCANS, Outbox, outbox_write, read_outbox
from cmk_check.store.scan_rows import (
    LEASE,
    SCAN,
    SLICE,
    STATUS,
    WATCH,
    Lease,
    Scan,
    Slice,
    Stored,
    document,
    value_of,
    value_or,
)

_log = logging.getLogger(__name__)

_TABLE: Final = Table.SCANS
_PARTITION: Final = OF_SCANS
_LEASE: Final = "current"
_STATUS: Final = "status"
_WATCH: Final = ("watch", "state")
# The lease if there is no usable row: free, with an epoch that no scan has.
_FREE: Final = Lease("", 0, row_times.UNDATED)

# A value to write, and the ETag of its row as read; None or "" for a new row.
type ToWrite[T] = tuple[T, str | None]


class ScanTable:
    """The table of scans. A write raises WriteConflict if a row was changed since it was read."""

    def __init__(self, store: Store) -> None:
        self._store = store

    async def status(self) -> Stored[Status]:
        """Read the status in one point read; a broken status counts as empty until replaced."""
        return value_or(Status(), STATUS, await self._store.get(_TABLE, _PARTITION, _STATUS))

    async def watch(self) -> Stored[Watch]:
        """Read the state of the watch; a broken row counts as empty until the next look."""
        return value_or(Watch(), WATCH, await self._store.get(_TABLE, *_WATCH))

    async def write_watch(self, watch: Watch, before: Stored[Watch]) -> None:
        """Write the state of the watch if it is unchanged since it was read."""
        partition, row = _WATCH
        write = rows.write(row, document(WATCH, watch), before.etag)
        await self._store.commit(_TABLE, partition, [write])

    async def refuse_earlier_builds(self) -> None:
        """Read every row of the store, and raise an error if an earlier build wrote one.

        Raises:
            EarlierBuild
        """
        for table in Table:
            async for _ in self._store.query(table, TableQuery(columns=("schema",))):
                pass

    async def holder(self) -> str | None:
        """Return the id of the scan that has the lease, expired or not."""
        return (await self.lease()).value.scan_id or None

    async def lease(self) -> Stored[Lease]:
        """Read the lease in one point read; a broken lease counts as free until replaced."""
        return value_or(_FREE, LEASE, await self._store.get(_TABLE, _PARTITION, _LEASE))

    async def scan(self, scan_id: str) -> Stored[Scan] | None:
        """Read one scan, or return None if no scan has this id."""
        if (began := parse_start(scan_id)) is None:
            return None
        row = table_keys.scan_row(began, scan_id)
        entity = await self._store.get(_TABLE, _PARTITION, row)
        return None if entity is None else value_of(SCAN, entity)

    async def history(self, top: int) -> list[Scan]:
        """Read up to ``top`` scans, newest first; a broken row is skipped."""
        scans = (scan async for _, scan in self.read_listed(None, top) if scan is not None)
        return await _first(top, scans)

    async def read_listed(
        self, after: str | None, rows: int
    ) -> AsyncIterator[tuple[tuple[str, str], Scan | None]]:
        """Iterate over the scans with their positions, newest first, after the row ``after``.

        ``rows`` is the approximate number of scans that the caller needs. A broken row is returned
        as None.
        """
        query = TableQuery(
            partition=_PARTITION,
            row_from=table_keys.SCANS_FROM,
            row_to=table_keys.SCANS_TO,
            after=None if after is None else (_PARTITION, after),
            page=min(rows, TABLE_PAGE_ROWS),
        )
        async for entity in self._store.query(_TABLE, query):
            yield (entity.partition, entity.row), _decode_scan(entity)

    async def read_started_between(self, first: datetime, last: datetime) -> list[Scan]:
        """Read the scans that started in a time range, newest first."""
        row_from = table_keys.scan_row(last, "")
        row_to = _get_prefix_end(table_keys.scan_row(first, ""))
        query = TableQuery(partition=_PARTITION, row_from=row_from, row_to=row_to)
        scans = [_decode_scan(entity) async for entity in self._store.query(_TABLE, query)]
        return [scan for scan in scans if scan is not None]

    async def commit(
        self,
        *,
        lease: ToWrite[Lease] | None = None,
        status: ToWrite[Status] | None = None,
        scans: Sequence[ToWrite[Scan]] = (),
        changes: Sequence[Change] = (),
    ) -> None:
        """Write rows of the scan partition in one transaction, if unchanged since read."""
        writes: list[Write] = []
        if lease is not None:
            writes.append(rows.write(_LEASE, document(LEASE, lease[0]), lease[1]))
        if status is not None:
            writes.append(rows.write(_STATUS, document(STATUS, status[0]), status[1]))
        for scan, etag in scans:
            row = table_keys.scan_row(scan.started_at, scan.id)
            values = document(SCAN, scan, {"state": scan.state.value})
            writes.append(rows.write(row, values, etag))
        await self._store.commit(_TABLE, _PARTITION, [*writes, *map(outbox_write, changes)])

    async def change_status(
        self, change: Callable[[Status], Status | None], stored: Stored[Status] | None = None
    ) -> None:
        """Change the status, repeatedly if other workers write it; ``change`` may return None.

        ``stored`` is the status as last read, or None.

        Raises:
            StoreUnavailable: every try had a conflict.
        """
        for _ in range(ATTEMPTS_PER_STEP):
            stored = stored or await self.status()
            changed = change(stored.value)
            try:
                return await self.commit(status=(changed, stored.etag)) if changed else None
            except WriteConflict:
                stored = None
        raise StoreUnavailable("The status could not be changed: every try met a conflict.")

    async def outbox(self) -> Outbox:
        """Read the unpublished changes of scans."""
        query = TableQuery(
            partition=_PARTITION, row_from=table_keys.OUTBOX_FROM, row_to=table_keys.OUTBOX_TO
        )
        entities = [entity async for entity in self._store.query(_TABLE, query)]
        return read_outbox(_TABLE, entities)

    async def slice(self, scan: Scan, number: int) -> Stored[Slice] | None:
        """Read one slice of the scan's plan."""
        row = table_keys.slice_row(scan.plan_id, number)
        entity = await self._store.get(_TABLE, table_keys.slice_partition(scan.id), row)
        return None if entity is None else value_of(SLICE, entity)

    async def slices(self, scan: Scan) -> list[Slice]:
        """Read all slices of the scan's plan; rows of another planner's plan are ignored."""
        prefix = f"{scan.plan_id}|"
        query = TableQuery(
            partition=table_keys.slice_partition(scan.id),
            row_from=prefix,
            row_to=_get_prefix_end(prefix),
        )
        return [value_of(SLICE, entity).value async for entity in self._store.query(_TABLE, query)]

    async def insert_slices(self, scan_id: str, slices: Sequence[Slice]) -> None:
        """Write the slices of a plan."""
        writes = [
            Insert(table_keys.slice_row(entry.plan_id, entry.number), document(SLICE, entry))
            for entry in slices
        ]
        await self._commit_all(table_keys.slice_partition(scan_id), writes)

    async def replace_slice(self, scan_id: str, entry: Slice, etag: str) -> Stored[Slice]:
        """Write a slice if it is unchanged since it was read."""
        row = table_keys.slice_row(entry.plan_id, entry.number)
        write = Replace(row, document(SLICE, entry), etag)
        (new,) = await self._store.commit(_TABLE, table_keys.slice_partition(scan_id), [write])
        return Stored(entry, new)

    async def drop_slices(self, scan_id: str) -> None:
        """Delete an ended scan's slices across all its plans, and those of earlier scans.

        An earlier scan may have died or lost the lease before it deleted its slices. At most
        ``MAX_SLICES`` are deleted at once, the oldest first.
        """
        own = table_keys.slice_partition(scan_id)
        # The ids of scans from the same second do not show which scan started first.
        of_this_second = table_keys.slice_partition(f"{scan_id.partition('-')[0]}-")
        query = TableQuery(
            partition_from=table_keys.slice_partition(""),
            partition_to=_get_prefix_end(of_this_second),
            columns=("schema",),
        )
        left: defaultdict[str, list[Write]] = defaultdict(list)
        for entity in await _first(MAX_SLICES, self._store.query(_TABLE, query)):
            left[entity.partition].append(Delete(entity.row, entity.etag))
        await self._commit_all(own, left.pop(own, []))
        # If a clock was set back, a running scan may sort before a scan that has ended.
        holder = await self.holder() if left else None
        left.pop(table_keys.slice_partition(holder or ""), None)
        try:
            for partition, writes in left.items():
                await self._commit_all(partition, writes)
        except StoreError as error:
            _log.warning("Slices of earlier scans stay until the next scan: %s", error)

    async def prune(self, before: datetime, most: int) -> None:
        """Delete up to ``most`` scans that started before a time."""
        query = TableQuery(
            partition=_PARTITION,
            row_from=table_keys.scan_row(before, ""),
            row_to=table_keys.SCANS_TO,
            page=most,
        )
        old = await _first(most, self._store.query(_TABLE, query))
        await self._commit_all(_PARTITION, [Delete(entity.row, entity.etag) for entity in old])

    async def _commit_all(self, partition: str, writes: Sequence[Write]) -> None:
        for batch in table_checks.batches(writes):
            await self._store.commit(_TABLE, partition, batch)


def build_scan_id(started: datetime, suffix: str) -> str:
    """Return the id of a scan."""
    return f"{started:%Y%m%dT%H%M%S}Z-{suffix}"


def _decode_scan(entity: Entity) -> Scan | None:
    try:
        return value_of(SCAN, entity).value
    except RowUnusable as error:
        _log.warning("A scan is missing from the history. %s", error)
        return None


async def _first[T](most: int, entries: AsyncIterator[T]) -> list[T]:
    first_entries: list[T] = []
    async for entry in entries:
        first_entries.append(entry)
        if len(first_entries) == most:
            break
    return first_entries


def _get_prefix_end(prefix: str) -> str:
    """Return the first key after all keys with the prefix."""
    return prefix[:-1] + chr(ord(prefix[-1]) + 1)
