"""The types of the facts from Azure that decide the health of an account's key.

The result of each request is the resource found, ``Absent`` if Azure responds that the resource
does not exist, or ``Unread`` if it could not be read. Inside a resource, None means that Azure did
not send the value.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime

from cmk_check.core.unread import Absent, Unread


@dataclass(frozen=True, slots=True)
class Vault:
    """A key vault or a managed HSM, as Azure Resource Manager returns it."""

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
    """One version of a key; in ``Key.latest``, the latest version.

    ``size`` is in bits. ``type`` is spelled as in Azure. ``operations`` are lower-cased, or None if
    Azure does not send them.
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
    """A key in a vault.

    ``latest`` is the version that the key's name without a version refers to. ``versions`` are all
    versions. ``versions`` are read only if an account pins one of them, and are None otherwise. The
    pinned version is read separately and completely, because lists of versions lack some
    properties. ``rotation_due_at`` is when the rotation policy replaces the latest version,
    calculated only from the version's age or expiry. ``next_rotation_at`` also takes later changes
    of the policy into account. Both times are None if no rotation is due or the time is not known.
    """

    id: str
    latest: KeyVersion
    versions: tuple[KeyVersion, ...] | Unread | None = None
    rotation_due_at: datetime | None = None
    next_rotation_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class RolePermissions:
    """The data actions of a role definition: allowed patterns and excluded patterns, as spelled.

    ``conditional``: the actions are allowed only under a condition in the definition.
    """

    data_actions: tuple[str, ...] = ()
    not_data_actions: tuple[str, ...] = ()
    conditional: bool = False


@dataclass(frozen=True, slots=True)
class Grant:
    """A role assignment that applies to an identity, on the key or above it.

    ``conditional``: the assignment applies only under a condition, which this program does not
    evaluate.
    """

    role_id: str
    scope: str
    permissions: tuple[RolePermissions, ...]
    conditional: bool = False


@dataclass(frozen=True, slots=True)
class KeyFacts:
    """Everything that was read about one account's key.

    ``key`` is None if the vault was not found. ``grants`` is None if roles are irrelevant: the
    vault uses access policies or is a managed HSM, or the account has no identity.
    """

    vault: Vault | Absent | Unread
    key: Key | Absent | Unread | None
    grants: tuple[Grant, ...] | Unread | None
