"""Types for exemptions, policy assignments and initiatives, and the parsers of their JSON.

Ids and scopes are lower-cased and have no trailing slash. Sources:
https://learn.microsoft.com/azure/governance/policy/concepts/exemption-structure and
https://learn.microsoft.com/azure/governance/policy/concepts/assignment-structure.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Final

from cmk_check.core.enums import ExceptionReason
from cmk_check.core.exceptions.account_exception import AccountException
from cmk_check.core.text import as_object, clean_text, clean_time, fold_id, require_all
from cmk_check.core.unread import Absent, Unread

MANAGEMENT_GROUP: Final = "/providers/microsoft.management/managementgroups/"
_AUTHORIZATION: Final = "/providers/microsoft.authorization/"
_SET: Final = f"{_AUTHORIZATION}policysetdefinitions/"
_SCOPE: Final = re.compile(rf"{MANAGEMENT_GROUP}[^/]+|/subscriptions/[^/]+(/.+)?")


@dataclass(frozen=True, slots=True)
class Selector:
    """A condition on a resource, whose property ``kind`` must be, or not be, one of ``values``.

    ``kind`` and ``values`` are lower-cased, and ``values`` contain no blanks.
    """

    kind: str
    values: frozenset[str]
    negated: bool = False


type ResourceSelectors = tuple[tuple[Selector, ...], ...] | None
"""A resource is selected if all selectors of one group match, or if there is no group.

None represents an undocumented format.
"""


@dataclass(frozen=True, slots=True)
class Exemption:
    """An exemption of all resources in ``scope`` from the assignment with this ``assignment_id``.

    ``shown`` is the exception that an exempted account gets, before the exemption is judged.
    ``reference_ids`` are the lower-cased names of policies in an initiative. An exemption without
    ``reference_ids`` applies to all policies of the initiative. ``is_validated`` means that Azure
    has checked that the assignment applies to the scope. ``is_malformed`` means that a part of the
    document does not have the documented format.
    """

    scope: str
    assignment_id: str
    shown: AccountException
    reference_ids: frozenset[str] = frozenset()
    selectors: ResourceSelectors = ()
    is_validated: bool = True
    is_malformed: bool = False


@dataclass(frozen=True, slots=True)
class Assignment:
    """The assignment of a policy or initiative at ``scope``, except for ``not_scopes`` below it."""

    scope: str
    definition_id: str
    not_scopes: tuple[str, ...] = ()
    selectors: ResourceSelectors = ()


@dataclass(frozen=True, slots=True)
class SetDefinition:
    """An initiative, with the (reference id, definition id) of each of its policies."""

    policies: tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True)
class NotAsked:
    """The scan did not read exemptions, because none was recorded and no new exemption is known."""


@dataclass(frozen=True, slots=True)
class ExemptionFacts:
    """The exemptions of one subscription, with policy assignments and initiatives by id."""

    exemptions: tuple[Exemption, ...] | Unread | NotAsked = ()
    assignments: Mapping[str, Assignment | Absent | Unread] = field(default_factory=dict)
    sets: Mapping[str, SetDefinition | Absent | Unread] = field(default_factory=dict)


NOT_ASKED: Final = ExemptionFacts(NotAsked())


def get_scope(resource_id: str, kind: str) -> str | None:
    """Return the scope in an exemption's or assignment's id, or None if the id has another kind."""
    scope, _, name = resource_id.rpartition(f"{_AUTHORIZATION}{kind}/")
    return scope if name and "/" not in name and _SCOPE.fullmatch(scope) else None


def is_set(definition_id: str) -> bool:
    """Return whether a definition's id is the id of an initiative."""
    return _SET in definition_id


def parse_exemption(entry: object) -> Exemption | None:
    """Parse one entry of a list of exemptions; return None if its id does not show its scope."""
    document = as_object(entry)
    exemption_id = fold_id(document.get("id"))
    scope = get_scope(exemption_id, "policyexemptions")
    if scope is None:
        return None
    properties = as_object(document.get("properties"))
    metadata = as_object(properties.get("metadata"))
    assignment_id = fold_id(properties.get("policyAssignmentId"))
    references = _texts(properties.get("policyDefinitionReferenceIds"))
    expiry = properties.get("expiresOn")
    expires_on = clean_time(expiry)
    validation = properties.get("assignmentScopeValidation")
    return Exemption(
        scope=scope,
        assignment_id=assignment_id,
        shown=AccountException(
            # This placeholder must be replaced by a judged exemption before it can be honoured.
            ExceptionReason.MALFORMED_EXEMPTION,
            id=exemption_id,
            category=clean_text(properties.get("exemptionCategory")),
            display_name=clean_text(properties.get("displayName")),
            description=clean_text(properties.get("description")),
            ticket=clean_text(metadata.get("ticketRef")),
            approved_by=clean_text(metadata.get("approvedBy")),
            created_by=clean_text(as_object(document.get("systemData")).get("createdBy")),
            expires_on=datetime.fromisoformat(expires_on) if expires_on else None,
        ),
        reference_ids=frozenset(references or ()),
        selectors=parse_selectors(properties.get("resourceSelectors")),
        is_validated=validation is None or fold_id(validation) == "default",
        is_malformed=get_scope(assignment_id, "policyassignments") is None
        or references is None
        or (expiry is not None and expires_on is None),
    )


def parse_assignment(assignment_id: str, document: dict[str, object]) -> Assignment | None:
    """Parse a policy assignment; return None if its definition or scope is missing."""
    properties = as_object(document.get("properties"))
    scope = get_scope(assignment_id, "policyassignments")
    definition_id = fold_id(properties.get("policyDefinitionId"))
    not_scopes = _texts(properties.get("notScopes"))
    assigned_scope = fold_id(properties.get("scope")) or scope
    if scope is None or assigned_scope != scope or not definition_id or not_scopes is None:
        return None
    selectors = parse_selectors(properties.get("resourceSelectors"))
    return Assignment(scope, definition_id, not_scopes, selectors)


def parse_set(document: dict[str, object]) -> SetDefinition | None:
    """Parse an initiative; return None if a policy in it has no id."""
    entries = as_object(document.get("properties")).get("policyDefinitions")
    if not isinstance(entries, list):
        return None
    policies = tuple(
        (
            fold_id(as_object(entry).get("policyDefinitionReferenceId")),
            fold_id(as_object(entry).get("policyDefinitionId")),
        )
        for entry in entries
    )
    return SetDefinition(policies) if all(policy for _, policy in policies) else None


def parse_selectors(value: object) -> ResourceSelectors:
    """Parse resource selectors; return None if any selector has an undocumented format."""
    if value is None:
        return ()
    if not isinstance(value, list):
        return None
    return require_all(_group(as_object(entry).get("selectors")) for entry in value)


def _group(value: object) -> tuple[Selector, ...] | None:
    if not isinstance(value, list) or not value:
        return None
    return require_all(_selector(as_object(entry)) for entry in value)


def _selector(entry: dict[str, object]) -> Selector | None:
    kind, among, others = entry.get("kind"), _texts(entry.get("in")), _texts(entry.get("notIn"))
    # Exactly one of the two fields must be set.
    if not isinstance(kind, str) or among is None or others is None or bool(among) == bool(others):
        return None
    values = frozenset(value.replace(" ", "") for value in among or others)
    return Selector(fold_id(kind), values, negated=bool(others))


def _texts(value: object) -> tuple[str, ...] | None:
    """Return the strings of a list, folded like ids, or None if the value is not such a list."""
    if value is None:
        return ()
    if not isinstance(value, list):
        return None
    return require_all(fold_id(each) or None for each in value)
