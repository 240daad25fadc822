"""A store in memory that tests can look into, and disturb."""

from collections.abc import Awaitable, Callable, Sequence
from copy import copy
from dataclasses import dataclass
from typing import Literal, Self

from cmk_check.ports import Entity, Table, TableQuery, Write
from cmk_check.store.memory import MemoryStore

type OperationName = Literal["get", "query", "commit"]
type Hook = Callable[[OperationName, Table, str], Awaitable[None]]


@dataclass(frozen=True, slots=True)
class Operation:
    """One request that came through; ``rows`` is how many a page of a query holds."""

    name: OperationName
    table: Table
    partition: str
    writes: tuple[Write, ...] = ()
    rows: int = 0


class RecordingStore(MemoryStore):
    """The tables in memory, with a hook and a log.

    ``before`` is called before each get, page of a query and commit; what it raises is raised to
    the caller, and the operation does not happen. ``log`` holds the operations that happened, in
    order; a refused commit is none.
    """

    def __init__(self, *, before: Hook | None = None) -> None:
        super().__init__()
        self.log: list[Operation] = []
        self.before = before

    def copy(self) -> Self:
        """Return a store with the same rows and ETags, written on its own from here."""
        twin = copy(self)
        twin.log = list(self.log)
        twin._rows = {table: dict(rows) for table, rows in self._rows.items()}  # noqa: SLF001 - its own kind
        return twin

    def content(self) -> str:
        """Return every row with its ETag, and what the next ETag will be, as text."""
        return repr((self._written, self._rows))

    async def get(self, table: Table, partition: str, row: str) -> Entity | None:
        """Read one row; see ``Store.get``."""
        await self._announce("get", table, partition)
        self.log.append(Operation("get", table, partition))
        return await super().get(table, partition, row)

    async def commit(
        self, table: Table, partition: str, writes: Sequence[Write]
    ) -> tuple[str, ...]:
        """Write all or nothing; see ``Store.commit``."""
        await self._announce("commit", table, partition)
        etags = await super().commit(table, partition, writes)
        self.log.append(Operation("commit", table, partition, tuple(writes)))
        return etags

    async def _page(
        self, table: Table, query: TableQuery, after: tuple[str, str] | None
    ) -> list[Entity]:
        await self._announce("query", table, query.partition or "")
        page = await super()._page(table, query, after)
        self.log.append(Operation("query", table, query.partition or "", rows=len(page)))
        return page

    async def _announce(self, name: OperationName, table: Table, partition: str) -> None:
        if self.before is not None:
            await self.before(name, table, partition)

    def written(self, since: int) -> list[str]:
        """Return the kinds of the rows written since then, in order."""
        entries = self.log[since:]
        return [write.row.partition("|")[0] for entry in entries for write in entry.writes]

    def findings_commits(self, since: int) -> list[list[str]]:
        """Return the rows of each transaction in the findings table since then."""
        return [
            [write.row for write in entry.writes]
            for entry in self.log[since:]
            if entry.table is Table.FINDINGS and entry.writes
        ]
