"""Delivery to receivers in trouble, over real connections: nothing is lost, nobody is held up."""

import asyncio
import json
import logging
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from aiohttp import web

from cmk_check.alerts.deliver import DeliveryContext, deliver
from cmk_check.alerts.delivery_queue import QueueSink, parse_message
from cmk_check.alerts.outbox_relay import Relay
from cmk_check.alerts.webhook import HttpWebhook
from cmk_check.core.enums import ChangeType
from cmk_check.ports import DeliveryMessage, Table
from cmk_check.store.change_feed import FeedTable
from cmk_check.store.findings import FindingsTable
from cmk_check.store.outbox import outbox_write
from tests.contract.webhook.conftest import Answer, Receiver, change
from tests.contract.webhook.webhook_kit import Open
from tests.fakes.delivery import MemoryTexts
from tests.fakes.recording_store import RecordingStore
from tests.fakes.world import BEGINNING, MovableClock

NUMBERS = range(1, 8)


def _status(status: int, **headers: str) -> Answer:
    async def answer(_: web.BaseRequest) -> web.StreamResponse:
        return web.Response(status=status, headers=headers)

    return answer


async def _hang(_: web.BaseRequest) -> web.StreamResponse:
    await asyncio.sleep(60)  # it is cancelled with the connection, or with the server
    return web.Response()


async def _drop(request: web.BaseRequest) -> web.StreamResponse:
    assert request.transport is not None
    request.transport.abort()
    return web.Response()


TROUBLES: dict[str, tuple[Answer, str]] = {
    "500": (_status(500), "answered 500"),
    "hangs": (_hang, "did not answer"),
    "drops": (_drop, "closed the connection"),
    "redirects": (_status(307, Location="https://127.0.0.1:9/hush"), "redirects"),
    "410": (_status(410), "answered 410"),
}


class Scene:
    """A feed of seven alerts, the real webhook, and both queues in memory."""

    def __init__(self, webhook: HttpWebhook) -> None:
        self.store = RecordingStore()
        self.again, self.poison = MemoryTexts(), MemoryTexts()
        self.clock = MovableClock()
        alert_on = {ChangeType.ACCOUNT_VIOLATED.value}
        self.delivery = DeliveryContext(
            FeedTable(self.store), [webhook], alert_on, self.again, self.poison, self.clock
        )

    async def scan_found(self) -> None:
        """Pass changes on as a scan does: out of the outbox into the feed and onto the queue."""
        changes = [replace(change(n), sequence=n) for n in NUMBERS]
        await self.store.commit(Table.FINDINGS, "s", list(map(outbox_write, changes)))
        outbox = (await FindingsTable(self.store).read_one("s")).outbox
        relay = Relay(FeedTable(self.store), QueueSink(self.again, None))
        assert not await relay.publish(outbox)

    async def deliver(self) -> None:
        """Deliver the last message of the queue when it is due."""
        text, delay = self.again.sent[-1]
        self.clock.advance(delay)
        await deliver(self.delivery, parse_message(text))


def _lines(caplog: pytest.LogCaptureFixture) -> list[Any]:
    lines = [record.getMessage() for record in caplog.records if record.name == "cmk_check.lines"]
    return [line for line in map(json.loads, lines) if line["event"] == "cmk.tell"]


def _told(receiver: Receiver) -> list[str]:
    return [event["id"] for request in receiver.received for event in json.loads(request.body)]


@pytest.fixture
async def scene(receiver: Receiver, opened: Open, caplog: pytest.LogCaptureFixture) -> Scene:
    """DeliveryContext to the receiver, which is left after a moment."""
    caplog.set_level(logging.INFO, logger="cmk_check.lines")
    return Scene(replace(opened(receiver.url), seconds=1.0))


@pytest.mark.parametrize("trouble", TROUBLES)
async def test_p3_every_change_arrives_when_the_receiver_is_back(
    receiver: Receiver, scene: Scene, caplog: pytest.LogCaptureFixture, trouble: str
) -> None:
    """Whatever the trouble was: nobody has to do anything about it, and the log says why."""
    receiver.answer, reason = TROUBLES[trouble]
    await scene.scan_found()
    for _ in range(3):
        await scene.deliver()
    receiver.answer = None
    receiver.received.clear()

    await scene.deliver()

    assert _told(receiver) == [f"change-{number}" for number in NUMBERS]
    *retries, delivered = _lines(caplog)
    assert [line["state"] for line in retries] == ["retry"] * 3
    assert all(reason in line["reason"] and "hush" not in line["reason"] for line in retries)
    assert (delivered["state"], delivered["changes"]) == ("delivered", len(NUMBERS))
    assert scene.poison.sent == []


@pytest.mark.parametrize("trouble", TROUBLES)
async def test_p3_what_is_given_up_is_kept_and_said(
    receiver: Receiver, scene: Scene, caplog: pytest.LogCaptureFixture, trouble: str
) -> None:
    """After a day it waits on the poison queue, as a message that tells it anew."""
    receiver.answer, reason = TROUBLES[trouble]
    await scene.scan_found()

    await deliver(scene.delivery, DeliveryMessage(1, 7, 30, BEGINNING - timedelta(days=2)))

    (text,) = scene.poison.texts()
    (line,) = _lines(caplog)
    assert (line["state"], line["first"], line["last"], line["changes"]) == ("given_up", 1, 7, 7)
    assert reason in line["reason"]
    receiver.answer = None
    receiver.received.clear()
    await deliver(scene.delivery, parse_message(text))
    assert _told(receiver) == [f"change-{number}" for number in NUMBERS]
