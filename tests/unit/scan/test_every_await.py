"""Every await of a scan, each as the last one of its process: the next scan leaves nothing amiss.

The storage operations of ``test_every_storage_operation`` are chosen; here nothing is.
"""

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from functools import partial
from typing import Final

import pytest

from tests.fakes.world import World
from tests.unit.scan.await_points import End, Process
from tests.unit.scan.fault_scenarios import FIRST, GREEN, RED, Run, begun, check_told, outcome
from tests.unit.scan.faulty_processes import PUBLISH, Invocation, delivery, dies, planned

type Begin = Callable[[], Awaitable[World]]


async def after_a_dead_scan() -> World:
    """Return a world where a scan recorded and died: a lease run out, slices, an outbox."""
    world = await begun(RED)
    first, *_ = await planned(world)
    await dies(world, delivery(world, first), PUBLISH)
    return world


BEGINNINGS: Final[Mapping[str, Begin]] = {
    "red": partial(begun, RED),
    "green": partial(begun, GREEN),
    "first scan": partial(begun, FIRST),
    "after a dead scan": after_a_dead_scan,
}


@dataclass(frozen=True)
class Point:
    """The ``number``-th await of the ``process``-th process of the scan."""

    process: int
    number: int
    end: End


class EndedRun(Run):
    """A scan one of whose processes ends at an await."""

    def __init__(self, world: World, point: Point | None = None) -> None:
        super().__init__(world)
        self.point = point
        self.awaits: list[int] = []

    async def process(self, number: int, handle: Invocation) -> bool:
        """Run a process; False where it was ended or failed."""
        process = Process(self.world)
        if self.point is not None and self.point.process == number:
            process = Process(self.world, self.point.number, self.point.end)
        ended = await process.run(handle)
        self.awaits.append(process.awaits)
        return ended


async def points(begin: Begin, end: End) -> list[Point]:
    """Return every await of an undisturbed scan."""
    run = EndedRun(await begin())
    await run.scan()
    return [
        Point(process, number, end)
        for process, awaits in enumerate(run.awaits)
        for number in range(1, awaits + 1)
    ]


@pytest.mark.parametrize("end", End, ids=["stopped", "dead"])
@pytest.mark.parametrize("name", BEGINNINGS)
async def test_after_an_end_at_any_await_the_next_scan_leaves_nothing_amiss(
    name: str, end: End
) -> None:
    """P1, P3, P9: a worker told to stop, or killed, anywhere: nothing is lost or doubled."""
    begin = BEGINNINGS[name]
    undisturbed = EndedRun(await begin())
    await undisturbed.scan()
    await undisturbed.world.scan()
    expected = await outcome(undisturbed.world)
    every = await points(begin, end)

    for point in every:
        run = EndedRun(await begin(), point)
        await run.scan()
        await run.world.scan()

        assert await outcome(run.world) == expected, point
        await check_told(run.world)
    print(f"{name}, {end.name.lower()}: {len(every)} awaits")  # noqa: T201 - how many were tried is worth seeing
    assert len(every) > 100


async def test_the_awaits_of_all_tasks_of_a_process_are_counted() -> None:
    """What is not counted is never tried."""
    process = Process(World())

    async def invocation(_: object) -> None:
        async with asyncio.TaskGroup() as group:
            for _ in range(3):
                group.create_task(asyncio.sleep(0))

    await process.run(invocation)

    assert process.awaits == 4  # each sleep, and the group that waits for them
