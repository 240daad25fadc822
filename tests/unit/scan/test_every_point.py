"""Every storage operation of a scan, each with every fault: the next scan leaves nothing amiss."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from functools import partial
from typing import Final

import pytest

from cmk_check.core.model import Account, Finding, Verdict
from cmk_check.errors import CmkCheckError
from cmk_check.ports import Query, SliceMessage, Table
from cmk_check.scan.parts import Parts
from tests.fakes.faults import DeathError, Fault, FaultyStore
from tests.fakes.world import MAX_DELIVERIES, World, bad, good
from tests.unit.scan.processes import ONE, THREE, TWO, scan_changes

type Estate = Mapping[str, tuple[Account, ...]]

RED: Final[tuple[Estate, Estate]] = (
    {
        ONE: (bad(ONE, "fixed"), good(ONE, "broken")),
        TWO: (good(TWO, "removed"),),
        THREE: (good(THREE, "same"),),
    },
    {
        ONE: (good(ONE, "fixed"), bad(ONE, "broken")),
        TWO: (),
        THREE: (good(THREE, "same"), bad(THREE, "new")),
    },
)
GREEN: Final[tuple[Estate, Estate]] = (
    {ONE: (good(ONE, "broken"),), TWO: (good(TWO, "removed"),), THREE: (good(THREE, "same"),)},
    {ONE: (bad(ONE, "broken"),), TWO: (), THREE: (good(THREE, "same"), good(THREE, "new"))},
)
FIRST: Final[tuple[Estate, Estate]] = ({}, RED[1])
HISTORIES: Final = {"red": RED, "green": GREEN, "first scan": FIRST}


@dataclass(frozen=True)
class Point:
    """The ``operation``-th request to the store of the ``process``-th process of the scan."""

    process: int
    operation: int
    fault: Fault


@dataclass
class Run:
    """A scan in which one operation goes wrong."""

    world: World
    point: Point | None = None
    operations: list[int] = field(default_factory=list)
    sleeper: tuple[FaultyStore, asyncio.Task[bool]] | None = None

    async def scan(self) -> None:
        """Scan, with messages that come again as the queue brings them."""
        self.world.clock.advance(timedelta(hours=1))
        await self._invoke(self.world.start)
        waiting = [(message, 1) for message in self._sent()]
        while waiting:
            message, tries = waiting.pop(0)
            handle = self.world.deliver if tries <= MAX_DELIVERIES else self.world.poison
            if not await self._invoke(partial(handle, message)):
                self.world.clock.advance(timedelta(minutes=5))
                assert tries < 2 * MAX_DELIVERIES, f"{message} never came to an end"
                waiting.append((message, tries + 1))
            waiting += [(sent, 1) for sent in self._sent()]

    async def wake(self) -> None:
        """Let the process go on that fell asleep, if one did, and deliver what it sent."""
        if self.sleeper is not None:
            store, task = self.sleeper
            store.wake.set()
            await task
            await self.world.drain()

    async def _invoke(self, handle: Callable[[Parts], Awaitable[object]]) -> bool:
        """Run a process; False where it failed, died, or fell asleep."""
        faults = {}
        if self.point is not None and self.point.process == len(self.operations):
            faults = {self.point.operation: self.point.fault}
        store = FaultyStore(self.world.store, faults)

        async def process() -> bool:
            try:
                await handle(self.world.process(store))
            except (CmkCheckError, DeathError, BaseExceptionGroup):
                return False
            return True

        task = asyncio.create_task(process())
        asleep = asyncio.create_task(store.asleep.wait())
        await asyncio.wait({task, asleep}, return_when=asyncio.FIRST_COMPLETED)
        self.operations.append(store.operations)
        await self._check_green()
        if not task.done():
            self.sleeper = store, task
            return False
        asleep.cancel()
        return task.result()

    async def _check_green(self) -> None:
        """P1, after every process: compliant is not said while anything else is recorded."""
        if (await self.world.posture()).verdict is Verdict.COMPLIANT:
            found = await self.world.verdicts()
            assert set(found.values()) <= {"compliant"}

    def _sent(self) -> list[SliceMessage]:
        sent, self.world.queue.messages = self.world.queue.messages, []
        return sent


async def begun(history: tuple[Estate, Estate], point: Point | None = None) -> Run:
    """Return a run whose estate was recorded once, unless this is the first scan, and changed."""
    before, after = history
    world = World(slice_size=2)
    if before:
        script(world, before)
        await world.scan()
    script(world, after)
    return Run(world, point)


def script(world: World, estate: Estate) -> None:
    """Let Azure list and answer an estate."""
    world.listed(*estate)
    for subscription_id, accounts in estate.items():
        world.read(subscription_id, *accounts)


async def points(history: tuple[Estate, Estate], *faults: Fault) -> list[Point]:
    """Return every point of an undisturbed scan, with every one of these faults."""
    run = await begun(history)
    await run.scan()
    return [
        Point(process, operation, fault)
        for process, operations in enumerate(run.operations)
        for operation in range(operations)
        for fault in faults
    ]


async def outcome(world: World) -> dict[str, object]:
    """Return all that must not depend on what went wrong, without ids and times."""
    status = await world.status()
    assert status is not None
    feed = sorted(
        (change.source, change.sequence, change.type, change.subject, said(change.data))
        for change in await world.feed()
        if change.source.startswith("/subscriptions/")
    )
    stored = await world.parts.estate.read_range("", "")
    return {
        "findings": {key: facts(entry) for key, entry in (await world.findings()).items()},
        "coverage": {
            key: (entry.mark, len(entry.outbox), entry.known.coverage.sequence)
            for key, entry in stored.items()
            if entry.known.coverage is not None
        },
        "feed": feed,
        "posture": await world.posture(),
        "accounts": status.summary.accounts,
        "subscriptions": status.summary.subscriptions,
    }


def facts(finding: Finding) -> tuple[object, ...]:
    """Return what a finding says, without its times and scans."""
    passed = [(entry.verdict, entry.reason) for entry in finding.history]
    return finding.judgement, finding.previous_verdict, finding.changes, passed


def said(data: Mapping[str, object]) -> str:
    """Return what a change says of before and after."""
    return f"{data['before']} -> {data['after']}, baseline {data['baseline']}"


async def check_told(world: World) -> None:
    """Check that all is told, that recovery follows trouble, and that nothing is left over."""
    feed = await world.feed()
    for source in {change.source for change in feed}:
        numbers = [change.sequence for change in feed if change.source == source]
        assert numbers == sorted(numbers)
    ids = [change.id for change in feed]
    assert len(set(ids)) == len(ids)
    assert {change.id for _, change in world.teller.told} >= set(ids)
    of_scans = await scan_changes(world)
    trouble = {"scan.abandoned", "scan.failed"} & set(of_scans)
    assert of_scans.count("scan.baseline") == 1
    assert of_scans.count("scan.recovered") == bool(trouble)
    left = Query(partition_from="slice|", partition_to="slice}")
    assert [row async for row in world.store.query(Table.SCANS, left)] == []
    assert await world.parts.scans.outbox() == ()


@pytest.mark.parametrize("name", HISTORIES)
async def test_after_any_one_fault_the_next_scan_leaves_nothing_amiss(name: str) -> None:
    """P1, P3, P9: whatever fails, dies or stays without an answer, nothing is lost or doubled."""
    undisturbed = await begun(HISTORIES[name])
    await undisturbed.scan()
    await undisturbed.world.scan()
    expected = await outcome(undisturbed.world)
    every = await points(
        HISTORIES[name],
        Fault.NO_ANSWER,
        Fault.LOST_ANSWER,
        Fault.DEATH_BEFORE,
        Fault.DEATH_AFTER,
    )

    for point in every:
        run = await begun(HISTORIES[name], point)
        await run.scan()
        await run.world.scan()

        assert await outcome(run.world) == expected, point
        await check_told(run.world)
    print(f"{name}: {len(every)} points")  # noqa: T201 - how many were tried is worth seeing
    assert len(every) > 100


@pytest.mark.parametrize("name", ["red", "green"])
@pytest.mark.parametrize("late", [False, True], ids=["wakes in its scan", "wakes after the next"])
async def test_a_process_that_sleeps_anywhere_does_no_harm_when_it_wakes(
    name: str, *, late: bool
) -> None:
    """P9: others have done its work meanwhile; what it read is old."""
    undisturbed = await begun(HISTORIES[name])
    await undisturbed.scan()
    await undisturbed.world.scan()
    expected = await outcome(undisturbed.world)
    every = await points(HISTORIES[name], Fault.SLEEP)

    for point in every:
        run = await begun(HISTORIES[name], point)
        await run.scan()
        if late:
            await run.world.scan()
        await run.wake()
        await run.world.scan()

        assert await outcome(run.world) == expected, point
    assert len(every) > 50
