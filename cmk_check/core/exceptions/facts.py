"""What Azure says of exemptions, as types.

Ids and scopes are lower-cased and have no slash at their end. Sources:
https://learn.microsoft.com/azure/governance/policy/concepts/exemption-structure and
https://learn.microsoft.com/azure/governance/policy/concepts/assignment-structure.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field

from cmk_check.core.exceptions.account_exception import AccountException
from cmk_check.core.unread import Absent, Unread


@dataclass(frozen=True, slots=True)
class Selector:
    """A condition on a resource: its property ``kind`` (lower-cased) is, or is not, among values.

    ``values`` are lower-cased, without blanks.
    """

    kind: str
    values: frozenset[str]
    negated: bool = False


type ResourceSelectors = tuple[tuple[Selector, ...], ...] | None
"""A resource is selected where all selectors of one group hold, or where there is no group.

None stands for a shape that is not documented.
"""


@dataclass(frozen=True, slots=True)
class Exemption:
    """An exemption; ``scope`` is what it exempts, ``assignment_id`` from what.

    ``shown`` is what an account has by it, not yet judged. ``reference_ids``, lower-cased, name
    policies of an initiative; empty means all of them. ``is_validated``: Azure has checked that the
    assignment reaches its scope. ``is_malformed``: a part of the document does not have the
    documented shape.
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
    """A policy or initiative assigned at ``scope``, less ``not_scopes`` below it."""

    scope: str
    definition_id: str
    not_scopes: tuple[str, ...] = ()
    selectors: ResourceSelectors = ()


@dataclass(frozen=True, slots=True)
class SetDefinition:
    """An initiative: (reference id, definition id) of each of its policies."""

    policies: tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True)
class ExemptionFacts:
    """What was read of one subscription; assignments and sets by id, those that were needed."""

    exemptions: tuple[Exemption, ...] | Unread = ()
    assignments: Mapping[str, Assignment | Absent | Unread] = field(default_factory=dict)
    sets: Mapping[str, SetDefinition | Absent | Unread] = field(default_factory=dict)
