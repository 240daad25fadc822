"""Table storage in memory, for tests and scans by the command line.

It passes the contract suite of the real adapter: the same conditions, limits and order. A hook
before each operation lets a test kill or overtake its caller at any point; the log says what was
asked of the store.
"""

from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from itertools import islice
from types import MappingProxyType
from typing import Literal

from cmk_check.errors import WriteConflict
from cmk_check.ports import Delete, Entity, Insert, Scalar, Table, TableQuery, Write
from cmk_check.store import table_limits

type OperationName = Literal["get", "query", "commit"]
type Hook = Callable[[OperationName, Table, str], Awaitable[None]]
type _Row = tuple[str, Mapping[str, Scalar]]


@dataclass(frozen=True, slots=True)
class Operation:
    """One request that came through; ``partition`` is empty for a query over several."""

    name: OperationName
    table: Table
    partition: str
    writes: tuple[Write, ...] = ()


class MemoryStore:
    """The three tables, empty at first. ETags are counted, so that equal histories give equal ones.

    ``before`` is called before each get, page of a query and commit; what it raises is raised to
    the caller, and the operation does not happen. ``log`` holds the operations that happened, in
    order; a refused commit is none.
    """

    def __init__(self, *, before: Hook | None = None) -> None:
        self.log: list[Operation] = []
        self._before = before
        self._rows: dict[Table, dict[tuple[str, str], _Row]] = {table: {} for table in Table}
        self._written = 0

    async def get(self, table: Table, partition: str, row: str) -> Entity | None:
        """Read one row; see ``Store.get``."""
        await self._announce("get", table, partition)
        self.log.append(Operation("get", table, partition))
        found = self._rows[table].get((partition, row))
        return None if found is None else Entity(partition, row, *found)

    async def query(self, table: Table, query: TableQuery) -> AsyncIterator[Entity]:
        """Read rows in key order; see ``Store.query``."""
        after = query.after
        while True:
            await self._announce("query", table, query.partition or "")
            self.log.append(Operation("query", table, query.partition or ""))
            page = self._page(table, query, after)
            for entity in page:
                yield entity
            if len(page) < query.page:
                return
            after = (page[-1].partition, page[-1].row)

    async def commit(
        self, table: Table, partition: str, writes: Sequence[Write]
    ) -> tuple[str, ...]:
        """Write all or nothing; see ``Store.commit``."""
        table_limits.check(writes, partition)
        await self._announce("commit", table, partition)
        for write in writes:
            self._check(table, partition, write)
        self.log.append(Operation("commit", table, partition, tuple(writes)))
        return tuple(self._apply(table, partition, write) for write in writes)

    async def close(self) -> None:
        """Do nothing; the rows stay."""

    async def _announce(self, name: OperationName, table: Table, partition: str) -> None:
        if self._before is not None:
            await self._before(name, table, partition)

    def _page(self, table: Table, query: TableQuery, after: tuple[str, str] | None) -> list[Entity]:
        rows = self._rows[table]
        keys = sorted(key for key in rows if after is None or key > after)
        matching = (key for key in keys if _matches(query, *key, rows[key][1]))
        return [Entity(*key, *rows[key]) for key in islice(matching, query.page)]

    def _check(self, table: Table, partition: str, write: Write) -> None:
        found = self._rows[table].get((partition, write.row))
        if isinstance(write, Insert):
            if found is not None:
                raise WriteConflict(f"{table}: the row exists")
        elif found is None or found[0] != write.etag:
            raise WriteConflict(f"{table}: the row is not the one that was read")

    def _apply(self, table: Table, partition: str, write: Write) -> str:
        key = (partition, write.row)
        if isinstance(write, Delete):
            del self._rows[table][key]
            return ""
        self._written += 1
        etag = f'W/"{self._written}"'
        self._rows[table][key] = (etag, MappingProxyType(table_limits.stored(write.values)))
        return etag


def _matches(query: TableQuery, partition: str, row: str, values: Mapping[str, Scalar]) -> bool:
    return (
        (query.partition is None or partition == query.partition)
        and partition >= query.partition_from
        and row >= query.row_from
        and not (query.partition_to and partition >= query.partition_to)
        and not (query.row_to and row >= query.row_to)
        and (row == query.besides or query.equals.items() <= values.items())
    )
