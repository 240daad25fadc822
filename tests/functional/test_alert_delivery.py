"""Alerts over the whole stack: from a change in Azure to whoever is called, and to subscribers."""

import base64
import json
import socket
from collections.abc import Iterator
from contextlib import closing
from datetime import timedelta
from typing import Any

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


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    """Whoever receives alerts; asked for first, it outlives the host."""
    with Receiver() as running:
        yield running


@pytest.fixture
def silent_url() -> Iterator[str]:
    """A receiver that is connected to and never answers; asked for first, it outlives the host."""
    with socket.create_server(("127.0.0.1", 0), backlog=64) as listening:
        yield f"http://127.0.0.1:{listening.getsockname()[1]}/hook"


def wait_until_told(scene: Scene) -> None:
    """Wait until no range waits to be told; what is hidden for a later try does."""

    def is_empty() -> bool:
        with closing(scene.storage.queue("cmk-tell")) as client:
            return client.get_queue_properties().approximate_message_count == 0

    wait_until(is_empty, "the queue cmk-tell empty", show=scene.tail)


def make(estate: Estate, number: int, name: str, encryption: object) -> None:
    """Change the encryption of an account."""
    estate.subscription(sub_id(number)).accounts[name].set_encryption(encryption)


def tells(scene: Scene) -> list[tuple[str, int, int]]:
    """Return what the log says of telling: state, first and last."""
    return [
        (line["state"], line["first"], line["last"])
        for line in scene.events()
        if line["event"] == "cmk.tell"
    ]


def test_p3_p4_a_receiver_gets_exactly_the_alerts_in_their_order(
    receiver: Receiver, open_scene: OpenScene
) -> None:
    """One summary of what was found first; then each transition once; and silence between them."""
    estate = estate_of({"chat": MICROSOFT, "search": CMK}, {"lab": CMK})
    scene = open_scene(estate, CMK_WEBHOOK_URL=receiver.url)

    baseline = scene.scan()
    wait_until_told(scene)
    first = receiver.told()
    scene.scan()
    wait_until_told(scene)
    posts = len(receiver.posts)
    make(estate, 1, "chat", CMK)
    make(estate, 1, "search", MICROSOFT)
    make(estate, 2, "lab", MICROSOFT)
    scene.scan()
    wait_until_told(scene)
    make(estate, 2, "lab", CMK)
    scene.scan()
    wait_until_told(scene)

    assert first == [("scan.baseline", baseline)]
    assert posts == 1
    alerts = receiver.told()[1:]
    assert sorted(alerts[:3]) == [
        ("account.resolved", "chat"),
        ("account.violated", "lab"),
        ("account.violated", "search"),
    ]
    assert alerts[3:] == [("account.resolved", "lab")]
    events = receiver.events()[1:]
    for source in {event["source"] for event in events}:
        numbers = [event["data"]["sequence"] for event in events if event["source"] == source]
        assert numbers == sorted(numbers)
    feed = {told.id for told in scene.storage.feed() if not told.data["baseline"]}
    assert sorted(event["id"] for event in events) == sorted(feed)


@pytest.mark.long
def test_p8_a_receiver_that_hangs_holds_no_scan_up(silent_url: str, open_scene: OpenScene) -> None:
    """The scan is done, and all can be read of it, while the post of its alert still waits."""
    estate = estate_of({"chat": CMK})
    scene = open_scene(estate, CMK_WEBHOOK_URL=silent_url)
    first = scene.scan()
    make(estate, 1, "chat", MICROSOFT)

    second = scene.scan()
    told = tells(scene)

    violated = scene.storage.feed()[-1]
    assert violated.type == "cmkcheck.account.violated"
    assert all(last < violated.number for _, _, last in told)
    assert first != second == scene.status()["lastScan"]["id"]
    line = json.loads(scene.wait_for_line('"state":"retry"'))
    assert line["reason"].startswith("127.0.0.1 did not answer")


@pytest.mark.long
def test_p9_p10_forged_messages_tell_nothing_new(receiver: Receiver, open_scene: OpenScene) -> None:
    """Whoever can write to the queue can make us repeat what happened, and nothing else."""
    estate = estate_of({"chat": CMK})
    scene = open_scene(estate, CMK_WEBHOOK_URL=receiver.url, **AT_ONCE)
    scene.scan()
    make(estate, 1, "chat", MICROSOFT)
    scene.scan()
    wait_until_told(scene)
    genuine = receiver.events()
    last = max(told.number for told in scene.storage.feed())
    refused: list[dict[str, Any]] = [
        {"first": 1, "last": 10**12},
        {"first": 1, "last": 1, "url": "https://127.0.0.1/", "change": genuine[0]},
        {"first": "1", "last": None},
    ]

    for message in [*refused, {"first": last + 1, "last": last + 900}]:
        scene.storage.send(message, "cmk-tell")
    scene.storage.send({"first": 1, "last": last}, "cmk-tell")
    wait_until(lambda: len(receiver.events()) > len(genuine), "a repetition", show=scene.tail)
    wait_until_told(scene)

    repeated = receiver.events()[len(genuine) :]
    assert {event["id"] for event in repeated} == {event["id"] for event in genuine}
    assert all(event in genuine for event in repeated)
    poisoned = [json.loads(text) for text in scene.storage.messages("cmk-tell-poison")]
    assert sorted(map(str, poisoned)) == sorted(map(str, refused))


@pytest.mark.long
def test_subscribers_find_every_change_once_on_their_queue(open_scene: OpenScene) -> None:
    """Baseline too: it is a feed, what to ring for is theirs to choose."""
    estate = estate_of({"chat": MICROSOFT, "search": CMK}, {"lab": CMK})
    scene = open_scene(estate, CMK_CHANGES_QUEUE="on")

    scene.scan()
    make(estate, 1, "chat", CMK)
    scene.scan()
    scene.scan()

    with closing(scene.storage.queue("cmk-changes")) as client:
        messages = list(client.receive_messages(messages_per_page=32))
    batches = [json.loads(base64.b64decode(message.content)) for message in messages]
    events = [event for batch in batches for event in batch]
    feed = scene.storage.feed()
    assert sorted(event["id"] for event in events) == sorted(told.id for told in feed)
    assert all(event["specversion"] == "1.0" for event in events)
    for message in messages:
        assert message.expires_on is not None
        assert message.inserted_on is not None
        assert message.expires_on - message.inserted_on == timedelta(days=7)
