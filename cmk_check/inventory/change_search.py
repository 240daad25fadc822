"""Asks Azure Resource Graph what has changed, with one query for each of its tables of changes.

A change gets its time when Azure detects it, and comes within minutes, in no order. The answer has
one row for each subscription and vault, with its latest change, so that a busy one fills no page.
https://learn.microsoft.com/azure/governance/resource-graph/changes/get-resource-changes
"""

import asyncio
import re
from datetime import UTC, datetime
from typing import Final

from cmk_check.core.enums import GapReason
from cmk_check.core.gap import Gap
from cmk_check.core.reasons.gap_sentences import SUBSCRIPTIONS_LEFT_OUT, make_gap
from cmk_check.core.watch_state import RecentChanges
from cmk_check.inventory.calls import Deadline
from cmk_check.inventory.clients import Clients
from cmk_check.inventory.gaps import QUERY_GRAPH, TROUBLE, gap_of
from cmk_check.inventory.resource_graph import ResourceGraph
from cmk_check.ports import InventoryError

_ACCOUNTS: Final = "microsoft.cognitiveservices/accounts"
_VAULTS: Final = ("microsoft.keyvault/vaults", "microsoft.keyvault/managedhsms")
_CONTAINERS: Final = ("microsoft.resources/subscriptions",)
_ID: Final = re.compile(
    r"/subscriptions/([0-9a-f-]{36})(/resourcegroups/[^/]+/providers/[^/]+/[^/]+/[^/]+)?"
)
_MALFORMED: Final = make_gap(GapReason.MALFORMED_PAGE)

type _Row = tuple[str, str, datetime]


def query_of(table: str, types: tuple[str, ...], since: datetime) -> str:
    """Return the query of a table for what has changed since a time.

    Accounts count for their subscription; everything else counts for itself.
    """
    quoted = ",".join(f"'{name}'" for name in types)
    return (
        f"{table} | extend at = todatetime(properties.changeAttributes.timestamp), "
        "changed = tolower(tostring(properties.targetResourceType)), "
        "target = tolower(tostring(properties.targetResourceId)) "
        f"| where at >= datetime({since:%Y-%m-%dT%H:%M:%S.%fZ}) and changed in ({quoted}) "
        f"| extend target = iff(changed == '{_ACCOUNTS}', "
        "strcat('/subscriptions/', tostring(split(target, '/')[2])), target) "
        "| summarize at = max(at) by target | order by at asc, target asc"
    )


class ChangeSearch:
    """Implements ``ports.ChangeInventory``."""

    def __init__(self, clients: Clients) -> None:
        self._graph = ResourceGraph(clients)

    async def changes(self, since: datetime, *, vaults: bool, seconds: float) -> RecentChanges:
        """Read what has changed; what one table tells is of use without the other."""
        until = Deadline.within(seconds)
        resources = (_ACCOUNTS, *(_VAULTS if vaults else ()))
        answers = await asyncio.gather(
            self._rows(query_of("resourcechanges", resources, since), until),
            self._rows(query_of("resourcecontainerchanges", _CONTAINERS, since), until),
        )
        subscriptions: dict[str, datetime] = {}
        found: dict[str, datetime] = {}
        for target, subscription_id, at in (row for answer in answers for row in answer[0]):
            of, name = (found, target) if target else (subscriptions, subscription_id)
            of[name] = max(at, of.get(name, at))
        ends = [end for _, end, _ in answers if end is not None]
        gaps = [gap for _, _, gap in answers if gap is not None]
        return RecentChanges(
            subscriptions, found, min(ends, default=None), gaps[0] if gaps else None
        )

    async def _rows(
        self, query: str, until: Deadline
    ) -> tuple[list[_Row], datetime | None, Gap | None]:
        """Return the rows of the first page, its end if there are more, and why some may lack."""
        try:
            async with asyncio.timeout_at(until.latest):
                page = await self._graph.page(query, until)
            rows = [_parsed(row) for row in page.rows]
        except (*TROUBLE, OverflowError) as error:  # a time whose offset leads beyond all years
            return [], None, gap_of(error, QUERY_GRAPH)
        end = rows[-1][2] if rows and page.truncated else None
        return rows, end, SUBSCRIPTIONS_LEFT_OUT if page.limited else None


def _parsed(row: object) -> _Row:
    """Return the id of a vault, or "" for a subscription; the subscription; and the time.

    Raises:
        InventoryError: the row is malformed.

    """
    match row:
        case {"target": str(target), "at": str(text)} if found := _ID.fullmatch(target.lower()):
            at = datetime.fromisoformat(text)
            if at.utcoffset() is not None:
                return target.lower() if found[2] else "", found[1], at.astimezone(UTC)
    raise InventoryError(_MALFORMED)
