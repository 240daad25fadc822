"""Role assignments of an estate, and the groups that have some of them."""

import threading
import uuid
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from local.simulator.roles import BUILT_IN, Role, definition_id
from local.simulator.tokens import Identity


@dataclass(frozen=True, slots=True, kw_only=True)
class Assignment:
    """A role of a principal at a scope, with a condition if there is one."""

    scope: str
    role: Role
    principal_id: str
    principal_type: str = "ServicePrincipal"
    condition: str | None = None
    given_name: str | None = None

    @property
    def id(self) -> str:
        """Its id."""
        scope = self.scope.rstrip("/")
        return f"{scope}/providers/Microsoft.Authorization/roleAssignments/{self.name}"

    @property
    def name(self) -> str:
        """Its GUID; if none was given, it depends only on role, principal and scope."""
        return self.given_name or str(
            uuid.uuid5(uuid.NAMESPACE_URL, f"{self.scope}/{self.role.id}/{self.principal_id}")
        )

    def document(self, subscription_id: str | None) -> dict[str, object]:
        """Build its JSON, as read in a subscription."""
        author = Identity.named(f"{self.scope}/author").object_id
        at = {"createdOn": "2026-03-02T08:15:20.1234567Z", "updatedOn": "2026-03-02T08:15:20.1Z"}
        return {
            "properties": {
                "roleDefinitionId": definition_id(self.role.id, subscription_id),
                "principalId": self.principal_id,
                "principalType": self.principal_type,
                "scope": self.scope,
                "condition": self.condition,
                "conditionVersion": None if self.condition is None else "2.0",
                **at,
                "createdBy": author,
                "updatedBy": author,
                "delegatedManagedIdentityResourceId": None,
                "description": None,
            },
            "id": self.id,
            "type": "Microsoft.Authorization/roleAssignments",
            "name": self.name,
        }


def group_id(name: str) -> str:
    """Return the object id of a group."""
    return Identity.named(f"group/{name}").object_id


@dataclass(slots=True)
class Grants:
    """Who has which role where; the next request reads every change."""

    _assignments: list[Assignment] = field(default_factory=list)
    _members: dict[str, set[str]] = field(default_factory=dict)
    _names: set[str] = field(default_factory=set)
    _roles: dict[str, Role] = field(default_factory=lambda: dict(BUILT_IN))
    _lock: threading.RLock = field(default_factory=threading.RLock)

    def add(
        self,
        scope: str,
        role: str | Role,
        principal_id: str,
        *,
        condition: str | None = None,
        name: str | None = None,
    ) -> Assignment:
        """Assign a role, by its name, at a scope. Raises KeyError for an unknown role."""
        with self._lock:
            added = Assignment(
                scope=scope,
                role=self._roles[role] if isinstance(role, str) else role,
                principal_id=principal_id,
                principal_type="Group" if principal_id in self._members else "ServicePrincipal",
                condition=condition,
                given_name=name,
            )
            self._assignments.append(added)
            return added

    def remove(self, assignment: Assignment) -> None:
        """Remove an assignment. Raises ValueError if there is no such assignment."""
        with self._lock:
            self._assignments.remove(assignment)

    def remove_below(self, scope: str) -> None:
        """Remove the assignments at a scope and below it."""
        inside = f"{scope.lower()}/"
        with self._lock:
            self._assignments = [
                each
                for each in self._assignments
                if not f"{each.scope.lower()}/".startswith(inside)
            ]

    def add_role(self, role: Role) -> Role:
        """Add a role definition."""
        with self._lock:
            self._roles[role.name] = role
        return role

    def set_group(self, name: str, members: Iterable[str]) -> str:
        """Set the members of a group (object ids, also of groups); return its object id."""
        with self._lock:
            self._names.add(name)
            self._members[group_id(name)] = {member.lower() for member in members}
        return group_id(name)

    def groups(self) -> list[tuple[str, str]]:
        """Return the names and object ids of all groups."""
        with self._lock:
            return [(name, group_id(name)) for name in self._names]

    def roles(self) -> list[Role]:
        """Return all role definitions."""
        with self._lock:
            return list(self._roles.values())

    def at_or_above(self, scopes: Sequence[str]) -> list[Assignment]:
        """Return the assignments at one of these scopes: the requested one and those above it."""
        wanted = {scope.lower() for scope in scopes}
        with self._lock:
            return [
                assignment for assignment in self._assignments if assignment.scope.lower() in wanted
            ]

    def all(self) -> list[Assignment]:
        """Return all assignments."""
        with self._lock:
            return list(self._assignments)

    def holders(self, principal_id: str) -> set[str]:
        """Return whose assignments apply to a principal: itself, its groups, and their groups."""
        found = {principal_id.lower()}
        with self._lock:
            members: Mapping[str, set[str]] = dict(self._members)
        while True:
            more = {group for group, inside in members.items() if inside & found} - found
            if not more:
                return found
            found |= more
