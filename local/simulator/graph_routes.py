"""Answers of Azure Resource Graph: where are vaults with these names, and what has changed?

It answers exactly these queries, and 501 to any other: a simulator that understood half of the
query language would hide mistakes.
https://learn.microsoft.com/rest/api/azureresourcegraph/resourcegraph/resources/resources
"""

import json
import re
from collections.abc import Mapping
from datetime import datetime
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
_ACCOUNTS: Final = "microsoft.cognitiveservices/accounts"
_CONTAINERS: Final = "microsoft.resources/"
_QUERY: Final = re.compile(
    re.escape(
        "Resources"
        " | where type in~ ('microsoft.keyvault/vaults','microsoft.keyvault/managedhsms')"
        " | where name in~ ("
    )
    + "(?P<names>'[a-z0-9-]+'(,'[a-z0-9-]+')*)"
    + re.escape(") | project id, name, type")
)
_CHANGES: Final = re.compile(
    "(?P<table>resourcechanges|resourcecontainerchanges)"
    + re.escape(
        " | extend at = todatetime(properties.changeAttributes.timestamp),"
        " changed = tolower(tostring(properties.targetResourceType)),"
        " target = tolower(tostring(properties.targetResourceId))"
        " | where at >= datetime("
    )
    + "(?P<since>[0-9T:.-]+Z)"
    + re.escape(") and changed in (")
    + "(?P<types>'[a-z./]+'(,'[a-z./]+')*)"
    + re.escape(
        f") | extend target = iff(changed == '{_ACCOUNTS}',"
        " strcat('/subscriptions/', tostring(split(target, '/')[2])), target)"
        " | summarize at = max(at) by target | order by at asc, target asc"
    )
)
_OPTIONS: Final = frozenset({"resultFormat", "$top", "$skipToken", "allowPartialScopes"})
# 15 queries in 5 seconds. Nothing is counted here; a test adds a fault to get the 429.
_QUOTA: Final = {
    "x-ms-user-quota-remaining": "14",
    "x-ms-user-quota-resets-after": "00:00:05",
    "x-ms-resource-graph-request-duration": "0:00:00:00.0312",
}


class GraphRoutes:
    """Answers queries over what the identity may read of an estate."""

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
        if options is not None and (query := _CHANGES.fullmatch(body["query"])):
            return self._changed(query, options)
        query = _QUERY.fullmatch(body["query"]) if options is not None else None
        if options is None or query is None:
            return errors.not_simulated(incoming, "any query but those for vaults and changes")
        names = {name.strip("'") for name in query["names"].split(",")}
        return self._answer(names, options)

    def _changed(self, query: re.Match[str], options: Mapping[str, Any]) -> Reply:
        """Answer what has changed; rows without an id of their own have no next page."""
        since = datetime.fromisoformat(query["since"])
        types = {name.strip("'") for name in query["types"].split(",")}
        latest: dict[str, datetime] = {}
        for record in self._estate.changes.visible():
            in_table = record.type.startswith(_CONTAINERS) == ("container" in query["table"])
            target = record.target.lower()
            if in_table and record.type in types and record.at >= since and self._known(target):
                target = target if record.type != _ACCOUNTS else "/".join(target.split("/")[:3])
                latest[target] = max(record.at, latest.get(target, record.at))
        rows = sorted((at, target) for target, at in latest.items())
        shown = rows[: min(options.get("$top", self.per_page), self.per_page)]
        body = {
            "totalRecords": len(rows),
            "count": len(shown),
            "data": [
                {"target": target, "at": f"{at:%Y-%m-%dT%H:%M:%S.%f}7Z"} for at, target in shown
            ],
            "facets": [],
            "resultTruncated": "true" if len(shown) < len(rows) else "false",
        }
        return Reply.of(200, body, _QUOTA)

    def _known(self, target: str) -> bool:
        """Return whether the identity may read a subscription; of a deleted one it still may."""
        try:
            found = self._estate.subscription(target.split("/")[2])
        except KeyError:
            return True
        return found.access not in (Access.FORBIDDEN, Access.NOT_FOUND)

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
