"""One call of an operation of the SDK: where it may lead, how long it may take, what it brought.

The SDK's models coerce types and fail for a whole answer, so each call keeps the raw JSON for our
own parsing, and gives the SDK nearly nothing to build models from.
"""

import asyncio
import re
from dataclasses import dataclass
from typing import Final, Self
from urllib.parse import parse_qsl, urlsplit

from cmk_check.core.enums import GapReason
from cmk_check.core.reasons.gaps import make_gap
from cmk_check.errors import InventoryError
from cmk_check.limits import MAX_ARM_PAGES

# What may stand in a URL; not braces, which the SDK would take for a template.
_URL: Final = re.compile(r"[A-Za-z0-9._~:/?#\[\]@!$&'()*+,;=%|^`-]{1,16384}")


@dataclass(slots=True)
class Deadline:
    """Until when an answer is of use, in the event loop's time; who waits longer moves it."""

    latest: float

    @classmethod
    def within(cls, seconds: float) -> Self:
        """Make the time that is so many seconds away."""
        return cls(asyncio.get_running_loop().time() + seconds)


class Call:
    """A call on its way, given to an operation of the SDK as the keyword ``call``.

    ``method`` is the only one that it may use.
    """

    method = "GET"

    def __init__(self, arm_url: str, until: Deadline) -> None:
        self._until = until
        with_port = arm_url if re.search(r":[0-9]+$", arm_url) else f"{arm_url}:443"
        self._origins = (f"{arm_url}/", f"{with_port}/")
        self._asked: set[object] = set()

    def has_time_for(self, pause: float) -> bool:
        """Say whether so many seconds later an answer is still of use."""
        return asyncio.get_running_loop().time() + pause < self._until.latest

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
        new = page not in self._asked and len(self._asked) < MAX_ARM_PAGES
        self._asked.add(page)
        return new

    def take(self, body: dict[str, object]) -> dict[str, object]:
        """Keep the body of an answer; return what the SDK is to see of it.

        Raises:
            InventoryError: it has not the shape of what was asked for.

        """
        raise NotImplementedError


class Listing(Call):
    """A list: ``page`` holds the raw entries of the page that came last.

    ``refused`` says that its link leads elsewhere.
    """

    def __init__(self, arm_url: str, until: Deadline) -> None:
        super().__init__(arm_url, until)
        self.page: list[object] = []
        self.refused = False

    def take(self, body: dict[str, object]) -> dict[str, object]:
        """Keep the entries of a page; the SDK gets an empty one with the link onwards."""
        entries, link = body.get("value"), body.get("nextLink")
        if not isinstance(entries, list) or not isinstance(link, str | None):
            raise InventoryError(make_gap(GapReason.MALFORMED_PAGE))
        self.page = entries
        # Some providers send an empty link with the last page.
        self.refused = bool(link and not self.trusts(link))
        return {"value": [], "nextLink": None if self.refused else link}


class Document(Call):
    """One thing, whose JSON is kept as a whole."""

    def __init__(self, arm_url: str, until: Deadline) -> None:
        super().__init__(arm_url, until)
        self._body: dict[str, object] | None = None

    def take(self, body: dict[str, object]) -> dict[str, object]:
        """Keep all of it; the SDK gets an empty object."""
        self._body = body
        return {}

    def answer(self) -> dict[str, object]:
        """Return what came.

        Raises:
            InventoryError: a success without a body, which some operations of the SDK let pass.

        """
        if self._body is None:
            raise InventoryError(make_gap(GapReason.UNEXPECTED_RESPONSE))
        return self._body


class GraphQuery(Document):
    """A query of Resource Graph, the one thing that is asked by POST: it changes nothing.

    See https://learn.microsoft.com/rest/api/azureresourcegraph/resourcegraph/resources/resources.
    """

    method = "POST"

    def trusts(self, url: str) -> bool:
        """Say whether a URL is that of Resource Graph's queries, and leads nowhere else."""
        path = urlsplit(url).path if super().trusts(url) else ""
        return path == "/providers/Microsoft.ResourceGraph/resources"
