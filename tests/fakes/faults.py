"""A store that fails as real ones do: no answer, a lost answer, the death of the process."""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import dataclass, field
from enum import Enum
from typing import Final

from cmk_check.ports import Entity, Store, StoreUnavailable, Table, TableQuery, Write, WriteConflict
from tests.fakes.recording_store import OperationName

MOST_OPERATIONS: Final = 10_000
"""More than any process of a test needs: one that starts over for ever is told from a long one."""


class Fault(Enum):
    """What happens at an operation of the store."""

    NO_ANSWER = "not done, no answer"
    LOST_ANSWER = "done, no answer"
    DEATH_BEFORE = "the process dies before it"
    DEATH_AFTER = "the process dies after it"
    SLEEP = "the process sleeps before it, until it is woken"
    CONFLICT = "not done, because somebody else was faster"


class DeathError(BaseException):
    """The end of a process. Nothing may catch and survive it."""


@dataclass(frozen=True, slots=True)
class Place:
    """An operation by what it does: the ``number``-th of its like, from 0; None is every one."""

    name: OperationName
    table: Table
    number: int | None = 0
    partition: str | None = None


@dataclass
class FaultyStore:
    """One process's view of a store.

    ``faults`` go by the number of the operation, from 0, ``places`` by what it does. After its
    death the process reaches the store no more, whatever its handlers try.
    """

    inner: Store
    faults: Mapping[int, Fault] = field(default_factory=dict)
    places: Mapping[Place, Fault] = field(default_factory=dict)
    operations: int = 0
    met: Counter[Place] = field(default_factory=Counter)
    is_dead: bool = False
    asleep: asyncio.Event = field(default_factory=asyncio.Event)
    wake: asyncio.Event = field(default_factory=asyncio.Event)

    async def get(self, table: Table, partition: str, row: str) -> Entity | None:
        """Read one row."""
        fault = await self._next("get", table, partition)
        found = await self.inner.get(table, partition, row)
        self._after(fault)
        return found

    async def query(self, table: Table, query: TableQuery) -> AsyncIterator[Entity]:
        """Read rows."""
        fault = await self._next("query", table, query.partition or "")
        async for entity in self.inner.query(table, query):
            yield entity
        self._after(fault)

    async def commit(
        self, table: Table, partition: str, writes: Sequence[Write]
    ) -> tuple[str, ...]:
        """Write."""
        fault = await self._next("commit", table, partition)
        etags = await self.inner.commit(table, partition, writes)
        self._after(fault)
        return etags

    async def _next(self, name: OperationName, table: Table, partition: str) -> Fault | None:
        assert self.operations < MOST_OPERATIONS, "this process never ends"
        fault = await self._fault(name, table, partition)
        if self.is_dead:
            raise DeathError
        if fault is Fault.DEATH_BEFORE:
            self._die()
        if fault is Fault.SLEEP:
            self.asleep.set()
            await self.wake.wait()
        if fault is Fault.NO_ANSWER:
            raise StoreUnavailable("no answer")
        if fault is Fault.CONFLICT:
            raise WriteConflict("too late")
        return fault

    async def _fault(self, name: OperationName, table: Table, partition: str) -> Fault | None:
        """Return what happens at the next operation."""
        number, self.operations = self.operations, self.operations + 1
        return self.faults.get(number) or self._at_place(name, table, partition)

    def _at_place(self, name: OperationName, table: Table, partition: str) -> Fault | None:
        found = None
        for place, fault in self.places.items():
            if (place.name, place.table) != (name, table):
                continue
            if place.partition not in {None, partition}:
                continue
            if place.number in {None, self.met[place]}:
                found = fault
            self.met[place] += 1
        return found

    def _after(self, fault: Fault | None) -> None:
        if fault is Fault.DEATH_AFTER:
            self._die()
        if fault is Fault.LOST_ANSWER:
            raise StoreUnavailable("the answer is lost")

    def _die(self) -> None:
        self.is_dead = True
        raise DeathError
