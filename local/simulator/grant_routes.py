"""Answers of Azure Resource Manager about role assignments and role definitions.

https://learn.microsoft.com/rest/api/authorization/role-assignments/list-for-scope. The scope need
not exist: no real answer about a deleted key was available to compare with.
"""

import json
import re
from collections.abc import Mapping
from typing import Final

from local.simulator import errors
from local.simulator.estate import Estate, Subscription
from local.simulator.messages import Incoming, Reply
from local.simulator.roles import Role, document
from local.simulator.scopes import ROOT, Place
from local.simulator.subscription_access import Gate, Route, paged
from local.simulator.tokens import Claims

PROVIDER: Final = "Microsoft.Authorization"
READ: Final = f"{PROVIDER}/roleAssignments/read"
WRITE: Final = f"{PROVIDER}/roleAssignments/write"
READ_ROLES: Final = f"{PROVIDER}/roleDefinitions/read"
# The versions that today's clients send; older ones have another shape.
_VERSIONS: Final = ("2022-04-01", "2022-05-01-preview")
_FILTER: Final = "$filter"
_AT_SCOPE: Final = re.compile(r"\s*atScope\(\)\s*", re.IGNORECASE)
_HELD_BY: Final = re.compile(r"\s*principalId eq '(?P<id>[0-9a-f-]+)'\s*", re.IGNORECASE)
_ASSIGNED_TO: Final = re.compile(r"\s*assignedTo\('(?P<id>[0-9a-f-]+)'\)\s*", re.IGNORECASE)
_NAMED: Final = re.compile(r"\s*roleName eq '(?P<name>[^']+)'\s*", re.IGNORECASE)
_PER_PAGE: Final = 1000


class GrantRoutes:
    """Answers about the roles in one estate; the page size can be changed while it runs."""

    def __init__(self, estate: Estate, gate: Gate, per_page: int = _PER_PAGE) -> None:
        self.per_page = per_page
        self._estate = estate
        self._gate = gate
        at = "(?P<scope>(/.+)?)/providers/microsoft\\.authorization"
        self.routes = (
            Route("GET", f"{at}/roleAssignments", self._list, (_FILTER,)),
            Route("PUT", f"{at}/roleAssignments/(?P<name>[^/]+)", self._put),
            Route("GET", f"{at}/roleDefinitions", self._list_roles, (_FILTER,)),
            Route("GET", f"{at}/roleDefinitions/(?P<role>[^/]+)", self._get_role),
        )

    def _list(self, incoming: Incoming, names: Mapping[str, str], claims: Claims) -> Reply:
        wanted = _Filter.of(incoming.query.get(_FILTER, ""))
        if wanted is None:
            return errors.not_simulated(incoming, "this filter")
        groups = wanted.assigned_to is not None
        subscription = self._allowed(incoming, names["scope"], READ, claims, groups=groups)
        if isinstance(subscription, Reply):
            return subscription
        place = Place.of(self._estate, names["scope"])
        holders = self._holders(wanted)
        rows: list[object] = [
            assignment.document(None if subscription is None else subscription.id)
            for assignment in self._estate.grants.all()
            if (
                place.at_or_below(assignment.scope)
                or (not wanted.at_scope and place.at_or_above(assignment.scope))
            )
            and (holders is None or assignment.principal_id.lower() in holders)
        ]
        return paged(incoming, rows, self.per_page)

    def _put(self, incoming: Incoming, names: Mapping[str, str], claims: Claims) -> Reply:
        """Assign a role at a scope in a subscription, as `az role assignment create` asks for."""
        scope = names["scope"]
        found = self._allowed(incoming, scope, WRITE, claims)
        if isinstance(found, Reply):
            return found
        if found is None:
            return errors.not_simulated(incoming, "a role above subscriptions")
        found = self._gate.changeable(claims, {"subscription": found.id}, WRITE, scope)
        if isinstance(found, Reply):
            return found
        wanted = _assigned(incoming)
        if wanted is None:
            return errors.not_simulated(incoming, "this assignment")
        return self._assign(found, scope, names["name"], *wanted)

    def _assign(
        self, subscription: Subscription, scope: str, name: str, role_id: str, principal_id: str
    ) -> Reply:
        grants = self._estate.grants
        role = next((each for each in grants.roles() if each.id.lower() == role_id.lower()), None)
        if role is None:
            return errors.role_not_found(role_id)
        for known in grants.at_or_above([scope]):
            if (known.role.id, known.principal_id.lower()) == (role.id, principal_id.lower()):
                return errors.assignment_exists(known.id)
        added = grants.add(scope, role, principal_id, name=name)
        return Reply.of(201, added.document(subscription.id))

    def _holders(self, wanted: "_Filter") -> set[str] | None:
        if wanted.assigned_to is not None:
            return self._estate.grants.holders(wanted.assigned_to)
        return None if wanted.held_by is None else {wanted.held_by.lower()}

    def _list_roles(self, incoming: Incoming, names: Mapping[str, str], claims: Claims) -> Reply:
        wanted = incoming.query.get(_FILTER)
        named = None if wanted is None else _NAMED.fullmatch(wanted)
        if wanted is not None and named is None:
            return errors.not_simulated(incoming, "this filter")
        subscription = self._allowed(incoming, names["scope"], READ_ROLES, claims)
        if isinstance(subscription, Reply):
            return subscription
        rows: list[object] = [
            self._document(role, subscription)
            for role in self._estate.grants.roles()
            if named is None or role.name.lower() == named["name"].lower()
        ]
        return paged(incoming, rows, self.per_page)

    def _get_role(self, incoming: Incoming, names: Mapping[str, str], claims: Claims) -> Reply:
        subscription = self._allowed(incoming, names["scope"], READ_ROLES, claims)
        if isinstance(subscription, Reply):
            return subscription
        for role in self._estate.grants.roles():
            if role.id.lower() == names["role"].lower():
                return Reply.of(200, self._document(role, subscription))
        return errors.role_not_found(names["role"])

    @staticmethod
    def _document(role: Role, subscription: Subscription | None) -> dict[str, object]:
        return document(role, None if subscription is None else subscription.id)

    def _allowed(
        self, incoming: Incoming, scope: str, action: str, claims: Claims, *, groups: bool = False
    ) -> Subscription | Reply | None:
        """Find the subscription of a scope (None for a scope above), or return the refusal."""
        version = incoming.query["api-version"]
        if version not in _VERSIONS:
            return errors.not_simulated(incoming, f"api-version {version}")
        inside = scope.lower().startswith("/subscriptions/")
        found = self._gate.find(scope.split("/")[2]) if inside else None
        if isinstance(found, Reply):
            return found
        refusal = self._gate.refused(claims, action, scope or ROOT, found, asking_for_groups=groups)
        return refusal or found


def _assigned(incoming: Incoming) -> tuple[str, str] | None:
    """Return the ids of role and principal in the body of an assignment without a condition."""
    try:
        body = json.loads(incoming.body)
    except ValueError:
        return None
    match body:
        case {"properties": {"roleDefinitionId": str(role), "principalId": str(principal), **rest}}:
            plain = rest.get("condition") is None
            return (role.rpartition("/")[2], principal) if plain else None
        case _:
            return None


class _Filter:
    """A filter over role assignments: parts joined by "and"."""

    def __init__(self) -> None:
        self.at_scope = False
        self.held_by: str | None = None
        self.assigned_to: str | None = None

    @classmethod
    def of(cls, text: str) -> "_Filter | None":
        """Read a filter; None for one that is not simulated."""
        wanted = cls()
        for part in re.split(r"\s+and\s+", text) if text.strip() else ():
            if _AT_SCOPE.fullmatch(part):
                wanted.at_scope = True
            elif found := _HELD_BY.fullmatch(part):
                wanted.held_by = found["id"]
            elif found := _ASSIGNED_TO.fullmatch(part):
                wanted.assigned_to = found["id"]
            else:
                return None
        return wanted
