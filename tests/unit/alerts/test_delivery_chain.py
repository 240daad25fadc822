"""A message that is handed out twice is tried in one chain; no note keeps an alert from anybody."""

from datetime import datetime, timedelta

import pytest

from cmk_check.alerts.deliver import deliver
from cmk_check.alerts.delivery_queue import parse_message
from cmk_check.limits import LONGEST_DELIVERY_DELAY
from cmk_check.ports import DeliveryMessage, Table
from cmk_check.store.change_feed import FeedTable
from tests.fakes.faults import Fault, FaultyStore, Place
from tests.fakes.world import BEGINNING
from tests.unit.alerts.delivery_scene import DOWN, VIOLATED, Scene

SECOND = timedelta(seconds=1)
SINCE = BEGINNING.isoformat()


async def test_a_second_hand_out_of_a_try_that_is_over_does_nothing(scene: Scene) -> None:
    """Neither a post nor a successor: both come from the first one."""
    await scene.publish([VIOLATED])
    scene.webhook.failures = [DOWN]
    scene.clock.advance(SECOND)

    for _ in range(2):
        await deliver(scene.delivery, DeliveryMessage(1, 1), BEGINNING)
    assert len(scene.again.sent) == 1
    message = parse_message(scene.again.texts()[0])
    for _ in range(2):
        await deliver(scene.delivery, message)

    assert scene.webhook.ids() == ["c1"]
    assert [line["state"] for line in scene.lines()] == ["retry", "delivered"]


async def test_ranges_of_the_same_second_are_tried_each_for_itself(scene: Scene) -> None:
    """They end with the same alert, and the shorter one must not stand for the longer."""
    await scene.publish([VIOLATED, VIOLATED])
    scene.webhook.failures = [DOWN, DOWN]
    scene.clock.advance(SECOND)

    for first in (2, 1):
        await deliver(scene.delivery, DeliveryMessage(first, 2), BEGINNING)
    for text in scene.again.texts():
        await deliver(scene.delivery, parse_message(text))

    assert sorted(scene.webhook.ids()) == ["c1", "c2", "c2"]


@pytest.mark.parametrize(
    "note",
    ["", "oops", f"{SINCE}|", f"{SINCE}|x", f"{SINCE}|0", f"{SINCE}|\u00b2", "2026-11-24|9"],
)
async def test_only_a_note_of_this_try_or_a_later_one_stops_it(scene: Scene, note: str) -> None:
    """An alert twice is better than none."""
    await scene.publish([VIOLATED])
    await FeedTable(scene.store).note("c1", "tries_webhook", note)

    await deliver(scene.delivery, DeliveryMessage(1, 1, 1, BEGINNING))

    assert scene.webhook.ids() == ["c1"]


async def test_a_note_that_cannot_be_written_costs_no_try(scene: Scene) -> None:
    """The successor has been sent."""
    await scene.publish([VIOLATED])
    scene.webhook.failures = [DOWN]
    refused = FaultyStore(
        scene.store, places={Place("commit", Table.CHANGES, None): Fault.NO_ANSWER}
    )

    await deliver(scene.over(FeedTable(refused)), DeliveryMessage(1, 1, 1, BEGINNING))

    assert len(scene.again.sent) == 1


@pytest.mark.parametrize(
    ("queued", "is_kept"),
    [
        (BEGINNING, True),
        (BEGINNING - LONGEST_DELIVERY_DELAY, False),
        (BEGINNING + timedelta(minutes=1), False),
        (BEGINNING.replace(tzinfo=None), False),
    ],
)
async def test_the_day_of_a_message_that_waited_long_begins_with_its_first_try(
    scene: Scene, queued: datetime, *, is_kept: bool
) -> None:
    """Else an app that was stopped for a day would give up at once."""
    await scene.publish([VIOLATED])
    scene.webhook.failures = [DOWN]

    await deliver(scene.delivery, DeliveryMessage(1, 1), queued)

    since = parse_message(scene.again.texts()[0]).since
    assert since == (BEGINNING - timedelta(microseconds=1) if is_kept else BEGINNING)
