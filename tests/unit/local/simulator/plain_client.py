"""A client that knows no Azure library: plain HTTPS and a token."""

from dataclasses import dataclass
from typing import Any

import aiohttp
from yarl import URL

from local.simulator import Simulator

ACCOUNTS = "/providers/Microsoft.CognitiveServices/accounts"
GOOD = "a token that is issued for the request"


@dataclass(frozen=True, slots=True)
class Client:
    """Asks one simulator, with a good token unless told otherwise."""

    simulator: Simulator
    session: aiohttp.ClientSession

    async def get(  # noqa: PLR0913 - each is a part of a request, by keyword
        self,
        path: str,
        *,
        version: str | None = "2025-09-01",
        method: str = "GET",
        token: str | None = GOOD,
        headers: dict[str, str] | None = None,
        body: object = None,
    ) -> tuple[int, Any, aiohttp.ClientResponse]:
        """Ask for a path or a URL, sending a JSON body if given; gives status, JSON and response.

        What is sent is the URL as given: aiohttp would else rewrite its escapes.
        """
        url = path if path.startswith("https://") else f"{self.simulator.url}{path}"
        if version is not None and "api-version=" not in url:
            url += f"{'&' if '?' in url else '?'}api-version={version}"
        sent = dict(headers or {})
        if token == GOOD:
            token = self.simulator.tokens.issue(self.simulator.url).value
        if token is not None:
            sent["Authorization"] = f"Bearer {token}"
        request = self.session.request(method, URL(url, encoded=True), headers=sent, json=body)
        async with request as response:
            return response.status, await response.json(), response
