"""Alerts over the whole stack: from a change in Azure to those who are called."""

import json
from collections.abc import Iterator
from contextlib import ExitStack, closing
from datetime import UTC, datetime
from typing import Any, Final

import pytest

from local.simulator import Estate
from tests.functional.conftest import OpenScene
from tests.functional.estate_kit import (
    AT_ONCE,
    CMK,
    MICROSOFT,
    Scene,
    estate_of,
    sub_id,
    wait_until,
)
from tests.functional.webhook_receiver import Receiver

pytestmark = pytest.mark.long

ROUTES: Final[list[dict[str, Any]]] = [
    {"name": "all"},
    {"name": "data", "owners": ["data"]},
    {"name": "nobody", "owners": [None]},
]


@pytest.fixture
def receivers() -> Iterator[dict[str, Receiver]]:
    """The receivers by route; asked for first, they outlive the host."""
    with ExitStack() as stack:
        yield {route["name"]: stack.enter_context(Receiver()) for route in ROUTES}


def _wait_until_told(scene: Scene) -> None:
    """Wait until no range waits to be told; what is hidden for a later try does."""

    def is_empty() -> bool:
        with closing(scene.storage.queue("cmk-tell")) as client:
            return client.get_queue_properties().approximate_message_count == 0

    wait_until(is_empty, "the queue cmk-tell empty", show=scene.tail)


def _make(estate: Estate, number: int, name: str, encryption: object) -> None:
    estate.subscription(sub_id(number)).accounts[name].set_encryption(encryption)


def test_p3_p4_p9_a_receiver_gets_each_alert_in_order_and_forged_messages_add_nothing(
    receivers: dict[str, Receiver], open_scene: OpenScene
) -> None:
    """One summary of what was found first; then each transition once; and silence between them.

    A person who can write to the queue can make the app repeat what happened, and nothing else.
    """
    receiver = receivers["all"]
    estate = estate_of({"chat": MICROSOFT, "search": CMK}, {"lab": CMK})
    scene = open_scene(estate, CMK_WEBHOOK_URL=receiver.url, **AT_ONCE)

    baseline = scene.scan()
    _wait_until_told(scene)
    first = receiver.told()
    scene.scan()
    _wait_until_told(scene)
    posts = len(receiver.posts)
    _make(estate, 1, "chat", CMK)
    _make(estate, 1, "search", MICROSOFT)
    _make(estate, 2, "lab", MICROSOFT)
    scene.scan()
    _wait_until_told(scene)
    _make(estate, 2, "lab", CMK)
    scene.scan()
    _wait_until_told(scene)
    genuine = receiver.events()
    feed = scene.storage.feed()
    refused = {"first": 1, "last": 1, "url": "https://127.0.0.1/", "change": genuine[0]}
    for message in (refused, {"first": len(feed) + 1, "last": len(feed) + 900}):
        scene.storage.send(message, "cmk-tell")
    scene.storage.send({"first": 1, "last": len(feed)}, "cmk-tell")
    wait_until(lambda: len(receiver.events()) > len(genuine), "a repetition", show=scene.tail)
    _wait_until_told(scene)

    assert first == [("scan.baseline", baseline)]
    assert posts == 1
    alerts = receiver.told()[1 : len(genuine)]
    assert sorted(alerts[:3]) == [
        ("account.resolved", "chat"),
        ("account.violated", "lab"),
        ("account.violated", "search"),
    ]
    assert alerts[3:] == [("account.resolved", "lab")]
    events = genuine[1:]
    for source in {event["source"] for event in events}:
        numbers = [event["data"]["sequence"] for event in events if event["source"] == source]
        assert numbers == sorted(numbers)
    changes = {told.id for told in feed if not told.data["baseline"]}
    assert sorted(event["id"] for event in events) == sorted(changes)
    assert {event["id"] for event in receiver.events()} == {event["id"] for event in genuine}
    assert [json.loads(text) for text in scene.storage.messages("cmk-tell-poison")] == [refused]


def test_p3_each_route_is_told_of_its_owners_and_waits_for_no_other(
    receivers: dict[str, Receiver], open_scene: OpenScene
) -> None:
    """The tag of a subscription names one of them; the one for all is away for a while."""
    estate = estate_of({"chat": CMK}, {"lab": CMK})
    estate.subscription(sub_id(2)).tags = {"Owner": "data"}
    urls = {f"CMK_ROUTE_{name.upper()}_URL": one.url for name, one in receivers.items()}
    scene = open_scene(estate, CMK_ROUTES=json.dumps(ROUTES), **urls)
    scene.scan()
    wait_until(lambda: receivers["all"].posts, "the baseline", show=scene.tail)
    receivers["all"].status = 503
    for number, name in ((1, "chat"), (2, "lab")):
        _make(estate, number, name, MICROSOFT)

    scene.scan()
    wait_until(
        lambda: receivers["data"].posts and receivers["nobody"].posts, "both", show=scene.tail
    )
    line = json.loads(scene.wait_for_line('"state":"retry"'))
    receivers["all"].status = 200
    # As the one that is hidden for a minute, seen earlier.
    again = {name: line[name] for name in ("first", "last", "route")}
    scene.storage.send(again | {"attempt": 1, "since": datetime.now(UTC).isoformat()}, "cmk-tell")
    wait_until(lambda: len(receivers["all"].told()) == 3, "the rest", show=scene.tail)

    assert line["route"] == "all"
    assert receivers["data"].told() == [("account.violated", "lab")]
    assert receivers["nobody"].told() == [("account.violated", "chat")]
    assert sorted(receivers["all"].told()[1:]) == [
        ("account.violated", "chat"),
        ("account.violated", "lab"),
    ]
