"""Call the app's HTTP API, with a key or a sign-in.

The key and the token are sent only to one origin: redirects are not followed, and a link to the
next page contributes only its query. No message contains the key or the token. Functions that read
a response raise ApiUnusable if the response is not usable.
"""

import asyncio
import json
import re
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from dataclasses import dataclass
from http import HTTPStatus
from typing import Any, Final, NamedTuple, Protocol, override

import aiohttp
from yarl import URL

from cmk_check import VERSION
from cmk_check.config.webhook import check_url
from cmk_check.errors import CmkCheckError
from cmk_check.inventory.connection_failures import find_unreached_gap
from cmk_check.limits import API_PAUSES_SECONDS, API_REQUEST_SECONDS, LONGEST_API_PAUSE_SECONDS
from cmk_check.net.retry_after import retry_after
from cmk_check.ports import InventoryError


class ApiUnusable(CmkCheckError):
    """The HTTP API of an app returned no usable response. ``str()`` explains what to do.

    ``code`` is the code of the API's error, or empty.
    """

    def __init__(self, message: str, code: str = "") -> None:
        self.code = code
        super().__init__(message)


MAY_PASS: Final = frozenset({429, 500, 502, 503, 504})
# Error codes, such as StorageUnavailable, are the only text of a response that is shown.
_CODE: Final = re.compile(r"[A-Za-z]{1,40}")
_ADVICE: Final[Mapping[int, str]] = {
    HTTPStatus.BAD_REQUEST: "change the filters, or use the deployed version of cmk-check",
    HTTPStatus.UNAUTHORIZED: "use a valid key of the function {function}, or --entra if the app "
    "requires a sign-in",
    HTTPStatus.FORBIDDEN: "let this identity read the app, or check the network rules of the app",
    HTTPStatus.NOT_FOUND: "check that --url is the address of cmk_check",
    HTTPStatus.CONFLICT: "set CMK_WEBHOOK_URL or CMK_ROUTES, and use numbers of published changes",
}

_OTHER_BUILD: Final[Mapping[str, str]] = {
    "NewerVersionNeeded": "deploy the newer version of cmk_check again",
    "EarlierBuild": "delete the app's tables, as its status says",
}

type Authorise = Callable[[], Awaitable[Mapping[str, str]]]
type Query = Mapping[str, str]
type Sleep = Callable[[float], Awaitable[None]]


class Reply(NamedTuple):
    """A response of the HTTP API."""

    status: int
    headers: Mapping[str, str]
    body: bytes

    @property
    def document(self) -> dict[str, Any] | None:
        """The body as a JSON object, or None for any other body."""
        try:
            document = json.loads(self.body)
        except (ValueError, RecursionError):
            return None
        return document if isinstance(document, dict) else None

    @property
    def code(self) -> str:
        """The code of the error envelope, or "" without an envelope."""
        error = (self.document or {}).get("error")
        code = error.get("code") if isinstance(error, dict) else None
        return code if isinstance(code, str) and _CODE.fullmatch(code) else ""

    @property
    def named(self) -> str:
        """The HTTP status, with the error code if there is one."""
        return f"{self.status} ({self.code})" if self.code else str(self.status)


class Api(Protocol):
    """The HTTP API of an app."""

    async def get(
        self, route: str, query: Query | None = None, *, if_none_match: str | None = None
    ) -> Reply:
        """Read a route below ``/api/v1``; the status is 200, or 304 with ``if_none_match``."""
        ...


class Passing(ApiUnusable):
    """A transient failure; ``wait`` is the number of seconds that the app requests to wait."""

    def __init__(self, message: str, wait: float | None = None) -> None:
        super().__init__(message)
        self.wait = wait


def app_url(text: str) -> URL:
    """Check the address of an app, and return it.

    Raises:
        ValueError: the address is invalid; the error explains what it must be.
    """
    url = URL(check_url(text, on_azure=False, of="the app"))
    if url.query_string:
        raise ValueError("must be the URL of the app; write it without ? and the query after it")
    return url


@dataclass(frozen=True, slots=True)
class ApiClient(Api):
    """The HTTP API of an app; ``authorise`` returns the headers that identify the caller.

    ``function`` is the function whose key is required.
    """

    session: aiohttp.ClientSession
    url: URL
    authorise: Authorise
    sleep: Sleep = asyncio.sleep
    function: str = "api"

    @override
    async def get(
        self, route: str, query: Query | None = None, *, if_none_match: str | None = None
    ) -> Reply:
        url = (self.url / "api/v1" / route).with_query(query or {})
        headers = {"accept": "application/json"}
        if if_none_match is not None:
            headers["if-none-match"] = if_none_match
        for pause in API_PAUSES_SECONDS:
            try:
                return await self._ask(url, headers)
            except Passing as failure:
                requested = min(failure.wait or 0.0, LONGEST_API_PAUSE_SECONDS)
            await self.sleep(max(pause, requested))
        return await self._ask(url, headers)

    async def post(self, path: str, query: Query) -> None:
        """Send a request without a body, only once; the status is 202."""
        await self._ask((self.url / path).with_query(query), {}, "POST")

    async def _ask(self, url: URL, headers: Mapping[str, str], method: str = "GET") -> Reply:
        host = url.authority
        headers = {**headers, **await self.authorise()}
        try:
            reply = await exchange(self.session, method, url, headers)
        except InventoryError:
            raise ApiUnusable(f"{host} returned a response that is too large.") from None
        is_known = reply.status == HTTPStatus.NOT_MODIFIED and "if-none-match" in headers
        expected = HTTPStatus.OK if method == "GET" else HTTPStatus.ACCEPTED
        if reply.status == expected or is_known:
            return reply
        sentence = f"{host} answered {reply.named}"
        if reply.code in _OTHER_BUILD:
            raise ApiUnusable(f"{sentence}: {_OTHER_BUILD[reply.code]}.", reply.code)
        if reply.status in MAY_PASS:
            wait = retry_after(reply.headers)
            raise Passing(f"{sentence}: try again later, and look at the app's log.", wait)
        advice = _ADVICE.get(reply.status, "look at the app's log").format(function=self.function)
        if reply.status in range(300, 400):
            advice = "redirects are not followed, because they could leak the key; check --url"
        raise ApiUnusable(f"{sentence}: {advice}.", reply.code)


async def exchange(
    session: aiohttp.ClientSession,
    method: str,
    url: URL,
    headers: Mapping[str, str],
    body: Mapping[str, str] | None = None,
) -> Reply:
    """Send one request without following redirects, and read the response.

    Raises:
        Passing: there was no response.
        InventoryError: the response is too large.
    """
    headers = {"user-agent": f"cmk_check/{VERSION}", **headers}
    limit = aiohttp.ClientTimeout(total=API_REQUEST_SECONDS)
    try:
        async with session.request(
            method, url, json=body, headers=headers, allow_redirects=False, timeout=limit
        ) as response:
            return Reply(response.status, response.headers, await response.read())
    except (aiohttp.ClientError, TimeoutError) as error:
        gap = find_unreached_gap(error, url.authority)
        fault = (gap and gap.detail) or f"{url.authority} does not respond."
    # Raised outside the handler, so that it is not chained to an error of the library.
    raise Passing(fault)


async def pages(
    api: Api, route: str, query: Query | None = None
) -> AsyncIterator[tuple[bytes, dict[str, Any]]]:
    """Read a list, and yield each page as bytes and as a JSON object."""
    parameters = dict(query or {})
    seen = set[str]()
    while True:
        reply = await api.get(route, parameters)
        document = parse_document(reply)
        yield reply.body, document
        link = document.get("nextLink")
        if link is None:
            return
        if not isinstance(link, str) or link in seen:
            raise ApiUnusable("The app's link to the next page repeats an earlier page.")
        seen.add(link)
        try:
            parameters = dict(URL(link).query)
        except ValueError:
            raise ApiUnusable("The app's link to the next page is not a URL.") from None


def parse_document(reply: Reply) -> dict[str, Any]:
    """Return the JSON object in a response."""
    if (document := reply.document) is None:
        raise ApiUnusable("The response must be a JSON object: check that --url is cmk_check.")
    return document
