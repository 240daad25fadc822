"""The webhook against a real receiver: what arrives, what counts as taken, where it never goes."""

import asyncio
import base64
import logging
import socket
import traceback
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack

import aiohttp
import pytest
from aiohttp import web
from aiohttp.abc import AbstractResolver, ResolveResult
from standardwebhooks import Webhook, WebhookVerificationError

from cmk_check.alerts.webhook import HttpWebhook, Target, open_webhook
from cmk_check.alerts.webhook_guard import guarded_connector
from cmk_check.errors import DeliveryFailed
from cmk_check.settings import Settings
from tests.contract.webhook.conftest import Receiver, Tls, change

SECRET = "whsec_" + base64.b64encode(bytes(range(24))).decode()
OTHER = "whsec_" + base64.b64encode(bytes(range(32))).decode()

type Open = Callable[..., HttpWebhook]


class Resolver(AbstractResolver):
    """Resolves every name to the same addresses."""

    def __init__(self, *addresses: str) -> None:
        self._addresses = addresses

    async def resolve(
        self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_INET
    ) -> list[ResolveResult]:
        """Answer for any name."""
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


class Nowhere(Resolver):
    """Resolves no name, as a resolver does for one that is not there."""

    async def resolve(
        self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_INET
    ) -> list[ResolveResult]:
        """Fail."""
        del family
        raise socket.gaierror(socket.EAI_NONAME, f"{host}:{port} is not known")


@pytest.fixture
async def opened(tls: Tls) -> AsyncIterator[Open]:
    """Open webhooks as the app does, but trusting the test's authority."""
    async with AsyncExitStack() as stack:

        def start(url: str, resolver: AbstractResolver | None = None, **more: str) -> HttpWebhook:
            settings = Settings.load({"CMK_WEBHOOK_URL": url, **more}, for_webhook=True)
            webhook = open_webhook(settings, tls=tls.client, resolver=resolver)
            assert webhook is not None
            stack.push_async_callback(webhook.close)
            return webhook

        yield start


async def _failure(webhook: HttpWebhook, *numbers: int) -> DeliveryFailed:
    with pytest.raises(DeliveryFailed) as raised:
        await webhook.post([change(number) for number in numbers or (1,)])
    return raised.value


def _port(receiver: Receiver) -> str:
    return receiver.url.split(":")[2].split("/")[0]


async def test_without_a_url_there_is_no_webhook() -> None:
    """Alerts are wired by whoever wants them."""
    settings = Settings.load({"CMK_STORAGE": "UseDevelopmentStorage=true"})

    assert open_webhook(settings) is None


@pytest.mark.parametrize("status", [200, 202, 204])
async def test_changes_arrive_at_the_very_url(
    receiver: Receiver, opened: Open, status: int
) -> None:
    """Its escapes and signature are the receiver's own, and must not be written anew."""
    receiver.answers(status)

    await opened(receiver.url).post([change()])

    (request,) = receiver.received
    assert receiver.url.endswith(request.path)
    assert request.headers["content-type"].startswith("application/cloudevents-batch+json")
    assert b'"change-1"' in request.body
    assert "webhook-signature" not in request.headers


async def test_a_receiver_verifies_the_signature_with_either_secret(
    receiver: Receiver, opened: Open
) -> None:
    """While one is rotated, receivers hold the old or the new one."""
    webhook = opened(receiver.url, CMK_WEBHOOK_SECRET=f"{SECRET},{OTHER}")

    await webhook.post([change(name="\ud800 \u00fc")])

    (request,) = receiver.received
    for secret in (SECRET, OTHER):
        (event,) = Webhook(secret).verify(request.body, request.headers)
        assert event["data"]["name"] == "\ud800 \u00fc"
    with pytest.raises(WebhookVerificationError):
        Webhook(SECRET).verify(request.body.replace(b"chat", b"chap") + b" ", request.headers)
    with pytest.raises(WebhookVerificationError):
        Webhook(base64.b64encode(b"another key of enough bytes")).verify(
            request.body, request.headers
        )


async def test_a_repetition_carries_the_same_id(receiver: Receiver, opened: Open) -> None:
    """At least once means that some come twice: the receiver must be able to tell."""
    webhook = opened(receiver.url)
    receiver.answers(500)
    await _failure(webhook)
    receiver.answers(200)

    await webhook.post([change()])
    await webhook.post([change(2)])

    failed, repeated, other = [request.headers["webhook-id"] for request in receiver.received]
    assert failed == repeated != other


@pytest.mark.parametrize("status", [400, 401, 403, 404, 408, 409, 410, 418, 429, 500, 503])
async def test_every_refusal_is_worth_another_try(
    receiver: Receiver, opened: Open, status: int
) -> None:
    """A receiver that is gone is made anew by people: until then no alert may be dropped."""
    receiver.answers(status)

    failure = await _failure(opened(receiver.url))

    assert not failure.permanent
    assert f"127.0.0.1 answered {status}" in str(failure)


async def test_what_is_too_large_comes_in_halves(receiver: Receiver, opened: Open) -> None:
    """The same batch again would be refused for ever."""

    async def answer(_: web.BaseRequest) -> web.StreamResponse:
        too_large = receiver.received[-1].body.count(b'"specversion"') > 2
        return web.Response(status=413 if too_large else 200)

    receiver.answer = answer

    await opened(receiver.url).post([change(number) for number in range(5)])

    taken = [each for each in receiver.received if each.body.count(b'"specversion"') <= 2]
    assert [f'"change-{n}"'.encode() in b"".join(t.body for t in taken) for n in range(5)] == [
        True
    ] * 5


async def test_one_change_that_is_too_large_is_given_up(receiver: Receiver, opened: Open) -> None:
    """It can never arrive."""
    receiver.answers(413)

    assert (await _failure(opened(receiver.url))).permanent


@pytest.mark.parametrize(
    ("status", "header", "seconds"),
    [(429, "7", 7), (503, "120", 120), (429, "x", None), (500, "7", None)],
)
async def test_the_receiver_may_ask_for_a_pause(
    receiver: Receiver, opened: Open, status: int, header: str, seconds: float | None
) -> None:
    """Asked again too early, chats block a webhook for longer."""
    receiver.answers(status, Retry_After=header)

    assert (await _failure(opened(receiver.url))).retry_after == seconds


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
async def test_redirects_are_not_followed(
    receiver: Receiver,
    serve: Callable[[str], Awaitable[Receiver]],
    opened: Open,
    status: int,
) -> None:
    """They would lead past every check of the address, and carry the changes along."""
    elsewhere = await serve("https")
    receiver.answers(status, Location=elsewhere.url)

    failure = await _failure(opened(receiver.url))

    assert elsewhere.received == []
    assert "redirects are not followed" in str(failure)
    assert elsewhere.url not in str(failure)
    assert not failure.permanent


async def test_the_code_of_an_answer_is_shown_and_nothing_else(
    receiver: Receiver, opened: Open
) -> None:
    """Slack says by it what is wrong; other text is a stranger's."""
    receiver.answers(400, "invalid_blocks")
    coded = await _failure(opened(receiver.url))
    receiver.answers(400, "<b>evil</b> text")
    other = await _failure(opened(receiver.url))

    assert "(invalid_blocks)" in str(coded)
    assert "evil" not in str(other)


async def test_an_endless_answer_is_not_read(receiver: Receiver, opened: Open) -> None:
    """A receiver must not be able to fill the memory or hold the app."""
    sent = 0

    async def answer(request: web.BaseRequest) -> web.StreamResponse:
        nonlocal sent
        response = web.StreamResponse(status=500)
        await response.prepare(request)
        while sent < 1 << 28:
            await response.write(b"x" * 65536)
            sent += 65536
        return response

    receiver.answer = answer

    failure = await _failure(opened(receiver.url))

    assert "answered 500" in str(failure)
    assert sent < 1 << 26


async def test_a_receiver_that_does_not_answer_is_left(receiver: Receiver, tls: Tls) -> None:
    """It would hold the telling of every other change."""
    never = asyncio.Event()

    async def answer(_: web.BaseRequest) -> web.StreamResponse:
        await never.wait()
        return web.Response()

    receiver.answer = answer
    connector = guarded_connector(on_azure=False, only_loopback=False, tls=tls.client)
    async with aiohttp.ClientSession(connector=connector) as session:
        webhook = HttpWebhook(session, Target(receiver.url, "cloudevents"), seconds=0.2)

        failure = await _failure(webhook)

    never.set()
    assert str(failure) == "127.0.0.1 did not answer within 0.2 s: the receiver's log says why."
    assert not failure.permanent


async def test_a_refused_connection_is_a_failure(opened: Open) -> None:
    """A receiver under maintenance is the usual reason."""
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]

    failure = await _failure(opened(f"https://127.0.0.1:{port}/hush"))

    assert str(failure) == (
        "127.0.0.1 cannot be connected to: check CMK_WEBHOOK_URL's host and port, and the "
        "firewalls between."
    )


async def test_a_connection_that_breaks_off_is_a_failure(receiver: Receiver, opened: Open) -> None:
    """What arrived of it nobody knows, so it is told again."""

    async def answer(request: web.BaseRequest) -> web.StreamResponse:
        assert request.transport is not None
        request.transport.abort()
        return web.Response()

    receiver.answer = answer

    assert str(await _failure(opened(receiver.url))) == (
        "127.0.0.1 broke off (ServerDisconnectedError): the receiver's log says why."
    )


async def test_a_certificate_of_somebody_else_is_refused(receiver: Receiver) -> None:
    """Whoever stands in between would read the changes and keep them."""
    settings = Settings.load({"CMK_WEBHOOK_URL": receiver.url}, for_webhook=True)
    webhook = open_webhook(settings)
    assert webhook is not None
    try:
        failure = await _failure(webhook)
    finally:
        await webhook.close()

    assert str(failure) == (
        "127.0.0.1 showed a certificate that is not valid for it: is the host in CMK_WEBHOOK_URL "
        "right, and its CA known here?"
    )
    assert receiver.received == []


async def test_a_receiver_without_tls_is_said_so(
    serve: Callable[[str], Awaitable[Receiver]], opened: Open
) -> None:
    """The port of another program, or https where it speaks http: the URL is to be looked at."""
    plain = await serve("http")

    failure = await _failure(opened(plain.url.replace("http:", "https:")))

    assert str(failure) == (
        "127.0.0.1 speaks no TLS that can be trusted: is it https there, on the port in "
        "CMK_WEBHOOK_URL?"
    )


async def test_a_name_that_does_not_resolve_is_said_so(opened: Open) -> None:
    """A typing error in the host is the usual reason."""
    webhook = opened("https://hooks.test/hush", resolver=Nowhere())

    assert str(await _failure(webhook)) == (
        "hooks.test is a name that cannot be resolved: check the host in CMK_WEBHOOK_URL."
    )


@pytest.mark.parametrize(
    ("status", "advice"),
    [
        (400, "check that it takes what CMK_WEBHOOK_FORMAT says"),
        (401, "check CMK_WEBHOOK_URL"),
        (404, "check CMK_WEBHOOK_URL"),
        (410, "the receiver was removed: make a new one and set CMK_WEBHOOK_URL"),
        (418, "the receiver's log says why"),
        (429, "the receiver's log says why"),
        (500, "the receiver's log says why"),
        (503, "the receiver's log says why"),
    ],
)
async def test_every_refusal_says_what_to_do(
    receiver: Receiver, opened: Open, status: int, advice: str
) -> None:
    """A number alone is looked up by nobody at night."""
    receiver.answers(status)

    assert str(await _failure(opened(receiver.url))) == f"127.0.0.1 answered {status}: {advice}."


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

    failure = await _failure(webhook)

    assert "leads to an address that no webhook may have" in str(failure)
    assert str(failure).endswith(": set CMK_WEBHOOK_URL to a receiver elsewhere.")
    assert receiver.received == []


async def test_a_name_that_leads_here_is_taken_off_azure(receiver: Receiver, opened: Open) -> None:
    """The address is looked at, not the name; this shows that the refusal above is the guard's."""
    webhook = opened(
        f"https://hooks.test:{_port(receiver)}/x", resolver=Resolver("169.254.1.1", "127.0.0.1")
    )

    await webhook.post([change()])

    assert len(receiver.received) == 1


async def test_http_leads_nowhere_but_here(opened: Open) -> None:
    """A localhost that the hosts file sends elsewhere would carry the URL in clear."""
    webhook = opened("http://localhost:9/hush", resolver=Resolver("10.1.2.3"))

    assert "no webhook may have" in str(await _failure(webhook))


async def test_through_a_proxy_the_name_is_the_proxys(
    serve: Callable[[str], Awaitable[Receiver]], opened: Open, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Behind one the app resolves nothing itself; the proxy lets through whom it wants."""
    proxy = await serve("http")
    proxy.answers(403)
    monkeypatch.setenv("HTTPS_PROXY", proxy.url.split("/workflows")[0])
    webhook = opened("https://hooks.test/hush", WEBSITE_HOSTNAME="app.azurewebsites.net")

    failure = await _failure(webhook)

    assert str(failure) == (
        "hooks.test cannot be reached: the proxy refuses; let the host through there, or check "
        "HTTPS_PROXY."
    )
    assert [request.headers["host"] for request in proxy.received] == ["hooks.test"]


async def test_the_url_is_in_no_log_repr_or_error_p6(
    receiver: Receiver, opened: Open, caplog: pytest.LogCaptureFixture
) -> None:
    """P6: whoever knows it can post; logs and errors are read by many."""
    caplog.set_level(logging.DEBUG)
    webhook = opened(receiver.url, CMK_WEBHOOK_SECRET=SECRET)
    shown = [repr(webhook), repr(Target(receiver.url, "slack", (SECRET,)))]
    await webhook.post([change()])
    for status in (302, 404, 500):
        receiver.answers(status, "hush", Location=receiver.url)
        failure = await _failure(webhook)
        shown += [repr(failure), *traceback.format_exception(failure)]
    broken = opened("https://hooks.test/hush", resolver=Resolver("127.0.0.1"))
    shown += traceback.format_exception(await _failure(broken))

    assert failure.__context__ is None
    assert "hush" not in "".join(shown) + caplog.text
    assert SECRET not in "".join(shown) + caplog.text
