"""Start: one scan at a time, whoever asks, and none that ends unheard."""

from contextlib import nullcontext
from dataclasses import replace
from datetime import timedelta

import pytest

from cmk_check.core.enums import ChangeType, ScanState
from cmk_check.core.scan_request import StartAnswer, StartOutcome
from cmk_check.limits import SCAN_SPACING
from cmk_check.ports import QueueError, SliceMessage, StoreUnavailable, Table
from cmk_check.scan.start import request
from tests.fakes.faults import Fault, Place
from tests.fakes.world import good
from tests.unit.scan.scan_world import LEASE_ENDS, ONE, TWO, ScanWorld

TAKE = Place("commit", Table.SCANS, 0)
READ_BOARD = Place("get", Table.SCANS, 0)
READ_AGAIN = Place("get", Table.SCANS, 2)
SECOND = timedelta(seconds=1)


async def test_of_two_at_once_one_starts_and_the_other_gets_its_id(world: ScanWorld) -> None:
    """The timer and a person may ask in the same second; two scans would fight over the table."""
    slow = await world.asleep(world.start, TAKE)
    fast = await world.start()

    loser = await slow.wake()

    assert fast.new
    assert world.teller.started == [fast.scan_id]
    assert loser == StartAnswer(StartOutcome.RUNNING, fast.scan_id)
    assert world.queue.messages == [SliceMessage(fast.scan_id, None)]


async def test_an_expired_lease_is_taken_over_and_the_abandoned_scan_is_told(
    world: ScanWorld,
) -> None:
    """A scan whose processes died must neither block the next one nor vanish in silence."""
    first = (await world.planned(ONE, TWO))[0].scan_id
    world.clock.advance(LEASE_ENDS)

    second = await world.start()

    abandoned = await world.scan_row(first)
    row = await world.scan_row(second.scan_id)
    assert second.new
    assert abandoned.state is ScanState.ABANDONED
    assert abandoned.finished_at == world.clock.now()
    assert abandoned.reason == "The scan's lease expired before all slices were done."
    assert row.supersedes == first
    assert row.epoch == abandoned.epoch + 1
    (change,) = await world.feed()
    assert (change.type, change.source) == (ChangeType.SCAN_ABANDONED, f"/scans/{first}")
    assert (change.data["reason"], change.sequence) == (abandoned.reason, abandoned.epoch)
    assert world.told_types() == ["scan.abandoned"]
    await world.drain()
    assert await world.count_slice_rows(first) == 0


@pytest.mark.parametrize(
    ("faults", "starts", "is_taken", "sent"),
    [
        ({TAKE: Fault.LOST_ANSWER}, True, True, 1),
        ({TAKE: Fault.NO_ANSWER}, True, True, 1),
        ({TAKE: Fault.LOST_ANSWER, READ_AGAIN: Fault.NO_ANSWER}, False, True, 1),
        ({TAKE: Fault.NO_ANSWER, READ_AGAIN: Fault.NO_ANSWER}, False, False, 1),
        ({replace(TAKE, number=None): Fault.NO_ANSWER}, False, False, 0),
        ({READ_BOARD: Fault.NO_ANSWER}, False, False, 0),
    ],
    ids=[
        *("the answer is lost", "not written", "lost, then unread", "not written, then unread"),
        *("never written", "unread from the start"),
    ],
)
async def test_a_lease_that_may_be_taken_is_never_held_for_nobody(
    world: ScanWorld, faults: dict[Place, Fault], *, starts: bool, is_taken: bool, sent: int
) -> None:
    """Without its message nobody would scan until it expires; one of no scan does nothing."""
    with nullcontext() if starts else pytest.raises(StoreUnavailable):
        await world.start(world.faulty(faults))

    holder = await world.context.scans.holder()
    assert (holder is not None, len(world.queue.messages)) == (is_taken, sent)
    assert holder is None or world.queue.messages == [SliceMessage(holder, None)]


async def test_a_queue_that_is_down_beside_the_store_hides_no_failure_of_the_store(
    world: ScanWorld,
) -> None:
    """The lease is taken, and ends by itself."""
    world.queue.is_down = True
    faults = {TAKE: Fault.LOST_ANSWER, READ_AGAIN: Fault.NO_ANSWER}

    with pytest.raises(StoreUnavailable):
        await world.start(world.faulty(faults))

    assert await world.context.scans.holder() is not None


async def test_a_queue_that_is_down_closes_the_scan_as_failed_and_tells(world: ScanWorld) -> None:
    """A scan that nobody works on must not hold the lease for half an hour."""
    world.queue.is_down = True

    with pytest.raises(QueueError):
        await world.start()

    status = await world.known_status()
    assert status.last_scan is not None
    assert status.last_scan.state is ScanState.FAILED
    assert "queue" in (status.last_scan.reason or "")
    assert status.lowered is None  # what the last scan read still holds
    assert await world.context.scans.holder() is None
    assert world.told_types() == ["scan.failed"]
    assert [state for _, state, _ in world.teller.ended] == ["failed"]
    world.queue.is_down = False
    assert (await world.start()).new


async def test_within_a_minute_of_the_last_start_there_is_no_other(world: ScanWorld) -> None:
    """However quickly that one ended, whoever started it."""
    world.azure_has(good(ONE))
    last = await world.scan()
    world.clock.advance(SCAN_SPACING - SECOND)

    early = await request(world.context)
    world.clock.advance(SECOND)
    later = await request(world.context)

    assert early == StartAnswer(StartOutcome.TOO_SOON, last, SECOND)
    assert later.outcome is StartOutcome.STARTED
    await world.drain()
    assert (await world.start()).new  # the schedule waits for nobody


@pytest.mark.parametrize(
    ("ahead", "outcome"),
    [(SCAN_SPACING - SECOND, StartOutcome.TOO_SOON), (2 * SCAN_SPACING, StartOutcome.STARTED)],
)
async def test_a_clock_that_was_set_back_keeps_nobody_waiting_for_long(
    world: ScanWorld, ahead: timedelta, outcome: StartOutcome
) -> None:
    """A minute is asked for at most, however far ahead the last start is dated."""
    world.azure_has(good(ONE))
    await world.scan()
    world.clock.advance(-ahead)

    asked = await request(world.context)

    assert (asked.outcome, asked.wait <= SCAN_SPACING) == (outcome, True)
