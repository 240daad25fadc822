"""Processes that end at a chosen await: told to stop, or dead.

A task can be ended only where it waits. Every request here waits twice, as one over a network does:
before it is done, and when it is done but its answer is not there yet. All tasks of a process are
counted together, those of task groups too, so that "the 17th await" is one place of it.
"""

import asyncio
from collections.abc import (
    AsyncIterator,
    Awaitable,
    Callable,
    Coroutine,
    Generator,
    Sequence,
)
from dataclasses import replace
from enum import Enum
from functools import partial
from types import CoroutineType
from typing import Any

from cmk_check.alerts.outbox_relay import Relay
from cmk_check.errors import CmkCheckError
from cmk_check.ports import (
    SliceMessage,
)
from cmk_check.scan.scan_context import ScanContext
from cmk_check.store.change_feed import FeedTable
from tests.fakes.faults import DeathError
from tests.unit.scan.scan_world import Invocation, ScanWorld


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
            queues=outside,
            scan_end_sink=outside,
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
