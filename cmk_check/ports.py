"""The program's ports, for which ``composition_root.py`` builds adapters and tests build fakes."""

from collections.abc import AsyncIterator, Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Final, Protocol

from cmk_check.core.account import Account, Reading, Subscription
from cmk_check.core.alert_routes import Route
from cmk_check.core.cross_check import KnownAccount
from cmk_check.core.enums import PostureReason
from cmk_check.core.exceptions.facts import ExemptionFacts
from cmk_check.core.gap import Gap
from cmk_check.core.keys.facts import KeyFacts
from cmk_check.core.model import Change
from cmk_check.core.reasons.catalogue import POSTURE_REASONS
from cmk_check.core.resource_id import AccountId
from cmk_check.core.watch_state import RecentChanges
from cmk_check.errors import CmkCheckError
from cmk_check.limits import TABLE_PAGE_ROWS

FIRST_SCHEMA: Final = 4
"""The lowest schema number that is read; builds before version 1 wrote lower numbers."""


class InventoryError(CmkCheckError):
    """Reading from Azure failed; ``gap`` is the gap to record."""

    def __init__(self, gap: Gap) -> None:
        self.gap = gap
        super().__init__(f"{gap.reason}: {gap.detail}")


class StoreError(CmkCheckError):
    """A store operation failed."""


class EarlierBuild(StoreError):
    """A row's schema number is below ``FIRST_SCHEMA``; the error names the tables to delete."""

    def __init__(self) -> None:
        super().__init__(POSTURE_REASONS[PostureReason.EARLIER_BUILD].text())


class StoreUnavailable(StoreError):
    """The table service failed or did not respond; a pending write may have succeeded."""


class WriteConflict(StoreError):
    """Another process changed, created or deleted the row first; nothing was written."""


class StoreRefused(StoreError):
    """The table service denied access; the error's text says what to do."""


class LimitExceeded(StoreError):
    """A write exceeds a limit of the table service; nothing was sent."""


class QueueError(CmkCheckError):
    """A message could not be sent."""


class DeliveryFailed(CmkCheckError):
    """The webhook did not accept the changes; the error's text says why, without the URL.

    ``permanent`` means that these changes can never be delivered, so a retry is useless.
    ``retry_after`` is the pause in seconds that the receiver requested, if any.
    """

    def __init__(self, message: str, *, permanent: bool, retry_after: float | None = None) -> None:
        self.permanent = permanent
        self.retry_after = retry_after
        super().__init__(message)


type Scalar = str | int | bool
AT_ONCE: Final = timedelta()


class Table(StrEnum):
    """The three tables of the store."""

    FINDINGS = "cmkfindings"
    CHANGES = "cmkchanges"
    SCANS = "cmkscans"


@dataclass(frozen=True, slots=True)
class Entity:
    """A table row as read, with its escaped keys, ETag and properties; no property is None.

    The check of the schema number raises EarlierBuild before any other property is used.
    """

    partition: str
    row: str
    etag: str
    values: Mapping[str, Scalar]

    def __post_init__(self) -> None:
        schema = self.values.get("schema")
        if type(schema) is int and schema < FIRST_SCHEMA:
            raise EarlierBuild


@dataclass(frozen=True, slots=True)
class Insert:
    """A write of a row that must not exist yet."""

    row: str
    values: Mapping[str, Scalar]


@dataclass(frozen=True, slots=True)
class Replace:
    """A write that replaces a whole row if the row still has this ETag."""

    row: str
    values: Mapping[str, Scalar]
    etag: str


@dataclass(frozen=True, slots=True)
class Delete:
    """A deletion of a row if the row still has this ETag."""

    row: str
    etag: str


type Write = Insert | Replace | Delete


@dataclass(frozen=True, slots=True)
class TableQuery:
    """A selection of rows in key order; upper bounds are exclusive, and "" means no bound."""

    partition: str | None = None
    """The partition to select, or None for all."""
    partition_from: str = ""
    partition_to: str = ""
    row_from: str = ""
    row_to: str = ""
    after: tuple[str, str] | None = None
    """The (partition, row) after which the rows start."""
    equals: Mapping[str, str] = field(default_factory=dict)
    """String properties and their exact values, compared in the table service."""
    besides: str = ""
    """The key of rows that are always included."""
    page: int = TABLE_PAGE_ROWS
    """The number of rows per request, for callers that may stop early."""
    columns: tuple[str, ...] = ()
    """The properties to read, or empty for all."""


class Store(Protocol):
    """Table storage with ETags, transactions within a partition, and only conditional writes.

    Every method can raise StoreUnavailable or StoreRefused. Reading can also raise EarlierBuild.

    >>> [etag] = run(store.commit(Table.SCANS, "scan", [Insert("1", {"state": "running"})]))
    >>> run(store.get(Table.SCANS, "scan", "1")).etag == etag
    True
    """

    async def get(self, table: Table, partition: str, row: str) -> Entity | None:
        """Return one row, or None if it does not exist."""
        ...

    def query(self, table: Table, query: TableQuery) -> AsyncIterator[Entity]:
        """Read the rows that match a query, in key order, and request pages only as needed."""
        ...

    async def commit(
        self, table: Table, partition: str, writes: Sequence[Write]
    ) -> tuple[str, ...]:
        """Apply 1 to 100 writes in one partition, either all of them or none.

        Return the new ETags in the order of the writes, with "" for each deletion.

        Raises:
            WriteConflict: a condition was not met; nothing was written.
            LimitExceeded: the writes exceed a limit of the service; nothing was sent.
            StoreUnavailable: there was no response; the writes may have succeeded.
            StoreRefused: the identity lacks the permission.
        """
        ...


class KeyInventory(Protocol):
    """Reads the keys of the accounts in one slice of a scan.

    A vault, key or list of role assignments that several accounts share is read once.
    """

    async def read(
        self, accounts: Sequence[Account], known_vaults: Mapping[str, str], *, seconds: float
    ) -> Mapping[str, KeyFacts]:
        """Return the key facts of each account, keyed by the account's lower-cased id.

        ``known_vaults`` maps account ids to the last known ids of their vaults. Failures, and
        time-outs after ``seconds``, appear as ``Unread`` in the facts and are never raised.
        """
        ...


class ExemptionInventory(Protocol):
    """Reads Azure Policy exemptions for one slice of a scan.

    A policy assignment or initiative that several subscriptions share is read once.
    """

    async def read(
        self, subscription_id: str, accounts: Sequence[AccountId], *, seconds: float
    ) -> ExemptionFacts:
        """Return the exemptions of the ``accounts``, with the assignments and initiatives involved.

        Failures, and time-outs after ``seconds``, appear as ``Unread`` in the facts and are never
        raised.
        """
        ...

    async def may_be_exempted(
        self, subscription_ids: Sequence[str], *, seconds: float
    ) -> frozenset[str] | None:
        """Return the subscriptions with exemptions in or above them, or None if these are unknown.

        The returned subscriptions may be out of date and incomplete. After a failure or time-out,
        the result is None.
        """
        ...


class Inventory(Protocol):
    """Reads subscriptions and accounts from Azure.

    If a list of subscriptions cannot be read completely, the method raises InventoryError.
    """

    async def subscriptions(self) -> tuple[Subscription, ...]:
        """List every subscription that the identity can see, without duplicates."""
        ...

    async def list_subscriptions_below(self, group: str) -> tuple[Subscription, ...]:
        """List the subscriptions below a management group by id and name, without duplicates."""
        ...

    async def read(
        self, subscription: Subscription, recorded: Collection[AccountId] = (), *, seconds: float
    ) -> Reading:
        """Read the accounts of one subscription within ``seconds``.

        A complete reading omits a ``recorded`` account only if Azure confirmed that the account is
        gone. A failure becomes the reading's gap and is never raised.
        """
        ...


class ChangeInventory(Protocol):
    """Azure's record of changes, which may be late, incomplete and out of order."""

    async def changes(self, since: datetime, *, vaults: bool, seconds: float) -> RecentChanges:
        """Read the changes since a time, or the oldest of these changes if there are too many.

        ``vaults`` adds changes to vaults. A failure becomes the result's gap and is never raised.
        """
        ...


class AccountSearch(Protocol):
    """A second source that lists existing accounts, but may be late and incomplete."""

    async def accounts(self, subscription_ids: Sequence[str]) -> tuple[KnownAccount, ...]:
        """Return the known accounts in these subscriptions whose kinds are in scope.

        Raises:
            InventoryError: the response is incomplete.
        """
        ...


@dataclass(frozen=True, slots=True)
class SliceMessage:
    """A message in the ``cmk-slices`` queue; if ``slice`` is None, the receiver plans the scan."""

    scan_id: str
    slice: int | None


class TextQueue(Protocol):
    """A queue of texts."""

    async def send(self, texts: Sequence[str], *, delay: timedelta = AT_ONCE) -> None:
        """Send all texts, which readers see after ``delay`` (whole seconds, at most seven days).

        Raises:
            QueueError: a text could not be sent; other texts may have been sent.
        """
        ...


class QueueService(Protocol):
    """Access to the text queues."""

    def queue(self, name: str, live: timedelta | None = None) -> TextQueue:
        """Return a queue whose messages expire after ``live``, or never if ``live`` is None."""
        ...


@dataclass(frozen=True, slots=True)
class DeliveryMessage:
    """A message in the ``cmk-tell`` queue: deliver the feed's changes ``first`` to ``last``.

    ``attempt`` counts failed attempts. ``since`` is when the first attempt began; delivery is given
    up a day later. ``route`` is the only route that gets the changes, or None for all routes.
    """

    first: int
    last: int
    attempt: int = 0
    since: datetime | None = None
    route: str | None = None


class Webhook(Protocol):
    """The receiver of alerts."""

    @property
    def route(self) -> Route:
        """The alert route, which contains the receiver's filters."""
        ...

    async def post(self, changes: Sequence[Change]) -> Sequence[int]:
        """Deliver 1 to 50 changes, and return the HTTP status of each request.

        Raises:
            DeliveryFailed: the changes were not delivered, or may not have been delivered.
        """
        ...


class ChangeSink(Protocol):
    """A consumer of published changes."""

    async def accept(self, published: Sequence[tuple[int, Change]]) -> None:
        """Accept changes with their numbers in the feed; each change is passed at least once.

        Raises:
            QueueError: some changes were not accepted; the next scan passes all changes again.
        """
        ...


class Clock(Protocol):
    """A clock."""

    def now(self) -> datetime:
        """Return the current time as a timezone-aware datetime in UTC."""
        ...
