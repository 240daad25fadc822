"""A program in memory whose processes sleep, die or get no answer where a test chooses."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import timedelta
from functools import partial
from typing import Any, Final

import pytest

from cmk_check.core.account import Account
from cmk_check.core.enums import GapReason, PostureVerdict
from cmk_check.core.gap import Gap
from cmk_check.core.model import Coverage
from cmk_check.core.requirements import Requirement
from cmk_check.core.scan_request import StartAnswer, StartOutcome
from cmk_check.core.status import Status
from cmk_check.limits import SCAN_LEASE, SCAN_SPACING, SLICE_CLAIM
from cmk_check.ports import Delete, Replace, SliceMessage, Table, TableQuery
from cmk_check.scan.scan_context import ScanContext
from cmk_check.scan.slice import SliceIncomplete, run_slice
from cmk_check.store import table_keys
from cmk_check.store.scan_rows import Lease, Slice
from tests.fakes.faults import DeathError, Fault, FaultyStore, Place
from tests.fakes.world import MAX_DELIVERIES, World, sub

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
# Claim and done come before it.
FINISH: Final = Place("commit", Table.SCANS, 2)
READ_TABLE: Final = Place("query", Table.FINDINGS, 0)

CLAIM_ENDS: Final = SLICE_CLAIM
LEASE_ENDS: Final = SCAN_LEASE

type Invocation = Callable[[ScanContext], Awaitable[object]]


@dataclass
class Sleeper:
    """A process that has stopped before an operation."""

    store: FaultyStore
    task: asyncio.Task[object]

    async def wake(self) -> object:
        """Let it go on to its end."""
        self.store.wake.set()
        return await self.task


class ScanWorld(World):
    """A world with the steps that tests of the protocol take.

    Where a method takes ``work``, a message stands for its delivery.
    """

    def faulty(self, places: Mapping[Place, Fault]) -> ScanContext:
        """Return the context of a process that meets faults."""
        return self.process(FaultyStore(self.store, places=places))

    async def asleep(self, work: SliceMessage | Invocation, place: Place) -> Sleeper:
        """Run a process up to an operation, and leave it there."""
        store = FaultyStore(self.store, places={place: Fault.SLEEP})
        task = asyncio.create_task(self._run(work, self.process(store)))
        asleep = asyncio.create_task(store.asleep.wait())
        await asyncio.wait({task, asleep}, return_when=asyncio.FIRST_COMPLETED)
        assert not task.done(), "it never came to that operation"
        return Sleeper(store, task)

    async def dies(
        self, work: SliceMessage | Invocation, place: Place, fault: Fault = Fault.DEATH_BEFORE
    ) -> None:
        """Run a process that dies at an operation."""
        with pytest.raises(DeathError):
            await self._run(work, self.faulty({place: fault}))

    async def _run(self, work: SliceMessage | Invocation, context: ScanContext) -> object:
        run = partial(self.deliver, work) if isinstance(work, SliceMessage) else work
        return await run(context)

    def azure_has(self, *accounts: Account) -> None:
        """Let Azure list the subscriptions of these accounts, with these accounts alone."""
        ids = sorted({account.id.subscription_id for account in accounts})
        self.listed(*ids)
        for each in ids:
            self.read(each, *(found for found in accounts if found.id.subscription_id == each))

    def expect(self, **settings: Any) -> None:  # noqa: ANN401 - those of Expectations
        """Change what the posture expects, from now on."""
        expectations = replace(self.options.expectations, **settings)
        self.options = replace(self.options, expectations=expectations)

    def require(self, *requirements: Requirement) -> None:
        """Let the posture be compliant only where these hold, from now on."""
        self.expect(requires=frozenset(requirements))

    def within(self, **options: Any) -> None:  # noqa: ANN401 - those of ScanOptions
        """Change the scope of scans, which the posture then expects, from now on."""
        self.options = replace(self.options, **options)
        self.expect(scope=self.options.recorded_scope)

    async def started(self, *listed: str) -> SliceMessage:
        """Start a scan an hour after the last one; return its message, taken from the queue.

        Let Azure list ``listed``, if there are any.
        """
        if listed:
            self.listed(*listed)
        self.clock.advance(timedelta(hours=1))
        await self.start()
        return self.queue.messages.pop()

    async def planned(self, *listed: str, named: Sequence[str] = ()) -> list[SliceMessage]:
        """Start and plan a scan, a partial one if it is of ``named`` subscriptions.

        Return the messages of its slices, taken from the queue.
        """
        if named:
            await self.asked(*named)
            await self.deliver(self.queue.messages.pop())
        else:
            await self.deliver(await self.started(*listed))
        return self.sent()

    def sent(self) -> list[SliceMessage]:
        """Take what waits in the queue."""
        messages, self.queue.messages = self.queue.messages, []
        return messages

    async def asked(self, *named: str) -> StartAnswer:
        """Ask for a partial scan, late enough after the last start."""
        self.clock.advance(SCAN_SPACING)
        return await self.start_partial(named)

    async def partial_scan(self, *named: str) -> str:
        """Run a partial scan; return its id."""
        answer = await self.asked(*named)
        assert answer.outcome is StartOutcome.STARTED
        await self.drain()
        return answer.scan_id

    async def deliver_as_the_host_does(self, message: SliceMessage) -> None:
        """Deliver a message until it is taken, each time five minutes later."""
        for number in range(1, MAX_DELIVERIES + 1):
            last = number == MAX_DELIVERIES
            try:
                await run_slice(self.context, message.scan_id, message.slice or 0, last=last)
            except SliceIncomplete:
                self.clock.advance(timedelta(minutes=5))
            else:
                return
        await self.poison(message)

    async def overwrite(self, table: Table, partition: str, row: str, /, **values: object) -> None:
        """Write a row with these properties changed; without any, its ETag alone changes."""
        found = await self.store.get(table, partition, row)
        assert found is not None
        changed = {**found.values, **values}
        await self.store.commit(table, partition, [Replace(row, changed, found.etag)])  # type: ignore[arg-type]

    async def delete(self, table: Table, partition: str, row: str) -> None:
        """Delete a row by hand."""
        found = await self.store.get(table, partition, row)
        assert found is not None
        await self.store.commit(table, partition, [Delete(row, found.etag)])

    async def verdict(self) -> PostureVerdict:
        """Return the verdict of the posture that the API gives now."""
        return (await self.posture()).verdict

    async def known_status(self) -> Status:
        """Return the status, which there must be."""
        status = await self.status()
        assert status is not None
        return status

    async def put_status(self, status: Status) -> None:
        """Let the status say something else."""
        scans = self.context.scans
        await scans.commit(status=(status, (await scans.status()).etag))

    async def lease(self) -> Lease:
        """Return the lease as it is."""
        return (await self.context.scans.lease()).value

    async def coverage_of(self, subscription_id: str) -> Coverage:
        """Return what is recorded of a subscription, which there must be."""
        coverage = await self.context.findings_table.coverage(subscription_id)
        assert coverage is not None
        return coverage

    async def mark_of(self, subscription_id: str) -> str | None:
        """Return the recording mark of a subscription."""
        coverage = await self.context.findings_table.coverage(subscription_id)
        return coverage.recording if coverage else None

    async def slices_of(self, scan_id: str) -> list[Slice]:
        """Return the slices of the plan that a scan's row names."""
        return await self.context.scans.slices(await self.scan_row(scan_id))

    async def count_slice_rows(self, scan_id: str) -> int:
        """Count the slice rows of a scan, of whatever plan."""
        query = TableQuery(partition=table_keys.slice_partition(scan_id))
        return len([row async for row in self.store.query(Table.SCANS, query)])

    async def outbox_of(self, subscription_id: str) -> list[str]:
        """Return the ids of a subscription's changes that are not published."""
        partition = table_keys.get_partition(subscription_id)
        stored = await self.context.findings_table.read_one(partition)
        return [pending.change.id for pending in stored.outbox.entries]

    async def told_of(self, subscription_id: str) -> list[tuple[int, str, str]]:
        """Return what the feed holds of a subscription: sequence, type and account."""
        return [
            (
                change.sequence,
                change.type.removeprefix("cmkcheck."),
                change.subject.rpartition("/")[2],
            )
            for change in await self.feed()
            if change.source == f"/subscriptions/{subscription_id}"
        ]

    async def scan_changes(self) -> list[str]:
        """Return the types of the changes of scans in the feed."""
        return [
            change.type.removeprefix("cmkcheck.")
            for change in await self.feed()
            if change.source.startswith("/scans/")
        ]
