"""Sending published changes again: what is queued, and what is refused."""

from dataclasses import replace

import pytest

from cmk_check.alerts.deliver import deliver
from cmk_check.alerts.delivery_queue import parse_message
from cmk_check.alerts.resend import resend
from cmk_check.core.alert_routes import NotResent
from cmk_check.limits import CHANGES_PER_DELIVERY_MESSAGE, DELIVERY_GIVEN_UP_AFTER
from cmk_check.ports import DeliveryMessage, Replace, Table
from cmk_check.store.codec import RowTooNew
from tests.unit.alerts.delivery_scene import DOWN, UPDATED, VIOLATED, Scene


async def test_p9_after_a_day_of_a_dead_receiver_all_alerts_arrive(scene: Scene) -> None:
    """A person repairs it, and names the numbers of what was given up; their ids are the same."""
    await scene.publish([VIOLATED, UPDATED, *[VIOLATED] * 118])
    scene.webhook.failures = [DOWN] * 99
    await deliver(scene.delivery, DeliveryMessage(1, 120))
    while not scene.poison.sent:
        await scene.deliver_again()
    scene.webhook.failures = []
    scene.clock.advance(DELIVERY_GIVEN_UP_AFTER)

    assert await resend(scene.delivery, 1, 120, None) is None
    await deliver(scene.delivery, parse_message(scene.again.texts()[-1]), scene.clock.now())

    assert scene.webhook.ids() == [f"c{number}" for number in range(1, 121) if number != 2]


async def test_a_long_range_is_queued_in_parts(scene: Scene) -> None:
    """Each part is one message, and tried for a day by itself."""
    size = CHANGES_PER_DELIVERY_MESSAGE
    await scene.publish([UPDATED] * (size + 1))

    assert await resend(scene.delivery, 1, size + 1, "webhook") is None

    assert [parse_message(text) for text in scene.again.texts()] == [
        DeliveryMessage(1, size, route="webhook"),
        DeliveryMessage(size + 1, size + 1, route="webhook"),
    ]


async def test_what_nobody_could_deliver_is_not_queued(scene: Scene) -> None:
    """A message that leads nowhere would look like help."""
    await scene.publish([VIOLATED])
    unset = replace(scene.delivery, webhooks=[])

    assert await resend(unset, 1, 1, None) is NotResent.NO_RECEIVER
    assert await resend(scene.delivery, 1, 1, "other") is NotResent.UNKNOWN_ROUTE
    assert await resend(scene.delivery, 1, 2, None) is NotResent.NOT_PUBLISHED
    assert scene.again.sent == []


async def test_a_feed_of_a_newer_version_is_left_to_that(scene: Scene) -> None:
    """Its changes may mean something else."""
    await scene.publish([VIOLATED])
    head = await scene.store.get(Table.CHANGES, "feed", "head")
    assert head is not None
    newer = Replace("head", {**head.values, "schema": 5, "writtenBy": "2.0"}, head.etag)
    await scene.store.commit(Table.CHANGES, "feed", [newer])

    with pytest.raises(RowTooNew, match=r"cmk_check \(2.0\) publishes changes here"):
        await resend(scene.delivery, 1, 1, None)
    assert scene.again.sent == []
