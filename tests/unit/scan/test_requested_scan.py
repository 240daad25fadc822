"""A scan that somebody asks for: none while one runs, and none right after the last start."""

from datetime import timedelta

import pytest

from cmk_check.core.enums import ScanState, Trigger
from cmk_check.core.scan_request import StartAnswer, StartOutcome
from cmk_check.limits import SCAN_SPACING
from cmk_check.ports import QueueError, SliceMessage
from cmk_check.scan.start import request
from tests.fakes.world import World, good
from tests.unit.scan.faulty_processes import ONE, azure_has

SECOND = timedelta(seconds=1)


def _estate(world: World) -> None:
    azure_has(world, good(ONE))


async def test_a_request_starts_a_scan_that_says_so(world: World) -> None:
    """The history tells people from the schedule."""
    asked = await request(world.context)

    assert asked == StartAnswer(StartOutcome.STARTED, asked.scan_id)
    assert (await world.scan_row(asked.scan_id)).trigger is Trigger.REQUEST
    assert world.queue.messages == [SliceMessage(asked.scan_id, None)]


async def test_within_a_minute_of_the_last_start_there_is_no_other(world: World) -> None:
    """However quickly that one ended, whoever started it."""
    _estate(world)
    last = await world.scan()
    world.clock.advance(SCAN_SPACING - SECOND)

    early = await request(world.context)
    world.clock.advance(SECOND)
    later = await request(world.context)

    assert early == StartAnswer(StartOutcome.TOO_SOON, last, SECOND)
    assert later.outcome is StartOutcome.STARTED


async def test_the_schedule_does_not_wait_for_anybody(world: World) -> None:
    """A person who asks a minute before the hour must not cost the hour's scan."""
    _estate(world)
    await request(world.context)
    await world.drain()

    assert (await world.start()).new


@pytest.mark.parametrize(
    ("ahead", "outcome"),
    [(SCAN_SPACING - SECOND, StartOutcome.TOO_SOON), (2 * SCAN_SPACING, StartOutcome.STARTED)],
)
async def test_a_clock_that_was_set_back_keeps_nobody_waiting_for_long(
    world: World, ahead: timedelta, outcome: StartOutcome
) -> None:
    """A minute is asked for at most, however far ahead the last start is dated."""
    _estate(world)
    await world.scan()
    world.clock.advance(-ahead)

    asked = await request(world.context)

    assert (asked.outcome, asked.wait <= SCAN_SPACING) == (outcome, True)


async def test_a_start_that_the_queue_refused_counts(world: World) -> None:
    """It is in the history as failed, and the answer has said to wait."""
    world.queue.is_down = True
    with pytest.raises(QueueError):
        await request(world.context)
    world.queue.is_down = False

    asked = await request(world.context)

    assert asked.outcome is StartOutcome.TOO_SOON
    assert (await world.scan_row(asked.scan_id)).state is ScanState.FAILED
