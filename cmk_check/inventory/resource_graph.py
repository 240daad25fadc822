"""Sends queries to Azure Resource Graph and takes their answers apart.

It knows all resources that the identity may read, seconds to hours late, and allows few queries
(https://learn.microsoft.com/azure/governance/resource-graph/concepts/guidance-for-throttled-requests).
No verdict comes from it.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from azure.mgmt.resourcegraph.aio import ResourceGraphClient
from azure.mgmt.resourcegraph.models import QueryRequest, QueryRequestOptions, ResultFormat

from cmk_check.core.enums import GapReason
from cmk_check.core.reasons.gap_sentences import make_gap
from cmk_check.inventory.calls import Deadline, GraphQuery
from cmk_check.inventory.clients import Clients
from cmk_check.limits import GRAPH_ROWS_PER_PAGE
from cmk_check.ports import InventoryError

# A query of more than 10,000 subscriptions is answered for the first 10,000.
_LIMIT_HIT: Final = "x-ms-tenant-subscription-limit-hit"
BY_ID: Final = " | order by id asc"
"""The end of a query with several pages: without an order, they repeat rows and leave out others
(https://learn.microsoft.com/azure/governance/resource-graph/concepts/work-with-data).
"""
_MALFORMED: Final = make_gap(GapReason.MALFORMED_PAGE)


@dataclass(frozen=True, slots=True)
class GraphPage:
    """One answer; ``truncated`` if the query has more rows.

    ``token`` asks for those. Without it they cannot be asked for. ``total`` counts all rows.
    ``limited``: not all subscriptions were looked at.
    """

    rows: list[object]
    token: str | None
    total: int
    truncated: bool
    limited: bool


class ResourceGraph:
    """Queries over all subscriptions that the identity may read."""

    def __init__(self, clients: Clients) -> None:
        self._arm_url = clients.arm_url
        self._client = clients.of(ResourceGraphClient)

    async def page(
        self,
        query: str,
        until: Deadline,
        token: str | None = None,
        subscriptions: list[str] | None = None,
    ) -> GraphPage:
        """Return one page of a query's rows, the first one without ``token``.

        ``subscriptions`` are those to look at, without it all.

        Raises:
            Any of ``gaps.TROUBLE``.

        """
        options = QueryRequestOptions(
            top=GRAPH_ROWS_PER_PAGE, skip_token=token, result_format=ResultFormat.OBJECT_ARRAY
        )
        call = GraphQuery(self._arm_url, until)
        request = QueryRequest(query=query, options=options, subscriptions=subscriptions)
        await self._client.resources(request, call=call)
        return _page_of(call.answer(), call.headers)

    async def rows(
        self, query: str, until: Deadline, *, pages: int, subscriptions: list[str] | None = None
    ) -> list[object]:
        """Return the rows of all pages of a query that ends with ``BY_ID``.

        Raises:
            InventoryError: the answer is truncated, has more than so many pages, is malformed,
                repeats rows in place of others, or leaves out some of the ``subscriptions`` that
                were named.
            Any other of ``gaps.TROUBLE``.

        """
        rows: list[object] = []
        token: str | None = None
        for _ in range(pages):
            page = await self.page(query, until, token, subscriptions)
            if page.limited and subscriptions is not None:
                break
            rows += page.rows
            token = page.token
            if token is None:
                if page.truncated or _distinct(rows) < page.total:
                    break
                return rows
        raise InventoryError(_MALFORMED)


def _distinct(rows: list[object]) -> int:
    """Count rows by their ids; one without an id is another one."""
    ids = [row.get("id") if isinstance(row, dict) else None for row in rows]
    named = [each.lower() for each in ids if isinstance(each, str)]
    return len(set(named)) + len(ids) - len(named)


def _page_of(body: dict[str, object], headers: Mapping[str, str]) -> GraphPage:
    """Take an answer apart; one that is truncated without a token says so in one field alone."""
    rows, token, total = body.get("data"), body.get("$skipToken"), body.get("totalRecords")
    if not (isinstance(rows, list) and isinstance(token, str | None) and isinstance(total, int)):
        raise InventoryError(_MALFORMED)
    truncated = bool(token) or str(body.get("resultTruncated")).lower() != "false"
    limited = headers.get(_LIMIT_HIT, "").lower() == "true"
    return GraphPage(rows, token or None, total, truncated, limited)
