"""A receiver of webhooks on this machine, over HTTP or HTTPS, and webhooks opened against it."""

import base64
import ssl
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from datetime import UTC, datetime

import pytest
import trustme
from aiohttp import web
from aiohttp.abc import AbstractResolver

from cmk_check.alerts.webhook import HttpWebhook, open_webhook
from cmk_check.config.settings import Settings
from cmk_check.core.enums import ChangeType
from cmk_check.core.model import Change
from cmk_check.ports import DeliveryFailed

SECRET = "whsec_" + base64.b64encode(bytes(range(24))).decode()
OTHER = "whsec_" + base64.b64encode(bytes(range(32))).decode()
PATH = "/workflows/hush/triggers?sp=%2Ftriggers%2Fmanual&sig=hush-%2B_x"


def change(number: int = 1, name: str = "chat") -> Change:
    """Make a violation."""
    data: dict[str, object] = {"name": name, "kind": "OpenAI", "baseline": False}
    time = datetime(2026, 11, 25, 12, tzinfo=UTC)
    kind = ChangeType.ACCOUNT_VIOLATED
    return Change(f"change-{number}", kind, time, "/subscriptions/s", "/subscriptions/s/a", data)


@dataclass(frozen=True, slots=True)
class Received:
    """A request as it came over the wire."""

    path: str
    headers: dict[str, str]
    body: bytes


type Open = Callable[..., HttpWebhook]
type Answer = Callable[[web.BaseRequest], Awaitable[web.StreamResponse]]


@dataclass(slots=True)
class Receiver:
    """Records requests and answers 204, or what ``answer`` says."""

    url: str = ""
    received: list[Received] = field(default_factory=list)
    answer: Answer | None = None

    async def handle(self, request: web.BaseRequest) -> web.StreamResponse:
        """Record a request and answer it."""
        headers = {name.lower(): value for name, value in request.headers.items()}
        self.received.append(Received(request.path_qs, headers, await request.read()))
        return await self.answer(request) if self.answer else web.Response(status=204)

    def answers(self, status: int, body: str = "", **headers: str) -> None:
        """Answer every request like this."""

        async def answer(_: web.BaseRequest) -> web.StreamResponse:
            named = {name.replace("_", "-"): value for name, value in headers.items()}
            return web.Response(status=status, text=body, headers=named)

        self.answer = answer


async def failure_of(webhook: HttpWebhook) -> DeliveryFailed:
    """Post a change, and return how that failed."""
    with pytest.raises(DeliveryFailed) as raised:
        await webhook.post([change()])
    return raised.value


@dataclass(frozen=True, slots=True)
class Tls:
    """A certificate for localhost and hooks.test, and a client's trust in its authority."""

    server: ssl.SSLContext
    client: ssl.SSLContext


@pytest.fixture(scope="session")
def tls() -> Tls:
    """One authority for all tests."""
    authority = trustme.CA()
    server = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    authority.issue_cert("127.0.0.1", "localhost", "hooks.test").configure_cert(server)
    client = ssl.create_default_context()
    authority.configure_trust(client)
    return Tls(server, client)


@pytest.fixture
async def serve(tls: Tls) -> AsyncIterator[Callable[[str], Awaitable[Receiver]]]:
    """Start receivers of a scheme; they end with the test."""
    async with AsyncExitStack() as stack:

        async def start(scheme: str) -> Receiver:
            receiver = Receiver()
            server = web.Server(receiver.handle, access_log=None)
            runner = web.ServerRunner(server, shutdown_timeout=0.1)
            await runner.setup()
            stack.push_async_callback(runner.cleanup)
            context = tls.server if scheme == "https" else None
            await web.TCPSite(runner, "127.0.0.1", 0, ssl_context=context).start()
            receiver.url = f"{scheme}://127.0.0.1:{runner.addresses[0][1]}{PATH}"
            return receiver

        yield start


@pytest.fixture
async def receiver(serve: Callable[[str], Awaitable[Receiver]]) -> Receiver:
    """A receiver over HTTPS."""
    return await serve("https")


@pytest.fixture
async def opened(tls: Tls) -> AsyncIterator[Open]:
    """Open webhooks as the app does, but trusting the test's authority."""
    async with AsyncExitStack() as stack:

        def start(
            url: str,
            resolver: AbstractResolver | None = None,
            *,
            trust: ssl.SSLContext | bool = tls.client,
            **more: str,
        ) -> HttpWebhook:
            settings = Settings.load_for_scan(environ={"CMK_WEBHOOK_URL": url, **more})
            (route,) = settings.routes
            webhook = open_webhook(route, settings, tls=trust, resolver=resolver)
            stack.push_async_callback(webhook.close)
            return webhook

        yield start
