"""Reads resources by their path, where the app has no SDK with the operation.

Requests pass the same policies as those of the SDK's clients: they only read, go only to Azure
Resource Manager, ask for a version that is known, and share the limit of concurrent requests.
"""

import re
from http import HTTPStatus
from typing import Final
from urllib.parse import quote

from azure.core.async_paging import AsyncItemPaged, AsyncList
from azure.core.exceptions import HttpResponseError
from azure.core.rest import AsyncHttpResponse, HttpRequest

from cmk_check.core.enums import GapReason
from cmk_check.core.reasons.gap_sentences import make_gap
from cmk_check.inventory.calls import Call, Deadline
from cmk_check.inventory.clients import Clients
from cmk_check.ports import InventoryError

# Parts of dots alone would lead to another path.
_PATH: Final = re.compile(r"(?:/(?!\.+(?:/|$))[^/\x00-\x1f\x7f-\x9f\ud800-\udfff]+)+")


class ArmReader:
    """Reads documents and lists; a path starts with "/" and has no query."""

    def __init__(self, clients: Clients) -> None:
        self._clients = clients
        self._client = clients.any_resource()

    async def document(self, path: str, until: Deadline, query: str = "") -> dict[str, object]:
        """Return the JSON of one resource; ``query`` is as it is sent.

        Raises:
            Any of ``gaps.TROUBLE``.

        """
        url = self._url(path, query)
        return await self._clients.document(until, lambda call: self._send(url, call))

    async def entries(self, path: str, until: Deadline, query: str = "") -> list[object]:
        """Return the raw entries of a list, of all its pages; ``query`` is as it is sent.

        Raises:
            Any of ``gaps.TROUBLE``.

        """
        first = self._url(path, query)

        def ask(call: Call) -> AsyncItemPaged[object]:
            async def get(link: str | None) -> AsyncHttpResponse:
                return await self._send(link or first, call)

            return AsyncItemPaged(get, _next_link)

        return await self._clients.entries(until, ask)

    async def _send(self, url: str, call: Call) -> AsyncHttpResponse:
        answer = await self._client.send_request(HttpRequest("GET", url), call=call)
        if answer.status_code != HTTPStatus.OK:
            raise HttpResponseError(response=answer)
        return answer

    def _url(self, path: str, query: str = "") -> str:
        # Paths come out of answers as well: what they hold must not lead elsewhere.
        if not _PATH.fullmatch(path):
            raise InventoryError(make_gap(GapReason.UNEXPECTED_RESPONSE))
        # With the version already, so that a link back to the first page is seen to be one.
        options = f"{query}&" if query else ""
        url = f"{self._clients.arm_url}{quote(path)}?{options}api-version="
        return self._clients.versions.of(url)


async def _next_link(answer: AsyncHttpResponse) -> tuple[str | None, AsyncList[object]]:
    """Return the link that the call let pass; the call keeps the entries."""
    return answer.json()["nextLink"] or None, AsyncList([])
