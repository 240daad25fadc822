"""Processes of a scan that sleep, die or get no answer at an operation that a test chooses."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Final

import pytest

from cmk_check.core.account import Account
from cmk_check.core.enums import GapReason
from cmk_check.core.gap import Gap
from cmk_check.core.model import Coverage
from cmk_check.core.status import Status
from cmk_check.limits import SCAN_LEASE, SLICE_CLAIM
from cmk_check.ports import Delete, Entity, Replace, SliceMessage, Store, Table, TableQuery, Write
from cmk_check.scan.scan_context import ScanContext
from cmk_check.scan.start import Started
from cmk_check.store import table_keys
from cmk_check.store.scan_rows import Slice
from cmk_check.store.scans import ScanTable
from tests.fakes.faults import DeathError, Fault, FaultyStore, Place
from tests.fakes.recording_store import RecordingStore
from tests.fakes.world import World, sub

FORBIDDEN: Final = Gap(
    GapReason.FORBIDDEN, "Microsoft.CognitiveServices/accounts/read", "the role is missing"
)
ONE: Final = sub(1)
TWO: Final = sub(2)
THREE: Final = sub(3)

MARK: Final = Place("commit", Table.FINDINGS, 0)
RECORD: Final = Place("commit", Table.FINDINGS, 1)
CLEAR_OUTBOX: Final = Place("commit", Table.FINDINGS, 2)
PUBLISH: Final = Place("commit", Table.CHANGES, 0)
READ_TABLE: Final = Place("query", Table.FINDINGS, 0)

CLAIM_ENDS: Final = SLICE_CLAIM
LEASE_ENDS: Final = SCAN_LEASE

type Invocation = Callable[[ScanContext], Awaitable[object]]


@dataclass
class Sleeper:
    """A process that stands before an operation."""

    store: FaultyStore
    task: asyncio.Task[object]

    async def wake(self) -> object:
        """Let it go on to its end."""
        self.store.wake.set()
        return await self.task


@dataclass
class Contested(FaultyStore):
    """A process before whose every write to the rows of scans somebody else writes one of them."""

    row: str = "status"

    async def commit(
        self, table: Table, partition: str, writes: Sequence[Write]
    ) -> tuple[str, ...]:
        """Write, too late."""
        if partition == "scan":
            await touch(self.inner, Table.SCANS, "scan", self.row)
        return await super().commit(table, partition, writes)


async def asleep(world: World, invoke: Invocation, place: Place) -> Sleeper:
    """Run an invocation up to an operation, and leave it there."""
    return await asleep_at(world, invoke, {place: Fault.SLEEP})


async def asleep_at(world: World, invoke: Invocation, places: dict[Place, Fault]) -> Sleeper:
    """Run an invocation up to the place where it sleeps; it meets the other faults later."""
    store = FaultyStore(world.store, places=places)

    async def process() -> object:
        return await invoke(world.process(store))

    task = asyncio.create_task(process())
    asleep = asyncio.create_task(store.asleep.wait())
    await asyncio.wait({task, asleep}, return_when=asyncio.FIRST_COMPLETED)
    assert not task.done(), "it never came to that operation"
    return Sleeper(store, task)


async def dies(
    world: World, invoke: Invocation, place: Place, fault: Fault = Fault.DEATH_BEFORE
) -> None:
    """Run an invocation that dies at an operation."""
    with pytest.raises(DeathError):
        await invoke(with_faults(world, {place: fault}))


def with_faults(world: World, places: dict[Place, Fault]) -> ScanContext:
    """Return the context of a process that meets faults."""
    return world.process(FaultyStore(world.store, places=places))


def delivery(world: World, message: SliceMessage) -> Invocation:
    """Return the delivery of a message, as an invocation."""

    async def deliver(context: ScanContext) -> None:
        await world.deliver(message, context)

    return deliver


async def starting(world: World) -> Started:
    """Start a scan an hour after the last one."""
    world.clock.advance(timedelta(hours=1))
    return await world.start()


def starts(world: World) -> Invocation:
    """Return the start of a scan, as an invocation."""

    async def start(context: ScanContext) -> Started:
        return await world.start(context)

    return start


def azure_has(world: World, *accounts: Account) -> None:
    """Let Azure list the subscriptions of these accounts, and have these alone in them."""
    ids = sorted({account.id.subscription_id for account in accounts})
    world.listed(*ids)
    for each in ids:
        world.read(each, *(found for found in accounts if found.id.subscription_id == each))


async def planned(world: World, *listed: str) -> list[SliceMessage]:
    """Start and plan a scan, of these subscriptions if there are any.

    Return the messages of its slices, taken from the queue.
    """
    if listed:
        world.listed(*listed)
    await starting(world)
    await world.deliver(world.queue.messages.pop(0))
    return sent(world)


def sent(world: World) -> list[SliceMessage]:
    """Take what waits in the queue."""
    messages, world.queue.messages = world.queue.messages, []
    return messages


async def slices_of(world: World, scan_id: str) -> list[Slice]:
    """Return the slices of the plan that a scan's row names."""
    return await ScanTable(world.store).slices(await world.scan_row(scan_id))


def slice_rows(world: World, scan_id: str) -> AsyncIterator[Entity]:
    """List the slice rows of a scan, of whatever plan."""
    return world.store.query(Table.SCANS, TableQuery(partition=table_keys.slice_partition(scan_id)))


async def count_slice_rows(world: World, scan_id: str) -> int:
    """Count them."""
    return len([row async for row in slice_rows(world, scan_id)])


async def touch(store: Store, table: Table, partition: str, row: str) -> None:
    """Write a row as it is, as somebody who was faster: its ETag is another one now."""
    found = await store.get(table, partition, row)
    assert found is not None
    await store.commit(table, partition, [Replace(row, found.values, found.etag)])


async def mark_of(world: World, subscription_id: str) -> str | None:
    """Return the recording mark of a subscription."""
    coverage = await world.context.findings_table.coverage(subscription_id)
    return coverage.recording if coverage else None


async def outbox_of(world: World, subscription_id: str) -> list[str]:
    """Return the ids of a subscription's changes that are not published."""
    stored = await world.context.findings_table.read_one(table_keys.partition_of(subscription_id))
    return [pending.change.id for pending in stored.outbox]


async def told_of(world: World, subscription_id: str) -> list[tuple[int, str, str]]:
    """Return what the feed holds of a subscription, in its order: (sequence, type, account)."""
    path = f"/subscriptions/{subscription_id}"
    return [
        (
            change.sequence,
            change.type.removeprefix("cmkcheck."),
            change.subject.rpartition("/")[2],
        )
        for change in await world.feed()
        if change.source == path
    ]


async def scan_changes(world: World) -> list[str]:
    """Return the types of the changes of scans in the feed."""
    return [
        change.type.removeprefix("cmkcheck.")
        for change in await world.feed()
        if change.source.startswith("/scans/")
    ]


async def overwrite(
    world: World, table: Table, partition: str, row: str, /, **values: object
) -> None:
    """Change properties of a row by hand."""
    found = await world.store.get(table, partition, row)
    assert found is not None
    changed = {**found.values, **values}
    await world.store.commit(table, partition, [Replace(row, changed, found.etag)])  # type: ignore[arg-type]


async def delete(world: World, table: Table, partition: str, row: str) -> None:
    """Delete a row by hand."""
    found = await world.store.get(table, partition, row)
    assert found is not None
    await world.store.commit(table, partition, [Delete(row, found.etag)])


async def status_of(world: World) -> Status:
    """Return the status, which there must be."""
    status = await world.status()
    assert status is not None
    return status


async def coverage_of(world: World, subscription_id: str) -> Coverage:
    """Return what is recorded of a subscription, which there must be."""
    coverage = await world.context.findings_table.coverage(subscription_id)
    assert coverage is not None
    return coverage


def written(store: RecordingStore, since: int) -> list[str]:
    """Return the kinds of the rows written since then, in order."""
    entries = store.log[since:]
    return [write.row.partition("|")[0] for entry in entries for write in entry.writes]


def findings_commits(store: RecordingStore, since: int) -> list[list[str]]:
    """Return the rows of each transaction in the findings table since then."""
    return [
        [write.row for write in entry.writes]
        for entry in store.log[since:]
        if entry.table is Table.FINDINGS and entry.writes
    ]
