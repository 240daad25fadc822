"""A schedule by its seed: at every operation of the store, chance says which process goes on.

The histories let a scan run to its end while others sleep. Here workers of several scans take
turns, and P1 is checked after every commit. So that compliant can be said at all, the estate comes
back to a calm state again and again, while what workers read in between is still in their hands.
"""

import asyncio
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import timedelta
from functools import partial
from random import Random
from typing import Final

from cmk_check.errors import CmkCheckError
from cmk_check.limits import PARTIAL_SCAN_SPACING, SCAN_LEASE, SLICE_CLAIM
from cmk_check.ports import Delete, Insert, Replace, SliceMessage, Table, TableQuery, Write
from cmk_check.scan.scan_context import ScanContext
from cmk_check.scan.slice import run_slice
from cmk_check.store import table_keys
from tests.fakes.faults import DeathError, Fault, FaultyStore
from tests.fakes.recording_store import OperationName
from tests.fakes.world import MAX_DELIVERIES, sub
from tests.soak.checks import GREEN
from tests.soak.history import History
from tests.soak.tally import Tally
from tests.soak.truth import STATES

STEPS: Final = 400
_ESTATE: Final = [sub(number) for number in range(1, 13)]
_FAULTS: Final = [f for f in Fault if f is not Fault.SLEEP]
_JUMPS: Final = [
    timedelta(minutes=1),
    timedelta(minutes=5),
    SLICE_CLAIM,
    SLICE_CLAIM + timedelta(minutes=1),
    SCAN_LEASE,
    -timedelta(minutes=3),
]
_WAKES: Final = 0.015
_SLEEPS: Final = 0.25
_CALMS: Final = 0.9
_TROUBLES: Final = 0.8
_WRONG: Final = "-wrong"
_FULL: Final = [0.9, 0.5, 0.2]
_TICKS: Final = 4
_MOST_TICKS: Final = 1_000


@dataclass(eq=False)
class Worker(FaultyStore):
    """A process, and its view of the store: before each operation it waits for its turn."""

    message: SliceMessage | None = None
    tries: int = 0
    rank: float = 0
    is_writing: bool = False
    task: asyncio.Future[bool] = field(default_factory=asyncio.Future)
    turns: list[tuple[OperationName, asyncio.Future[Fault | None]]] = field(default_factory=list)

    async def _fault(self, name: OperationName, table: Table, _partition: str) -> Fault | None:
        if self.is_dead:
            return None
        self.is_writing = (name, table) == ("commit", Table.FINDINGS)
        future: asyncio.Future[Fault | None] = asyncio.get_running_loop().create_future()
        self.turns.append((name, future))
        try:
            return await future
        finally:
            self.turns.remove((name, future))


type Plant = Callable[[ScanContext, Worker], ScanContext]


def run_schedule(seed: int, tally: Tally, plant: Plant = lambda context, _: context) -> None:
    """Run a schedule; in every other one a person writes into the table by hand.

    Raises:
        AssertionError: something does not hold.

    """
    asyncio.run(Schedule(seed, tally, plant, forges=seed % 2 == 1).run())


class Schedule(History):
    """Processes of several scans that take turns; ``plant`` may put a fault into each of them.

    With ``forges``, a person writes into the table by hand now and then.
    """

    def __init__(self, seed: int, tally: Tally, plant: Plant, *, forges: bool) -> None:
        super().__init__(tally)
        self._random = Random(seed)
        self._plant = plant
        self._forges = forges
        self._share = self._random.choice([0, 0.01, 0.03])
        self._full = self._random.choice(_FULL)
        # Partial scans need the scope of the last full one: where it changes often, few can run.
        self._excludes = self._random.random() < 0.5
        self._workers: list[Worker] = []
        self._waiting: list[tuple[SliceMessage, int]] = []
        self._seen: list[SliceMessage] = []
        self._home = _ESTATE[: self._random.randint(1, 2)]
        for where in _ESTATE:
            self.account_becomes(where, "a", "compliant")

    async def run(self) -> None:
        """Take so many steps, let all workers come to their end, and see that the end is right.

        Raises:
            AssertionError: something does not hold.

        """
        self._calm_down()
        if self._random.random() < 0.7:
            await self.scan()
        try:
            for _ in range(STEPS):
                await self._step()
            while self._workers:
                await self._go_on()
        finally:
            for worker in self._workers:
                worker.is_dead = True
                worker.task.cancel()
            await asyncio.gather(*(w.task for w in self._workers), return_exceptions=True)
        self._sent()
        if self._forges:
            await self.world.scan()
            await self.checks.green()
        else:
            await self.settle()

    async def _step(self) -> None:
        chance = self._random.random()
        if chance < 0.015:
            self._trouble_estate()
        elif chance < 0.02:
            self._calm_down()
        elif chance < 0.025:
            self.world.clock.advance(self._random.choice(_JUMPS))
            await self.checks.green()
        elif chance < 0.03 and self._seen:
            self._repeat_message()
        elif chance < 0.035 and self._forges:
            await self._forge()
            await self.checks.green()
        elif not self._waiting and self._is_quiet() and (chance < 0.3 or not self._workers):
            if self._random.random() < _TROUBLES:
                self._trouble_estate()
            self._begin(self._start())
        elif self._waiting and (chance < 0.3 or not self._workers):
            self._deliver(*self._waiting.pop(self._random.randrange(len(self._waiting))))
        elif self._workers:
            await self._go_on()

    def _is_quiet(self) -> bool:
        """Whether nobody works, or only those that sleep could."""
        return all(worker.rank < 0 for worker in self._workers)

    async def _go_on(self) -> None:
        """Let one worker do one operation, then see what can be said now."""
        await self._rest()
        ready = [worker for worker in self._workers if worker.turns]
        if ready:
            asleep = [worker for worker in ready if worker.rank < 0]
            if asleep and self._random.random() < _WAKES:
                self._random.choice(asleep).rank = 1
            worker = max(ready, key=lambda one: one.rank)
            if self._random.random() < (_SLEEPS if worker.is_writing else _SLEEPS / 50):
                self._take_over(worker)
                return
            name, turn = self._random.choice(worker.turns)
            is_faulty = self._random.random() < self._share
            turn.set_result(self._random.choice(_FAULTS) if is_faulty else None)
            self.tally.faults += is_faulty
            await self._rest()
            if name == "commit":
                await self.checks.green()
        for worker in [worker for worker in self._workers if worker.task.done()]:
            self._workers.remove(worker)
            self._end(worker)
        self._waiting += [(message, 1) for message in self._sent()]

    async def _rest(self) -> None:
        """Let all workers come to their next operation, or to their end."""
        for tick in range(_MOST_TICKS):
            await asyncio.sleep(0)
            is_settled = all(worker.turns or worker.task.done() for worker in self._workers)
            if is_settled and tick >= _TICKS:
                return
        raise AssertionError("A worker waits for nobody.")

    def _begin(self, handle: Callable[[ScanContext], object], **fields: object) -> None:
        worker = Worker(self.store, rank=self._random.random(), **fields)  # type: ignore[arg-type]

        async def process() -> bool:
            try:
                await handle(self._plant(self.world.process(worker), worker))  # type: ignore[misc]
            except (CmkCheckError, DeathError, BaseExceptionGroup):
                return False
            return True

        worker.task = asyncio.create_task(process())
        self._workers.append(worker)
        self.tally.scans += worker.message is None

    def _deliver(self, message: SliceMessage, tries: int) -> None:
        self._seen.append(message)
        handle = partial(self.world.deliver, message)
        if tries > MAX_DELIVERIES:
            handle = partial(self.world.poison, message)
        elif tries == MAX_DELIVERIES and message.slice is not None:
            handle = partial(run_slice, scan_id=message.scan_id, number=message.slice, last=True)
        self._begin(handle, message=message, tries=tries)

    def _end(self, worker: Worker) -> None:
        self.tally.deaths += worker.is_dead
        is_over = worker.task.result() or worker.tries >= 2 * MAX_DELIVERIES
        if worker.message is not None and not is_over:
            self._waiting.append((worker.message, worker.tries + 1))

    def _repeat_message(self) -> None:
        """Bring a message again, or give it up, whoever works on it."""
        tries = self._random.choice([1, MAX_DELIVERIES, MAX_DELIVERIES + 1])
        self._waiting.append((self._random.choice(self._seen), tries))

    def _take_over(self, worker: Worker) -> None:
        """Let a worker sleep before it writes, until its claim or its lease has ended.

        Meanwhile the estate calms down, so that only this one knows of what it read.
        """
        worker.rank = -1
        if self._random.random() < _CALMS:
            self._calm_down()
        if worker.message is not None and self._random.random() < 0.5:
            self.world.clock.advance(SLICE_CLAIM)
            self._waiting.append((worker.message, worker.tries + 1))
        elif self._random.random() < 0.8:
            self.world.clock.advance(SCAN_LEASE)
            for other in self._workers:
                other.rank = min(other.rank, self._random.choice([-1, 1]))
            self._begin(self._start())

    def _start(self) -> Callable[[ScanContext], object]:
        """Return the start of a full or of a partial scan."""
        if self._random.random() < self._full:
            return self.world.start
        # Later than the least pause after any start, and not so late that a lease ends.
        self.world.clock.advance(PARTIAL_SCAN_SPACING)
        scanned = [where for where in _ESTATE if where not in self.excluded]
        named = self._random.sample(scanned, min(len(scanned), self._random.randint(1, 2)))
        return partial(self.world.start_partial, named)

    def _trouble_estate(self) -> None:
        """Change something that a scan may meet."""
        where = self._random.choice(_ESTATE)
        match self._random.randrange(10):
            case 0:
                self.vanishes_or_returns(where)
            case 1:
                self.access_changes(where)
            case 2 if self._excludes:
                self.exclude_or_include(where)
            case 3 | 4:
                where = self._random.choice(self._home)
                self.account_becomes(where, "a", self._random.choice(STATES))
            case _:
                self.truth[where].listed = True
                self.excluded.discard(where)
                self.account_becomes(where, "a", self._random.choice([*STATES, "non_compliant"]))
        self._script()

    def _calm_down(self) -> None:
        """Let all that is listed be compliant; the others leave, and mostly are excluded."""
        for where, truth in self.truth.items():
            truth.listed = where in self._home
            truth.readable = True
            truth.accounts["a"] = "compliant"
        self.excluded.clear()
        if self._excludes and self._random.random() < _CALMS:
            self.excluded.update(where for where in _ESTATE if where not in self._home)
        self._script()

    async def _forge(self) -> None:
        """Write by hand what takes nothing from the table that was not good.

        A row that is wrong counts as unknown: it comes only while nobody scans, and nobody says
        compliant. Only then is what is said of it later the program's own answer.
        """
        rows = [row async for row in self.store.query(Table.FINDINGS, TableQuery())]
        if not rows:
            return
        row = self._random.choice(rows)
        is_idle = not self._workers and await self._is_free()
        match self._random.randrange(5):
            case 0 if row.row.endswith(_WRONG):
                write: Write = Delete(row.row, row.etag)
            case 1 if "recording" in row.values:
                values = {name: row.values[name] for name in row.values if name != "recording"}
                write = Replace(row.row, values, row.etag)
            case 2 if row.row == table_keys.COVERAGE:
                write = Delete(row.row, row.etag)
            case 3 if row.row == table_keys.COVERAGE:
                write = Replace(row.row, {**row.values, "coverage": "nonsense"}, row.etag)
            case 4 if row.row.startswith(table_keys.FINDINGS_FROM) and is_idle:
                write = Insert(row.row + _WRONG, row.values)
            case _:
                return
        with suppress(CmkCheckError):
            await self.store.commit(Table.FINDINGS, row.partition, [write])

    async def _is_free(self) -> bool:
        """Whether no scan runs, and compliant, with exceptions or not, is said to nobody."""
        answers = [await self.checks.answer(required=required) for required in (False, True)]
        is_green = not GREEN.isdisjoint(answers)
        return not is_green and await self.world.context.scans.holder() is None
