"""Answers of Azure Resource Graph: vaults, accounts, exemptions, and what has changed.

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
from local.simulator.account_routes import READ as ACCOUNTS_READ
from local.simulator.accounts import find
from local.simulator.estate import Access, Estate, Subscription
from local.simulator.messages import Incoming, Reply
from local.simulator.paging import Cursor, InvalidSkipTokenError
from local.simulator.policies import PROVIDER, PolicyType
from local.simulator.scopes import Place
from local.simulator.subscription_access import Gate, Route
from local.simulator.tokens import Claims

PATH: Final = "/providers/Microsoft.ResourceGraph/resources"
READ: Final = "Microsoft.ResourceGraph/resources/read"
_READ_CHANGES: Final = "Microsoft.Resources/changes/read"
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
    + "(?P<sorted> [|] order by id asc)?"
)
_READ_SUBSCRIPTIONS: Final = "Microsoft.Resources/subscriptions/read"
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
_KNOWN: Final = re.compile(
    re.escape("Resources | where type =~ 'microsoft.cognitiveservices/accounts' | where kind in~ (")
    + "(?P<kinds>'[a-z0-9._-]+'(,'[a-z0-9._-]+')*)"
    + re.escape(") | project id, createdAt = tostring(systemData.createdAt)")
    + re.escape(", dateCreated = tostring(properties.dateCreated)")
    + "(?P<sorted> [|] order by id asc)?"
)
_POLICIES: Final = (
    "policyresources | where type in~ ('microsoft.authorization/policyassignments',"
    "'microsoft.authorization/policyexemptions')"
    " | extend place = iff(type =~ 'microsoft.authorization/policyassignments', '', tolower(id))"
    " | extend place = iff(place startswith '/subscriptions/',"
    " strcat('/subscriptions/', tostring(split(place, '/')[2])),"
    " tostring(split(place, '/providers/microsoft.authorization/policyexemptions/')[0]))"
    " | summarize by place | order by place asc"
)
_ANCESTORS: Final = re.compile(
    re.escape(
        "resourcecontainers | where type =~ 'microsoft.resources/subscriptions'"
        " | project id, above = properties.managementGroupAncestorsChain"
    )
    + "(?P<sorted> [|] order by id asc)?"
)
type _Row = dict[str, object]

_OPTIONS: Final = frozenset({"resultFormat", "$top", "$skipToken", "allowPartialScopes"})
_SCOPE: Final = "authorizationScopeFilter"
# 15 queries in 5 seconds. Nothing is counted here; a test adds a fault to get the 429.
_QUOTA: Final = {
    "x-ms-user-quota-remaining": "14",
    "x-ms-user-quota-resets-after": "00:00:05",
    "x-ms-resource-graph-request-duration": "0:00:00:00.0312",
}


class GraphRoutes:
    """Answers queries over what the identity may read of an estate.

    ``limit_hit`` says in each answer that not all subscriptions were looked at.
    """

    def __init__(self, estate: Estate, gate: Gate, per_page: int = LARGEST_PAGE) -> None:
        self.per_page = per_page
        self.limit_hit = False
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
        return self._answer_to(incoming, body)

    def _answer_to(self, incoming: Incoming, body: Any) -> Reply:  # noqa: ANN401 - any JSON
        if (found := self._accounts(body) or self._ancestors(body)) is not None:
            return self._answer(*found, body["options"])
        if (places := self._exempted(body)) is not None:
            return self._at_once([{"place": place} for place in sorted(places)], body["options"])
        options = _options(body)
        if options is not None and (query := _CHANGES.fullmatch(body["query"])):
            return self._changed(query, options)
        query = _QUERY.fullmatch(body["query"]) if options is not None else None
        if options is None or query is None:
            return errors.not_simulated(
                incoming, "any query but those for vaults, accounts, exemptions and changes"
            )
        names = {name.strip("'") for name in query["names"].split(",")}
        return self._answer(query, self._vaults(names), options)

    def _changed(self, query: re.Match[str], options: Mapping[str, Any]) -> Reply:
        """Answer what has changed; rows without an id of their own have no next page."""
        since = datetime.fromisoformat(query["since"])
        types = {name.strip("'") for name in query["types"].split(",")}
        latest: dict[str, datetime] = {}
        for record in self._estate.changes.records():
            in_table = record.type.startswith(_CONTAINERS) == ("container" in query["table"])
            target = record.target.lower()
            if in_table and record.type in types and record.at >= since and self._known(target):
                target = target if record.type != _ACCOUNTS else "/".join(target.split("/")[:3])
                latest[target] = max(record.at, latest.get(target, record.at))
        rows = sorted((at, target) for target, at in latest.items())
        return self._at_once(
            [{"target": target, "at": f"{at:%Y-%m-%dT%H:%M:%S.%f}7Z"} for at, target in rows],
            options,
        )

    def _at_once(self, rows: list[_Row], options: Mapping[str, Any]) -> Reply:
        """Answer with rows without an id, which have no next page."""
        shown = rows[: min(options.get("$top", self.per_page), self.per_page)]
        body = {
            "totalRecords": len(rows),
            "count": len(shown),
            "data": shown,
            "facets": [],
            "resultTruncated": "true" if len(shown) < len(rows) else "false",
        }
        return Reply.of(200, body, self._headers())

    def _exempted(self, body: Any) -> set[str] | None:  # noqa: ANN401 - any JSON
        """Return what a query for exemptions shows, or None for any other query.

        It shows what the index has of the named subscriptions and of the groups above them: ""
        stands for all assignments. Without the right to read exemptions, it shows none.
        """
        match body:
            case {"query": str(query), "subscriptions": [*named], "options": {**options}} if (
                query == _POLICIES and options.pop(_SCOPE, None) == "AtScopeAboveAndBelow"
            ):
                if _options({"query": query, "options": options}) is None:
                    return None
            case _:
                return None
        policies, found = self._estate.policies, set[str]()
        for subscription in self._named(named):
            place = Place.of(self._estate, f"/subscriptions/{subscription.id}")
            for each in policies.indexed:
                near = place.at_or_below(each.scope) or place.at_or_above(each.scope)
                if near and self._visible(subscription, f"{PROVIDER}/{each.type}/read", each.id):
                    is_exemption = each.type is PolicyType.EXEMPTION
                    found.add(_place(each.scope) if is_exemption else "")
        return found

    def _ancestors(self, body: Any) -> tuple[re.Match[str], list[_Row]] | None:  # noqa: ANN401
        """Return a query for the groups above subscriptions and its rows, or None for any other."""
        match body:
            case {"subscriptions": [*named], **rest} if _options(rest) is not None:
                query = _ANCESTORS.fullmatch(str(rest["query"]))
            case _:
                query = None
        if query is None:
            return None
        return query, [
            {
                "id": f"/subscriptions/{subscription.id}",
                "above": [
                    {"displayName": group, "name": group}
                    for group in subscription.management_groups
                ],
            }
            for subscription in self._named(named)
            if self._visible(subscription, _READ_SUBSCRIPTIONS, f"/subscriptions/{subscription.id}")
        ]

    def _named(self, ids: list[object]) -> list[Subscription]:
        wanted = {str(each).lower() for each in ids}
        return [each for each in self._estate.subscriptions if each.id.lower() in wanted]

    def _known(self, target: str) -> bool:
        """Return whether the identity may read a subscription; of a deleted one it still may."""
        try:
            found = self._estate.subscription(target.split("/")[2])
        except KeyError:
            return True
        refused = self._estate.denials.refuses(_READ_CHANGES, f"/subscriptions/{found.id}")
        return found.access not in (Access.FORBIDDEN, Access.NOT_FOUND) and not refused

    def _vaults(self, names: set[str]) -> list[_Row]:
        return [
            {"id": vault.id, "name": vault.name, "type": vault.type.lower()}
            for subscription in self._estate.subscriptions
            for vault in subscription.vaults.indexed
            if vault.name.lower() in names
            and self._visible(subscription, f"{vault.type}/read", vault.id)
        ]

    def _accounts(self, body: Any) -> tuple[re.Match[str], list[_Row]] | None:  # noqa: ANN401 - any JSON
        """Return a query of accounts and its rows or None for any other; it names subscriptions."""
        match body:
            case {"subscriptions": [*named], **rest} if _options(rest) is not None:
                query = _KNOWN.fullmatch(str(rest["query"]))
            case _:
                query = None
        if query is None:
            return None
        kinds = {kind.strip("'") for kind in query["kinds"].split(",")}
        return query, [
            {
                "id": account.id,
                "createdAt": find(document, "systemData.createdAt") or "",
                "dateCreated": find(document, "properties.dateCreated") or "",
            }
            for subscription in self._named(named)
            for account in subscription.indexed_accounts
            if str(find(document := account.current(), "kind")).lower() in kinds
            and self._visible(subscription, ACCOUNTS_READ, account.id)
        ]

    def _answer(self, query: re.Match[str], rows: list[_Row], options: Mapping[str, Any]) -> Reply:
        """Answer with a page; those of a query without an order repeat rows and leave out others.

        https://learn.microsoft.com/azure/governance/resource-graph/concepts/work-with-data
        """
        try:
            cursor = Cursor.of_token(options.get("$skipToken"))
        except InvalidSkipTokenError:
            return errors.invalid_skip_token()
        if query["sorted"]:
            rows = sorted(rows, key=lambda row: str(row["id"]))
        else:
            turn = (cursor.page - 1) % (len(rows) or 1)
            rows = rows[turn:] + rows[:turn]
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
        return Reply.of(200, body, self._headers())

    def _headers(self) -> dict[str, str]:
        limit = {"x-ms-tenant-subscription-limit-hit": "true"} if self.limit_hit else {}
        return {**_QUOTA, **limit}

    def _visible(self, subscription: Subscription, action: str, resource_id: str) -> bool:
        """Return whether the identity may read a resource; others are left out silently."""
        reads = subscription.access not in (Access.FORBIDDEN, Access.NOT_FOUND)
        listed = subscription.listed and subscription.state != "Deleted"
        refused = self._estate.denials.refuses(action, resource_id)
        return reads and listed and not refused


def _options(body: Any) -> dict[str, Any] | None:  # noqa: ANN401 - any JSON
    """Return the options of a body, or None if it is not simulated: rows as objects, no scope."""
    match body:
        case {"query": str(), "options": {"resultFormat": "objectArray"} as options, **rest}:
            top = options.get("$top", 1)
            fits = isinstance(top, int) and 1 <= top <= LARGEST_PAGE
            whole = not options.get("allowPartialScopes")
            return options if not rest and options.keys() <= _OPTIONS and fits and whole else None
        case _:
            return None


def _place(scope: str) -> str:
    """Return the subscription of a scope, or the management group itself."""
    parts = scope.lower().split("/")
    return "/".join(parts[:3]) if parts[1] == "subscriptions" else scope.lower()
