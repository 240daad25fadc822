"""A scan within one process: the queue that is delivered here, and how it ends."""

import asyncio
from datetime import timedelta

import pytest

from cmk_check.cli.local_scan import INTERRUPTED, LocalScanOutcome, scan_here
from cmk_check.config.settings_error import SettingsError
from cmk_check.core.enums import ScanState
from cmk_check.limits import LOCAL_PAUSES_SECONDS
from cmk_check.ports import Table
from cmk_check.store.memory import MemoryStore
from cmk_check.store.table_keys import get_partition
from tests.fakes.faults import Fault, FaultyStore, Place
from tests.fakes.recording_store import RecordingStore
from tests.fakes.world import MAX_DELIVERIES, World, bad, good, sub
from tests.unit.evidence.export_kit import Pauses


def _world(failures: int = 0) -> World:
    """Make a world of two slices, a subscription each; so many deliveries of the first fail."""
    first = get_partition(sub(1))
    places = [Place("commit", Table.FINDINGS, number, first) for number in range(3 * failures)]
    world = World(
        FaultyStore(MemoryStore(), places=dict.fromkeys(places, Fault.NO_ANSWER)), slice_size=1
    )
    world.listed(sub(1), sub(2))
    world.read(sub(1), good(sub(1)))
    world.read(sub(2), bad(sub(2), "lab"))
    return world


async def test_subscriptions_that_are_named_are_scanned_alone_soon_after_the_last_scan() -> None:
    """Whoever has just scanned and mended an account waits for seconds."""
    world = _world()
    await scan_here(world.context, Pauses())
    world.inventory.reads.clear()
    world.read(sub(2), good(sub(2), "lab"))

    async def pass_time(seconds: float) -> None:
        world.clock.advance(timedelta(seconds=seconds))

    outcome = await scan_here(world.context, pass_time, subscription_ids=[sub(2)])

    assert outcome.state is ScanState.COMPLETE
    assert world.inventory.reads == [sub(2)]
    assert (await world.posture()).verdict == "compliant"


async def test_before_a_scan_of_everything_none_is_scanned_alone() -> None:
    """The message says what to do."""
    with pytest.raises(SettingsError, match="first run a scan without it"):
        await scan_here(_world().context, Pauses(), subscription_ids=[sub(2)])


def test_the_queue_delivers_as_often_as_the_host_does() -> None:
    """A slice that works at the fourth try on Azure must do so here."""
    assert len(LOCAL_PAUSES_SECONDS) + 1 == MAX_DELIVERIES


@pytest.mark.parametrize("times", [1, 2, 3])
async def test_a_slice_that_fails_is_delivered_again(times: int) -> None:
    """After a pause that grows, since what is in trouble needs time."""
    world, pauses = _world(times), Pauses()

    outcome = await scan_here(world.context, pauses)

    assert outcome.state is ScanState.COMPLETE
    assert pauses.seconds == list(LOCAL_PAUSES_SECONDS[:times])
    assert world.inventory.reads.count(sub(2)) == 1
    assert await world.coverage(sub(1)) == "read"


async def test_p7_a_slice_that_used_up_its_tries_becomes_a_gap() -> None:
    """The other slices are worked through, and the answer is not green."""
    world, pauses = _world(99), Pauses()

    outcome = await scan_here(world.context, pauses)

    status = await world.status()
    assert status is not None
    assert outcome.state is ScanState.INCOMPLETE
    assert pauses.seconds == list(LOCAL_PAUSES_SECONDS)
    assert [(gap.subscription_id, gap.gap.reason) for gap in status.summary.gaps] == [
        (sub(1), "slice_failed")
    ]
    assert (await world.posture()).verdict == "non_compliant"


async def test_a_plan_that_used_up_its_tries_ends_the_scan() -> None:
    """Nothing would ever end it otherwise."""
    world, pauses = _world(), Pauses()

    async def fail() -> tuple[()]:
        raise RuntimeError("nobody thought of this")

    world.inventory.subscriptions = fail  # type: ignore[method-assign] # the fake's own script

    outcome = await scan_here(world.context, pauses)

    assert outcome.state is ScanState.FAILED
    assert outcome.reason == "The scan could not be planned in four tries."
    assert pauses.seconds == list(LOCAL_PAUSES_SECONDS)


async def test_a_scan_that_was_overtaken_says_so() -> None:
    """Its rows are another scan's by now, and "complete" would be that one's word."""
    world = _world()

    async def overtake(_: str) -> None:
        world.inventory.before_read = World().inventory.before_read
        world.clock.advance(timedelta(hours=2))
        assert (await world.start()).new

    world.inventory.before_read = overtake

    outcome = await scan_here(world.context, Pauses())

    assert outcome.state is ScanState.ABANDONED
    assert "took over" in str(outcome.reason)


async def test_interrupted_while_it_takes_the_lease_it_gives_it_back() -> None:
    """The moment between pressing a key and having a scan to close."""
    asleep = {Place("commit", Table.SCANS): Fault.SLEEP}
    store = FaultyStore(RecordingStore(), places=asleep)
    world = World(store)
    scanning = asyncio.create_task(scan_here(world.context, Pauses()))
    await store.asleep.wait()

    scanning.cancel()
    await asyncio.sleep(0)
    store.wake.set()
    outcome = await scanning
    world.clock.advance(timedelta(seconds=1))
    started = await world.start()

    assert outcome == LocalScanOutcome(
        outcome.scan_id, ScanState.FAILED, INTERRUPTED, interrupted=True
    )
    assert started.new


async def test_interrupted_in_a_pause_it_ends_at_once() -> None:
    """Nobody waits for tries that nobody wants any more."""
    world = _world(99)
    pausing = asyncio.Event()

    async def pause(_: float) -> None:
        pausing.set()
        await asyncio.Event().wait()

    scanning = asyncio.create_task(scan_here(world.context, pause))
    await pausing.wait()

    scanning.cancel()
    outcome = await scanning

    assert outcome.interrupted
    assert (await world.scan_row(outcome.scan_id)).state is ScanState.FAILED
