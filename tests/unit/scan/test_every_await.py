"""Every await of a scan, each as the last one of its process: the next scan leaves nothing amiss.

The storage operations of ``test_every_storage_operation`` are chosen; here nothing is. A task can
be ended only where it waits. Every request here waits twice, as one over a network does: before it
is done, and when it is done but its answer is not there yet. All tasks of a process are counted
together, those of task groups too, so that "the 17th await" is one place of it.
"""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine, Generator, Sequence
from dataclasses import replace
from enum import Enum
from functools import partial
from types import CoroutineType
from typing import Any

import pytest

from cmk_check.alerts.outbox_relay import Relay
from cmk_check.errors import CmkCheckError
from cmk_check.ports import SliceMessage
from cmk_check.scan.scan_context import ScanContext
from cmk_check.store.change_feed import FeedTable
from tests.fakes.faults import DeathError
from tests.unit.scan.fault_scenarios import HISTORIES, Point, Run, begun, check_told, outcome
from tests.unit.scan.scan_world import PUBLISH, Invocation, ScanWorld


class End(Enum):
    """How a process ends before its time."""

    STOPPED = "the invocation is cancelled, its handlers run"
    DEAD = "the process dies: nothing it does from here on reaches anybody"


class Process:
    """One invocation in a process of its own, ended at its ``end_at``-th await, from 1."""

    def __init__(self, world: ScanWorld, end_at: int | None = None, end: End = End.DEAD) -> None:
        self.awaits = 0
        self.is_dead = False
        self._world = world
        self._end_at = end_at
        self._end = end
        self._tasks: list[asyncio.Task[Any]] = []

    async def run(self, handle: Invocation) -> bool:
        """Run it to its end; False where that was not by itself, or an error."""
        loop = asyncio.get_running_loop()
        loop.set_task_factory(self._task)
        try:
            main = loop.create_task(self._main(handle))
            await asyncio.wait({main})
        finally:
            loop.set_task_factory(None)
        left = [task for task in self._tasks if not task.done()]
        assert not left, f"tasks outlive their invocation: {left}"
        was_ended = self._end_at is not None and self.awaits >= self._end_at
        assert not (was_ended and self._has_succeeded(main)), "it went on though told to stop"
        return self._has_succeeded(main)

    async def _main(self, handle: Invocation) -> bool:
        try:
            await handle(self._context())
        except (CmkCheckError, DeathError, BaseExceptionGroup):
            return False
        return True

    @staticmethod
    def _has_succeeded(main: asyncio.Task[bool]) -> bool:
        return not main.cancelled() and main.result()

    def _context(self) -> ScanContext:
        world = self._world
        outside: Any = Outside(self, world.store, world.inventory, world.queue, world.teller)
        context = world.process(outside)
        keys: Any = context.keys and partial(Outside, self, context.keys())
        return replace(
            context,
            inventory=outside,
            slice_queue=outside,
            scan_sink=outside,
            relay=Relay(FeedTable(outside, world.clock), outside),
            keys=keys,
        )

    def _task[T](
        self,
        loop: asyncio.AbstractEventLoop,
        work: Coroutine[Any, Any, T] | Generator[Any, None, T],
        **options: Any,  # noqa: ANN401 - those of asyncio.Task
    ) -> asyncio.Task[T]:
        if not isinstance(work, CoroutineType):
            # The loop closes a generator that was left early: it runs none of our code.
            return asyncio.Task(work, loop=loop, **options)  # type: ignore[arg-type]
        task = asyncio.Task(_Counted(work, self._on_await), loop=loop, **options)
        self._tasks.append(task)
        return task

    def _on_await(self) -> None:
        self.awaits += 1
        if self.awaits == self._end_at:
            self.is_dead = self._end is End.DEAD
            self._tasks[0].cancel()


class _Counted[T](Coroutine[Any, Any, T]):
    """A coroutine that says each time it begins to wait."""

    def __init__(self, inner: Coroutine[Any, Any, T], on_await: Callable[[], None]) -> None:
        self._inner = inner
        self._on_await = on_await

    def send(self, value: object) -> Any:  # noqa: ANN401 - what it waits for
        awaited = self._inner.send(value)
        self._on_await()
        return awaited

    def throw(self, *error: Any) -> Any:  # noqa: ANN401 - as Coroutine has it
        awaited = self._inner.throw(*error)
        self._on_await()
        return awaited

    def close(self) -> None:
        self._inner.close()

    def __await__(self) -> Generator[Any, Any, T]:
        return self._inner.__await__()


class Outside:
    """What a process reaches: the store, Azure, the queue, keys, whoever is told.

    Each request has one wait before it is done, and one for its answer.
    """

    def __init__(self, process: Process, *reached: object) -> None:
        self._process = process
        self._reached = reached

    def __getattr__(self, name: str) -> Callable[..., Awaitable[Any]]:
        request = self._request_of(name)

        async def answered(*arguments: object, **options: object) -> object:
            await self._wait()
            answer = await request(*arguments, **options)
            await self._wait()
            return answer

        return answered

    async def query(self, *arguments: object) -> AsyncIterator[object]:
        """Read rows, each of which could be the first of a page."""
        await self._wait()
        async for entity in self._request_of("query")(*arguments):
            yield entity
            await self._wait()

    async def send(self, messages: Sequence[SliceMessage]) -> None:
        """Send messages, one request each."""
        for message in messages:
            await self.__getattr__("send")([message])

    def _request_of(self, name: str) -> Any:  # noqa: ANN401 - a method of any port
        (reached,) = (each for each in self._reached if hasattr(each, name))
        return getattr(reached, name)

    async def _wait(self) -> None:
        if self._process.is_dead:
            raise DeathError
        await asyncio.sleep(0)
        if self._process.is_dead:
            raise DeathError


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


async def begun_after_a_dead_scan() -> ScanWorld:
    """Return a world where a scan recorded and died: a lease run out, slices, an outbox."""
    world = await begun(HISTORIES["red"])
    first, *_ = await world.planned()
    await world.dies(first, PUBLISH)
    return world


@pytest.mark.parametrize("end", End, ids=["stopped", "dead"])
@pytest.mark.parametrize(
    "name",
    [
        *("red", "green"),
        *(
            pytest.param(name, marks=pytest.mark.long)
            for name in ("worse", "first scan", "after a dead scan")
        ),
    ],
)
async def test_after_an_end_at_any_await_the_next_scan_leaves_nothing_amiss(
    name: str, end: End
) -> None:
    """P1, P3, P9: a worker told to stop, or killed, anywhere: nothing is lost or doubled."""
    history = HISTORIES.get(name)
    beginning = EndedRun(await (begun(history) if history else begun_after_a_dead_scan()))
    expected, tried = await beginning.undisturbed()

    async for run in beginning.disturbed(end):
        await run.go_on()
        await run.world.scan()

        assert await outcome(run.world) == expected, run.point
        await check_told(run.world)
    print(f"{name}, {end.name.lower()}: {tried} awaits")  # noqa: T201 - how many were tried is worth seeing
    assert tried > 100
