"""A schedule by its seed: at every operation of the store, chance says which process goes on.

The histories let a scan run to its end while others sleep. Here workers of several scans take
turns, and P1 is checked after every commit. So that compliant can be said at all, the estate comes
back to a calm state again and again, while what workers read in between is still in their hands.
"""

import asyncio
from collections.abc import Callable
from collections.abc import Set as AbstractSet
from contextlib import suppress
from dataclasses import dataclass, field, replace
from datetime import timedelta
from functools import partial
from typing import Final

from cmk_check.core.requirements import HEALTHY_KEYS
from cmk_check.errors import CmkCheckError
from cmk_check.limits import PARTIAL_SCAN_SPACING, SCAN_LEASE, SLICE_CLAIM
from cmk_check.ports import Delete, Replace, SliceMessage, Table, TableQuery, Write
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
_MINUTE: Final = timedelta(minutes=1)
_JUMPS: Final = [_MINUTE, 5 * _MINUTE, SLICE_CLAIM, SLICE_CLAIM + _MINUTE, SCAN_LEASE, -3 * _MINUTE]
_WAKES: Final = 0.015
_WAKES_AFTER: Final = 0.8
_FIRST: Final = 2
_SLEEPS: Final = 0.25
_CALMS: Final = 0.9
_TROUBLES: Final = 0.8
_OVERTAKES: Final = 0.8
_NOWHERE: Final = [sub(91), sub(92)]
_FULL: Final = [0.9, 0.5, 0.2]
_REQUIRED: Final = 0.5
_STRAYS: Final = 0.25
_DISTURBS: Final = 0.04
_BY_HAND: Final = 0.15
_NEWS: Final = 0.5
_TICKS: Final = 4
_ENOUGH: Final = 3
_MOST_TICKS: Final = 1_000


@dataclass(eq=False)
class Worker(FaultyStore):
    """A process, and its view of the store: before each operation it waits for its turn.

    Partitions that are ``refused`` take no writes.
    """

    message: SliceMessage | None = None
    tries: int = 0
    rank: float = 0
    is_writing: bool = False
    writes: int = 0
    refused: AbstractSet[str] = frozenset()
    task: asyncio.Future[bool] = field(default_factory=asyncio.Future)
    turns: list[tuple[OperationName, asyncio.Future[Fault | None]]] = field(default_factory=list)

    @property
    def sleepiness(self) -> float:
        """How probably it sleeps now: mostly once its first mark stands."""
        if not self.is_writing:
            return _SLEEPS / 50
        return _SLEEPS if self.writes <= 1 else 2 * _SLEEPS

    async def _fault(self, name: OperationName, table: Table, partition: str) -> Fault | None:
        if self.is_dead:
            return None
        self.is_writing = (name, table) == ("commit", Table.FINDINGS)
        self.writes += self.is_writing
        if self.is_writing and partition in self.refused:
            return Fault.NO_ANSWER
        future: asyncio.Future[Fault | None] = asyncio.get_running_loop().create_future()
        self.turns.append((name, future))
        try:
            return await future
        finally:
            self.turns.remove((name, future))


def run_schedule(seed: int, tally: Tally) -> None:
    """Run a schedule; in one of four a person writes into the table by hand.

    Raises:
        AssertionError: something does not hold.

    """
    asyncio.run(Schedule(seed, tally).run())


class Schedule(History):
    """Processes of several scans that take turns."""

    def __init__(self, seed: int, tally: Tally) -> None:
        super().__init__(tally)
        self.seed(seed)
        self._forges = seed % 4 == 1
        self._share = self._random.choice([0, 0.01, 0.03])
        self._full = self._random.choice(_FULL)
        # Partial scans need the scope of the last full one: where it changes often, few can run.
        self._excludes = self._random.random() < 0.5
        self._workers: list[Worker] = []
        self._waiting: list[tuple[SliceMessage, int]] = []
        self._seen: list[SliceMessage] = []
        self._home = _ESTATE[: self._random.randint(1, 3)]
        self.world.options = replace(self.world.options, slice_size=self._random.choice([1, 2]))
        self._refused: set[str] = set()
        self._news = self._home[0]
        self._ended = self._refused_since = 0
        self.checks = replace(self.checks, is_by_hand=self._forges)
        if self._random.random() < _REQUIRED:
            options = self.world.options
            expect = replace(options.expectations, requires=frozenset({HEALTHY_KEYS}))
            self.world.options = replace(options, expectations=expect)
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
            await self._stop()
        self._sent()
        self._refused.clear()
        if self._forges:
            await self.world.scan()
            await self.checks.green()
        else:
            self.list_fails = False
            await self.scan()  # a gap leaves in the second scan after it was recorded
            await self.settle()
            await self._recover()

    async def _stop(self) -> None:
        for worker in self._workers:
            worker.is_dead = True
            worker.task.cancel()
            for _, turn in worker.turns:
                turn.cancel()  # a recording goes on to its end, although its task is cancelled
        await asyncio.gather(*(w.task for w in self._workers), return_exceptions=True)

    async def _recover(self) -> None:
        """P11: where all is well again, nothing stays unknown."""
        self._home = _ESTATE
        self._calm_down()
        for _ in range(_ENOUGH):
            await self.scan()
            await self._check()
        answer = await self.checks.answer(required=False)
        assert answer in GREEN, f"all is well, and it says {(await self.world.posture()).reasons}"

    async def _check(self) -> None:
        """See what holds whenever a scan has ended, if nobody has written by hand."""
        if not self._forges:
            await self.api.check()

    async def _step(self) -> None:
        chance = self._random.random()
        if chance < _DISTURBS:
            await self._disturb(chance / _DISTURBS)
        elif not self._waiting and self._is_quiet() and (chance < 0.3 or not self._workers):
            if self._random.random() < _TROUBLES:
                self._trouble_estate()
            is_held = await self.world.context.scans.holder() is not None
            if is_held and self._random.random() < _OVERTAKES:
                self.world.clock.advance(SCAN_LEASE)
                self._begin(self.world.start)
            else:
                self._begin(self._start())
        elif self._waiting and chance < (0.95 if self._is_quiet() else 0.3):
            self._deliver(*self._waiting.pop(self._random.randrange(len(self._waiting))))
        elif self._workers:
            await self._go_on()

    async def _disturb(self, chance: float) -> None:
        """Change something, whoever works; what is written by hand comes in addition."""
        if chance < 0.4:
            self._trouble_estate()
        elif chance < 0.5:
            self._calm_down()
        elif chance < 0.65:
            self.world.clock.advance(self._random.choice(_JUMPS))
        elif chance < 0.8 and self._seen:
            self._repeat_message()
        else:
            self._refuse_or_accept()
        if self._forges and self._random.random() < _BY_HAND:
            await self._forge()
        await self.checks.green()

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
            if self._random.random() < worker.sleepiness:
                await self._take_over(worker)
                return
            name, turn = self._random.choice(worker.turns)
            is_faulty = self._random.random() < self._share
            turn.set_result(self._random.choice(_FAULTS) if is_faulty else None)
            self.tally.faults += is_faulty
            await self._rest()
            if name == "commit":
                await self.checks.green()
        ended = len(self.world.teller.ended) + len(self.world.teller.partial_ended)
        if ended > self._ended:
            self._ended = ended
            await self._check()
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
        worker = Worker(
            self.store,
            rank=self._random.random(),
            refused=self._refused,
            **fields,  # type: ignore[arg-type]
        )

        async def process() -> bool:
            try:
                await handle(self.world.process(worker))  # type: ignore[misc]
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
        for other in self._workers:
            # Whoever wakes now has lost its slice, while the scan may still have others to do.
            if other.message == worker.message and self._random.random() < _WAKES_AFTER:
                other.rank = _FIRST

    def _repeat_message(self) -> None:
        """Bring a message again, or give it up, whoever works on it."""
        tries = self._random.choice([1, MAX_DELIVERIES, MAX_DELIVERIES + 1])
        self._waiting.append((self._random.choice(self._seen), tries))

    async def _take_over(self, worker: Worker) -> None:
        """Let a worker sleep before it writes, until its claim or its lease has ended.

        Meanwhile the estate calms down, so that only this one knows of what it read.
        """
        worker.rank = -1
        if self._random.random() < _CALMS:
            self._calm_down()
        if worker.message is not None and self._random.random() < 0.5:
            self.world.clock.advance(SLICE_CLAIM)
            self._deliver(worker.message, worker.tries + 1)
            self._workers[-1].rank = _FIRST
        elif self._random.random() < 0.8:
            self.world.clock.advance(SCAN_LEASE)
            for other in self._workers:
                other.rank = min(other.rank, self._random.choice([-1, 1]))
            self._begin(self._start(is_partial=await self._is_partial(worker)))

    async def _is_partial(self, worker: Worker) -> bool:
        """Whether it works for a partial scan: another one can take the lease over from it."""
        message = worker.message
        return message is not None and (await self.world.scan_row(message.scan_id)).is_partial

    def _start(self, *, is_partial: bool = False) -> Callable[[ScanContext], object]:
        """Return the start of a full or of a partial scan, which may name what is nowhere."""
        # Later than the least pause after any start, and not so late that a lease ends.
        self.world.clock.advance(PARTIAL_SCAN_SPACING)
        if not is_partial and self._random.random() < self._full:
            return self.world.start
        scanned = [
            where
            for where, truth in self.truth.items()
            if truth.listed and where not in self.excluded
        ] or _ESTATE
        named = self._random.sample(scanned, min(len(scanned), self._random.randint(1, 2)))
        if not is_partial and self._random.random() < _NEWS:
            named = [self._news]
        if self._random.random() < _STRAYS:
            named.append(self._random.choice(_NOWHERE))
        return partial(self.world.start_partial, named)

    def _trouble_estate(self) -> None:
        """Change something that a scan may meet."""
        where = self._random.choice(_ESTATE)
        match self._random.randrange(11):
            case 0:
                self.turns(where, "listed")
            case 10:
                self.list_fails = not self.list_fails
            case 1:
                self.turns(where, "readable")
            case 2 if self._excludes:
                self.excluded ^= {where}
            case 3 | 4:
                where = self._random.choice(self._home)
                self.account_becomes(where, "a", self._random.choice(STATES))
            case _:
                self.truth[where].listed = True
                self.excluded.discard(where)
                self.account_becomes(where, "a", self._random.choice([*STATES, "non_compliant"]))
        self._news = where
        self._script()

    def _calm_down(self) -> None:
        """Let all that is listed be compliant; the others leave, and mostly are excluded.

        What cannot be written stays as it is.
        """
        self.list_fails = False
        for where, truth in self.truth.items():
            truth.listed = where in self._home
            truth.readable = True
            if where in self._refused:
                continue
            truth.accounts["a"] = "compliant"
        self.excluded.clear()
        if self._excludes and self._random.random() < _CALMS:
            self.excluded.update(where for where in _ESTATE if where not in self._home)
        self._script()

    def _refuse_or_accept(self) -> None:
        """Let a partition that has news refuse all writes, until a scan or more have ended."""
        if self._refused:
            if self._ended > self._refused_since:
                self._refused.clear()
            return
        where = self._random.choice(self._home)
        self._refused.add(where)
        self._refused_since = self._ended
        self.account_becomes(where, "a", self._random.choice(STATES))
        self._script()

    async def _forge(self) -> None:
        """Take a mark away, or delete or break a coverage row, whoever works."""
        rows = [row async for row in self.store.query(Table.FINDINGS, TableQuery())]
        if not rows:
            return
        row = self._random.choice(rows)
        is_coverage = row.row == table_keys.COVERAGE
        match self._random.randrange(3):
            case 0 if "recording" in row.values:
                values = {name: row.values[name] for name in row.values if name != "recording"}
                write: Write = Replace(row.row, values, row.etag)
            case 1 if is_coverage:
                write = Delete(row.row, row.etag)
            case 2 if is_coverage:
                write = Replace(row.row, {**row.values, "coverage": "nonsense"}, row.etag)
            case _:
                return
        with suppress(CmkCheckError):
            await self.store.commit(Table.FINDINGS, row.partition, [write])
