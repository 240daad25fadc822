"""Sending published changes again: what is queued, and what is refused."""

from dataclasses import replace

import pytest

from cmk_check.alerts.deliver import deliver, resend
from cmk_check.alerts.delivery_queue import parse_message
from cmk_check.core.status import Undelivered
from cmk_check.limits import CHANGES_PER_DELIVERY_MESSAGE
from cmk_check.ports import DeliveryMessage, Replace, Table
from cmk_check.store.change_feed import FeedTable
from cmk_check.store.codec import RowTooNew
from tests.fakes.faults import Fault, FaultyStore, Place
from tests.unit.alerts.delivery_scene import DOWN, UPDATED, VIOLATED, Scene


async def test_a_long_range_is_queued_in_parts(scene: Scene) -> None:
    """Each part is one message, and tried for a day by itself."""
    size = CHANGES_PER_DELIVERY_MESSAGE
    await scene.publish([UPDATED] * (size + 1))

    assert await resend(scene.delivery, 1, size + 1)

    assert [parse_message(text) for text in scene.again.texts()] == [
        DeliveryMessage(1, size),
        DeliveryMessage(size + 1, size + 1),
    ]


async def test_what_nobody_could_deliver_is_not_queued(scene: Scene) -> None:
    """A message that leads nowhere would look like help."""
    await scene.publish([VIOLATED])
    unset = replace(scene.delivery, webhooks=[])

    assert not await resend(unset, 1, 1)
    assert not await resend(scene.delivery, 1, 2)
    assert scene.again.sent == []


async def test_a_feed_of_a_newer_version_is_left_to_that(scene: Scene) -> None:
    """Its changes may mean something else."""
    await scene.publish([VIOLATED])
    head = await scene.store.get(Table.CHANGES, "feed", "head")
    assert head is not None
    newer = Replace("head", {**head.values, "schema": 5, "writtenBy": "2.0"}, head.etag)
    await scene.store.commit(Table.CHANGES, "feed", [newer])

    with pytest.raises(RowTooNew, match=r"cmk_check \(2.0\) uses this storage"):
        await resend(scene.delivery, 1, 1)
    assert scene.again.sent == []


async def test_what_a_receiver_has_not_accepted_is_known_until_it_does(scene: Scene) -> None:
    """Who relies on the webhook alone learns from the status that it is down."""
    await scene.publish([UPDATED, VIOLATED, UPDATED, VIOLATED, UPDATED])
    feed, since = scene.delivery.feed, scene.clock.now()
    scene.webhook.failures = [DOWN, DOWN]

    await deliver(scene.delivery, DeliveryMessage(1, 3))
    await deliver(scene.delivery, DeliveryMessage(4, 5))
    both = await feed.read_undelivered()
    await scene.deliver_again()
    one = await feed.read_undelivered()
    await resend(scene.delivery, 1, 5)

    assert both == Undelivered(2, 4, since)
    assert one == Undelivered(2, 2, since)
    assert await feed.read_undelivered() is None


async def test_a_note_that_cannot_be_written_holds_up_no_alert(scene: Scene) -> None:
    """The next try writes it, and a note that stays is ended by a person."""
    await scene.publish([VIOLATED])
    scene.webhook.failures = [DOWN, DOWN]
    writes = FaultyStore(scene.store, places={Place("commit", Table.CHANGES, 0): Fault.NO_ANSWER})
    away = scene.over(FeedTable(writes))

    await deliver(away, DeliveryMessage(1, 1))
    unknown = await away.feed.read_undelivered()
    await deliver(away, parse_message(scene.again.texts()[-1]))

    assert unknown is None
    assert await away.feed.read_undelivered() == Undelivered(1, 1, scene.clock.now())


async def test_routes_do_not_end_each_others_notes(scene: Scene) -> None:
    """One receiver is up, the other is not."""
    feed, now = scene.delivery.feed, scene.clock.now()
    for route in ("a", "b"):
        await feed.note_undelivered(route, 1, 2, now)

    await feed.forget_undelivered(1, 2, "a")
    await feed.forget_undelivered(3, 9)

    assert await feed.read_undelivered() == Undelivered(1, 2, now)
