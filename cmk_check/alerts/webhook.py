"""Posts changes to the receiver of a route: signed, with a time limit, without following redirects.

Everyone who knows the URL can post, so errors, log lines and reprs show only its host. Errors of
aiohttp contain the URL, so ours are raised without them.

Every failure can be retried, except if a single change is too large: people repair receivers that
are gone or refuse requests, and until then no alert may be lost. The caller decides how often to
retry.
"""

import re
import socket
import ssl
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from http import HTTPStatus
from typing import Final
from urllib.parse import urlsplit

import aiohttp
from aiohttp.abc import AbstractResolver
from standardwebhooks import Webhook
from yarl import URL

from cmk_check import VERSION
from cmk_check.alerts.webhook_bodies import Post, build_posts
from cmk_check.config.settings import Settings
from cmk_check.core.alert_routes import Route
from cmk_check.core.model import Change
from cmk_check.limits import MAX_WEBHOOK_ANSWER_BYTES, MAX_WEBHOOK_CODE_BYTES, WEBHOOK_SECONDS
from cmk_check.net.addresses import LOOPBACK, special
from cmk_check.net.proxy import find_proxy
from cmk_check.net.retry_after import retry_after
from cmk_check.ports import DeliveryFailed

_AGENT: Final = f"cmk_check/{VERSION}"
# Codes such as Slack's invalid_blocks and no_service; no other part of a response is shown.
_CODE: Final = re.compile(rb"[a-z]+(_[a-z]+){1,5}")
_ASKS_TO_WAIT: Final = {HTTPStatus.TOO_MANY_REQUESTS, HTTPStatus.SERVICE_UNAVAILABLE}
_ADVICE: Final[Mapping[int, str]] = {
    **dict.fromkeys((401, 403, 404), "check {url}"),
    HTTPStatus.GONE: "the receiver was removed; create a new one and set {url}",
    HTTPStatus.BAD_REQUEST: "check that it accepts the format in {format}",
}
_NOT_ALLOWED: Final = "this address is not allowed for a webhook"
_SEE_LOG: Final = "check the receiver's log"


@dataclass(frozen=True, slots=True)
class HttpWebhook:
    """Implements ``ports.Webhook`` with a session for one route."""

    session: aiohttp.ClientSession
    route: Route
    portal_url: str
    seconds: float = WEBHOOK_SECONDS

    @property
    def host(self) -> str:
        """The only part of the URL that may be shown."""
        return urlsplit(self.route.url).hostname or ""

    async def post(self, changes: Sequence[Change]) -> list[int]:
        """Post all of the changes and return the status of each request.

        If a request is too large for the receiver, the changes are sent in halves. If the post
        fails, some changes may have arrived; they are sent again with the same ``webhook-id``.

        Raises:
            DeliveryFailed: the receiver did not accept all changes.
        """
        try:
            posts = build_posts(changes, self.route.style, self.portal_url)
            return [await self._send(post) for post in posts]
        except DeliveryFailed as failure:
            if not failure.permanent or len(changes) == 1:
                raise
        half = len(changes) // 2
        return await self.post(changes[:half]) + await self.post(changes[half:])

    async def reach(self) -> int:
        """Connect as for a post and return the response status, without posting anything.

        The request is HEAD for the root of the host, so that it does not contain the secret path.

        Raises:
            DeliveryFailed: the host cannot be reached.
        """
        root = URL(self.route.url, encoded=True).with_path("/")
        response, _ = await self._request("HEAD", root, {"user-agent": _AGENT})
        return response.status

    async def close(self) -> None:
        """Close the connections."""
        await self.session.close()

    async def _send(self, post: Post) -> int:
        url = URL(self.route.url, encoded=True)
        response, response_body = await self._request("POST", url, self._headers(post), post.body)
        if response.status in range(200, 300):
            return response.status
        raise self._build_refusal(response, response_body)

    async def _request(
        self, method: str, url: URL, headers: Mapping[str, str], body: bytes | None = None
    ) -> tuple[aiohttp.ClientResponse, bytes]:
        """Return the response to a request, and its body if the receiver refuses the request."""
        limit = aiohttp.ClientTimeout(total=self.seconds)
        try:
            async with self.session.request(
                method, url, data=body, headers=headers, allow_redirects=False, timeout=limit
            ) as response:
                if response.status in range(200, 300):
                    return response, b""
                return response, await response.content.read(MAX_WEBHOOK_ANSWER_BYTES)
        except (aiohttp.ClientError, TimeoutError, UnicodeError) as error:
            text = self._word(_connection_fault(error, self.seconds))
        # Raised outside the handler, so that it is not chained to aiohttp's error, which contains
        # the URL.
        raise DeliveryFailed(text, permanent=False)

    def _headers(self, post: Post) -> dict[str, str]:
        """Identify and sign a post (https://www.standardwebhooks.com)."""
        now = datetime.now(UTC)
        headers = {
            "content-type": post.content_type,
            "user-agent": _AGENT,
            "webhook-id": post.id,
            "webhook-timestamp": str(int(now.timestamp())),
        }
        if secrets := self.route.secrets:
            text = post.body.decode("ascii")
            signatures = [Webhook(secret).sign(post.id, now, text) for secret in secrets]
            headers["webhook-signature"] = " ".join(signatures)
        return headers

    def _build_refusal(self, response: aiohttp.ClientResponse, body: bytes) -> DeliveryFailed:
        status, code = response.status, body.strip()
        text, advice = f"answered {status}", _ADVICE.get(status, _SEE_LOG)
        # A code that is part of the URL is not shown, because the receiver might send back the URL.
        if _CODE.fullmatch(code) and len(code) <= MAX_WEBHOOK_CODE_BYTES:
            text += "" if code.decode() in self.route.url else f" ({code.decode()})"
        if status in range(300, 400):
            advice = "redirects are not followed; set {url} to the target"
        return DeliveryFailed(
            self._word(f"{text}: {advice}."),
            permanent=status == HTTPStatus.REQUEST_ENTITY_TOO_LARGE,
            retry_after=retry_after(response.headers) if status in _ASKS_TO_WAIT else None,
        )

    def _word(self, text: str) -> str:
        """Put the host before a message, and fill in the names of this route's settings."""
        settings = {"url": self.route.url_setting, "format": self.route.format_setting}
        return f"{self.host} {text.format_map(settings)}"


def open_webhook(
    route: Route,
    settings: Settings,
    *,
    tls: ssl.SSLContext | bool = True,
    resolver: AbstractResolver | None = None,
) -> HttpWebhook:
    """Open the receiver of a route of the settings, within a running event loop.

    Special addresses are refused; loopback is allowed outside Azure. The address is checked after
    the name was resolved and when the socket is created. A name that resolves differently the next
    time (DNS rebinding) therefore does not help an attacker. A proxy resolves the name itself and
    decides what to allow, so addresses are checked only for direct connections.
    """
    # Without TLS no data may leave this machine's loopback.
    only_loopback = route.url.lower().startswith("http:")
    proxy = find_proxy(route.url)

    def socket_for(info: aiohttp.AddrInfoType) -> socket.socket:
        family, kind, protocol, _, address = info
        special_kind = special(str(address[0]))
        ordinary = special_kind is None and not only_loopback
        if not (ordinary or (special_kind == LOOPBACK and not settings.on_azure)):
            raise OSError(_NOT_ALLOWED)  # with this error, the next address of the name is tried
        return socket.socket(family, kind, protocol)

    factory = None if proxy else socket_for
    session = aiohttp.ClientSession(
        connector=aiohttp.TCPConnector(ssl=tls, resolver=resolver, socket_factory=factory),
        proxy=proxy,
        cookie_jar=aiohttp.DummyCookieJar(),
        # Compressed responses are not unpacked, so that their size stays limited.
        auto_decompress=False,
    )
    return HttpWebhook(session, route, settings.addresses.portal_url)


def _connection_fault(error: Exception, seconds: float) -> str:
    match error:  # the first match decides, because later types are more general
        case TimeoutError():
            fault = f"did not answer within {seconds:g} s: {_SEE_LOG}"
        case aiohttp.ClientConnectorError() if _NOT_ALLOWED in str(error.os_error):
            # After several tries only the messages of their errors remain.
            fault = (
                "leads to an address that is not allowed for a webhook (loopback, link-local, "
                "multicast, or one of the platform): set {url} to another receiver"
            )
        case aiohttp.ClientSSLError() | aiohttp.ClientConnectorCertificateError():
            fault = (
                "does not offer trusted TLS: check the host and port in {url}, and whether this "
                "machine knows the certificate authority"
            )
        case aiohttp.ClientProxyConnectionError() | aiohttp.ClientHttpProxyError():
            fault = (
                "cannot be reached, because the proxy does not answer or refuses it: check "
                "HTTPS_PROXY, and allow the host in the proxy"
            )
        case aiohttp.ClientConnectorDNSError():
            fault = "cannot be resolved: check the host in {url}"
        case aiohttp.ClientConnectorError():
            fault = "does not accept connections: check the host and port in {url}, and firewalls"
        case _:
            fault = f"closed the connection ({type(error).__name__}): {_SEE_LOG}"
    return f"{fault}."
