"""Without a webhook nothing waits, but for what was tried while there was one."""

from dataclasses import replace
from datetime import timedelta

from cmk_check.alerts.deliver import DeliveryContext, deliver
from cmk_check.alerts.delivery_queue import parse_message
from cmk_check.ports import DeliveryMessage
from cmk_check.store.change_feed import FeedTable
from tests.unit.alerts.delivery_scene import DOWN, UPDATED, VIOLATED, Scene


async def test_without_a_webhook_a_message_is_done_with(scene: Scene) -> None:
    """Nothing is read, and nothing waits for a webhook that may never come."""
    await scene.publish([VIOLATED])
    before = len(scene.store.log)

    await deliver(
        DeliveryContext(FeedTable(scene.store), (), set(), scene.again, scene.poison, scene.clock),
        DeliveryMessage(1, 1),
    )

    assert len(scene.store.log) == before
    assert scene.again.sent == []


async def test_what_was_tried_before_waits_for_the_webhook_to_be_set_again(scene: Scene) -> None:
    """Whoever replaces its URL leaves the setting out for a moment; the alerts must not be lost."""
    await scene.publish([VIOLATED, UPDATED])
    scene.webhook.failures = [DOWN]
    await deliver(scene.delivery, DeliveryMessage(1, 2))
    with_webhook = scene.delivery
    scene.delivery = replace(scene.delivery, webhooks=())
    delays = [await scene.deliver_again() for _ in range(3)]

    scene.delivery = with_webhook
    await scene.deliver_again()

    assert delays == [timedelta(minutes=minutes) for minutes in (1, 2, 4)]
    assert scene.webhook.ids() == ["c1"]
    retries = scene.lines()[1:-1]
    assert {line["state"] for line in retries} == {"retry"}
    assert all("CMK_WEBHOOK_URL" in line["reason"] for line in retries)
    assert scene.poison.sent == []


async def test_without_a_webhook_for_a_day_it_is_given_up_with_an_error(scene: Scene) -> None:
    """A person can deliver it later, and hears of it."""
    await scene.publish([VIOLATED])
    scene.delivery = replace(scene.delivery, webhooks=())

    late = DeliveryMessage(1, 1, 9, scene.clock.now() - timedelta(days=1))
    await deliver(scene.delivery, late)

    assert [parse_message(text) for text in scene.poison.texts()] == [DeliveryMessage(1, 1)]
    assert (scene.levels(), scene.lines()[0]["state"]) == (["ERROR"], "given_up")


async def test_without_a_webhook_a_range_without_alerts_is_done_with(scene: Scene) -> None:
    """There is nothing to lose in it; and who was told of a try is told of its end."""
    await scene.publish([UPDATED])
    scene.delivery = replace(scene.delivery, webhooks=())

    await deliver(scene.delivery, DeliveryMessage(1, 1, 2, scene.clock.now()))

    assert scene.again.sent == scene.poison.sent == []
    assert scene.lines() == [
        {"state": "delivered", "first": 1, "last": 1, "changes": 0, "attempt": 2}
    ]
