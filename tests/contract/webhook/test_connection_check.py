"""A try of the way to a webhook: the connection of a post, and nothing posted."""

import json
import socket
from collections.abc import Awaitable, Callable

import pytest

from cmk_check.doctor import app_checks
from cmk_check.doctor.examined_app import DoctorSubject
from cmk_check.ports import DeliveryFailed
from tests.contract.webhook.conftest import Receiver
from tests.contract.webhook.webhook_kit import Nowhere, Open, Resolver


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


async def test_nobody_there_is_a_failure_without_the_url(opened: Open) -> None:
    """The same sentence as that of a post."""
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]

    with pytest.raises(DeliveryFailed) as raised:
        await opened(f"https://127.0.0.1:{port}/hush").reach()

    assert str(raised.value) == (
        "127.0.0.1 does not accept connections: check the host and port in CMK_WEBHOOK_URL, "
        "and firewalls."
    )
    assert raised.value.__context__ is None


@pytest.mark.parametrize(
    ("resolver", "said"),
    [
        pytest.param(Nowhere(), "cannot be resolved", id="no such name"),
        pytest.param(
            Resolver("169.254.169.254"),
            "leads to an address that is not allowed for a webhook",
            id="guarded",
        ),
    ],
)
async def test_a_name_that_leads_nowhere_good_is_a_failure(
    opened: Open, resolver: Resolver, said: str
) -> None:
    """The guard of a post stands before the try as well."""
    with pytest.raises(DeliveryFailed, match=said):
        await opened("https://hooks.test/hush", resolver).reach()


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
