"""Posts changes to the webhook: signed, bounded in time, never redirected.

The URL lets whoever knows it post, so no error, log line or repr shows more of it than its host.
The errors of aiohttp hold it whole, which is why ours are raised without them.

A failure is worth another try, whatever its status, except where one change alone is too large: a
receiver that is gone, or that refuses us today, is mended by people, and meanwhile no alert may be
dropped. How often is the caller's to decide.
"""

import re
import ssl
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from http import HTTPStatus
from typing import Final
from urllib.parse import urlsplit

import aiohttp
from aiohttp.abc import AbstractResolver
from standardwebhooks import Webhook
from yarl import URL

from cmk_check.alerts.webhook_bodies import Post, posts_of
from cmk_check.alerts.webhook_guard import guarded_connector, was_refused
from cmk_check.config.settings import Settings
from cmk_check.core.model import Change
from cmk_check.errors import DeliveryFailed
from cmk_check.limits import MAX_WEBHOOK_ANSWER_BYTES, MAX_WEBHOOK_CODE_BYTES, WEBHOOK_SECONDS
from cmk_check.net.proxy import proxy_for
from cmk_check.net.retry_after import retry_after

_AGENT: Final = "cmk_check/0.1.0"
# Such as Slack's invalid_blocks and no_service: nothing else of an answer is repeated.
_CODE: Final = re.compile(rb"[a-z]+(_[a-z]+){1,5}")
_ASKS_TO_WAIT: Final = {HTTPStatus.TOO_MANY_REQUESTS, HTTPStatus.SERVICE_UNAVAILABLE}
_ADVICE: Final[Mapping[int, str]] = {
    HTTPStatus.UNAUTHORIZED: "check CMK_WEBHOOK_URL",
    HTTPStatus.FORBIDDEN: "check CMK_WEBHOOK_URL",
    HTTPStatus.NOT_FOUND: "check CMK_WEBHOOK_URL",
    HTTPStatus.GONE: "the receiver was removed: make a new one and set CMK_WEBHOOK_URL",
    HTTPStatus.BAD_REQUEST: "check that it takes what CMK_WEBHOOK_FORMAT says",
}
_FORBIDDEN: Final = (
    "leads to an address that no webhook may have (loopback, link-local, multicast, or one of the "
    "platform's own): set CMK_WEBHOOK_URL to a receiver elsewhere"
)
_LOG_SAYS: Final = "the receiver's log says why"
_CERTIFICATE: Final = (
    "showed a certificate that is not valid for it: is the host in CMK_WEBHOOK_URL right, and its "
    "CA known here?"
)
# The first that fits: later ones are wider.
_FAULTS: Final[Sequence[tuple[type[Exception], str]]] = (
    (aiohttp.ClientConnectorCertificateError, _CERTIFICATE),
    (
        aiohttp.ClientSSLError,
        "speaks no TLS that can be trusted: is it https there, on the port in CMK_WEBHOOK_URL?",
    ),
    (
        aiohttp.ClientProxyConnectionError,
        "cannot be reached: the proxy does not answer; check HTTPS_PROXY.",
    ),
    (
        aiohttp.ClientHttpProxyError,
        "cannot be reached: the proxy refuses; let the host through there, or check HTTPS_PROXY.",
    ),
    (
        aiohttp.ClientConnectorDNSError,
        "is a name that cannot be resolved: check the host in CMK_WEBHOOK_URL.",
    ),
    (
        aiohttp.ClientConnectorError,
        "cannot be connected to: check CMK_WEBHOOK_URL's host and port, and the firewalls between.",
    ),
)


@dataclass(frozen=True, slots=True)
class Target:
    """Where changes are posted and how. ``portal_url`` is the origin of Azure's portal."""

    url: str = field(repr=False)
    style: str
    secrets: tuple[str, ...] = field(default=(), repr=False)
    portal_url: str = "https://portal.azure.com"

    @property
    def host(self) -> str:
        """All of the URL that may be shown."""
        return urlsplit(self.url).hostname or ""


class HttpWebhook:
    """Implements ``ports.Webhook`` over a session that it owns."""

    def __init__(
        self, session: aiohttp.ClientSession, target: Target, seconds: float = WEBHOOK_SECONDS
    ) -> None:
        self._session = session
        self._target = target
        self._seconds = seconds

    @property
    def host(self) -> str:
        """Whom changes are posted to."""
        return self._target.host

    async def post(self, changes: Sequence[Change]) -> None:
        """Post all of the changes; see ``deliver``."""
        await self.deliver(changes)

    async def deliver(self, changes: Sequence[Change]) -> list[int]:
        """Post all of the changes and return the status of each request.

        A receiver that finds them too large gets them in halves. After a failure some may have
        arrived: they come again under the same ``webhook-id``.

        Raises:
            DeliveryFailed: not all were taken.

        """
        try:
            posts = posts_of(changes, self._target.style, self._target.portal_url)
            return [await self._send(post) for post in posts]
        except DeliveryFailed as failure:
            if not failure.permanent or len(changes) == 1:
                raise
        half = len(changes) // 2
        return await self.deliver(changes[:half]) + await self.deliver(changes[half:])

    async def reach(self) -> int:
        """Connect as for a post and return the status that the host answers; nothing is told.

        The head of the host's root is asked for, so that not even the path leaves.

        Raises:
            DeliveryFailed: it cannot be reached.

        """
        try:
            async with self._session.head(
                URL(self._target.url, encoded=True).with_path("/"),
                headers={"user-agent": _AGENT},
                allow_redirects=False,
                timeout=aiohttp.ClientTimeout(total=self._seconds),
            ) as response:
                return response.status
        except (aiohttp.ClientError, TimeoutError, UnicodeError) as error:
            text = f"{self.host} {_connection_fault(error, self._seconds)}"
        raise DeliveryFailed(text, permanent=False)

    async def close(self) -> None:
        """Close the connections."""
        await self._session.close()

    async def _send(self, post: Post) -> int:
        """Send one request and return its status, which is a success."""
        try:
            async with self._session.post(
                URL(self._target.url, encoded=True),
                data=post.body,
                headers=self._headers(post),
                allow_redirects=False,
                timeout=aiohttp.ClientTimeout(total=self._seconds),
            ) as response:
                if response.status in range(200, 300):
                    return response.status
                answer = await response.content.read(MAX_WEBHOOK_ANSWER_BYTES)
            failure = self._refused(response, answer)
        except (aiohttp.ClientError, TimeoutError, UnicodeError) as error:
            text = f"{self.host} {_connection_fault(error, self._seconds)}"
            failure = DeliveryFailed(text, permanent=False)
        # Outside of the handler, so that the error carries no other: aiohttp's hold the URL.
        raise failure

    def _headers(self, post: Post) -> dict[str, str]:
        """Identify and sign a post (https://www.standardwebhooks.com)."""
        now = datetime.now(UTC)
        headers = {
            "content-type": post.content_type,
            "user-agent": _AGENT,
            "webhook-id": post.id,
            "webhook-timestamp": str(int(now.timestamp())),
        }
        if secrets := self._target.secrets:
            text = post.body.decode("ascii")
            signatures = [Webhook(secret).sign(post.id, now, text) for secret in secrets]
            headers["webhook-signature"] = " ".join(signatures)
        return headers

    def _refused(self, response: aiohttp.ClientResponse, answer: bytes) -> DeliveryFailed:
        status = response.status
        said = f"{self.host} answered {status}"
        code = answer.strip()
        # Not even words of the URL, should the receiver send them back.
        if _CODE.fullmatch(code) and len(code) <= MAX_WEBHOOK_CODE_BYTES:
            said += "" if code.decode() in self._target.url else f" ({code.decode()})"
        if status in range(300, 400):
            said += ": redirects are not followed, set CMK_WEBHOOK_URL to where it leads"
        else:
            said += f": {_ADVICE.get(status, _LOG_SAYS)}"
        return DeliveryFailed(
            f"{said}.",
            permanent=status == HTTPStatus.REQUEST_ENTITY_TOO_LARGE,
            retry_after=retry_after(response.headers) if status in _ASKS_TO_WAIT else None,
        )


def open_webhook(
    settings: Settings,
    *,
    tls: ssl.SSLContext | bool = True,
    resolver: AbstractResolver | None = None,
) -> HttpWebhook | None:
    """Open the webhook that the settings name, within a running event loop; None if none is named.

    Through a proxy of the environment the proxy resolves the name, and whom it lets through is its
    own to say: the addresses are checked only where the connection is ours.
    """
    if settings.webhook_url is None:
        return None
    # Without TLS it is this machine's own loopback, which no proxy reaches.
    plain = settings.webhook_url.lower().startswith("http:")
    proxy = None if plain else proxy_for(settings.webhook_url)
    if proxy:
        connector = aiohttp.TCPConnector(ssl=tls, resolver=resolver)
    else:
        connector = guarded_connector(
            on_azure=settings.on_azure, only_loopback=plain, tls=tls, resolver=resolver
        )
    session = aiohttp.ClientSession(
        connector=connector,
        proxy=proxy,
        cookie_jar=aiohttp.DummyCookieJar(),
        # What is not unpacked cannot grow.
        auto_decompress=False,
    )
    target = Target(
        settings.webhook_url,
        settings.webhook_format,
        settings.webhook_secrets,
        settings.portal_url,
    )
    return HttpWebhook(session, target)


def _connection_fault(error: Exception, seconds: float) -> str:
    if isinstance(error, TimeoutError):
        return f"did not answer within {seconds:g} s: {_LOG_SAYS}."
    if isinstance(error, aiohttp.ClientConnectorError) and was_refused(error):
        return f"{_FORBIDDEN}."
    broken = f"broke off ({type(error).__name__}): {_LOG_SAYS}."
    return next((text for kind, text in _FAULTS if isinstance(error, kind)), broken)
