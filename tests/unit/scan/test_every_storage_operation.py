"""Every storage operation of a scan, each with every fault: the next scan leaves nothing amiss."""

import asyncio
from typing import Final

import pytest

from cmk_check.errors import CmkCheckError
from tests.fakes.faults import DeathError, Fault, FaultyStore
from tests.unit.scan.fault_scenarios import HISTORIES, Point, Run, begun, check_told, outcome
from tests.unit.scan.scan_world import Invocation, ScanWorld

# Deaths before an operation: test_every_await.
FAULTS: Final = (Fault.NO_ANSWER, Fault.LOST_ANSWER, Fault.DEATH_AFTER)


class FaultyRun(Run[Fault]):
    """A scan in which one operation goes wrong."""

    def __init__(self, world: ScanWorld) -> None:
        super().__init__(world)
        self.sleeper: tuple[FaultyStore, asyncio.Task[bool]] | None = None

    async def wake(self) -> None:
        """Let the process go on that fell asleep, if one did, and deliver what it sent."""
        if self.sleeper is not None:
            store, task = self.sleeper
            store.wake.set()
            await task
            await self.world.drain()

    def content(self) -> str:
        """Return all that decides how it goes on, the place where a process sleeps too."""
        return f"{super().content()} {self.sleeper and self.point}"

    async def process(self, point: Point[Fault] | None, handle: Invocation) -> bool:
        """Run a process; False where it failed, died, or fell asleep."""
        faults = {point.number: point.how} if point is not None else {}
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
        self.places.append(store.operations)
        if not task.done():
            self.sleeper = store, task
            return False
        asleep.cancel()
        return task.result()


@pytest.mark.parametrize(
    "name",
    [
        "red",
        "green",
        *(pytest.param(name, marks=pytest.mark.long) for name in ("worse", "first scan")),
    ],
)
async def test_after_any_one_fault_the_next_scan_leaves_nothing_amiss(name: str) -> None:
    """P1, P3, P9: whatever fails, dies or stays without an answer, nothing is lost or doubled."""
    beginning = FaultyRun(await begun(HISTORIES[name]))
    expected, places = await beginning.undisturbed()

    async for run in beginning.disturbed(*FAULTS):
        await run.go_on()
        await run.world.scan()

        assert await outcome(run.world) == expected, run.point
        await check_told(run.world)
    tried = len(FAULTS) * places
    print(f"{name}: {tried} points")  # noqa: T201 - how many were tried is worth seeing
    assert tried > 100


@pytest.mark.parametrize("name", ["red", pytest.param("green", marks=pytest.mark.long)])
@pytest.mark.parametrize("late", [False, True], ids=["wakes in its scan", "wakes after the next"])
async def test_a_process_that_sleeps_anywhere_does_no_harm_when_it_wakes(
    name: str, *, late: bool
) -> None:
    """P9: others have done its work meanwhile; what it read is old."""
    beginning = FaultyRun(await begun(HISTORIES[name]))
    expected, places = await beginning.undisturbed()

    async for run in beginning.disturbed(Fault.SLEEP):
        await run.go_on()
        if late:
            await run.world.scan()
        await run.wake()
        await run.world.scan()

        assert await outcome(run.world) == expected, run.point
    assert places > 50
