"""The types of the facts from Azure that determine the health of an account's key.

The result of each request is a resource, ``Absent`` if Azure responds that the resource does not
exist, or ``Unread`` if the resource could not be read. A property of a resource is None if Azure
did not send the property.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime

from cmk_check.core.unread import Absent, Unread


@dataclass(frozen=True, slots=True)
class Vault:
    """A key vault or managed HSM, with the properties that Azure Resource Manager returned."""

    id: str
    """The vault's ARM id, lower-cased."""
    uri: str | None = None
    is_managed_hsm: bool = False
    soft_delete: bool | None = None
    purge_protection: bool | None = None
    uses_rbac: bool = False
    policies: Mapping[str, frozenset[str]] = field(default_factory=dict)
    """Key permissions in access policies by lower-cased object id, without compound identities."""
    default_action: str | None = None
    bypass: str | None = None
    public_access: str | None = None
    malformed: str | None = None
    """Which part of the document is malformed, or None."""


@dataclass(frozen=True, slots=True)
class KeyVersion:
    """One version of a key.

    ``size`` is in bits. ``type`` is spelled as in Azure's response. ``operations`` are lower-cased,
    or None if Azure did not send the operations.
    """

    version: str | None
    enabled: bool | None = None
    not_before: datetime | None = None
    expires: datetime | None = None
    created: datetime | None = None
    type: str | None = None
    size: int | None = None
    operations: frozenset[str] | None = None
    malformed: str | None = None


@dataclass(frozen=True, slots=True)
class Key:
    """A key in a key vault or a managed HSM.

    ``latest`` is the version that the key's name without a version refers to. ``versions`` contains
    all versions if an account pins one of them, and is None otherwise. The pinned version is read
    separately and completely, because lists of key versions lack some properties.
    ``rotation_due_at`` is when the rotation policy replaces the latest version, calculated only
    from the version's age or expiry. ``next_rotation_at`` also takes later changes of the policy
    into account. ``rotation_due_at`` and ``next_rotation_at`` are None if no rotation is planned or
    if its time is unknown.
    """

    id: str
    latest: KeyVersion
    versions: tuple[KeyVersion, ...] | Unread | None = None
    rotation_due_at: datetime | None = None
    next_rotation_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class RolePermissions:
    """The data actions of a role definition, as patterns that allow or exclude actions.

    ``conditional`` means that the actions are allowed only under a condition in the definition.
    """

    data_actions: tuple[str, ...] = ()
    not_data_actions: tuple[str, ...] = ()
    conditional: bool = False


@dataclass(frozen=True, slots=True)
class Grant:
    """An identity's role assignment whose scope is the key or contains the key.

    ``conditional`` means that the assignment has a condition, which this program does not evaluate.
    """

    role_id: str
    scope: str
    permissions: tuple[RolePermissions, ...]
    conditional: bool = False


@dataclass(frozen=True, slots=True)
class KeyFacts:
    """All facts that were read about one account's key.

    ``key`` is None if the vault was not found. ``grants`` is None if roles are irrelevant: the
    vault uses access policies or is a managed HSM, or the account has no identity.
    """

    vault: Vault | Absent | Unread
    key: Key | Absent | Unread | None
    grants: tuple[Grant, ...] | Unread | None
