"""Paging, retrying and throttling: what stands between the SDK and the wire.

These replace the SDK's own policies, because those register resource providers (a write), send the
token to whatever host a next page is on, and sleep as long as any Retry-After says. The decoding
policy keeps the SDK from building models, which costs 35 times what reading the JSON costs.
"""

import asyncio
import json
import random
import re
from http import HTTPStatus
from typing import Final
from urllib.parse import parse_qsl, urlsplit

from azure.core.credentials_async import AsyncTokenCredential
from azure.core.exceptions import IncompleteReadError, ServiceRequestError, ServiceResponseError
from azure.core.pipeline import PipelineRequest, PipelineResponse
from azure.core.pipeline.policies import (
    AsyncBearerTokenCredentialPolicy,
    AsyncHTTPPolicy,
    ContentDecodePolicy,
    RequestIdPolicy,
    SansIOHTTPPolicy,
    UserAgentPolicy,
)
from azure.core.rest import AsyncHttpResponse, HttpRequest

from cmk_check.core.words import GapReason
from cmk_check.errors import InventoryError
from cmk_check.inventory.gaps import plain
from cmk_check.retry_after import retry_after

type Request = PipelineRequest[HttpRequest]
type Response = PipelineResponse[HttpRequest, AsyncHttpResponse]

AGENT: Final = "cmk_check/0.1.0"

_LISTING: Final = "listing"
# An ARM page holds tens to a thousand entries: no real list is a thousand pages long.
_MOST_PAGES: Final = 1_000
_TRIES: Final = 5
_LONGEST_BACK_OFF: Final = 8.0
_MAY_PASS: Final = frozenset({408, 429, 500, 502, 503, 504})
# What may stand in a URL; not braces, which the SDK would take for a template.
_URL: Final = re.compile(r"[A-Za-z0-9._~:/?#\[\]@!$&'()*+,;=%|^`-]{1,16384}")


class Listing:
    """One list on its way, given to an operation of the SDK as the keyword ``listing``.

    ``deadline`` is in the event loop's time. ``page`` holds the raw entries of the page that came
    last, while the SDK gets an empty one; ``refused`` says that its link leads elsewhere.
    """

    def __init__(self, arm_url: str, deadline: float) -> None:
        self.deadline = deadline
        self.page: list[object] = []
        self.refused = False
        with_port = arm_url if re.search(r":[0-9]+$", arm_url) else f"{arm_url}:443"
        self._origins = (f"{arm_url}/", f"{with_port}/")
        self._asked: set[object] = set()

    def trusts(self, url: str) -> bool:
        """Say whether a URL leads to Azure Resource Manager, however a parser may read it.

        What stands before the path is compared as text, so that user info, backslashes and hosts
        that only look alike have no chance.
        """
        return _URL.fullmatch(url) is not None and url.lower().startswith(self._origins)

    def asks(self, url: str) -> bool:
        """Note a URL; False where it was asked before, or where there were too many."""
        parts = urlsplit(url)
        # The SDK rebuilds the URL of a next page: two spellings may be the same page.
        page = (parts.path.lower(), frozenset(parse_qsl(parts.query, keep_blank_values=True)))
        new = page not in self._asked and len(self._asked) < _MOST_PAGES
        self._asked.add(page)
        return new


class GuardPolicy(SansIOHTTPPolicy[HttpRequest, AsyncHttpResponse]):
    """Lets nothing out but GET, to Azure Resource Manager alone, and no page twice."""

    def on_request(self, request: Request) -> None:
        """Refuse what must not leave.

        Raises:
            InventoryError: the request is refused.

        """
        listing: Listing = request.context.options.pop(_LISTING)
        request.context[_LISTING] = listing
        asked = request.http_request
        if asked.method != "GET":
            raise InventoryError(plain(GapReason.UNEXPECTED_RESPONSE))
        if not listing.trusts(asked.url) or not listing.asks(asked.url):
            raise InventoryError(plain(GapReason.UNTRUSTED_NEXT_LINK))


class DecodePolicy(SansIOHTTPPolicy[HttpRequest, AsyncHttpResponse]):
    """Reads a page and keeps its raw entries; the SDK gets an empty page with the link onwards."""

    def on_response(self, request: Request, response: Response) -> None:
        """Take the entries of a page.

        Raises:
            InventoryError: the body is no page.

        """
        listing: Listing = request.context[_LISTING]
        page: dict[str, object] | None = None
        if response.http_response.status_code == HTTPStatus.OK:
            listing.page, link = _page(response.http_response)
            listing.refused = bool(link) and not listing.trusts(link)
            page = {"value": [], "nextLink": None if listing.refused else link}
        response.context[ContentDecodePolicy.CONTEXT_NAME] = page


class RetryPolicy(AsyncHTTPPolicy[HttpRequest, AsyncHttpResponse]):
    """Asks again after trouble that may pass, as late as Azure wishes, never past the deadline."""

    def __init__(self, retry_after_max: float, back_off: float) -> None:
        super().__init__()
        self._retry_after_max = retry_after_max
        self._back_off = back_off

    async def send(self, request: Request) -> Response:
        """Return the last answer there was.

        Raises:
            InventoryError: Azure asked for a longer pause than is allowed or left.
            AzureError: no try brought an answer.

        """
        listing: Listing = request.context[_LISTING]
        for attempt in range(_TRIES - 1):
            pause = min(self._back_off * 2**attempt, _LONGEST_BACK_OFF) * _jitter()
            try:
                response = await self.next.send(request)
            except (ServiceRequestError, ServiceResponseError, IncompleteReadError):
                if not _fits(pause, listing):
                    raise
            else:
                if response.http_response.status_code not in _MAY_PASS:
                    return response
                asked = retry_after(response.http_response.headers)
                if asked is not None:
                    pause = asked
                    if pause > self._retry_after_max or not _fits(pause, listing):
                        raise InventoryError(plain(GapReason.THROTTLED))
                elif not _fits(pause, listing):
                    return response
            await asyncio.sleep(pause)
        return await self.next.send(request)


class InFlightPolicy(AsyncHTTPPolicy[HttpRequest, AsyncHttpResponse]):
    """Holds a place among the requests at once, only while a request is on the wire."""

    def __init__(self, places: asyncio.Semaphore) -> None:
        super().__init__()
        self._places = places

    async def send(self, request: Request) -> Response:
        """Send when there is a place."""
        async with self._places:
            return await self.next.send(request)


def arm_policies(
    credential: AsyncTokenCredential, scope: str, retry: RetryPolicy, in_flight: InFlightPolicy
) -> list[object]:
    """Return the pipeline of one client, the outermost first: no two clients may share a policy."""
    return [
        RequestIdPolicy(),
        UserAgentPolicy(AGENT, user_agent_use_env=False),
        GuardPolicy(),
        DecodePolicy(),
        retry,
        AsyncBearerTokenCredentialPolicy(credential, scope),
        in_flight,
    ]


def _page(answer: AsyncHttpResponse) -> tuple[list[object], str]:
    """Take a page apart: its entries, and the link to the next or ""."""
    try:
        page = json.loads(answer.text("utf-8-sig"))
    except (ValueError, RecursionError) as error:
        raise InventoryError(plain(GapReason.MALFORMED_PAGE)) from error
    entries = page.get("value") if isinstance(page, dict) else None
    link = (page.get("nextLink") or "") if isinstance(page, dict) else ""
    if not isinstance(entries, list) or not isinstance(link, str):
        raise InventoryError(plain(GapReason.MALFORMED_PAGE))
    return entries, link


def _fits(pause: float, listing: Listing) -> bool:
    return asyncio.get_running_loop().time() + pause < listing.deadline


def _jitter() -> float:
    return random.uniform(0.5, 1.0)  # noqa: S311 - spreads requests, guards nothing
