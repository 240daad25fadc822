"""Answers of Azure Resource Graph to one query: where are the vaults with these names?

It answers exactly this query, and 501 to any other: a simulator that understood half of the query
language would hide mistakes.
https://learn.microsoft.com/rest/api/azureresourcegraph/resourcegraph/resources/resources
"""

import json
import re
from collections.abc import Mapping
from typing import Any, Final

from local.simulator import errors
from local.simulator.estate import Access, Estate, Subscription
from local.simulator.messages import Incoming, Reply
from local.simulator.paging import Cursor, InvalidSkipTokenError
from local.simulator.subscription_access import Gate, Route
from local.simulator.tokens import Claims
from local.simulator.vaults import Vault

PATH: Final = "/providers/Microsoft.ResourceGraph/resources"
READ: Final = "Microsoft.ResourceGraph/resources/read"
VERSIONS: Final = ("2024-04-01", "2022-10-01", "2021-03-01", "2019-04-01")
LARGEST_PAGE: Final = 1000
_QUERY: Final = re.compile(
    re.escape(
        "Resources"
        " | where type in~ ('microsoft.keyvault/vaults','microsoft.keyvault/managedhsms')"
        " | where name in~ ("
    )
    + "(?P<names>'[a-z0-9-]+'(,'[a-z0-9-]+')*)"
    + re.escape(") | project id, name, type")
)
_OPTIONS: Final = frozenset({"resultFormat", "$top", "$skipToken", "allowPartialScopes"})
# 15 queries in 5 seconds. Nothing is counted here; a test adds a fault to get the 429.
_QUOTA: Final = {
    "x-ms-user-quota-remaining": "14",
    "x-ms-user-quota-resets-after": "00:00:05",
    "x-ms-resource-graph-request-duration": "0:00:00:00.0312",
}


class GraphRoutes:
    """Answers the query over the vaults of an estate that the identity may read."""

    def __init__(self, estate: Estate, gate: Gate, per_page: int = LARGEST_PAGE) -> None:
        self.per_page = per_page
        self._estate = estate
        self._gate = gate
        self.routes = (Route("POST", re.escape(PATH), self._query),)

    def _query(self, incoming: Incoming, _: Mapping[str, str], claims: Claims) -> Reply:
        version = incoming.query["api-version"]
        if version not in VERSIONS:
            return errors.invalid_resource_type(
                "Microsoft.ResourceGraph", "resources", version, VERSIONS
            )
        refusal = self._gate.refused(claims, READ, "/")
        if refusal is not None:
            return refusal
        try:
            body = json.loads(incoming.body)
        except ValueError:
            return errors.invalid_request_content()
        options = _options(body)
        query = _QUERY.fullmatch(body["query"]) if options is not None else None
        if options is None or query is None:
            return errors.not_simulated(incoming, "any query but the one for vaults by name")
        names = {name.strip("'") for name in query["names"].split(",")}
        return self._answer(names, options)

    def _answer(self, names: set[str], options: Mapping[str, Any]) -> Reply:
        try:
            cursor = Cursor.of_token(options.get("$skipToken"))
        except InvalidSkipTokenError:
            return errors.invalid_skip_token()
        rows = [
            {"id": vault.id, "name": vault.name, "type": vault.type.lower()}
            for subscription in self._estate.subscriptions
            for vault in subscription.vaults.indexed
            if vault.name.lower() in names and self._visible(subscription, vault)
        ]
        end = cursor.offset + min(options.get("$top", self.per_page), self.per_page)
        shown, more = rows[cursor.offset : end], end < len(rows)
        body = {
            "totalRecords": len(rows),
            "count": len(shown),
            "data": shown,
            "facets": [],
            "resultTruncated": "false",
            **({"$skipToken": Cursor(cursor.page + 1, end).token} if more else {}),
        }
        return Reply.of(200, body, _QUOTA)

    def _visible(self, subscription: Subscription, vault: Vault) -> bool:
        """Return whether the identity may read a vault; others are left out silently."""
        reads = subscription.access not in (Access.FORBIDDEN, Access.NOT_FOUND)
        listed = subscription.listed and subscription.state != "Deleted"
        refused = self._estate.denials.refuses(f"{vault.type}/read", vault.id)
        return reads and listed and not refused


def _options(body: Any) -> dict[str, Any] | None:  # noqa: ANN401 - any JSON
    """Return the options of a body, None if it is not simulated: rows as objects, no scope."""
    match body:
        case {"query": str(), "options": {"resultFormat": "objectArray"} as options, **rest}:
            top = options.get("$top", 1)
            fits = isinstance(top, int) and 1 <= top <= LARGEST_PAGE
            whole = not options.get("allowPartialScopes")
            return options if not rest and options.keys() <= _OPTIONS and fits and whole else None
        case _:
            return None
