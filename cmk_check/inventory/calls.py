"""A call to Azure Resource Manager, with its allowed URLs, its deadline, and the JSON response."""

import asyncio
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Final, Self
from urllib.parse import parse_qsl, urlsplit

from azure.core.rest import AsyncHttpResponse

from cmk_check.core.enums import GapReason
from cmk_check.core.reasons.gap_sentences import make_gap
from cmk_check.inventory.gaps import MALFORMED
from cmk_check.limits import MAX_ARM_PAGES
from cmk_check.ports import InventoryError

# The characters allowed in a URL, without braces, which the SDK would treat as a template.
_URL: Final = re.compile(r"[A-Za-z0-9._~:/?#\[\]@!$&'()*+,;=%|^`-]{1,16384}")


@dataclass(slots=True)
class Deadline:
    """The time until which a response is useful, by the event loop's clock; it can be extended."""

    latest: float

    @classmethod
    def within(cls, seconds: float) -> Self:
        """Return the deadline that is a number of ``seconds`` in the future."""
        return cls(asyncio.get_running_loop().time() + seconds)


class Call:
    """A call for one resource or for the pages of a list, passed as the pipeline's ``call`` option.

    ``method`` is the only HTTP method that the call may use. ``headers`` are the headers of the
    last response. A response in a wrong format raises InventoryError.
    """

    method = "GET"
    headers: Mapping[str, str] = MappingProxyType({})

    def __init__(self, arm_url: str, until: Deadline) -> None:
        self._until = until
        with_port = arm_url if re.search(r":[0-9]+$", arm_url) else f"{arm_url}:443"
        self._origins = (f"{arm_url}/", f"{with_port}/")
        self._asked: set[object] = set()
        self._body: dict[str, object] | None = None

    def has_time_for(self, pause: float) -> bool:
        """Return whether a response after a ``pause``, in seconds, would still be useful."""
        return asyncio.get_running_loop().time() + pause < self._until.latest

    def trusts(self, url: str) -> bool:
        """Return whether a URL points to Azure Resource Manager, whichever URL parser reads it.

        The part of the URL before the path is compared as text, so that user info, backslashes and
        similar hosts are rejected.
        """
        return _URL.fullmatch(url) is not None and url.lower().startswith(self._origins)

    def asks(self, url: str) -> bool:
        """Record a URL; return False if it was requested before or if there are too many URLs."""
        parts = urlsplit(url)
        # Two spellings may refer to the same page.
        page = (parts.path.lower(), frozenset(parse_qsl(parts.query, keep_blank_values=True)))
        new = page not in self._asked and len(self._asked) < MAX_ARM_PAGES
        self._asked.add(page)
        return new

    def take(self, response: AsyncHttpResponse) -> None:
        """Store the headers and the JSON of a response."""
        self.headers = response.headers
        try:
            body = json.loads(response.text("utf-8-sig"))
        except (ValueError, RecursionError) as error:
            raise InventoryError(MALFORMED) from error
        if not isinstance(body, dict):
            raise InventoryError(MALFORMED)
        self._body = body

    def answer(self) -> dict[str, object]:
        """Return the JSON of the last response, which can be returned only once."""
        body, self._body = self._body, None
        if body is None:
            raise InventoryError(make_gap(GapReason.UNEXPECTED_RESPONSE))
        return body

    def page(self) -> tuple[list[object], str | None]:
        """Return the raw entries of the last page, and the link to the next page."""
        body = self.answer()
        entries, link = body.get("value"), body.get("nextLink")
        if not isinstance(entries, list) or not isinstance(link, str | None):
            raise InventoryError(MALFORMED)
        return entries, link or None  # some providers send an empty link with the last page


GRAPH_PATH: Final = "/providers/Microsoft.ResourceGraph/resources"


class GraphQuery(Call):
    """A Resource Graph query, which is the only POST request and changes nothing.

    Source:
    https://learn.microsoft.com/rest/api/azureresourcegraph/resourcegraph/resources/resources.
    """

    method = "POST"

    def trusts(self, url: str) -> bool:
        """Return whether a URL is the URL for Resource Graph queries."""
        path = urlsplit(url).path if super().trusts(url) else ""
        return path == GRAPH_PATH
