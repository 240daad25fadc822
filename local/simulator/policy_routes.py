"""Answers of Azure Resource Manager about Azure Policy, and the changes that az asks for.

https://learn.microsoft.com/rest/api/policy. Policy exemptions and assignments can be read at any
scope, and created and deleted there by the administrator; definitions and initiatives can only be
read. An exemption that has expired stays in the list, as in Azure.
"""

import json
import re
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from functools import partial
from typing import Any, Final

from local.simulator import errors
from local.simulator.estate import Estate, Subscription
from local.simulator.messages import Incoming, Reply
from local.simulator.policies import PROVIDER, PolicyObject, PolicyType, policy_id
from local.simulator.scopes import ROOT, Place
from local.simulator.subscription_access import Gate, Route, paged
from local.simulator.tokens import Claims

_DEFINITION_VERSIONS: Final = (
    "2025-11-01",
    "2025-03-01",
    "2025-01-01",
    "2024-05-01",
    "2023-04-01",
    "2021-06-01",
)
_OLD_EXEMPTION_VERSION: Final = "2020-07-01-preview"
_VERSIONS: Final = {
    PolicyType.DEFINITION: _DEFINITION_VERSIONS,
    PolicyType.SET: _DEFINITION_VERSIONS,
    PolicyType.ASSIGNMENT: (*_DEFINITION_VERSIONS, "2024-04-01", "2022-06-01"),
    # The newest is that of the az command.
    PolicyType.EXEMPTION: (
        "2026-01-01-preview",
        "2025-12-01-preview",
        "2024-12-01-preview",
        "2022-07-01-preview",
        _OLD_EXEMPTION_VERSION,
    ),
}
_CATEGORIES: Final = ("Waiver", "Mitigated")
_FILTER: Final = "$filter"
_ASSIGNED: Final = re.compile(r"policyAssignmentId eq '(?P<id>[^']+)'", re.IGNORECASE)
_PER_PAGE: Final = 1000

type _Wanted = Callable[[PolicyObject], bool]


class PolicyRoutes:
    """Answers about the policies of one estate; the page size can be changed while it runs."""

    def __init__(self, estate: Estate, gate: Gate, per_page: int = _PER_PAGE) -> None:
        self.per_page = per_page
        self._estate = estate
        self._gate = gate
        at = "(?P<scope>(/.+)?)/providers/microsoft\\.authorization"
        named = {type_: f"{at}/{type_}/(?P<name>[^/]+)" for type_ in PolicyType}
        exemption, assignment = PolicyType.EXEMPTION, PolicyType.ASSIGNMENT
        self.routes = (
            *(Route("GET", named[type_], partial(self._get, type_)) for type_ in PolicyType),
            Route("GET", f"{at}/{exemption}", self._list, (_FILTER,)),
            Route("PUT", named[exemption], self._put_exemption),
            Route("PUT", named[assignment], self._put_assignment),
            Route("DELETE", named[exemption], self._delete_exemption),
        )

    def _get(
        self, type_: PolicyType, incoming: Incoming, names: Mapping[str, str], claims: Claims
    ) -> Reply:
        refusal = self._refused(type_, "read", incoming, names, claims)
        if refusal is not None:
            return refusal
        found = self._estate.policies.find(policy_id(type_, names["scope"], names["name"]))
        if found is None:
            return errors.policy_not_found(type_, names["name"])
        return Reply.of(200, _as_of(found, incoming))

    def _list(self, incoming: Incoming, names: Mapping[str, str], claims: Claims) -> Reply:
        wanted = self._wanted(names["scope"], incoming.query.get(_FILTER, ""))
        if wanted is None:
            return errors.not_simulated(incoming, "this filter")
        refusal = self._refused(PolicyType.EXEMPTION, "read", incoming, names, claims)
        if refusal is not None:
            return refusal
        exemptions = self._estate.policies.of_type(PolicyType.EXEMPTION)
        rows = [_as_of(each, incoming) for each in exemptions if wanted(each)]
        return paged(incoming, rows, self.per_page)

    def _wanted(self, scope: str, text: str) -> _Wanted | None:
        """Return what a filter lets through, or None for one that is not simulated."""
        place = Place.of(self._estate, scope)
        assigned = _ASSIGNED.fullmatch(text)
        filters: dict[str, _Wanted] = {
            "": lambda each: place.at_or_below(each.scope) or place.at_or_above(each.scope),
            "atscope()": lambda each: place.at_or_below(each.scope),
            "atexactscope()": lambda each: place.scope == each.scope.lower(),
            "atscopeandbelow()": lambda each: place.at_or_above(each.scope),
        }
        everything = filters[""]
        if text.lower() == "excludeexpired()":
            return lambda each: everything(each) and not _expired(each)
        if assigned is not None:
            assignment = assigned["id"].lower()
            return lambda each: everything(each) and _assignment_of(each) == assignment
        return filters.get(text.strip().lower())

    def _put_exemption(self, incoming: Incoming, names: Mapping[str, str], claims: Claims) -> Reply:
        refusal = self._refused(PolicyType.EXEMPTION, "write", incoming, names, claims)
        if refusal is not None:
            return refusal
        properties = _properties(incoming)
        match properties:
            case {"exemptionCategory": category, "policyAssignmentId": str(assignment_id)} if (
                category in _CATEGORIES
            ):
                assignment = self._estate.policies.find(assignment_id)
            case _:
                return errors.invalid_request_content()
        if assignment is None or assignment.type is not PolicyType.ASSIGNMENT:
            return errors.policy_not_found(PolicyType.ASSIGNMENT, assignment_id.rpartition("/")[2])
        return self._invalid(assignment, properties, names) or self._put(
            PolicyType.EXEMPTION, properties, names, claims
        )

    def _invalid(
        self, assignment: PolicyObject, properties: Mapping[str, Any], names: Mapping[str, str]
    ) -> Reply | None:
        assigned = str(assignment.find("properties.policyDefinitionId")).lower()
        of_set = f"/{PolicyType.SET}/".lower() in assigned
        if properties.get("policyDefinitionReferenceIds") and not of_set:
            return errors.policy_reference_invalid(names["name"])
        unchecked = properties.get("assignmentScopeValidation") == "DoNotValidate"
        if not unchecked and not Place.of(self._estate, names["scope"]).at_or_below(
            assignment.scope
        ):
            reason = f"Its scope is not at or below that of the assignment '{assignment.id}'."
            return errors.policy_exemption_invalid(names["name"], reason)
        return None

    def _put_assignment(
        self, incoming: Incoming, names: Mapping[str, str], claims: Claims
    ) -> Reply:
        refusal = self._refused(PolicyType.ASSIGNMENT, "write", incoming, names, claims)
        if refusal is not None:
            return refusal
        match properties := _properties(incoming):
            case {"policyDefinitionId": str(wanted)}:
                found = self._estate.policies.find(wanted)
            case _:
                return errors.invalid_request_content()
        if found is None:
            is_set = f"/{PolicyType.SET}/".lower() in wanted.lower()
            type_ = PolicyType.SET if is_set else PolicyType.DEFINITION
            return errors.policy_not_found(type_, wanted.rpartition("/")[2])
        given = {"scope": names["scope"], "notScopes": [], **properties}
        return self._put(PolicyType.ASSIGNMENT, given, names, claims)

    def _put(
        self, type_: PolicyType, properties: object, names: Mapping[str, str], claims: Claims
    ) -> Reply:
        policies = self._estate.policies
        added = policies.add(
            type_, names["scope"], names["name"], properties, created_by=claims.client_id
        )
        return Reply.of(201, added.document())

    def _delete_exemption(
        self, incoming: Incoming, names: Mapping[str, str], claims: Claims
    ) -> Reply:
        type_ = PolicyType.EXEMPTION
        refusal = self._refused(type_, "delete", incoming, names, claims)
        if refusal is not None:
            return refusal
        found = self._estate.policies.find(policy_id(type_, names["scope"], names["name"]))
        if found is None:
            return Reply(204, b"")
        self._estate.policies.remove(found.id)
        return Reply.of(200, found.document())

    def _refused(
        self,
        type_: PolicyType,
        verb: str,
        incoming: Incoming,
        names: Mapping[str, str],
        claims: Claims,
    ) -> Reply | None:
        """Return the refusal if the caller may not do this, or None."""
        version = incoming.query["api-version"]
        if version not in _VERSIONS[type_]:
            return errors.invalid_resource_type(PROVIDER, type_, version, _VERSIONS[type_])
        scope, action = names["scope"], f"{PROVIDER}/{type_}/{verb}"
        subscription: Subscription | None = None
        if scope.lower().startswith("/subscriptions/"):
            found = self._gate.find(scope.split("/")[2])
            if isinstance(found, Reply):
                return found
            subscription = found
        may = self._gate.refused if verb == "read" else self._gate.unchangeable
        over = incoming.path if "name" in names else scope
        return may(claims, action, over or ROOT, subscription)


def _properties(incoming: Incoming) -> dict[str, Any]:
    """Return the properties in a body; empty if there are none."""
    try:
        body = json.loads(incoming.body)
    except ValueError:
        body = None
    given = body.get("properties") if isinstance(body, dict) else None
    if not isinstance(given, dict):
        return {}
    return {name: value for name, value in given.items() if value is not None}


def _as_of(found: PolicyObject, incoming: Incoming) -> object:
    """Return an object as an api-version has it."""
    document: Any = found.document()
    old = incoming.query["api-version"] == _OLD_EXEMPTION_VERSION
    if old and isinstance(document, dict) and isinstance(document.get("properties"), dict):
        for later in ("resourceSelectors", "assignmentScopeValidation"):
            document["properties"].pop(later, None)
    return document


def _assignment_of(exemption: PolicyObject) -> str:
    return str(exemption.find("properties.policyAssignmentId")).lower()


def _expired(exemption: PolicyObject) -> bool:
    expires = exemption.find("properties.expiresOn")
    if not isinstance(expires, str):
        return False
    return datetime.fromisoformat(expires) <= datetime.now(UTC)
