"""A try of the way to a webhook: the connection of a post, and nothing posted."""

import socket

import pytest

from cmk_check.errors import DeliveryFailed
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
