"""A try of the way to a webhook: the connection of a post, and nothing posted."""

import json
import socket
from collections.abc import Awaitable, Callable

import pytest

from cmk_check.doctor import app_checks
from cmk_check.doctor.examined_app import DoctorSubject
from cmk_check.ports import DeliveryFailed
from tests.contract.webhook.conftest import Receiver
from tests.contract.webhook.webhook_kit import Open, Resolver


async def test_it_is_reached_and_told_nothing(receiver: Receiver, opened: Open) -> None:
    """The path lets whoever knows it post: not even a request's line holds it."""
    receiver.answers(404)

    status = await opened(receiver.url).reach()

    (request,) = receiver.received
    assert status == 404
    assert (request.path, request.body) == ("/", b"")
    assert "hush" not in str(request)


async def test_a_redirect_is_not_followed(receiver: Receiver, opened: Open) -> None:
    """A post would not follow it either."""
    receiver.answers(302, location="/elsewhere")

    assert await opened(receiver.url).reach() == 302
    assert len(receiver.received) == 1


async def test_the_guard_of_a_post_stands_before_the_try(opened: Open) -> None:
    """What else can be wrong on the way is told as for a post: test_webhook_connections.py."""
    webhook = opened("https://hooks.test/hush", Resolver("169.254.169.254"))

    with pytest.raises(DeliveryFailed, match="leads to an address that is not allowed") as raised:
        await webhook.reach()

    assert raised.value.__context__ is None


async def test_each_route_is_tried(serve: Callable[[str], Awaitable[Receiver]]) -> None:
    """One that cannot be reached hides nothing of the others."""
    receiver = await serve("http")
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
    given = {
        "CMK_ROUTES": json.dumps([{"name": "gone"}, {"name": "soc"}]),
        "CMK_ROUTE_GONE_URL": f"http://127.0.0.1:{port}/hush",
        "CMK_ROUTE_SOC_URL": receiver.url,
    }

    gone, soc = await app_checks.webhook(DoctorSubject.of(given))

    assert (gone[0], soc[0]) == ("problem", "ok")
    assert "check the host and port in CMK_ROUTE_GONE_URL" in gone[1]
    assert "`cmk-check send-test-alert --route soc`" in soc[1]
    assert "hush" not in gone[1] + soc[1]
    assert [request.body for request in receiver.received] == [b""]
