"""What the program needs from outside; ``app.py`` builds the real adapters, tests the twins."""

from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum
from types import MappingProxyType
from typing import Final, Protocol

from cmk_check.core.enums import Verdict
from cmk_check.core.keys.facts import KeyFacts
from cmk_check.core.model import Account, Change, LastScan, Reading, Subscription, Summary
from cmk_check.limits import TABLE_PAGE_ROWS

"""The most rows that a query brings at once; between two pages other writers come through."""

type Scalar = str | int | bool
AT_ONCE: Final = timedelta()
_NO_FILTER: Final[Mapping[str, str]] = MappingProxyType({})


class Table(StrEnum):
    """The three tables of the store."""

    FINDINGS = "cmkfindings"
    CHANGES = "cmkchanges"
    SCANS = "cmkscans"


@dataclass(frozen=True, slots=True)
class Entity:
    """A row as read: its keys (escaped), its ETag, its properties; None is never stored."""

    partition: str
    row: str
    etag: str
    values: Mapping[str, Scalar]


@dataclass(frozen=True, slots=True)
class Insert:
    """Write a row that must not exist."""

    row: str
    values: Mapping[str, Scalar]


@dataclass(frozen=True, slots=True)
class Replace:
    """Write a row whole that must still have this ETag."""

    row: str
    values: Mapping[str, Scalar]
    etag: str


@dataclass(frozen=True, slots=True)
class Delete:
    """Remove a row that must still have this ETag."""

    row: str
    etag: str


type Write = Insert | Replace | Delete


@dataclass(frozen=True, slots=True)
class TableQuery:
    """Rows in key order, from inclusive to exclusive bounds; an empty upper bound is none.

    ``partition`` asks for that one partition. ``after`` is a (partition, row) to go on behind.
    ``equals`` compares string properties exactly, on the table's side; a row whose key is
    ``besides`` comes whatever it says. ``page`` is how many rows are asked for at once, for callers
    that will not go on to the end.
    """

    partition: str | None = None
    partition_from: str = ""
    partition_to: str = ""
    row_from: str = ""
    row_to: str = ""
    after: tuple[str, str] | None = None
    equals: Mapping[str, str] = field(default=_NO_FILTER)
    besides: str = ""
    page: int = TABLE_PAGE_ROWS


class Store(Protocol):
    """Table storage: rows with ETags, transactions within a partition, every write conditional."""

    async def get(self, table: Table, partition: str, row: str) -> Entity | None:
        """Read one row, None where there is none.

        Raises:
            StoreUnavailable, StoreRefused

        """
        ...

    def query(self, table: Table, query: TableQuery) -> AsyncIterator[Entity]:
        """Read the rows of a query in key order, page by page as they are asked for.

        Raises:
            StoreUnavailable, StoreRefused

        """
        ...

    async def commit(
        self, table: Table, partition: str, writes: Sequence[Write]
    ) -> tuple[str, ...]:
        """Write all or nothing: 1 to 100 writes of one partition.

        Return the new ETags in order, "" for a delete.

        Raises:
            WriteConflict: a condition did not hold; nothing was written.
            LimitExceeded: the real service would refuse it; nothing was sent.
            StoreUnavailable: no answer; it may have been written.
            StoreRefused: the identity may not.

        """
        ...


class KeyInventory(Protocol):
    """The keys behind accounts, read only, for as long as a slice is worked on.

    What accounts share is asked for once: each vault, key and list of grants.
    """

    async def read(
        self, accounts: Sequence[Account], known_vaults: Mapping[str, str], *, seconds: float
    ) -> Mapping[str, KeyFacts]:
        """Read what is behind each of these accounts, by the account's lower-cased id.

        ``known_vaults`` maps such ids to the vault ids found last time, for those that are known.
        Trouble is ``Unread`` in the facts, never raised; so is what takes longer than ``seconds``.
        """
        ...


class Inventory(Protocol):
    """Azure, read only."""

    async def subscriptions(self) -> tuple[Subscription, ...]:
        """List every subscription that the identity sees, each id once.

        Raises:
            InventoryError: the list could not be read to its end.

        """
        ...

    async def read(self, subscription_id: str, *, seconds: float) -> Reading:
        """Read the accounts of one subscription within so many seconds.

        Trouble is a gap in the reading, never raised.
        """
        ...


@dataclass(frozen=True, slots=True)
class SliceMessage:
    """Work for the queue ``cmk-slices``; ``slice`` None means: plan the scan."""

    scan_id: str
    slice: int | None


class Queues(Protocol):
    """The queue of slices."""

    async def send(self, messages: Sequence[SliceMessage]) -> None:
        """Send them all.

        Raises:
            QueueError: one could not be sent; earlier ones may have been.

        """
        ...


class TextQueue(Protocol):
    """A queue of texts."""

    async def send(self, texts: Sequence[str], *, delay: timedelta = AT_ONCE) -> None:
        """Send them all, to be seen after ``delay``, in whole seconds and at most seven days.

        Raises:
            QueueError: one could not be sent; others may have been.

        """
        ...


class QueueService(Protocol):
    """Whoever has the queues of texts."""

    def queue(self, name: str, live: timedelta | None = None) -> TextQueue:
        """Return a queue whose messages live until they are read, or for ``live`` at most."""
        ...


@dataclass(frozen=True, slots=True)
class DeliveryMessage:
    """Work for the queue ``cmk-tell``: tell the changes from ``first`` to ``last`` of the feed.

    ``attempt`` counts those that failed, ``since`` is when the first of them was made.
    """

    first: int
    last: int
    attempt: int = 0
    since: datetime | None = None


class Webhook(Protocol):
    """Where alerts are posted."""

    async def post(self, changes: Sequence[Change]) -> None:
        """Deliver 1 to 50 changes.

        Raises:
            DeliveryFailed: they were not delivered, or nobody knows.

        """
        ...


class ChangeSink(Protocol):
    """Whoever is to hear of published changes."""

    async def accept(self, published: Sequence[tuple[int, Change]]) -> None:
        """Pass on changes with their numbers in the feed. Called at least once for each.

        Raises:
            QueueError: some could not be passed on; all will be, once more, by the next scan.

        """
        ...


class ScanEndSink(Protocol):
    """Whoever is to hear of scans that ended."""

    async def scan_ended(
        self, scan: LastScan, posture: Verdict | None, summary: Summary | None
    ) -> None:
        """Say how a scan ended; one that failed has neither posture nor summary."""
        ...


class Clock(Protocol):
    """The time."""

    def now(self) -> datetime:
        """Return the time, aware, in UTC."""
        ...
