"""The app's HTTP API, as a person with a key or a sign-in reads it.

Key and token go to one origin alone: redirects are not followed, and of a link to the next page
only the query is used. No message contains either.
"""

import asyncio
import json
import re
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from dataclasses import dataclass
from http import HTTPStatus
from typing import Any, Final, Protocol

import aiohttp
from yarl import URL

from cmk_check import VERSION
from cmk_check.config.webhook import check_url
from cmk_check.errors import ApiUnusable, InventoryError
from cmk_check.inventory.connection_failures import unreached_gap
from cmk_check.inventory.http_session import LimitedResponse
from cmk_check.limits import API_PAUSES_SECONDS, API_REQUEST_SECONDS, LONGEST_API_PAUSE_SECONDS
from cmk_check.net.proxy import proxy_for
from cmk_check.net.retry_after import retry_after

API: Final = "api/v1"
_MAY_PASS: Final = frozenset({429, 500, 502, 503, 504})
# Codes of the envelope, such as StorageUnavailable; nothing else of an answer is shown.
_CODE: Final = re.compile(r"[A-Za-z]{1,40}")
_ADVICE: Final[Mapping[int, str]] = {
    HTTPStatus.UNAUTHORIZED: "use a valid key of the function api, or --entra if the app asks for "
    "a sign-in",
    HTTPStatus.FORBIDDEN: "let this identity read the app, or check the network rules of the app",
    HTTPStatus.NOT_FOUND: "check that --url is the address of cmk_check",
}

type Authorise = Callable[[], Awaitable[Mapping[str, str]]]
type Sleep = Callable[[float], Awaitable[None]]


@dataclass(frozen=True, slots=True)
class ApiAnswer:
    """An answer with 200, or with 304: then ``body`` is None."""

    body: bytes | None
    etag: str


class Api(Protocol):
    """The HTTP API of an app."""

    async def get(
        self,
        route: str,
        query: Mapping[str, str] | None = None,
        *,
        if_none_match: str | None = None,
    ) -> ApiAnswer:
        """Read a route below ``/api/v1``.

        Raises:
            ApiUnusable: there is no answer that can be used.

        """
        ...


class _Passing(Exception):
    """A failure that may pass; ``wait`` is how many seconds the app asks to wait."""

    def __init__(self, message: str, wait: float | None = None) -> None:
        super().__init__(message)
        self.wait = wait


def app_url(text: str) -> URL:
    """Return the address of an app.

    Raises:
        ValueError: says what it must be.

    """
    url = URL(check_url(text, on_azure=False, of="the app"))
    if url.query_string:
        raise ValueError("must be the URL of the app; write it without ? and what follows")
    return url


def open_api_session(url: URL) -> aiohttp.ClientSession:
    """Open a session within a running event loop; the caller closes it."""
    # Without TLS the host is the loopback of this machine, and no proxy may see the key.
    proxy = proxy_for(str(url)) if url.scheme == "https" else None
    return aiohttp.ClientSession(
        cookie_jar=aiohttp.DummyCookieJar(), proxy=proxy, response_class=LimitedResponse
    )


class ApiClient:
    """Implements ``Api`` over HTTP; ``authorise`` returns the headers that identify the caller."""

    def __init__(
        self,
        session: aiohttp.ClientSession,
        url: URL,
        authorise: Authorise,
        sleep: Sleep = asyncio.sleep,
    ) -> None:
        self._session = session
        self._url = url
        self._authorise = authorise
        self._sleep = sleep

    async def get(
        self,
        route: str,
        query: Mapping[str, str] | None = None,
        *,
        if_none_match: str | None = None,
    ) -> ApiAnswer:
        """Read a route, several times if a failure may pass; see ``Api.get``."""
        url = (self._url / API / route).with_query(query or {})
        headers = {"accept": "application/json", "user-agent": f"cmk_check/{VERSION}"}
        if if_none_match is not None:
            headers["if-none-match"] = if_none_match
        for pause in API_PAUSES_SECONDS:
            try:
                return await self._ask(url, headers)
            except _Passing as failure:
                asked = min(failure.wait or 0.0, LONGEST_API_PAUSE_SECONDS)
            await self._sleep(max(pause, asked))
        try:
            return await self._ask(url, headers)
        except _Passing as failure:
            raise ApiUnusable(str(failure)) from None

    async def _ask(self, url: URL, headers: Mapping[str, str]) -> ApiAnswer:
        host = self._url.authority
        try:
            async with self._session.get(
                url,
                headers={**headers, **await self._authorise()},
                allow_redirects=False,
                timeout=aiohttp.ClientTimeout(total=API_REQUEST_SECONDS),
            ) as response:
                body = await response.read()
        except (aiohttp.ClientError, TimeoutError) as error:
            gap = unreached_gap(error, host)
            fault: Exception = _Passing((gap and gap.detail) or f"{host} does not answer.")
        except InventoryError:
            fault = ApiUnusable(f"{host} gave an answer that is too large.")
        else:
            etag = response.headers.get("etag", "")
            if response.status == HTTPStatus.OK:
                return ApiAnswer(body, etag)
            if response.status == HTTPStatus.NOT_MODIFIED and "if-none-match" in headers:
                return ApiAnswer(None, etag)
            fault = _refusal(host, response, body)
        # Raised outside of the handlers, so that it is not chained to an error of the library.
        raise fault


async def pages(
    api: Api, route: str, query: Mapping[str, str] | None = None
) -> AsyncIterator[tuple[bytes, dict[str, Any]]]:
    """Read a list page by page: each as bytes, and as the JSON object that it is.

    Raises:
        ApiUnusable

    """
    asked = dict(query or {})
    seen = set[str]()
    while True:
        body = (await api.get(route, asked)).body or b""
        document = as_document(body)
        yield body, document
        link = document.get("nextLink")
        if link is None:
            return
        if not isinstance(link, str) or link in seen:
            raise ApiUnusable("The app's link to the next page leads back.")
        seen.add(link)
        asked = dict(URL(link).query)


def as_document(body: bytes) -> dict[str, Any]:
    """Return an answer as the JSON object that it is.

    Raises:
        ApiUnusable: it is something else.

    """
    try:
        document = json.loads(body)
    except (ValueError, RecursionError):
        document = None
    if not isinstance(document, dict):
        raise ApiUnusable("The answer must be a JSON object: check that --url leads to cmk_check.")
    return document


def _refusal(host: str, response: aiohttp.ClientResponse, body: bytes) -> Exception:
    status, code = response.status, _code(body)
    said = f"{host} answered {status}{f' ({code})' if code else ''}"
    if status in _MAY_PASS:
        return _Passing(f"{said}: try again later, and look at the app's log.", _wait(response))
    if status in range(300, 400):
        advice = "redirects are not followed, so that the key stays with this host; check --url"
    else:
        advice = _ADVICE.get(status, "look at the app's log")
    return ApiUnusable(f"{said}: {advice}.", code)


def _wait(response: aiohttp.ClientResponse) -> float | None:
    return retry_after(response.headers)


def _code(body: bytes) -> str:
    """Return the code of the error envelope, "" without one."""
    try:
        code = json.loads(body)["error"]["code"]
    except (ValueError, RecursionError, KeyError, TypeError):
        return ""
    return code if isinstance(code, str) and _CODE.fullmatch(code) else ""
