"""The types of subscriptions, accounts and judgements, and the parser for ARM's account JSON.

Parsing is separate from fetching, so that tests need no server. The parser uses the raw JSON
because the SDK's models coerce types, reject a whole page for one bad entry, and treat an absent
key source as Key Vault.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import ClassVar

from cmk_check.core.enums import Reason, Verdict
from cmk_check.core.gap import Gap
from cmk_check.core.owner import find_owner
from cmk_check.core.resource_id import AccountId
from cmk_check.core.text import as_object, clean_text, clean_time
from cmk_check.limits import MAX_TAG_BYTES, MAX_WORD_BYTES


@dataclass(frozen=True, slots=True)
class Subscription:
    """A subscription as Azure lists it."""

    id: str
    """The subscription's id, lower-cased."""
    name: str | None = None
    tenant_id: str | None = None
    state: str | None = None
    """The subscription's state as Azure spells it, such as Enabled."""
    quota_id: str | None = None
    """Names the subscription's offer; not recorded."""
    owner: str | None = None
    """The owner that the subscription's tags name; not recorded."""
    expected: bool = False
    """Whether a missing subscription is a gap: a setting named it, or its row was lost."""

    @property
    def is_from_group(self) -> bool:
        """Whether only a management group lists the subscription, and Azure's own list omits it."""
        return self.name is not None and self.tenant_id is None and self.state is None


@dataclass(frozen=True, slots=True)
class UserIdentity:
    """A user-assigned identity of an account, with lower-cased ids; a missing id is None."""

    client_id: str | None
    principal_id: str | None


@dataclass(frozen=True, slots=True)
class Account:
    """An account as read from Azure, with its id, its owner and the properties that are judged."""

    id: AccountId
    kind: str | None
    """The kind as Azure spells it."""
    location: str | None = None
    tags: Mapping[str, str] = field(default_factory=dict)
    """Only the tags to keep, with lower-cased names."""
    owner: str | None = None
    """The owner that the account's tags name."""
    key_source: str | None = None
    key_name: str | None = None
    key_version: str | None = None
    key_vault_uri: str | None = None
    identity_type: str | None = None
    identity_client_id: str | None = None
    principal_id: str | None = None
    """The object id of the system-assigned identity, lower-cased, or None."""
    user_identities: tuple[UserIdentity, ...] = ()
    provisioning_state: str | None = None
    created_at: str | None = None
    """As in ``Evidence``."""
    malformed: str | None = None
    """Which part of the account's JSON is malformed, or None."""
    malformed_key: str | None = None
    """Which part that only key health needs is malformed, or None."""


type Accounts = tuple[Account, ...]


@dataclass(frozen=True, slots=True)
class Reading:
    """The result of one attempt to read a subscription, which is complete only if ``gap`` is None.

    ``accounts`` have the kinds in scope; an id may occur more than once. ``ignored_by_kind`` counts
    the other accounts, and ``ignored_ids`` has their lower-cased ids, so that an account whose kind
    left the scope does not count as deleted.

    >>> Reading().gap is None, Reading(gap=Gap(GapReason.TIMEOUT)).gap.reason.value
    (True, 'timeout')
    """

    accounts: Accounts = ()
    ignored_by_kind: Mapping[str, int] = field(default_factory=dict)
    ignored_ids: frozenset[str] = frozenset()
    gap: Gap | None = None


@dataclass(frozen=True, slots=True)
class Evidence:
    """The facts behind the verdict, and when the account was created."""

    key_source: str | None = None
    key_name: str | None = None
    key_version: str | None = None
    """The version of the key, ``automatic``, or None without a key."""
    key_vault_uri: str | None = None
    identity_type: str | None = None
    identity_client_id: str | None = None
    provisioning_state: str | None = None
    created_at: str | None = None
    """The time of creation as ``clean_time`` writes it.

    A violation that the first scan found cannot be older.
    """

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
    """The names of the fields in tables, changes and the API, in that order."""

    def to_dict(self) -> dict[str, str | None]:
        """Return the evidence as a dict whose keys are the names in ``NAMES``."""
        return {name: getattr(self, field) for name, field in self.NAMES.items()}


@dataclass(frozen=True, slots=True)
class Judgement:
    """The rule's result for one account."""

    verdict: Verdict
    reason: Reason
    message: str
    evidence: Evidence


def parse_account(
    entry: object, kept_tags: frozenset[str], owner_tags: Sequence[str] = ()
) -> Account | None:
    """Parse an entry of an account list, or an account document, and never raise an exception.

    A null value counts as absent. ``malformed`` names the part that prevents a judgement; other
    parts of the wrong type are left out. Values keep their spelling and blanks, but are cut at
    1,024 bytes (tags at 256). Characters that no table or JSON document can contain are replaced.

    Args:
        entry: the parsed JSON.
        kept_tags: lower-cased names of the tags to keep.
        owner_tags: lower-cased names of the tags that may name the owner, most important first.

    Returns:
        The account, or None if the entry has no usable id, which a finding needs.
    """
    if not isinstance(entry, dict):
        return None
    account_id = AccountId.parse(entry.get("id"))
    if account_id is None:
        return None
    properties = as_object(entry.get("properties"))
    encryption = as_object(properties.get("encryption"))
    key = as_object(encryption.get("keyVaultProperties"))
    identity = as_object(entry.get("identity"))
    return Account(
        id=account_id,
        kind=_kind(entry.get("kind")),
        location=clean_text(entry.get("location"), MAX_WORD_BYTES),
        tags=_keep_tags(entry.get("tags"), kept_tags),
        owner=find_owner(entry.get("tags"), owner_tags),
        key_source=clean_text(encryption.get("keySource")),
        key_name=clean_text(key.get("keyName")),
        key_version=clean_text(key.get("keyVersion")),
        key_vault_uri=clean_text(key.get("keyVaultUri")),
        identity_type=clean_text(identity.get("type")),
        identity_client_id=clean_text(key.get("identityClientId")),
        principal_id=_principal(identity),
        user_identities=_user_identities(identity.get("userAssignedIdentities")),
        provisioning_state=clean_text(properties.get("provisioningState")),
        created_at=clean_time(as_object(entry.get("systemData")).get("createdAt")),
        malformed=_find_malformed_part(entry),
        malformed_key=_find_malformed_key(entry, key),
    )


def _find_malformed_part(entry: dict[str, object]) -> str | None:
    """Describe a part of an account that the rule cannot use; return None if all are usable."""
    kind = entry.get("kind")
    if kind is None:
        return "The account has no kind."
    if _kind(kind) is None:
        return "The account's kind is not a name."
    properties = entry.get("properties")
    if properties is None:
        return "The account has no properties."
    if not isinstance(properties, dict):
        return "The account's properties are not an object."
    return _find_malformed_encryption(properties.get("encryption"))


def _find_malformed_encryption(encryption: object) -> str | None:
    key = as_object(encryption).get("keyVaultProperties")
    if not isinstance(encryption, dict | None):
        return "properties.encryption is not an object."
    if not isinstance(as_object(encryption).get("keySource"), str | None):
        return "properties.encryption.keySource is not a string."
    if not isinstance(key, dict | None):
        return "properties.encryption.keyVaultProperties is not an object."
    if not isinstance(as_object(key).get("keyName"), str | None):
        return "properties.encryption.keyVaultProperties.keyName is not a string."
    return None


def _find_malformed_key(entry: dict[str, object], key: dict[str, object]) -> str | None:
    """Describe a part that is unusable for key health; return None if there is no such part.

    An unreadable client id must not count as absent, because its absence means another identity. An
    unreadable key version must not count as the newest version.
    """
    for name in ("keyVersion", "keyVaultUri", "identityClientId"):
        if not isinstance(key.get(name), str | None):
            return f"properties.encryption.keyVaultProperties.{name} is not a string."
    identity = entry.get("identity")
    if not isinstance(identity, dict | None):
        return "The account's identity is not an object."
    for name in ("type", "principalId"):
        if not isinstance(as_object(identity).get(name), str | None):
            return f"identity.{name} is not a string."
    if not isinstance(as_object(identity).get("userAssignedIdentities"), dict | None):
        return "identity.userAssignedIdentities is not an object."
    return None


def _principal(identity: dict[str, object]) -> str | None:
    """Return the object id of an account's system-assigned identity, or None if it has none.

    In Azure, the type of an account's identity is SystemAssigned, UserAssigned, both of them
    separated by a comma, or None.
    """
    kinds = clean_text(identity.get("type"))
    if kinds is not None and "systemassigned" not in kinds.lower():
        return None
    return _identifier(identity.get("principalId"))


def _user_identities(entries: object) -> tuple[UserIdentity, ...]:
    """Return an account's identities in a fixed order, because Azure's responses vary the order."""
    identities = {
        UserIdentity(
            _identifier(as_object(entry).get("clientId")),
            _identifier(as_object(entry).get("principalId")),
        )
        for entry in as_object(entries).values()
    }
    return tuple(sorted(identities, key=lambda one: (one.client_id or "", one.principal_id or "")))


def _identifier(value: object) -> str | None:
    return (clean_text(value, MAX_WORD_BYTES) or "").strip().lower() or None


def _kind(value: object) -> str | None:
    text = clean_text(value, MAX_WORD_BYTES)
    return text if text and not text.isspace() else None


def _keep_tags(tags: object, kept_tags: frozenset[str]) -> dict[str, str]:
    """Return the tags in ``kept_tags``; if two names differ only in case, keep the first tag."""
    tags_by_name: dict[str, str] = {}
    for name, value in as_object(tags).items():
        text = clean_text(value, MAX_TAG_BYTES)
        if name.lower() in kept_tags and text is not None:
            tags_by_name.setdefault(name.lower(), text)
    return tags_by_name
