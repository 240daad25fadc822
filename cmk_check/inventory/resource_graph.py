"""Query Azure Resource Graph for accounts and for changes.

Resource Graph contains all resources that the identity may read, with a delay of seconds to hours,
and allows few queries
(https://learn.microsoft.com/azure/governance/resource-graph/concepts/guidance-for-throttled-requests).
No verdict depends on Resource Graph. A malformed row makes the whole response unusable, which
raises InventoryError.
"""

import asyncio
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final

from cmk_check.core.cross_check import KnownAccount
from cmk_check.core.gap import Gap
from cmk_check.core.reasons.gap_sentences import SUBSCRIPTIONS_LEFT_OUT
from cmk_check.core.resource_id import ACCOUNT_TYPE, AccountId
from cmk_check.core.text import as_object, clean_time
from cmk_check.core.watch_state import RecentChanges
from cmk_check.inventory.arm_reader import ArmReader
from cmk_check.inventory.calls import Deadline
from cmk_check.inventory.gaps import MALFORMED, QUERY_GRAPH, TROUBLE, build_gap
from cmk_check.limits import CROSS_CHECK_SECONDS, GRAPH_ROWS_PER_PAGE, MAX_KNOWN_ACCOUNT_PAGES
from cmk_check.ports import InventoryError

# The header of a query over more than 10,000 subscriptions, which covers only the first 10,000.
_LIMIT_HIT: Final = "x-ms-tenant-subscription-limit-hit"
BY_ID: Final = " | order by id asc"
"""The end of a query with several pages: without an order, pages repeat rows and omit others
(https://learn.microsoft.com/azure/governance/resource-graph/concepts/work-with-data).
"""
_VAULTS: Final = ("microsoft.keyvault/vaults", "microsoft.keyvault/managedhsms")
_CONTAINERS: Final = ("microsoft.resources/subscriptions",)
_ID: Final = re.compile(
    r"/subscriptions/([0-9a-f-]{36})(/resourcegroups/[^/]+/providers/[^/]+/[^/]+/[^/]+)?"
)

type _Row = tuple[str, str, datetime]


@dataclass(frozen=True, slots=True)
class GraphPage:
    """One response to a query, which is ``truncated`` if the query has more rows.

    ``token`` requests the next rows. Without a token, the next rows cannot be requested. ``total``
    is the number of all rows. ``limited`` means that the query did not cover all subscriptions.
    """

    rows: list[object]
    token: str | None
    total: int
    truncated: bool
    limited: bool


async def read_page(  # noqa: PLR0913 - what is asked, where, and how long
    reader: ArmReader,
    query: str,
    until: Deadline,
    token: str | None = None,
    subscriptions: list[str] | None = None,
    *,
    above: bool = False,
) -> GraphPage:
    """Return one page of a query's rows, which is the first page if ``token`` is None.

    ``subscriptions`` are the subscriptions to query, or None for all that the identity may read.
    With ``above``, the query also covers the management groups above the subscriptions.
    https://learn.microsoft.com/rest/api/azureresourcegraph/resourcegraph/resources/resources

    Raises:
        Any of ``gaps.TROUBLE``.
    """
    options: dict[str, object] = {"$top": GRAPH_ROWS_PER_PAGE, "resultFormat": "objectArray"}
    request: dict[str, object] = {"query": query, "options": options}
    if token is not None:
        options["$skipToken"] = token
    if above:
        options["authorizationScopeFilter"] = "AtScopeAboveAndBelow"
    if subscriptions is not None:
        request["subscriptions"] = subscriptions
    call = await reader.query(request, until)
    body = call.answer()
    rows, link, total = body.get("data"), body.get("$skipToken"), body.get("totalRecords")
    if not (isinstance(rows, list) and isinstance(link, str | None) and isinstance(total, int)):
        raise InventoryError(MALFORMED)
    # If a response is truncated without a token, only ``resultTruncated`` shows that.
    truncated = bool(link) or str(body.get("resultTruncated")).lower() != "false"
    limited = call.headers.get(_LIMIT_HIT, "").lower() == "true"
    return GraphPage(rows, link or None, total, truncated, limited)


async def read_rows(
    reader: ArmReader,
    query: str,
    until: Deadline,
    *,
    pages: int,
    subscriptions: list[str] | None = None,
) -> list[object]:
    """Return the rows from all pages of a query, which must end with ``BY_ID``.

    Raises:
        InventoryError: the response is truncated or malformed, has more than ``pages`` pages,
            repeats rows in place of others, or omits some of ``subscriptions``. Any other of
            ``gaps.TROUBLE``.
    """
    rows: list[object] = []
    token: str | None = None
    for _ in range(pages):
        page = await read_page(reader, query, until, token, subscriptions)
        if page.limited and subscriptions is not None:
            break
        rows += page.rows
        token = page.token
        if token is None:
            if page.truncated or _distinct(rows) < page.total:
                break
            return rows
    raise InventoryError(MALFORMED)


def _distinct(rows: list[object]) -> int:
    """Count the rows with different ids, and every row without an id."""
    ids = [row.get("id") if isinstance(row, dict) else None for row in rows]
    lowered = [each.lower() for each in ids if isinstance(each, str)]
    return len(set(lowered)) + len(ids) - len(lowered)


class AzureAccountSearch:
    """Implements ``ports.AccountSearch``, a second source besides Azure's account lists.

    A second source is needed because a resource provider that spans regions once returned a list
    without the resources of one region
    (https://github.com/Azure/azure-libraries-for-net/issues/1200).
    """

    def __init__(self, reader: ArmReader, kinds: Iterable[str]) -> None:
        self._reader = reader
        # Kinds consist of letters, digits, ".", "_" and "-".
        quoted = ",".join(f"'{kind}'" for kind in sorted(kinds))
        self._query = (
            f"Resources | where type =~ '{ACCOUNT_TYPE}' "
            f"| where kind in~ ({quoted}) | project id, createdAt = tostring(systemData.createdAt),"
            f" dateCreated = tostring(properties.dateCreated){BY_ID}"
        )

    async def accounts(self, subscription_ids: Sequence[str]) -> tuple[KnownAccount, ...]:
        """Return the accounts in these subscriptions that Resource Graph lists.

        An incomplete response from Resource Graph raises InventoryError.
        """
        until = Deadline.within(CROSS_CHECK_SECONDS)
        try:
            async with asyncio.timeout_at(until.latest):
                rows = await read_rows(
                    self._reader,
                    self._query,
                    until,
                    pages=MAX_KNOWN_ACCOUNT_PAGES,
                    subscriptions=list(subscription_ids),
                )
        except TROUBLE as error:
            raise InventoryError(build_gap(error, QUERY_GRAPH)) from error
        return tuple(_account(as_object(row)) for row in rows)


def _account(row: dict[str, object]) -> KnownAccount:
    """Parse a row for an account, which was created at the earlier of the row's two dates.

    Some real accounts have ``properties.dateCreated`` but no ``systemData``.
    """
    account_id = AccountId.parse(row.get("id"))
    if account_id is None:
        raise InventoryError(MALFORMED)
    dates = (clean_time(row.get(name)) for name in ("createdAt", "dateCreated"))
    created = (datetime.fromisoformat(date) for date in dates if date)
    return KnownAccount(account_id, min(created, default=None))


class ChangeSearch:
    """Implements ``ports.ChangeInventory`` with one query for each of two tables of changes.

    A change has the date when Azure detected the change, and appears within minutes, in any order.
    The response has one row for the latest change of each subscription and vault, so that a
    resource with many changes does not fill a page.
    https://learn.microsoft.com/azure/governance/resource-graph/changes/get-resource-changes
    """

    def __init__(self, reader: ArmReader) -> None:
        self._reader = reader

    async def changes(self, since: datetime, *, vaults: bool, seconds: float) -> RecentChanges:
        """Read changes from two tables; if one table fails, still return the other's changes."""
        until = Deadline.within(seconds)
        resources = (ACCOUNT_TYPE, *(_VAULTS if vaults else ()))
        answers = await asyncio.gather(
            self._rows(changes_query("resourcechanges", resources, since), until),
            self._rows(changes_query("resourcecontainerchanges", _CONTAINERS, since), until),
        )
        subscriptions: dict[str, datetime] = {}
        times: dict[str, datetime] = {}
        for target, subscription_id, at in (row for answer in answers for row in answer[0]):
            of, name = (times, target) if target else (subscriptions, subscription_id)
            of[name] = max(at, of.get(name, at))
        ends = [end for _, end, _ in answers if end is not None]
        gap = next((gap for _, _, gap in answers if gap is not None), None)
        return RecentChanges(subscriptions, times, min(ends, default=None), gap)

    async def _rows(
        self, query: str, until: Deadline
    ) -> tuple[list[_Row], datetime | None, Gap | None]:
        """Return the first page's rows, the last row's time if more rows exist, and any gap."""
        try:
            async with asyncio.timeout_at(until.latest):
                page = await read_page(self._reader, query, until)
            rows = [_change(row) for row in page.rows]
        except TROUBLE as error:
            return [], None, build_gap(error, QUERY_GRAPH)
        end = rows[-1][2] if rows and page.truncated else None
        return rows, end, SUBSCRIPTIONS_LEFT_OUT if page.limited else None


def changes_query(table: str, types: tuple[str, ...], since: datetime) -> str:
    """Return the query for all changes in a ``table`` since a given time.

    The target of a change to an account is the account's subscription. The target of a change to a
    resource other than an account is the resource itself.
    """
    quoted = ",".join(f"'{name}'" for name in types)
    return (
        f"{table} | extend at = todatetime(properties.changeAttributes.timestamp), "
        "changed = tolower(tostring(properties.targetResourceType)), "
        "target = tolower(tostring(properties.targetResourceId)) "
        f"| where at >= datetime({since:%Y-%m-%dT%H:%M:%S.%fZ}) and changed in ({quoted}) "
        f"| extend target = iff(changed == '{ACCOUNT_TYPE}', "
        "strcat('/subscriptions/', tostring(split(target, '/')[2])), target) "
        "| summarize at = max(at) by target | order by at asc, target asc"
    )


def _change(row: object) -> _Row:
    """Parse a change's row to vault id ("" if none), subscription id and time of the change."""
    try:
        match row:
            case {"target": str(target), "at": str(text)} if match := _ID.fullmatch(target.lower()):
                at = datetime.fromisoformat(text)
                if at.utcoffset() is not None:
                    return target.lower() if match[2] else "", match[1], at.astimezone(UTC)
    except (OverflowError, ValueError) as error:  # an offset may exceed the last year
        raise InventoryError(MALFORMED) from error
    raise InventoryError(MALFORMED)
