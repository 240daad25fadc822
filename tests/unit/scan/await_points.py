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
    Collection,
    Coroutine,
    Generator,
    Mapping,
    Sequence,
)
from dataclasses import replace
from enum import Enum
from functools import partial
from types import CoroutineType
from typing import Any

from cmk_check.alerts.outbox_relay import Relay
from cmk_check.core.account import Account, Reading, Subscription
from cmk_check.core.enums import PostureVerdict
from cmk_check.core.keys.facts import CarriedScopes, KeyFacts
from cmk_check.core.model import Change
from cmk_check.core.resource_id import AccountId
from cmk_check.core.status import LastScan, Summary
from cmk_check.errors import CmkCheckError
from cmk_check.ports import (
    NOTHING_CARRIED,
    Entity,
    KeyInventory,
    SliceMessage,
    Table,
    TableQuery,
    Write,
)
from cmk_check.scan.scan_context import ScanContext
from cmk_check.store.change_feed import FeedTable
from tests.fakes.faults import DeathError
from tests.fakes.world import World
from tests.unit.scan.faulty_processes import Invocation


class End(Enum):
    """How a process ends before its time."""

    STOPPED = "the invocation is cancelled, its handlers run"
    DEAD = "the process dies: nothing it does from here on reaches anybody"


class Process:
    """One invocation in a process of its own, ended at its ``end_at``-th await, from 1."""

    def __init__(self, world: World, end_at: int | None = None, end: End = End.DEAD) -> None:
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
        outside = Outside(self, self._world)
        relay = Relay(FeedTable(outside, self._world.clock), outside)
        context = self._world.process(outside)
        return replace(
            context,
            inventory=outside,
            queues=outside,
            scan_end_sink=outside,
            relay=relay,
            keys=context.keys and partial(OutsideKeys, outside, context.keys()),
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
    """Everything that a process reaches: the store, Azure, the queue, whoever is told."""

    def __init__(self, process: Process, world: World) -> None:
        self._process = process
        self._world = world

    async def get(self, table: Table, partition: str, row: str) -> Entity | None:
        """Read one row."""
        return await self.request(lambda: self._world.store.get(table, partition, row))

    async def query(self, table: Table, query: TableQuery) -> AsyncIterator[Entity]:
        """Read rows, each of which could be the first of a page."""
        await self._wait()
        async for entity in self._world.store.query(table, query):
            yield entity
            await self._wait()

    async def commit(
        self, table: Table, partition: str, writes: Sequence[Write]
    ) -> tuple[str, ...]:
        """Write."""
        return await self.request(lambda: self._world.store.commit(table, partition, writes))

    async def subscriptions(self) -> tuple[Subscription, ...]:
        """List the estate."""
        return await self.request(self._world.inventory.subscriptions)

    async def subscriptions_below(self, group: str) -> tuple[Subscription, ...]:
        """List those of a management group."""
        return await self.request(lambda: self._world.inventory.subscriptions_below(group))

    async def read(
        self, subscription: Subscription, recorded: Collection[AccountId] = (), *, seconds: float
    ) -> Reading:
        """Read a subscription."""
        return await self.request(
            lambda: self._world.inventory.read(subscription, recorded, seconds=seconds)
        )

    async def send(self, messages: Sequence[SliceMessage]) -> None:
        """Send messages, one request each."""
        for message in messages:
            await self.request(lambda message=message: self._world.queue.send([message]))  # type: ignore[misc]

    async def accept(self, published: Sequence[tuple[int, Change]]) -> None:
        """Tell changes."""
        await self.request(lambda: self._world.teller.accept(published))

    async def scan_ended(
        self,
        scan: LastScan,
        posture: PostureVerdict | None,
        summary: Summary | None,
        *,
        partial: bool = False,
    ) -> None:
        """Tell the end of a scan."""
        await self.request(
            lambda: self._world.teller.scan_ended(scan, posture, summary, partial=partial)
        )

    async def request[T](self, request: Callable[[], Awaitable[T]]) -> T:
        """Make a request: one wait before it is done, and one for its answer."""
        await self._wait()
        answer = await request()
        await self._wait()
        return answer

    async def _wait(self) -> None:
        if self._process.is_dead:
            raise DeathError
        await asyncio.sleep(0)
        if self._process.is_dead:
            raise DeathError


class OutsideKeys:
    """The keys that a process reads."""

    def __init__(self, outside: Outside, keys: KeyInventory) -> None:
        self._outside = outside
        self._keys = keys

    async def read(
        self,
        accounts: Sequence[Account],
        known_vaults: Mapping[str, str],
        carried: Mapping[str, CarriedScopes] = NOTHING_CARRIED,
        *,
        seconds: float,
    ) -> Mapping[str, KeyFacts]:
        """Read what is behind accounts, as one request."""
        return await self._outside.request(
            lambda: self._keys.read(accounts, known_vaults, carried, seconds=seconds)
        )
