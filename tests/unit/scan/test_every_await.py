"""Every await of a scan, each as the last one of its process: the next scan leaves nothing amiss.

The storage operations of ``test_every_storage_operation`` are chosen; here nothing is.
"""

from collections.abc import Awaitable, Callable, Mapping
from functools import partial
from typing import Final

import pytest

from tests.unit.scan.await_points import End, Process
from tests.unit.scan.fault_scenarios import (
    FIRST,
    GREEN,
    RED,
    WORSE,
    Point,
    Run,
    begun,
    check_told,
    outcome,
)
from tests.unit.scan.scan_world import PUBLISH, Invocation, ScanWorld

type Begin = Callable[[], Awaitable[ScanWorld]]


async def after_a_dead_scan() -> ScanWorld:
    """Return a world where a scan recorded and died: a lease run out, slices, an outbox."""
    world = await begun(RED)
    first, *_ = await world.planned()
    await world.dies(first, PUBLISH)
    return world


BEGINNINGS: Final[Mapping[str, Begin]] = {
    "red": partial(begun, RED),
    "green": partial(begun, GREEN),
    "worse": partial(begun, WORSE),
    "first scan": partial(begun, FIRST),
    "after a dead scan": after_a_dead_scan,
}


class EndedRun(Run[End]):
    """A scan one of whose processes ends at an await."""

    async def process(self, point: Point[End] | None, handle: Invocation) -> bool:
        """Run a process; False where it was ended or failed."""
        process = Process(self.world)
        if point is not None:
            process = Process(self.world, point.number + 1, point.how)
        ended = await process.run(handle)
        self.places.append(process.awaits)
        return ended


@pytest.mark.parametrize("end", End, ids=["stopped", "dead"])
@pytest.mark.parametrize(
    "name",
    [
        "red",
        "green",
        *(pytest.param(name, marks=pytest.mark.long) for name in list(BEGINNINGS)[2:]),
    ],
)
async def test_after_an_end_at_any_await_the_next_scan_leaves_nothing_amiss(
    name: str, end: End
) -> None:
    """P1, P3, P9: a worker told to stop, or killed, anywhere: nothing is lost or doubled."""
    beginning = EndedRun(await BEGINNINGS[name]())
    undisturbed = beginning.twin()
    await undisturbed.scan()
    await undisturbed.world.scan()
    expected = await outcome(undisturbed.world)

    async for run in beginning.disturbed(end):
        await run.go_on()
        await run.world.scan()

        assert await outcome(run.world) == expected, run.point
        await check_told(run.world)
    tried = sum(undisturbed.places)
    print(f"{name}, {end.name.lower()}: {tried} awaits")  # noqa: T201 - how many were tried is worth seeing
    assert tried > 100
