"""Ports that count requests as the services would count and bill them."""

from collections import Counter
from collections.abc import AsyncIterator, Collection, Sequence
from dataclasses import dataclass, field
from datetime import timedelta

from cmk_check.core.account import Reading, Subscription
from cmk_check.core.resource_id import AccountId
from cmk_check.ports import (
    AT_ONCE,
    Entity,
    Inventory,
    SliceMessage,
    Store,
    Table,
    TableQuery,
    TextQueue,
    Write,
)
from cmk_check.queues.slices import parse_message

# A message is sent, received and deleted.
_REQUESTS_PER_MESSAGE = 3


@dataclass(frozen=True, slots=True)
class Commit:
    """One successful transaction."""

    table: Table
    partition: str
    writes: tuple[Write, ...]


@dataclass(slots=True)
class Queried:
    """A query, and how many rows were taken of its answer."""

    table: Table
    query: TableQuery
    rows: int = 0


@dataclass(slots=True)
class Counts:
    """Requests by service; those to tables by operation, writes also by table.

    ``table_reads`` are point reads and pages, ``table_writes`` are transactions. ``queue`` counts
    three for each slice message. ``commits`` has the transactions, and ``queries`` the queries,
    if they are kept.
    """

    arm: int = 0
    queue: int = 0
    table_reads: int = 0
    table_writes: Counter[str] = field(default_factory=Counter)
    slices: int = 0
    commits: list[Commit] | None = None
    queries: list[Queried] | None = None

    def plain(self) -> dict[str, object]:
        """Return the numbers in a form for JSON."""
        return {
            "arm": self.arm,
            "queue": self.queue,
            "table_reads": self.table_reads,
            "table_writes": dict(self.table_writes),
            "slices": self.slices,
        }


class CountedStore:
    """A store that counts every request."""

    def __init__(self, inner: Store, counts: Counts) -> None:
        self._inner = inner
        self._counts = counts

    async def get(self, table: Table, partition: str, row: str) -> Entity | None:
        """Read one row."""
        self._counts.table_reads += 1
        return await self._inner.get(table, partition, row)

    async def query(self, table: Table, query: TableQuery) -> AsyncIterator[Entity]:
        """Read rows; each page, even a partial one, is a request."""
        self._counts.table_reads += 1
        queried = Queried(table, query)
        if self._counts.queries is not None:
            self._counts.queries.append(queried)
        async for entity in self._inner.query(table, query):
            if queried.rows and queried.rows % query.page == 0:
                self._counts.table_reads += 1
            queried.rows += 1
            yield entity

    async def commit(
        self, table: Table, partition: str, writes: Sequence[Write]
    ) -> tuple[str, ...]:
        """Write all or nothing."""
        self._counts.table_writes[table.value] += 1
        etags = await self._inner.commit(table, partition, writes)
        if self._counts.commits is not None:
            self._counts.commits.append(Commit(table, partition, tuple(writes)))
        return etags


class CountedInventory:
    """An inventory that counts lists; each list of a generated estate fits one page."""

    def __init__(self, inner: Inventory, counts: Counts, page: int = 1000) -> None:
        self._inner = inner
        self._counts = counts
        self._page = page

    async def subscriptions(self) -> tuple[Subscription, ...]:
        """List the subscriptions."""
        found = await self._inner.subscriptions()
        self._counts.arm += max(1, -(-len(found) // self._page))
        return found

    async def list_subscriptions_below(self, group: str) -> tuple[Subscription, ...]:
        """List those of a management group."""
        return await self._inner.list_subscriptions_below(group)

    async def read(
        self, subscription: Subscription, recorded: Collection[AccountId] = (), *, seconds: float
    ) -> Reading:
        """Read one subscription."""
        self._counts.arm += 1
        return await self._inner.read(subscription, recorded, seconds=seconds)


class CountedQueue:
    """A text queue that counts sent messages; receiving them is not measured."""

    def __init__(self, inner: TextQueue, counts: Counts) -> None:
        self._inner = inner
        self._counts = counts

    async def send(self, texts: Sequence[str], *, delay: timedelta = AT_ONCE) -> None:
        """Send the texts."""
        self._counts.queue += _REQUESTS_PER_MESSAGE * len(texts)
        await self._inner.send(texts, delay=delay)


class SliceQueueHere:
    """The slice queue, within the process; the real one differs only in its polling."""

    def __init__(self, counts: Counts) -> None:
        self._counts = counts
        self._messages: list[SliceMessage] = []

    async def send(self, texts: Sequence[str], *, delay: timedelta = AT_ONCE) -> None:  # noqa: ARG002 - none is delayed
        """Keep the messages."""
        messages = [parse_message(text) for text in texts]
        self._counts.queue += _REQUESTS_PER_MESSAGE * len(messages)
        self._counts.slices += sum(message.slice is not None for message in messages)
        self._messages += messages

    def receive(self) -> SliceMessage | None:
        """Return the oldest message, or None."""
        return self._messages.pop(0) if self._messages else None
