"""Finding vaults by name in whatever subscription they are: one query for all that are wanted.

An account names its vault by an address, which says neither subscription nor group. Azure Resource
Graph knows all resources that the identity may read, a few minutes late; it allows few queries
(https://learn.microsoft.com/azure/governance/resource-graph/concepts/guidance-for-throttled-requests).
"""

import asyncio
from collections.abc import Sequence
from itertools import islice
from typing import Final

from azure.mgmt.resourcegraph.models import QueryRequest, QueryRequestOptions, ResultFormat

from cmk_check.core.key_facts import Unread
from cmk_check.core.words import GapReason
from cmk_check.errors import InventoryError
from cmk_check.inventory.calls import Query, Until
from cmk_check.inventory.clients import Clients
from cmk_check.inventory.gaps import QUERY_GRAPH, TROUBLE, gap_of, plain
from cmk_check.inventory.vault_id import VaultId

_MOST_NAMES: Final = 1_000
_ROWS_PER_PAGE: Final = 1_000
# A name is a vault's own in all of Azure; more rows than names are only ever a few late ones.
_MOST_PAGES: Final = 10


def query_of(names: Sequence[str]) -> str:
    """Write the query for vaults of these names, which hold nothing but letters, digits and "-"."""
    quoted = ",".join(f"'{name}'" for name in names)
    return (
        "Resources | where type in~ ('microsoft.keyvault/vaults','microsoft.keyvault/managedhsms') "
        f"| where name in~ ({quoted}) | project id, name, type"
    )


class VaultSearch:
    """Looks vaults up; names that are asked for while a query is under way go into the next."""

    def __init__(self, clients: Clients) -> None:
        self._arm_url = clients.arm_url
        self._client = clients.graph()
        self._turn = asyncio.Lock()
        self._wanted: dict[str, Until] = {}
        self._found: dict[str, tuple[VaultId, ...] | Unread] = {}

    async def find(self, name: str, until: Until) -> tuple[VaultId, ...] | Unread:
        """Return the ids of all vaults and managed HSMs of a name, lower-cased as it is.

        A name is asked for by one caller at a time.
        """
        self._wanted[name] = until
        try:
            async with self._turn:
                if name not in self._found:
                    # Who asks in the same breath is to be in the same query.
                    await asyncio.sleep(0)
                    await self._find_wanted(name)
            return self._found.pop(name)
        finally:
            # Not that of a caller who came after this one had given up.
            if self._wanted.get(name) is until:
                del self._wanted[name]

    async def _find_wanted(self, first: str) -> None:
        others = (name for name in self._wanted if name != first)
        names = (first, *islice(others, _MOST_NAMES - 1))
        # As long as any of them waits; and if this task ends before, the next in turn asks anew.
        until = Until(max(self._wanted[name].latest for name in names))
        found = await self._ask(names, until)
        for name in names:
            # Some may have gone since.
            if self._wanted.pop(name, None):
                self._found[name] = found if isinstance(found, Unread) else found.get(name, ())

    async def _ask(
        self, names: Sequence[str], until: Until
    ) -> dict[str, tuple[VaultId, ...]] | Unread:
        found: dict[str, tuple[VaultId, ...]] = {}
        try:
            for row in await self._rows(query_of(names), until):
                vault = VaultId.parse(row.get("id") if isinstance(row, dict) else None)
                if vault is None:  # which may be the one that is wanted
                    raise InventoryError(plain(GapReason.MALFORMED_PAGE))
                found[vault.name] = (*found.get(vault.name, ()), vault)
        except TROUBLE as error:
            return Unread(gap_of(error, QUERY_GRAPH))
        return found

    async def _rows(self, query: str, until: Until) -> list[object]:
        """Return the rows of all pages.

        Raises:
            InventoryError: the answer is cut off, without end, or none.

        """
        rows: list[object] = []
        token: str | None = None
        for _ in range(_MOST_PAGES):
            page, token, total = _taken_apart(await self._page(query, token, until))
            rows += page
            if token is None:
                if len(rows) < total:
                    break
                return rows
        raise InventoryError(plain(GapReason.MALFORMED_PAGE))

    async def _page(self, query: str, token: str | None, until: Until) -> dict[str, object]:
        options = QueryRequestOptions(
            top=_ROWS_PER_PAGE, skip_token=token, result_format=ResultFormat.OBJECT_ARRAY
        )
        call = Query(self._arm_url, until)
        await self._client.resources(QueryRequest(query=query, options=options), call=call)
        return call.answer()


def _taken_apart(page: dict[str, object]) -> tuple[list[object], str | None, int]:
    """Return the rows of a page, the token of the next, and how many rows there are in all.

    An answer that was cut off without a token says so in ``resultTruncated`` alone.
    """
    rows, token, total = page.get("data"), page.get("$skipToken") or None, page.get("totalRecords")
    whole = token is not None or str(page.get("resultTruncated")).lower() == "false"
    if not (isinstance(rows, list) and isinstance(token, str | None) and whole):
        raise InventoryError(plain(GapReason.MALFORMED_PAGE))
    if not isinstance(total, int):
        raise InventoryError(plain(GapReason.MALFORMED_PAGE))
    return rows, token, total
