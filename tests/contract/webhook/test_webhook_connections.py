"""Where a webhook leads and what a broken way there is called; the URL never shows.

A try of the way makes the connection of a post, and posts nothing.
"""

import asyncio
import json
import logging
import socket
import traceback
from collections.abc import Awaitable, Callable
from dataclasses import replace

import pytest
from aiohttp import web
from aiohttp.abc import AbstractResolver, ResolveResult

from cmk_check.core.alert_routes import Route
from cmk_check.doctor import app_checks
from cmk_check.doctor.examined_app import DoctorSubject
from cmk_check.ports import DeliveryFailed
from tests.contract.webhook.conftest import SECRET, Answer, Open, Receiver, change, failure_of


class Resolver(AbstractResolver):
    """Resolves every name to the same addresses; without any, no name is known."""

    def __init__(self, *addresses: str) -> None:
        self._addresses = addresses

    async def resolve(
        self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_INET
    ) -> list[ResolveResult]:
        """Answer for any name."""
        if not self._addresses:
            raise socket.gaierror(socket.EAI_NONAME, f"{host}:{port} is not known")
        del family
        return [
            ResolveResult(
                hostname=host,
                host=address,
                port=port,
                family=socket.AF_INET6 if ":" in address else socket.AF_INET,
                proto=0,
                flags=0,
            )
            for address in self._addresses
        ]

    async def close(self) -> None:
        """Nothing is open."""


def _port(receiver: Receiver) -> str:
    return receiver.url.split(":")[2].split("/")[0]


async def test_what_is_in_the_way_is_named_and_gets_nothing(
    receiver: Receiver, serve: Callable[[str], Awaitable[Receiver]], opened: Open
) -> None:
    """A receiver under maintenance, somebody else's certificate, a port without TLS, a typo."""
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
    plain = await serve("http")
    tls = (
        "127.0.0.1 does not offer trusted TLS: check the host and port in CMK_WEBHOOK_URL, and "
        "whether this machine knows the certificate authority."
    )

    assert str(await failure_of(opened(f"https://127.0.0.1:{port}/hush"))) == (
        "127.0.0.1 does not accept connections: check the host and port in CMK_WEBHOOK_URL, "
        "and firewalls."
    )
    assert str(await failure_of(opened(receiver.url, trust=True))) == tls
    assert str(await failure_of(opened(plain.url.replace("http:", "https:")))) == tls
    nowhere = opened("https://hooks.test/hush", resolver=Resolver())
    assert str(await failure_of(nowhere)) == (
        "hooks.test cannot be resolved: check the host in CMK_WEBHOOK_URL."
    )
    assert receiver.received == plain.received == []


async def _hang(_: web.BaseRequest) -> web.StreamResponse:
    await asyncio.sleep(60)  # it is cancelled with the connection, or with the server
    return web.Response()


async def _drop(request: web.BaseRequest) -> web.StreamResponse:
    assert request.transport is not None
    request.transport.abort()
    return web.Response()


@pytest.mark.parametrize(
    ("answer", "told"),
    [
        (_hang, "did not answer within 0.2 s: check the receiver's log."),
        (_drop, "closed the connection (ServerDisconnectedError): check the receiver's log."),
    ],
)
async def test_a_receiver_that_hangs_or_drops_is_tried_again_p3(
    receiver: Receiver, opened: Open, answer: Answer, told: str
) -> None:
    """P3: nothing is dropped for it, and the log says why nothing came."""
    receiver.answer = answer

    failure = await failure_of(replace(opened(receiver.url), seconds=0.2))

    assert str(failure) == f"127.0.0.1 {told}"
    assert not failure.permanent


@pytest.mark.parametrize(
    ("status", "advice"),
    [
        (400, "check that it accepts the format in CMK_WEBHOOK_FORMAT"),
        (404, "check CMK_WEBHOOK_URL"),
        (410, "the receiver was removed; create a new one and set CMK_WEBHOOK_URL"),
        (500, "check the receiver's log"),
    ],
)
async def test_every_refusal_says_what_to_do(
    receiver: Receiver, opened: Open, status: int, advice: str
) -> None:
    """A number alone is looked up by nobody at night, and until then no alert may be dropped."""
    receiver.answers(status)

    failure = await failure_of(opened(receiver.url))

    assert str(failure) == f"127.0.0.1 answered {status}: {advice}."
    assert not failure.permanent


@pytest.mark.parametrize(
    "addresses",
    [
        ["127.0.0.1"],
        ["::1"],
        ["169.254.169.254"],
        ["168.63.129.16"],
        ["::ffff:127.0.0.1"],
        ["127.0.0.1", "169.254.169.254"],
    ],
)
async def test_a_name_that_leads_to_a_special_address_is_refused_on_azure(
    receiver: Receiver, opened: Open, addresses: list[str]
) -> None:
    """There it is the metadata service, or the endpoint that gives the app's tokens."""
    webhook = opened(
        f"https://hooks.test:{_port(receiver)}/hush",
        resolver=Resolver(*addresses),
        WEBSITE_HOSTNAME="app.azurewebsites.net",
    )

    failure = await failure_of(webhook)
    with pytest.raises(DeliveryFailed) as tried:
        await webhook.reach()

    assert "leads to an address that is not allowed for a webhook" in str(failure)
    assert str(failure).endswith(": set CMK_WEBHOOK_URL to another receiver.")
    assert str(tried.value) == str(failure)
    assert tried.value.__context__ is None
    assert receiver.received == []


async def test_a_name_that_leads_here_is_taken_off_azure(receiver: Receiver, opened: Open) -> None:
    """The address is looked at, not the name; this shows that the refusal above is the guard's."""
    webhook = opened(
        f"https://hooks.test:{_port(receiver)}/x", resolver=Resolver("169.254.1.1", "127.0.0.1")
    )

    await webhook.post([change()])

    assert len(receiver.received) == 1


@pytest.mark.parametrize("scheme", ["http", "HTTP"])
async def test_http_leads_nowhere_but_here(opened: Open, scheme: str) -> None:
    """A localhost that the hosts file sends elsewhere would carry the URL in clear."""
    webhook = opened(f"{scheme}://localhost:9/hush", resolver=Resolver("10.1.2.3"))

    assert "not allowed for a webhook" in str(await failure_of(webhook))


async def test_through_a_proxy_the_name_is_the_proxys(
    serve: Callable[[str], Awaitable[Receiver]], opened: Open, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Behind one the app resolves nothing itself; the proxy lets through whom it wants."""
    proxy = await serve("http")
    proxy.answers(403)
    monkeypatch.setenv("HTTPS_PROXY", proxy.url.split("/workflows")[0])
    webhook = opened("https://hooks.test/hush", WEBSITE_HOSTNAME="app.azurewebsites.net")

    failure = await failure_of(webhook)

    assert str(failure) == (
        "hooks.test cannot be reached, because the proxy does not answer or refuses it: check "
        "HTTPS_PROXY, and allow the host in the proxy."
    )
    assert [request.headers["host"] for request in proxy.received] == ["hooks.test"]


async def test_the_url_is_in_no_log_repr_or_error_p6(
    receiver: Receiver, opened: Open, caplog: pytest.LogCaptureFixture
) -> None:
    """P6: whoever knows it can post; logs and errors are read by many."""
    caplog.set_level(logging.DEBUG)
    webhook = opened(receiver.url, CMK_WEBHOOK_SECRET=SECRET)
    shown = [repr(webhook), repr(Route("webhook", receiver.url, "slack", (SECRET,)))]
    await webhook.post([change()])
    for status in (302, 404, 500):
        receiver.answers(status, "hush", Location=receiver.url)
        failure = await failure_of(webhook)
        shown += [repr(failure), *traceback.format_exception(failure)]
    broken = opened("https://hooks.test/hush", resolver=Resolver("127.0.0.1"))
    shown += traceback.format_exception(await failure_of(broken))

    assert failure.__context__ is None
    assert "hush" not in "".join(shown) + caplog.text
    assert SECRET not in "".join(shown) + caplog.text


async def test_it_is_reached_and_told_nothing(receiver: Receiver, opened: Open) -> None:
    """The path lets whoever knows it post: not even a request's line holds it."""
    receiver.answers(302, location="/elsewhere")

    status = await opened(receiver.url).reach()

    (request,) = receiver.received
    assert (status, request.path, request.body) == (302, "/", b"")
    assert "hush" not in str(request)


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
