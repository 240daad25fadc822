"""Table storage in memory, for tests and for scans from the command line.

This store passes the contract tests of the real adapter: conditions, limits and order.
"""

from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import replace
from itertools import islice
from types import MappingProxyType

from cmk_check.ports import Delete, Entity, Insert, Scalar, Table, TableQuery, Write, WriteConflict
from cmk_check.store import table_checks

type _Row = tuple[str, Mapping[str, Scalar]]


class MemoryStore:
    """The three tables, initially empty.

    ETags are numbers from a counter, so equal histories have equal ETags.
    """

    def __init__(self) -> None:
        self._rows: dict[Table, dict[tuple[str, str], _Row]] = {table: {} for table in Table}
        self._written = 0

    async def get(self, table: Table, partition: str, row: str) -> Entity | None:
        """Read one row; see ``Store.get``."""
        row_values = self._rows[table].get((partition, row))
        return None if row_values is None else Entity(partition, row, *row_values)

    async def query(self, table: Table, query: TableQuery) -> AsyncIterator[Entity]:
        """Read rows in key order; see ``Store.query``."""
        after = query.after
        while True:
            page = await self._page(table, query, after)
            for entity in page:
                yield entity
            if len(page) < query.page:
                return
            after = (page[-1].partition, page[-1].row)

    async def commit(
        self, table: Table, partition: str, writes: Sequence[Write]
    ) -> tuple[str, ...]:
        """Write all rows or none; see ``Store.commit``."""
        table_checks.check(writes, partition)
        for write in writes:
            self._check(table, partition, write)
        return tuple(self._apply(table, partition, write) for write in writes)

    async def _page(
        self, table: Table, query: TableQuery, after: tuple[str, str] | None
    ) -> list[Entity]:
        rows = self._rows[table]
        keys = sorted(key for key in rows if after is None or key > after)
        matching = (key for key in keys if _matches(query, *key, rows[key][1]))
        entities = [Entity(*key, *rows[key]) for key in islice(matching, query.page)]
        if not query.columns:
            return entities
        return [_select_columns(entity, query.columns) for entity in entities]

    def _check(self, table: Table, partition: str, write: Write) -> None:
        row_values = self._rows[table].get((partition, write.row))
        if isinstance(write, Insert):
            if row_values is not None:
                raise WriteConflict(f"{table}: the row exists")
        elif row_values is None or row_values[0] != write.etag:
            raise WriteConflict(f"{table}: the row was changed since it was read")

    def _apply(self, table: Table, partition: str, write: Write) -> str:
        key = (partition, write.row)
        if isinstance(write, Delete):
            del self._rows[table][key]
            return ""
        self._written += 1
        etag = f'W/"{self._written}"'
        self._rows[table][key] = (etag, MappingProxyType(table_checks.remove_nones(write.values)))
        return etag


def _select_columns(entity: Entity, columns: tuple[str, ...]) -> Entity:
    values = {name: value for name, value in entity.values.items() if name in columns}
    return replace(entity, values=MappingProxyType(values))


def _matches(query: TableQuery, partition: str, row: str, values: Mapping[str, Scalar]) -> bool:
    return (
        (query.partition is None or partition == query.partition)
        and partition >= query.partition_from
        and row >= query.row_from
        and not (query.partition_to and partition >= query.partition_to)
        and not (query.row_to and row >= query.row_to)
        and (row == query.besides or query.equals.items() <= values.items())
    )
