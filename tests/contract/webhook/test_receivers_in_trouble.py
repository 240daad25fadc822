"""Delivery to receivers in trouble, over real connections: nothing is lost, nobody is held up."""

import asyncio
import json
from dataclasses import replace

import pytest
from aiohttp import web

from cmk_check.alerts.deliver import deliver
from cmk_check.ports import DeliveryMessage
from tests.contract.webhook.conftest import Answer, Receiver
from tests.contract.webhook.webhook_kit import Open
from tests.unit.alerts.delivery_scene import VIOLATED, Scene


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
    "hangs": (_hang, "did not answer within 1 s: check the receiver's log."),
    "drops": (
        _drop,
        "closed the connection (ServerDisconnectedError): check the receiver's log.",
    ),
    "redirects": (_status(307, Location="https://127.0.0.1:9/hush"), "redirects"),
    "410": (_status(410), "answered 410"),
}


def _told(receiver: Receiver) -> list[str]:
    return [event["id"] for request in receiver.received for event in json.loads(request.body)]


@pytest.mark.parametrize("trouble", TROUBLES)
async def test_p3_every_change_arrives_when_the_receiver_is_back(
    receiver: Receiver, opened: Open, caplog: pytest.LogCaptureFixture, trouble: str
) -> None:
    """Whatever the trouble was: nobody has to do anything about it, and the log says why."""
    scene = Scene(caplog)
    webhook = replace(opened(receiver.url), seconds=1.0)
    scene.delivery = replace(scene.delivery, webhooks=[webhook])
    receiver.answer, reason = TROUBLES[trouble]
    await scene.publish([VIOLATED] * 7)
    await deliver(scene.delivery, DeliveryMessage(1, 7))
    for _ in range(2):
        await scene.deliver_again()
    receiver.answer = None
    receiver.received.clear()

    await scene.deliver_again()

    assert _told(receiver) == [f"c{number}" for number in range(1, 8)]
    *retries, delivered = scene.lines()
    assert [line["state"] for line in retries] == ["retry"] * 3
    assert all(reason in line["reason"] and "hush" not in line["reason"] for line in retries)
    assert (delivered["state"], delivered["changes"]) == ("delivered", 7)
    assert scene.poison.sent == []
