"""A history of hours with a watch: how soon a change is told, and what the watch may never do.

Time goes on in steps of ten seconds. An account changes now and then; Resource Graph tells of it
one to six minutes later, in any order, sometimes twice, and one in fifty times never. Looks and
full scans begin by the clock, and take their time. Each account changes again only after its last
change was told, so that each change must be told exactly once.
"""

import asyncio
from collections.abc import Awaitable, Callable, Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import partial
from random import Random
from statistics import median, quantiles
from typing import Final

from cmk_check.core.enums import Trigger
from cmk_check.limits import TABLE_PAGE_ROWS
from cmk_check.ports import SliceMessage, Store
from cmk_check.scan.scan_context import ScanContext
from cmk_check.scan.watch_for_changes import look
from tests.fakes.changes import ScriptedChanges
from tests.fakes.faults import Fault
from tests.fakes.world import MAX_DELIVERIES, sub
from tests.soak.history import History
from tests.soak.tally import LostChangeError, RepeatedChangeError, Tally

STEP: Final = timedelta(seconds=10)
SCHEDULE: Final = timedelta(minutes=2)
HOURS: Final = 2
_HOUR: Final = timedelta(hours=1)
_MINUTE: Final = timedelta(minutes=1)
_ESTATE: Final = [sub(number) for number in range(1, 25)]
# Half of it is before the last full scan: what was lost is told by that one.
CALM_AT_END: Final = timedelta(minutes=20)
# A change every five minutes or so.
_CHANGES: Final = 1 / 30
_LOST, _DOUBLED = 1 / 50, 1 / 5
_LAG_SECONDS: Final = (60, 360)
_RETRIED: Final = timedelta(minutes=5)
_FAULTS: Final = [fault for fault in Fault if fault is not Fault.SLEEP]


@dataclass
class Figures:
    """What was measured: minutes from a change's row to its telling, and of lost rows to it."""

    after_row: list[float] = field(default_factory=list)
    lost: list[float] = field(default_factory=list)
    full_scans: int = 0
    partial_scans: int = 0

    @property
    def half_and_99(self) -> tuple[float, float]:
        """The minutes within which half and 99 % of the changes were told after their row."""
        return median(self.after_row), quantiles(self.after_row, n=100)[98]

    @property
    def is_soon(self) -> bool:
        """Whether half is told at the next look, nearly all at the one after, the lost in an hour.

        A scan of the lost ones takes minutes, too.
        """
        schedule, hour = SCHEDULE / _MINUTE, (_HOUR + SCHEDULE) / _MINUTE
        half, of_99 = self.half_and_99
        return half <= schedule and of_99 <= 2 * schedule and max(self.lost, default=0) <= hour

    def lines(self) -> Iterator[str]:
        """Return the figures as lines of text."""
        half, of_99 = self.half_and_99
        minutes = f"half within {half:.1f}, 99 % within {of_99:.1f} minutes"
        yield f"changes told after their row: {len(self.after_row):,}, {minutes}"
        latest = max(self.lost, default=0)
        yield f"changes whose row was lost: {len(self.lost):,}; the latest after {latest:.0f} min"
        yield f"full scans, all of them in time: {self.full_scans:,}"
        yield f"partial scans of the watch: {self.partial_scans:,}"


@dataclass
class _Pending:
    """A change that was not told yet; ``row`` is when its first row comes, None if it is lost."""

    at: datetime
    row: datetime | None


def run_minutes(seed: int, tally: Tally, figures: Figures, share: float = 0) -> None:
    """Run a history; a ``share`` of the storage operations of its processes goes wrong.

    Raises:
        AssertionError: something does not hold.

    """
    asyncio.run(Minutes(seed, tally, figures, share).run())


class Minutes(History):
    """An estate of a few subscriptions with one account each.

    ``first`` is the first operation of the store after the first scan.
    """

    def __init__(self, seed: int, tally: Tally, figures: Figures, share: float = 0) -> None:
        super().__init__(tally)
        self._random = Random(seed)
        self._trouble = _FAULTS
        self._share = share
        self.figures = figures
        self.graph = ScriptedChanges(self.world.clock)
        self._pending: dict[str, _Pending] = {}
        self._told = self.first = 0
        self._due: list[tuple[datetime, SliceMessage, int]] = []
        for where in _ESTATE:
            self.account_becomes(where, "a", "compliant")

    async def run(self, hours: int = HOURS, changes: float = _CHANGES) -> None:
        """Let hours pass, then compare everything with the truth."""
        await self.scan()
        self._told, self.first = len(self.world.teller.told), len(self.store.log)
        begun = self.world.clock.now()
        first_look = begun + SCHEDULE / 2
        end = begun + hours * _HOUR + CALM_AT_END / 2
        while self.world.clock.now() < end:
            self.world.clock.advance(STEP)
            now = self.world.clock.now()
            if now < end - CALM_AT_END and self._random.random() < changes:
                self._change(now)
            if (now - begun) % _HOUR == timedelta():
                await self._full_scan()
            if (now - first_look) % SCHEDULE == timedelta():
                await self._run_over(self._look, self._share)
                self._take(now)
            await self._deliver(now)
        if self._pending and not self._share:
            raise LostChangeError(f"{self._pending} was never told")
        history = await self.world.context.scans.history(TABLE_PAGE_ROWS)
        self.figures.partial_scans += sum(scan.trigger is Trigger.WATCH for scan in history)
        self._due.clear()
        await self.settle()

    def _change(self, now: datetime) -> None:
        """Change an account whose last change was told."""
        settled = [where for where in _ESTATE if where not in self._pending]
        if not settled:
            return
        where = self._random.choice(settled)
        was_good = self.truth[where].accounts["a"] == "compliant"
        self.account_becomes(where, "a", "non_compliant" if was_good else "compliant")
        self._script_readings()
        copies = 2 if self._random.random() < _DOUBLED else 1
        lags = [timedelta(seconds=self._random.randint(*_LAG_SECONDS)) for _ in range(copies)]
        is_lost = self._random.random() < _LOST
        self._pending[where] = _Pending(now, None if is_lost else now + min(lags))
        if not is_lost:
            self.graph.add(where, *lags)

    async def _full_scan(self) -> None:
        """Start a full scan; only one that is still running may keep it from starting."""
        running = await self._running()
        answers: list[bool] = []

        async def start(context: ScanContext) -> None:
            answers.append((await self.world.start(context)).new)

        if await self._run(start, self._share) and Trigger.TIMER not in running:
            assert answers == [True], "A full scan was late."
        self.figures.full_scans += answers == [True]
        self._take(self.world.clock.now())

    async def _running(self) -> list[Trigger]:
        history = await self.world.context.scans.history(3)
        return [scan.trigger for scan in history if scan.state == "running"]

    async def _look(self, store: Store) -> None:
        await look(self.world.process(store), self.graph)

    def _take(self, now: datetime) -> None:
        """Let the messages that were sent wait for a worker; a slice takes some seconds."""
        for message in self._sent():
            self._due.append((now + STEP * self._random.randint(0, 3), message, 0))

    async def _deliver(self, now: datetime) -> None:
        """Deliver the messages that are due, in any order."""
        due = [entry for entry in self._due if entry[0] <= now]
        self._due = [entry for entry in self._due if entry[0] > now]
        self._random.shuffle(due)
        for _, message, tries in due:
            handle: Callable[[ScanContext], Awaitable[object]]
            handle = partial(self.world.deliver, message)
            if tries >= MAX_DELIVERIES:
                handle = partial(self.world.poison, message)
            if not await self._run(handle, self._share) and tries < 2 * MAX_DELIVERIES:
                self._due.append((now + _RETRIED, message, tries + 1))
            self._count()
            await self.checks.green()
        self._take(now)

    def _count(self) -> None:
        """Take the time of what was told since; each change must be one that happened."""
        told = self.world.teller.told[self._told :]
        self._told += len(told)
        if self._share:
            self._pending.clear()  # settle() compares all that was told with the truth
            return
        for _, change in told:
            pending = self._pending.pop(change.source.rpartition("/")[2], None)
            if pending is None:
                raise RepeatedChangeError(f"{change.id} tells what was told before")
            self._measure(pending, self.world.clock.now())

    def _measure(self, pending: _Pending, now: datetime) -> None:
        if pending.row is None:
            self.figures.lost.append((now - pending.at) / _MINUTE)
            return
        # A full scan may have told it before its row came.
        self.figures.after_row.append(max(now - pending.row, timedelta()) / _MINUTE)
