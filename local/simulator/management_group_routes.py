"""Answers of Azure Resource Manager about what is below a management group.

The tree is what the subscriptions of the estate say of the groups above them. It holds every
subscription, whether the identity sees it or not, and for a while also those that were deleted:
https://learn.microsoft.com/rest/api/managementgroups/management-groups/get-descendants.
"""

import itertools
from collections.abc import Mapping
from typing import Final

from local.simulator import errors
from local.simulator.estate import Estate
from local.simulator.messages import Incoming, Reply
from local.simulator.subscription_access import Gate, Route, paged
from local.simulator.tokens import Claims

PROVIDER: Final = "Microsoft.Management"
READ: Final = f"{PROVIDER}/managementGroups/descendants/read"
VERSIONS: Final = ("2023-04-01", "2021-04-01", "2020-10-01", "2020-05-01", "2020-02-01")
_PER_PAGE: Final = 100


class ManagementGroupRoutes:
    """Answers for one estate; the page size can be changed while it runs."""

    def __init__(self, estate: Estate, gate: Gate, per_page: int = _PER_PAGE) -> None:
        self.per_page = per_page
        self._estate = estate
        self._gate = gate
        path = "/providers/microsoft\\.management/managementGroups/(?P<group>[^/]+)/descendants"
        self.routes = (Route("GET", path, self._descendants),)

    def _descendants(self, incoming: Incoming, names: Mapping[str, str], claims: Claims) -> Reply:
        version = incoming.query["api-version"]
        if version not in VERSIONS:
            kind = "managementGroups/descendants"
            return errors.invalid_resource_type(PROVIDER, kind, version, VERSIONS)
        scope = _group_id(names["group"])
        refusal = self._gate.refused(claims, READ, scope)
        if refusal is not None:
            return refusal
        rows = self._below(names["group"].lower())
        if not rows:
            # To those without rights on a group, Azure does not say whether it exists.
            return errors.authorization_failed(claims.client_id, claims.object_id, READ, scope)
        return paged(incoming, [*rows.values()], self.per_page)

    def _below(self, group: str) -> dict[str, object]:
        """Return the entries below a group, by their ids."""
        rows: dict[str, object] = {}
        for subscription in self._estate.subscriptions:
            above = list(subscription.management_groups)
            if group not in [name.lower() for name in above]:
                continue
            below = above[: [name.lower() for name in above].index(group) + 1]
            for name, parent in itertools.pairwise(below):
                rows[_group_id(name)] = _entry(
                    _group_id(name), f"{PROVIDER}/managementGroups", name, name, parent
                )
            subscription_id = f"/subscriptions/{subscription.id}"
            rows[subscription_id] = _entry(
                subscription_id, "/subscriptions", subscription.id, subscription.name, above[0]
            )
        return rows


def _entry(entry_id: str, kind: str, name: str, shown: str, parent: str) -> dict[str, object]:
    properties = {"displayName": shown, "parent": {"id": _group_id(parent)}}
    return {"id": entry_id, "type": kind, "name": name, "properties": properties}


def _group_id(name: str) -> str:
    return f"/providers/Microsoft.Management/managementGroups/{name}"
