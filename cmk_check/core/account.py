"""Subscriptions and accounts as types: as they are read, and what the rule says of one."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import ClassVar

from cmk_check.core.data_stores.facts import AccountPlaces
from cmk_check.core.enums import Reason, Verdict
from cmk_check.core.gap import Gap
from cmk_check.core.resource_id import AccountId


@dataclass(frozen=True, slots=True)
class Subscription:
    """A subscription as Azure lists it; the id lower-cased, the state (Enabled, ...) as spelled.

    ``quota_id`` names its offer, ``owner`` is what its tags say; neither is recorded with it.
    ``expected``: it must be visible until a person excludes it, because a setting named it, or a
    row of it was lost or could not be written.
    """

    id: str
    name: str | None = None
    tenant_id: str | None = None
    state: str | None = None
    quota_id: str | None = None
    owner: str | None = None
    expected: bool = False

    @property
    def is_from_group(self) -> bool:
        """Whether only a management group names it: Azure's own list has tenant and state too."""
        return self.name is not None and self.tenant_id is None and self.state is None


@dataclass(frozen=True, slots=True)
class UserIdentity:
    """A user-assigned identity of an account; ids lower-cased, None where Azure left one out."""

    client_id: str | None
    principal_id: str | None


@dataclass(frozen=True, slots=True)
class Account:
    """An account as read: identity, what the rule looks at, and what people need to find its owner.

    ``kind`` is spelled as Azure sent it. ``malformed`` says which part of the entry broke the
    shape, or None; ``malformed_key`` the same of what key health looks at and the rule does not.
    ``tags`` holds the kept tags alone, keys lower-cased; ``owner`` is what its tags say, ``places``
    what the account says of where its data lies. ``principal_id`` is the object id of the
    system-assigned identity, lower-cased, None without one. ``created_at`` is as in ``Evidence``.
    """

    id: AccountId
    kind: str | None
    location: str | None = None
    tags: Mapping[str, str] = field(default_factory=dict)
    owner: str | None = None
    key_source: str | None = None
    key_name: str | None = None
    key_version: str | None = None
    key_vault_uri: str | None = None
    identity_type: str | None = None
    identity_client_id: str | None = None
    principal_id: str | None = None
    user_identities: tuple[UserIdentity, ...] = ()
    provisioning_state: str | None = None
    created_at: str | None = None
    malformed: str | None = None
    malformed_key: str | None = None
    places: AccountPlaces = field(default_factory=AccountPlaces)


@dataclass(frozen=True, slots=True)
class Reading:
    """What one attempt to read a subscription brought; complete if and only if ``gap`` is None.

    ``accounts`` are those of the kinds in scope, each id once or more. ``ignored_by_kind`` counts
    the others and ``ignored_ids`` names them, lower-cased, so that an account whose kind left the
    scope is not taken for a deleted one.
    """

    accounts: tuple[Account, ...] = ()
    ignored_by_kind: Mapping[str, int] = field(default_factory=dict)
    ignored_ids: frozenset[str] = frozenset()
    gap: Gap | None = None


@dataclass(frozen=True, slots=True)
class Evidence:
    """What the verdict rests on.

    ``key_version`` is a version, ``automatic``, or None without a key. ``created_at`` is when Azure
    says that the account was created, as ``clean_time`` writes it. No verdict rests on it: it says
    how old a violation may be that the first scan found.
    """

    key_source: str | None = None
    key_name: str | None = None
    key_version: str | None = None
    key_vault_uri: str | None = None
    identity_type: str | None = None
    identity_client_id: str | None = None
    provisioning_state: str | None = None
    created_at: str | None = None

    NAMES: ClassVar[Mapping[str, str]] = {
        "keySource": "key_source",
        "keyName": "key_name",
        "keyVersion": "key_version",
        "keyVaultUri": "key_vault_uri",
        "identityType": "identity_type",
        "identityClientId": "identity_client_id",
        "provisioningState": "provisioning_state",
        "createdAt": "created_at",
    }
    """The fields by their names in tables, changes and the API, in the order of those."""

    def by_name(self) -> dict[str, str | None]:
        """Return the values by those names."""
        return {name: getattr(self, field) for name, field in self.NAMES.items()}


@dataclass(frozen=True, slots=True)
class Judgement:
    """What the rule says of one account."""

    verdict: Verdict
    reason: Reason
    message: str
    evidence: Evidence
