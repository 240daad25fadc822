"""Claims: one worker at a time on a slice, and none for ever."""

import asyncio
from dataclasses import replace
from datetime import timedelta

import pytest

from cmk_check.core.enums import ScanState
from cmk_check.limits import CLAIM_RENEWED_AFTER, SCAN_DEADLINE, SCAN_LEASE
from cmk_check.ports import SliceMessage, StoreUnavailable, Table
from cmk_check.scan.claim import SliceHeld
from tests.fakes.faults import Fault, FaultyStore, Place
from tests.fakes.recording_store import RecordingStore
from tests.fakes.world import bad
from tests.unit.scan.scan_world import (
    CLAIM_ENDS,
    LEASE_ENDS,
    MARK,
    ONE,
    READ_TABLE,
    THREE,
    TWO,
    ScanWorld,
)

READ_STATUS = Place("get", Table.SCANS, 2)


async def test_a_live_claim_sends_the_message_back(world: ScanWorld) -> None:
    """Two workers on one slice would read everything twice and race for every row."""
    (message,) = await world.planned(ONE)
    first = await world.asleep(message, READ_TABLE)
    world.clock.advance(CLAIM_ENDS - timedelta(seconds=1))

    with pytest.raises(SliceHeld):
        await world.deliver(message)

    assert world.inventory.reads == []
    await first.wake()
    assert world.inventory.reads == [ONE]


@pytest.mark.parametrize(
    "place", [READ_TABLE, READ_STATUS], ids=["reads the table", "reads the status"]
)
async def test_a_worker_that_fails_gives_its_claim_back(world: ScanWorld, place: Place) -> None:
    """The next delivery comes before the claim would end: it must find the slice free."""
    (message,) = await world.planned(ONE)
    with pytest.raises(StoreUnavailable):
        await world.deliver(message, world.faulty({place: Fault.NO_ANSWER}))

    (given_back,) = await world.slices_of(message.scan_id)
    await world.deliver(message)

    assert (given_back.claim, given_back.claimed_until) == (None, None)
    assert (await world.scan_row(message.scan_id)).state is ScanState.COMPLETE


async def test_what_several_deliveries_recorded_is_counted_together(world: ScanWorld) -> None:
    """Each of them failed at the end, after it had published its changes."""
    world.options = replace(world.options, slice_size=3)
    (message,) = await world.planned(ONE, TWO, THREE)
    for number in (ONE, TWO, THREE):
        world.read(number, bad(number))
        done = Place("commit", Table.SCANS, 1)
        with pytest.raises(StoreUnavailable):
            await world.deliver(message, world.faulty({done: Fault.NO_ANSWER}))

    await world.deliver(message)

    summary = (await world.scan_row(message.scan_id)).summary
    assert summary is not None
    assert summary.changes == len(await world.feed()) - 1  # without that of the scan


async def test_a_worker_that_was_taken_over_gives_nothing_back(world: ScanWorld) -> None:
    """Its claim is another's by now: to free that would let a third one in."""
    (message,) = await world.planned(ONE)
    first = await world.asleep(message, READ_STATUS)
    world.clock.advance(CLAIM_ENDS)
    second = await world.asleep(message, READ_TABLE)
    held = await world.slices_of(message.scan_id)
    first.store.places = {READ_TABLE: Fault.NO_ANSWER}

    with pytest.raises(StoreUnavailable):
        await first.wake()

    assert await world.slices_of(message.scan_id) == held
    await second.wake()


async def test_a_slice_of_a_scan_that_ended_is_dropped(world: ScanWorld) -> None:
    """Its message may come late: what it would write belongs to no scan."""
    first, second = await world.planned(ONE, TWO)
    await world.deliver(first)
    world.inventory.reads.clear()
    world.clock.advance(LEASE_ENDS)
    # Dead before it could drop the slices of the scan it takes over.
    await world.dies(world.start, Place("commit", Table.SCANS, 0), Fault.DEATH_AFTER)
    assert await world.count_slice_rows(first.scan_id) == 2

    await world.deliver(second)

    assert world.inventory.reads == []
    assert (await world.scan_row(first.scan_id)).state is ScanState.ABANDONED
    assert await world.count_slice_rows(first.scan_id) == 0


async def test_the_lease_is_renewed_below_half_and_not_before(world: ScanWorld) -> None:
    """A large estate takes longer than the lease; renewing at every slice would cost writes."""
    first, second = await world.planned(ONE, TWO)
    taken = await world.lease()
    world.clock.advance(SCAN_LEASE / 2)
    await world.deliver(first)
    kept = await world.lease()
    world.clock.advance(timedelta(seconds=1))
    moment = world.clock.now()

    worker = await world.asleep(second, MARK)

    assert kept == taken
    assert (await world.lease()).expires == moment + SCAN_LEASE
    await worker.wake()


async def test_the_lease_never_outlasts_the_deadline_of_the_scan(
    world: ScanWorld, store: RecordingStore
) -> None:
    """A scan that goes on for ever would keep every later one from starting."""
    first, second = await world.planned(ONE, TWO)
    began = (await world.scan_row(first.scan_id)).started_at
    world.clock.advance(timedelta(minutes=29))
    await world.deliver(first)
    assert (await world.lease()).expires == began + SCAN_DEADLINE
    world.clock.advance(timedelta(minutes=25))
    before = len(store.log)

    last = await world.asleep(second, MARK)

    assert (await world.lease()).expires == began + SCAN_DEADLINE
    assert "current" not in store.written(before)
    world.clock.advance(timedelta(minutes=1))
    assert (await world.start()).new
    await last.wake()


async def test_the_lease_of_another_scan_is_not_renewed(world: ScanWorld) -> None:
    """An old worker that wakes must not lengthen what it lost."""
    (old,) = await world.planned(ONE)
    worker = await world.asleep(old, READ_TABLE)
    await world.poison(SliceMessage(old.scan_id, None))
    newer = await world.start()
    world.clock.advance(SCAN_LEASE - timedelta(minutes=1))
    before = await world.lease()

    await worker.wake()

    assert before.scan_id == newer.scan_id
    assert await world.lease() == before


async def test_a_claim_whose_renewal_got_no_answer_is_still_held(world: ScanWorld) -> None:
    """A worker that took itself for another would drop its message, and the scan never end."""
    (message,) = await world.planned(ONE)
    renewal = Place("commit", Table.SCANS, 1)
    world.store = FaultyStore(world.store, places={renewal: Fault.LOST_ANSWER})
    worker = await world.asleep(message, READ_TABLE)
    world.clock.advance(CLAIM_RENEWED_AFTER)

    await worker.wake()

    assert (await world.scan_row(message.scan_id)).state is ScanState.COMPLETE


async def test_a_claim_has_its_full_time_again_when_work_begins(
    world: ScanWorld, caplog: pytest.LogCaptureFixture
) -> None:
    """A slice may wait for another one of its process: nobody may take it over while it is read."""
    (message,) = await world.planned(ONE)
    worker = await world.asleep(message, READ_TABLE)
    world.clock.advance(CLAIM_RENEWED_AFTER)

    async def delivered_again(_subscription_id: str) -> None:
        world.clock.advance(CLAIM_ENDS - timedelta(seconds=1))
        with pytest.raises(SliceHeld):
            await world.deliver(message)

    world.inventory.before_read = delivered_again
    await worker.wake()

    assert (await world.scan_row(message.scan_id)).state is ScanState.COMPLETE
    assert not caplog.records  # nothing failed and was tried again


async def test_one_check_of_the_claim_serves_all_marks_set_before_it(crowd: ScanWorld) -> None:
    """A slice of two hundred changes would else read its claim two hundred times, one by one."""
    assert isinstance(crowd.store, RecordingStore)
    crowd.options = replace(crowd.options, slice_size=3)
    (message,) = await crowd.planned(ONE, TWO, THREE)
    before = len(crowd.store.log)

    await crowd.deliver(message)

    reads = [
        entry
        for entry in crowd.store.log[before:]
        if entry.name == "get" and entry.partition.startswith("slice|")
    ]
    assert len(reads) == 3  # to claim it, after the first mark, after the two others


async def test_slices_worked_through_at_once_and_twice_finish_once(crowd: ScanWorld) -> None:
    """Workers meet at the last slice in any order; each message may come twice."""
    crowd.listed(ONE, TWO, THREE)
    crowd.read(TWO, bad(TWO))
    messages = await crowd.planned()
    workers = (crowd.deliver(message) for message in [*messages, *messages])

    trouble = await asyncio.gather(*workers, return_exceptions=True)

    assert {type(error) for error in trouble} <= {type(None), SliceHeld}
    assert (await crowd.scan_row(messages[0].scan_id)).state is ScanState.COMPLETE
    assert sorted(crowd.inventory.reads) == [ONE, TWO, THREE]
    assert [state for _, state, _ in crowd.teller.ended] == ["complete"]
    assert len(await crowd.feed()) == 2
