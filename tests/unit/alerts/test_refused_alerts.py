"""Alerts that the receiver refuses for good cost only themselves."""

from cmk_check.alerts.deliver import deliver
from cmk_check.ports import DeliveryMessage
from tests.unit.alerts.delivery_scene import DOWN, TOO_LARGE, UPDATED, VIOLATED, Scene


async def test_a_change_that_is_never_taken_costs_only_itself(scene: Scene) -> None:
    """It is given up at once; those before and behind it arrive (P7)."""
    await scene.publish([VIOLATED, UPDATED, VIOLATED, VIOLATED])
    scene.webhook.failures = [TOO_LARGE, None, TOO_LARGE, DOWN]

    await deliver(scene.delivery, DeliveryMessage(1, 4))
    await scene.deliver_again()

    assert scene.webhook.ids() == ["c1", "c4"]
    assert scene.poison.texts() == ['{"first": 3, "last": 3}']
    told = [(line["state"], line["first"], line["last"], line["changes"]) for line in scene.lines()]
    assert told == [
        ("given_up", 3, 3, 1),
        ("delivered", 1, 3, 1),
        ("retry", 4, 4, 1),
        ("delivered", 4, 4, 1),
    ]
    assert scene.lines()[0]["reason"] == "413"


async def test_of_two_that_are_refused_together_the_good_one_arrives(scene: Scene) -> None:
    """The receiver does not say which of them it minds (P3, P7)."""
    await scene.publish([VIOLATED, VIOLATED])
    scene.webhook.failures = [TOO_LARGE, TOO_LARGE, None]

    await deliver(scene.delivery, DeliveryMessage(1, 2))

    assert scene.webhook.ids() == ["c2"]
    assert scene.poison.texts() == ['{"first": 1, "last": 1}']
