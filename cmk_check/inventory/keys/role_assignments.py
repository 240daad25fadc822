"""Read the direct and inherited role assignments on a key, and the permissions of their roles."""

import re
from collections.abc import Sequence
from typing import Final

from cmk_check.core.keys.facts import Grant, RolePermissions
from cmk_check.core.keys.parsing import Assignment, parse_assignment, parse_role
from cmk_check.core.keys.permissions import suffices
from cmk_check.core.reasons.gap_sentences import UNREADABLE_ROLE
from cmk_check.core.text import GUID, is_guid
from cmk_check.core.unread import Unread
from cmk_check.inventory.arm_reader import ArmReader
from cmk_check.inventory.calls import Deadline
from cmk_check.inventory.gaps import MALFORMED, READ_ASSIGNMENTS, READ_ROLES, TROUBLE, build_gap
from cmk_check.inventory.keys.ids import KeyId
from cmk_check.inventory.single_flight import SingleFlight

# Azure returns the same role with the id of any subscription, or without a subscription.
_ROLE: Final = re.compile(
    rf"(?:/subscriptions/{GUID})?/providers/microsoft\.authorization/roledefinitions/{GUID}"
)
_AT_OR_ABOVE: Final = "$filter=atScope()"
_REACHING: Final = "$filter=atScope()%20and%20assignedTo('{}')"
_ODD: Final = Unread(UNREADABLE_ROLE)
_ABOVE_SUBSCRIPTIONS: Final = "/providers/microsoft.management/managementgroups/"

type _Assignments = tuple[tuple[Assignment, ...], bool]
"""A list of role assignments, and whether all of its entries could be parsed."""


class RoleAssignments:
    """Reads the role assignments on each key once, and each role definition once.

    Group memberships cannot be read. If an identity's own assignments are insufficient, all
    assignments that apply to the identity, including those of its groups, are requested once per
    identity and key.
    """

    def __init__(self, reader: ArmReader) -> None:
        self._reader = reader
        self._assignments: SingleFlight[_Assignments | Unread] = SingleFlight()
        # Keys inherit most assignments, so each assignment is kept once even if many lists contain
        # it.
        self._kept: dict[Assignment, Assignment] = {}
        self._roles: SingleFlight[tuple[RolePermissions, ...] | Unread] = SingleFlight()

    async def find(
        self, principal_id: str, key_id: KeyId, deadline: float
    ) -> tuple[Grant, ...] | Unread:
        """Return a principal's grants on a key; ``principal_id`` is its lower-cased object id.

        The result is ``Unread`` only if the unread part might make the grants sufficient.
        """
        listed = await self._list(key_id, _AT_OR_ABOVE, deadline)
        if isinstance(listed, Unread):
            return listed
        assignments, is_whole = listed
        own = [each for each in assignments if each.principal_id == principal_id]
        grants, trouble = await self._read_grants(own, deadline)
        if suffices(grants):
            return grants
        if not is_guid(principal_id):
            return Unread(MALFORMED)
        reaching = await self._list(key_id, _REACHING.format(principal_id), deadline)
        if isinstance(reaching, Unread):
            return reaching
        grants, trouble = await self._read_grants([*own, *reaching[0]], deadline)
        if trouble is None and not (is_whole and reaching[1]):
            trouble = _ODD
        return grants if trouble is None or suffices(grants) else trouble

    async def _list(self, key_id: KeyId, scope: str, deadline: float) -> _Assignments | Unread:
        return await self._assignments.get(
            (key_id, scope), lambda until: self._ask(key_id, scope, until), deadline
        )

    async def _ask(self, key_id: KeyId, scope: str, until: Deadline) -> _Assignments | Unread:
        path = f"{key_id.path}/providers/Microsoft.Authorization/roleAssignments"
        try:
            entries = await self._reader.entries(path, until, scope)
        except TROUBLE as error:
            return Unread(build_gap(error, READ_ASSIGNMENTS))
        understood = [each for each in map(parse_assignment, entries) if each is not None]
        reaching = (each for each in understood if _reaches(each.scope, key_id.text))
        kept = tuple(self._kept.setdefault(each, each) for each in reaching)
        return kept, len(understood) == len(entries)

    async def _read_grants(
        self, assignments: Sequence[Assignment], deadline: float
    ) -> tuple[tuple[Grant, ...], Unread | None]:
        """Return the grants whose roles are readable, and the error for an unreadable role, if any.

        If several roles are unreadable, an error because of a missing permission has priority, and
        the order of the roles does not matter.
        """
        ids = (each.role_id for each in assignments)
        roles = await self._roles.read_all(ids, self._ask_role, deadline)
        grants: dict[Grant, None] = {}
        for each in assignments:
            permissions = roles[each.role_id]
            if not isinstance(permissions, Unread):
                grants[Grant(each.role_id, each.scope, permissions, each.conditional)] = None
        unread = [role for _, role in sorted(roles.items()) if isinstance(role, Unread)]
        trouble = min(unread, key=lambda role: role.gap.missing_action is None, default=None)
        return tuple(grants), trouble

    async def _ask_role(
        self, role_id: str, until: Deadline
    ) -> tuple[RolePermissions, ...] | Unread:
        if not _ROLE.fullmatch(role_id):
            return _ODD
        try:
            document = await self._reader.document(role_id, until)
        except TROUBLE as error:
            return Unread(build_gap(error, READ_ROLES))
        permissions = parse_role(document)
        return _ODD if permissions is None else permissions


def _reaches(scope: str, key_id: str) -> bool:
    """Return whether a scope may contain the key, which is assumed for management groups."""
    above = scope.rstrip("/")
    return scope.startswith(_ABOVE_SUBSCRIPTIONS) or f"{key_id}/".startswith(f"{above}/")
