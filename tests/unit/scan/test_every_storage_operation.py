"""Every storage operation of a scan, each with every fault: the next scan leaves nothing amiss."""

import asyncio
from dataclasses import dataclass

import pytest

from cmk_check.errors import CmkCheckError
from tests.fakes.faults import DeathError, Fault, FaultyStore
from tests.fakes.world import World
from tests.unit.scan.fault_scenarios import HISTORIES, History, Run, begun, check_told, outcome
from tests.unit.scan.faulty_processes import Invocation


@dataclass(frozen=True)
class Point:
    """The ``operation``-th request to the store of the ``process``-th process of the scan."""

    process: int
    operation: int
    fault: Fault


class FaultyRun(Run):
    """A scan in which one operation goes wrong."""

    def __init__(self, world: World, point: Point | None = None) -> None:
        super().__init__(world)
        self.point = point
        self.operations: list[int] = []
        self.sleeper: tuple[FaultyStore, asyncio.Task[bool]] | None = None

    async def wake(self) -> None:
        """Let the process go on that fell asleep, if one did, and deliver what it sent."""
        if self.sleeper is not None:
            store, task = self.sleeper
            store.wake.set()
            await task
            await self.world.drain()

    async def process(self, number: int, handle: Invocation) -> bool:
        """Run a process; False where it failed, died, or fell asleep."""
        faults = {}
        if self.point is not None and self.point.process == number:
            faults = {self.point.operation: self.point.fault}
        store = FaultyStore(self.world.store, faults)

        async def invocation() -> bool:
            try:
                await handle(self.world.process(store))
            except (CmkCheckError, DeathError, BaseExceptionGroup):
                return False
            return True

        task = asyncio.create_task(invocation())
        asleep = asyncio.create_task(store.asleep.wait())
        await asyncio.wait({task, asleep}, return_when=asyncio.FIRST_COMPLETED)
        self.operations.append(store.operations)
        if not task.done():
            self.sleeper = store, task
            return False
        asleep.cancel()
        return task.result()


async def points(history: History, *faults: Fault) -> list[Point]:
    """Return every point of an undisturbed scan, with every one of these faults."""
    run = FaultyRun(await begun(history))
    await run.scan()
    return [
        Point(process, operation, fault)
        for process, operations in enumerate(run.operations)
        for operation in range(operations)
        for fault in faults
    ]


@pytest.mark.parametrize("name", HISTORIES)
async def test_after_any_one_fault_the_next_scan_leaves_nothing_amiss(name: str) -> None:
    """P1, P3, P9: whatever fails, dies or stays without an answer, nothing is lost or doubled."""
    undisturbed = FaultyRun(await begun(HISTORIES[name]))
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
        run = FaultyRun(await begun(HISTORIES[name]), point)
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
    undisturbed = FaultyRun(await begun(HISTORIES[name]))
    await undisturbed.scan()
    await undisturbed.world.scan()
    expected = await outcome(undisturbed.world)
    every = await points(HISTORIES[name], Fault.SLEEP)

    for point in every:
        run = FaultyRun(await begun(HISTORIES[name]), point)
        await run.scan()
        if late:
            await run.world.scan()
        await run.wake()
        await run.world.scan()

        assert await outcome(run.world) == expected, point
    assert len(every) > 50
