"""What Azure says of the key behind an account, as types: what judging key health rests on.

Whatever was asked for is one of three: what was found, ``Absent`` where Azure says that there is no
such thing, or ``Unread`` where it could not be asked. Within what was found, None stands for what
the answer did not say.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime

from cmk_check.core.unread import Absent, Unread


@dataclass(frozen=True, slots=True)
class Vault:
    """A key vault or a managed HSM, by Azure Resource Manager."""

    id: str
    """Lower-cased."""
    uri: str | None = None
    is_managed_hsm: bool = False
    soft_delete: bool | None = None
    purge_protection: bool | None = None
    uses_rbac: bool = False
    policies: Mapping[str, frozenset[str]] = field(default_factory=dict)
    """Lower-cased object ids with the key permissions of their policies, without compound ones."""
    default_action: str | None = None
    bypass: str | None = None
    public_access: str | None = None
    malformed: str | None = None
    """Which part of the document broke the shape, or None."""


@dataclass(frozen=True, slots=True)
class KeyVersion:
    """A key at one version: its latest where it stands for the key itself.

    ``size`` in bits; ``type`` as spelled; ``operations`` lower-cased, None where not said.
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
    """A key: ``latest`` is what its name alone leads to, ``versions`` all there are.

    The versions are read only for a key of which an account pins one, and None otherwise. That one
    has to be whole: lists of versions do not say all, and another version may differ.
    ``rotation_due_at`` is when its policy replaces the latest, by its age or expiry alone, and
    ``next_rotation_at`` when that can be expected of a policy that was changed since; None for
    never or not known.
    """

    id: str
    latest: KeyVersion
    versions: tuple[KeyVersion, ...] | Unread | None = None
    rotation_due_at: datetime | None = None
    next_rotation_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class RolePermissions:
    """What a role definition allows on data, as spelled: patterns, less other patterns.

    ``conditional`` where it holds under a condition of the definition's own.
    """

    data_actions: tuple[str, ...] = ()
    not_data_actions: tuple[str, ...] = ()
    conditional: bool = False


@dataclass(frozen=True, slots=True)
class Grant:
    """A role assignment that reaches an identity, at, above or on the key.

    ``conditional`` where it holds under a condition, which is not evaluated here.
    """

    role_id: str
    scope: str
    permissions: tuple[RolePermissions, ...]
    conditional: bool = False


@dataclass(frozen=True, slots=True)
class EncryptionScope:
    """An encryption scope of an account; both as spelled."""

    name: str
    key_source: str | None


@dataclass(frozen=True, slots=True)
class CarriedScopes:
    """Encryption scopes that were not read again, as the last reading of them was judged.

    ``evidence`` is that of the scopes without a key in Key Vault, None if there were none.
    """

    evidence: Mapping[str, str] | None = None


@dataclass(frozen=True, slots=True)
class KeyFacts:
    """All that was read of the key behind one account.

    ``key`` is None where the vault was not found, ``grants`` where no role decides: a vault with
    access policies, a managed HSM, an account without an identity to grant anything to.
    """

    vault: Vault | Absent | Unread
    key: Key | Absent | Unread | None
    grants: tuple[Grant, ...] | Unread | None
    scopes: tuple[EncryptionScope, ...] | CarriedScopes | Unread
