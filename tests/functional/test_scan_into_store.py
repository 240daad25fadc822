"""``scan --store``: the tables of the app, filled from the command line."""

import json
from collections.abc import Iterator

import pytest

from cmk_check.core.reasons.command_line import address_person
from tests.functional import terminal_kit
from tests.functional.conftest import OpenScene
from tests.functional.estate_kit import (
    CMK,
    MICROSOFT,
    ODD,
    estate_of,
    next_second,
    sub_id,
    wait_until,
)
from tests.functional.webhook_receiver import Receiver

pytestmark = pytest.mark.long


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    """Whoever receives alerts; asked for first, it outlives the host."""
    with Receiver() as running:
        yield running


def test_a_scan_into_the_store_is_what_the_app_then_answers(
    receiver: Receiver, open_scene: OpenScene
) -> None:
    """The same tables: status, findings and feed, alerts told, and nothing new for the app."""
    estate = estate_of({"chat": CMK, "search": MICROSOFT}, {"lab": ODD})
    scene = open_scene(estate, CMK_WEBHOOK_URL=receiver.url, CMK_KEY_HEALTH="on")
    store = ("--store", scene.azurite.connection_string)
    environment = scene.simulator.environment()

    first = terminal_kit.run("scan", "--format=json", *store, environment=environment)
    status, findings = scene.status(), scene.findings()
    scene.news()
    scene.simulator.estate.subscription(sub_id(1)).accounts["chat"].set_encryption(MICROSOFT)
    next_second()
    second = terminal_kit.run("scan", "--format=json", *store, environment=environment)
    news = scene.news()
    told = wait_until(
        lambda: [e for post in receiver.posts for e in post.events if "violated" in e["type"]],
        "the alert posted",
        show=scene.tail,
    )
    next_second()
    scene.scan()

    document = json.loads(first.out)
    assert (first.code, second.code) == (1, 1)
    # Only the app has a watch.
    assert document["status"] == status | {"watch": None}
    # The command line speaks of the person's identity.
    assert document["findings"] == json.loads(address_person(json.dumps(list(findings.values()))))
    assert status["lastScan"]["trigger"] == "request"
    assert news == [("account.violated", "chat")]
    assert [event["data"]["name"] for event in told] == ["chat"]
    assert scene.news() == []
    assert scene.status()["lastScan"]["trigger"] == "timer"
