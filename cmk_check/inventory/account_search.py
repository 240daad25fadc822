"""Asks Azure Resource Graph which accounts it knows, as a second witness beside the lists.

A provider that spans regions was seen to answer a list without the resources of a region
(https://github.com/Azure/azure-libraries-for-net/issues/1200).
"""

import asyncio
from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Final

from cmk_check.core.cross_check import KnownAccount
from cmk_check.core.enums import GapReason
from cmk_check.core.reasons.gap_sentences import make_gap
from cmk_check.core.resource_id import AccountId
from cmk_check.core.text import as_object, clean_time
from cmk_check.inventory.calls import Deadline
from cmk_check.inventory.clients import Clients
from cmk_check.inventory.gaps import QUERY_GRAPH, TROUBLE, gap_of
from cmk_check.inventory.resource_graph import BY_ID, ResourceGraph
from cmk_check.limits import CROSS_CHECK_SECONDS, MAX_KNOWN_ACCOUNT_PAGES
from cmk_check.ports import InventoryError

_MALFORMED: Final = make_gap(GapReason.MALFORMED_PAGE)


def query_of(kinds: Iterable[str]) -> str:
    """Return the query for the accounts of these kinds of letters, digits, ".", "_" and "-"."""
    quoted = ",".join(f"'{kind}'" for kind in sorted(kinds))
    return (
        "Resources | where type =~ 'microsoft.cognitiveservices/accounts' "
        f"| where kind in~ ({quoted}) | project id, createdAt = tostring(systemData.createdAt), "
        f"dateCreated = tostring(properties.dateCreated){BY_ID}"
    )


class AzureAccountSearch:
    """Implements ``ports.AccountSearch``."""

    def __init__(self, clients: Clients, kinds: Iterable[str]) -> None:
        self._graph = ResourceGraph(clients)
        self._query = query_of(kinds)

    async def accounts(self, subscription_ids: Sequence[str]) -> tuple[KnownAccount, ...]:
        """Return the accounts that Resource Graph knows in these subscriptions.

        Raises:
            InventoryError: the answer is not whole.

        """
        until = Deadline.within(CROSS_CHECK_SECONDS)
        try:
            async with asyncio.timeout_at(until.latest):
                rows = await self._graph.rows(
                    self._query,
                    until,
                    pages=MAX_KNOWN_ACCOUNT_PAGES,
                    subscriptions=list(subscription_ids),
                )
        except TROUBLE as error:
            raise InventoryError(gap_of(error, QUERY_GRAPH)) from error
        return tuple(_parse(as_object(row)) for row in rows)


def _parse(row: dict[str, object]) -> KnownAccount:
    """Parse a row; an account is as old as the earlier of its dates says.

    Accounts were recorded with ``properties.dateCreated`` and without ``systemData``.

    Raises:
        InventoryError: it names no account.

    """
    account_id = AccountId.parse(row.get("id"))
    if account_id is None:
        raise InventoryError(_MALFORMED)
    dates = (clean_time(row.get(name)) for name in ("createdAt", "dateCreated"))
    created = (datetime.fromisoformat(date) for date in dates if date)
    return KnownAccount(account_id, min(created, default=None))
