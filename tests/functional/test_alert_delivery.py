"""Alerts over the whole stack: from a change in Azure to those who are called."""

import json
from collections.abc import Iterator
from contextlib import closing
from typing import Final

import pytest
from typer.testing import CliRunner

from cmk_check.cli import app
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

ROUTES: Final = [{"name": "all"}, {"name": "data", "owners": ["data"]}]


@pytest.fixture
def receivers() -> Iterator[tuple[Receiver, Receiver]]:
    """The receivers of the two routes; asked for first, they outlive the host."""
    with Receiver() as receiver, Receiver() as owner:
        yield receiver, owner


def _wait_until_told(scene: Scene) -> None:
    """Wait until no range waits to be told; what is hidden for a later try does."""

    def is_empty() -> bool:
        with closing(scene.storage.queue("cmk-tell")) as client:
            return client.get_queue_properties().approximate_message_count == 0

    wait_until(is_empty, "the queue cmk-tell empty", show=scene.tail)


def _make(estate: Estate, number: int, name: str, encryption: object) -> None:
    estate.subscription(sub_id(number)).accounts[name].set_encryption(encryption)


def test_p3_p4_p9_receivers_get_their_alerts_in_order_and_forged_messages_add_nothing(
    receivers: tuple[Receiver, Receiver], open_scene: OpenScene
) -> None:
    """One summary of what was found first; then each transition once; and silence between them.

    The tag of a subscription names the owner, who gets only what happens there. A person who can
    write to the queue, or who sends changes again, can make the app repeat what happened, and
    nothing else.
    """
    receiver, owner = receivers
    estate = estate_of({"chat": MICROSOFT, "search": CMK}, {"lab": CMK})
    estate.subscription(sub_id(2)).tags = {"Owner": "data"}
    urls = {"CMK_ROUTE_ALL_URL": receiver.url, "CMK_ROUTE_DATA_URL": owner.url}
    scene = open_scene(estate, CMK_ROUTES=json.dumps(ROUTES), **urls, **AT_ONCE)

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
    genuine, owners = receiver.events(), owner.told()
    feed = scene.storage.feed()
    refused = {"first": 1, "last": 1, "url": "https://127.0.0.1/", "change": genuine[0]}
    for message in (refused, {"first": len(feed) + 1, "last": len(feed) + 900}):
        scene.storage.send(message, "cmk-tell")
    key = scene.host.keys.functions["scan_now"]
    words = ["--url", scene.host.url, "--key-file", "-", "--from", "1", "--to", str(len(feed))]
    resent = CliRunner().invoke(app, ["resend", *words], input=key)
    wait_until(lambda: len(receiver.events()) > len(genuine), "a repetition", show=scene.tail)
    _wait_until_told(scene)

    assert resent.stdout == f"queued: changes 1 to {len(feed)}\n"
    assert first == [("scan.baseline", baseline)]
    assert posts == 1
    alerts = receiver.told()[1 : len(genuine)]
    assert sorted(alerts[:3]) == [
        ("account.resolved", "chat"),
        ("account.violated", "lab"),
        ("account.violated", "search"),
    ]
    assert alerts[3:] == [("account.resolved", "lab")]
    assert owners == [("account.violated", "lab"), ("account.resolved", "lab")]
    events = genuine[1:]
    for source in {event["source"] for event in events}:
        numbers = [event["data"]["sequence"] for event in events if event["source"] == source]
        assert numbers == sorted(numbers)
    changes = {told.id for told in feed if not told.data["baseline"]}
    assert sorted(event["id"] for event in events) == sorted(changes)
    assert {event["id"] for event in receiver.events()} == {event["id"] for event in genuine}
    assert [json.loads(text) for text in scene.storage.messages("cmk-tell-poison")] == [refused]
