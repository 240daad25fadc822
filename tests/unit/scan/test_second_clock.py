"""The second clock: a message of the last full scan starts the next one if the timer does not."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from functools import partial
from itertools import pairwise
from typing import override

import pytest

from cmk_check.core.scan_request import StartOutcome
from cmk_check.limits import LONGEST_MESSAGE_DELAY, OVERDUE_AGAIN
from cmk_check.ports import AT_ONCE, QueueError, Store, StoreUnavailable, Table
from cmk_check.scan.scan_context import ScanContext
from cmk_check.scan.second_clock import get_longest_pause
from cmk_check.scan.start import request, start_after, start_if_overdue
from cmk_check.store.scan_rows import Scan
from tests.fakes.faults import Fault, FaultyStore, Place
from tests.fakes.world import good, sub
from tests.unit.scan.scan_world import ScanWorld

MINUTE = timedelta(minutes=1)
HOUR = timedelta(hours=1)
# Of 180 minutes.
DUE = timedelta(minutes=135)


@dataclass
class Reminders:
    """The queue of the second clock: when each message is delivered."""

    world: ScanWorld
    waiting: list[tuple[datetime, str]] = field(default_factory=list)
    delays: list[timedelta] = field(default_factory=list)
    is_down: bool = False

    async def send(self, texts: Sequence[str], *, delay: timedelta = AT_ONCE) -> None:
        """Keep it, or fail as a queue that is down."""
        if self.is_down:
            raise QueueError("the queue is down")
        self.delays.append(delay)
        self.waiting += [(self.world.clock.now() + delay, text) for text in texts]

    def due(self) -> Iterator[str]:
        """Take out what is delivered by now."""
        now = self.world.clock.now()
        ready = sorted(entry for entry in self.waiting if entry[0] <= now)
        self.waiting = [entry for entry in self.waiting if entry[0] > now]
        yield from (scan_id for _, scan_id in ready)


class ClockedWorld(ScanWorld):
    """A world whose scans leave messages."""

    def __init__(self) -> None:
        super().__init__()
        self.reminders = Reminders(self)
        self.listed(sub(1))
        self.read(sub(1), good(sub(1)))

    @override
    def process(self, store: Store) -> ScanContext:
        """Return the context of a process that has its own view of the store."""
        return replace(super().process(store), overdue_queue=self.reminders)

    async def pass_time(self, minutes: int) -> None:
        """Let time pass; messages are delivered when they are due, and scans end at once."""
        for _ in range(minutes):
            self.clock.advance(MINUTE)
            for scan_id in self.reminders.due():
                await start_if_overdue(self.context, scan_id)
                await self.drain()

    async def scans(self) -> list[Scan]:
        """Return all scans, oldest first."""
        return (await self.context.scans.history(100))[::-1]

    async def overdue(self) -> list[Scan]:
        """Return the scans that the second clock started."""
        return [scan for scan in await self.scans() if scan.overdue]


@pytest.fixture
def world() -> ClockedWorld:
    """An estate of one account, before its first scan."""
    return ClockedWorld()


async def test_p1_without_a_timer_scans_go_on_and_no_result_gets_stale(world: ClockedWorld) -> None:
    """Timers were seen to stop for good: three days, each scan in time, and none twice."""
    await world.scan()

    for _ in range(3 * 24):
        await world.pass_time(60)
        assert await world.verdict() == "compliant"

    started = [scan.started_at for scan in await world.scans()]
    pauses = {later - earlier for earlier, later in pairwise(started)}
    assert pauses == {DUE}
    assert len(started) == 1 + 3 * 24 * HOUR // DUE
    assert all(scan.overdue and scan.trigger == "timer" for scan in (await world.scans())[1:])
    last = (await world.known_status()).last_scan
    assert last is not None
    assert last.overdue
    assert len(world.reminders.waiting) == 1


async def test_beside_a_timer_it_starts_nothing(world: ClockedWorld) -> None:
    """Each message finds that a scan has started since."""
    for _ in range(24):
        await world.start()
        await world.drain()
        await world.pass_time(60)

    assert await world.overdue() == []
    assert len(await world.scans()) == 24
    assert len(world.reminders.waiting) == 2


async def test_a_scan_that_started_and_ended_meanwhile_is_seen(world: ClockedWorld) -> None:
    """Two deliveries decide at once, and the scan of one has ended when the other begins."""
    first = await world.scan()
    world.clock.advance(DUE)
    decided = partial(start_if_overdue, scan_id=first)
    slow = await world.asleep(decided, Place("get", Table.SCANS, 0))
    await start_if_overdue(world.context, first)
    await world.drain()

    await slow.wake()
    await world.drain()

    assert len(await world.overdue()) == 1
    assert world.reminders.delays[-1] == OVERDUE_AGAIN


async def test_a_scan_that_starts_late_is_seen_although_its_id_is_old(world: ClockedWorld) -> None:
    """A timer's scan got its id before that of a silent one, and took the lease after it."""
    first = await world.scan()
    world.clock.advance(MINUTE)
    late = await start_after(world.context, first)
    await world.drain()

    answer = await start_after(world.context, first, {f"{late.scan_id}-later"})

    assert (answer.outcome, answer.scan_id) == (StartOutcome.RUNNING, late.scan_id)
    assert (await start_after(world.context, first, {late.scan_id})).outcome is StartOutcome.STARTED


async def test_a_queue_that_is_down_keeps_no_timer_from_scanning_and_ends_no_chain(
    world: ClockedWorld, caplog: pytest.LogCaptureFixture
) -> None:
    """The second clock costs only itself; the message before it waits for what it did not see."""
    await world.scan()
    world.reminders.is_down = True
    await world.scan()
    world.reminders.is_down = False

    await world.pass_time(5 * 60)

    _, silent, overdue, _ = scans = await world.scans()
    assert [scan.leaves_message for scan in scans] == [True, False, True, True]
    assert overdue.started_at - silent.started_at == DUE
    assert "leaves no message for the second clock: the queue is down" in caplog.text


async def test_an_overdue_scan_without_a_next_message_is_not_started(world: ClockedWorld) -> None:
    """Its own message comes again, or nothing would follow."""
    first = await world.scan()
    world.clock.advance(DUE)
    world.reminders.is_down = True

    with pytest.raises(QueueError):
        await start_if_overdue(world.context, first)

    assert await world.overdue() == []


async def test_a_start_that_dies_anywhere_is_made_up_for(world: ClockedWorld) -> None:
    """Each operation of the store fails in turn; the message is delivered again."""
    for number in range(8):
        world = ClockedWorld()
        first = await world.scan()
        world.clock.advance(DUE)
        store = FaultyStore(world.store, {number: Fault.NO_ANSWER})
        try:
            await start_if_overdue(world.process(store), first)
        except StoreUnavailable:
            await start_if_overdue(world.context, first)
        await world.drain()
        await world.pass_time(12 * 60)

        started = [scan.started_at for scan in await world.scans()]
        pauses = [later - earlier for earlier, later in pairwise(started)]
        assert pauses == [DUE] * len(pauses)
        assert len(pauses) == 6


async def test_where_the_scan_itself_still_runs_its_message_comes_again(
    world: ClockedWorld,
) -> None:
    """A short allowed age is over before a long scan is."""
    world.expect(max_age=20 * MINUTE)
    started = await world.start()
    world.clock.advance(15 * MINUTE)

    await start_if_overdue(world.context, started.scan_id)

    assert world.reminders.delays == [15 * MINUTE, OVERDUE_AGAIN]
    assert world.reminders.waiting[-1][1] == started.scan_id


async def test_an_allowed_age_beyond_what_a_queue_hides_is_waited_for(world: ClockedWorld) -> None:
    """Azure hides a message for seven days at most."""
    age = timedelta(days=30)
    world.expect(max_age=age)
    await world.scan()

    await world.pass_time(30 * 24 * 60)

    assert world.reminders.delays[0] == LONGEST_MESSAGE_DELAY
    (scan,) = await world.overdue()
    assert scan.started_at - (await world.scans())[0].started_at == get_longest_pause(age)


async def test_a_partial_scan_leaves_no_message_and_is_none(world: ClockedWorld) -> None:
    """It does not renew the result of the estate."""
    await world.scan()
    await world.pass_time(60)
    answer = await request(world.context, [sub(1)])
    await world.drain()

    await world.pass_time(120)

    left = {scan.id: scan.leaves_message for scan in await world.scans()}
    assert not left.pop(answer.scan_id)
    assert all(left.values())
    assert len(await world.overdue()) == 1


@pytest.mark.parametrize(
    ("allowed", "due"), [(20, 15), (60, 45), (90, 67.5), (180, 135), (1440, 1385)]
)
def test_a_scan_is_due_before_its_result_is_stale(allowed: int, due: float) -> None:
    """With time to finish; an hourly timer comes first wherever the allowed age has room for it."""
    assert get_longest_pause(allowed * MINUTE) == due * MINUTE
