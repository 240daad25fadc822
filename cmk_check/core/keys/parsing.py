"""Parse Azure Resource Manager's JSON for vaults, keys and role assignments.

Parsing is separate from fetching and uses the raw JSON, as for accounts. The parsers never raise an
exception, and they clean all strings and limit the length of strings. ``malformed`` names a part of
the wrong type. A malformed part must not count as absent, because a key with an unreadable expiry
may still expire.
"""

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Final

from cmk_check.core.keys.facts import Key, KeyVersion, RolePermissions, Vault
from cmk_check.core.text import as_object, clean_text, lower_ascii, require_all
from cmk_check.limits import MAX_KEY_SIZE_BITS, MAX_WORD_BYTES

_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_POLICIES: Final = "properties.accessPolicies[]"
_NEEDED: Final = {"id", "objectId", "properties", "properties.attributes"}

# The names that Key Vault allows, under the domain of any cloud. With ASCII, letters of other
# alphabets do not match.
_VAULT_URI: Final = re.compile(
    r"https://([a-z0-9-]{3,24})\.(vault|managedhsm)(?:\.[a-z0-9-]+)+\.?(?::[0-9]+)?(?:/.*)?",
    re.IGNORECASE | re.ASCII,
)
_KEY: Final = re.compile(
    r"(https://[a-z0-9-]{3,24}\.(?:vault|managedhsm)(?:\.[a-z0-9-]+)+)\.?(?::[0-9]+)?"
    r"/+(keys/[a-z0-9-]{1,127})(?:/[^/]*)?",
    re.IGNORECASE | re.ASCII,
)
_URI_WITH_VERSION: Final = re.compile(r"https://[^/]+/keys/[^/]+/([^/]+)/?")


def _size(value: object) -> int | None:
    return value if type(value) is int and 0 <= value <= MAX_KEY_SIZE_BITS else None


def _time(seconds: object) -> datetime | None:
    """Return the time ``seconds`` after the start of 1970, or None if that time is out of range."""
    if type(seconds) is not int:
        return None
    try:
        return _EPOCH + timedelta(seconds=seconds)
    except OverflowError:
        return None


def _are_texts(values: object) -> bool:
    return isinstance(values, list) and all(isinstance(value, str) for value in values)


# The check of a value, and what an invalid value should be.
type _Check = tuple[Callable[[object], bool], str]
_OBJECT: Final[_Check] = (lambda value: isinstance(value, dict), "not an object")
_LIST: Final[_Check] = (lambda value: isinstance(value, list), "not a list")
_TEXT: Final[_Check] = (lambda value: isinstance(value, str), "not a string")
_TEXTS: Final[_Check] = (_are_texts, "not a list of strings")
_FLAG: Final[_Check] = (lambda value: isinstance(value, bool), "not true or false")
# The exact type is compared, because True is also an int in Python.
_WHOLE: Final[_Check] = (lambda value: type(value) is int, "not a whole number")
_SIZE: Final[_Check] = (lambda value: _size(value) is not None, "not a possible key size")
_TIME: Final[_Check] = (lambda value: _time(value) is not None, "not a time")

# Paths in the order of the checks: a part before its members.
_VAULT: Final = (
    ("id", _TEXT),
    ("properties", _OBJECT),
    ("properties.enableSoftDelete", _FLAG),
    ("properties.enablePurgeProtection", _FLAG),
    ("properties.enableRbacAuthorization", _FLAG),
    ("properties.accessPolicies", _LIST),
    ("properties.networkAcls", _OBJECT),
    ("properties.networkAcls.defaultAction", _TEXT),
    ("properties.networkAcls.bypass", _TEXT),
    ("properties.publicNetworkAccess", _TEXT),
)
_POLICY: Final = (
    ("permissions.keys", _TEXTS),
    ("objectId", _TEXT),
    ("applicationId", _TEXT),
    ("permissions", _OBJECT),
)
_VERSION: Final = (
    ("properties", _OBJECT),
    ("properties.attributes", _OBJECT),
    ("properties.attributes.enabled", _FLAG),
    ("properties.attributes.nbf", _WHOLE),
    ("properties.attributes.exp", _WHOLE),
    ("properties.attributes.created", _WHOLE),
    ("properties.kty", _TEXT),
    ("properties.keySize", _WHOLE),
    ("properties.keyOps", _LIST),
    ("properties.keyUriWithVersion", _TEXT),
    ("properties.keyOps", _TEXTS),
    ("properties.keySize", _SIZE),
    ("properties.attributes.nbf", _TIME),
    ("properties.attributes.exp", _TIME),
    ("properties.attributes.created", _TIME),
)


@dataclass(frozen=True, slots=True)
class Assignment:
    """A role assignment, with lower-cased ids and scope; ``role_id`` is the role's full ARM id."""

    principal_id: str
    role_id: str
    scope: str
    conditional: bool


def parse_vault(document: object, *, managed_hsm: bool) -> Vault:
    """Parse a vault or managed HSM, and never raise an exception.

    Source: api-version 2026-05-15 of Microsoft.KeyVault, which omits properties never set.
    """
    entry = as_object(document)
    properties = as_object(entry.get("properties"))
    rules = as_object(properties.get("networkAcls"))
    policies, odd_policy = _policies(properties.get("accessPolicies"))
    return Vault(
        id=_id(entry),
        uri=clean_text(properties.get("hsmUri" if managed_hsm else "vaultUri")),
        is_managed_hsm=managed_hsm,
        soft_delete=_flag(properties.get("enableSoftDelete")),
        purge_protection=_flag(properties.get("enablePurgeProtection")),
        uses_rbac=properties.get("enableRbacAuthorization") is True,
        policies=policies,
        default_action=_word(rules.get("defaultAction")),
        bypass=_word(rules.get("bypass")),
        public_access=_word(properties.get("publicNetworkAccess")),
        malformed=_fault(document, _VAULT) or odd_policy,
    )


def parse_key(document: object) -> Key:
    """Parse a key, but not its list of versions, and never raise an exception."""
    entry = as_object(document)
    properties = as_object(entry.get("properties"))
    match = _URI_WITH_VERSION.fullmatch(clean_text(properties.get("keyUriWithVersion")) or "")
    return Key(id=_id(entry), latest=_version(document, _word(match[1]) if match else None))


def parse_version(document: object) -> KeyVersion:
    """Parse one entry of a list of key versions, and never raise an exception."""
    return _version(document, _word(as_object(document).get("name")) or None)


def parse_assignment(entry: object) -> Assignment | None:
    """Parse one entry of a list of role assignments; return None if an id or the scope is missing.

    A condition in the assignment counts even if it is not a string.
    """
    properties = as_object(as_object(entry).get("properties"))
    principal, role, scope = (
        (clean_text(properties.get(name)) or "").strip().lower()
        for name in ("principalId", "roleDefinitionId", "scope")
    )
    if not (principal and role and scope):
        return None
    return Assignment(principal, role, scope, _is_condition(properties.get("condition")))


def parse_role(document: object) -> tuple[RolePermissions, ...] | None:
    """Parse a role definition's data actions; return None if the permissions are malformed.

    Azure may omit the lists of allowed and excluded data actions, because most roles have none.
    """
    blocks = as_object(as_object(document).get("properties")).get("permissions")
    if not isinstance(blocks, list):
        return None
    return require_all(map(_permissions, blocks))


def vault_name(uri: str | None) -> tuple[str, bool] | None:
    """Return the vault's name from its URI, lower-cased, and whether it is a managed HSM.

    Return None if the URI cannot be a vault's address in any cloud.
    """
    match = _VAULT_URI.fullmatch((uri or "").strip())
    return (match[1].lower(), match[2].lower() == "managedhsm") if match else None


def key_id(address: str | None) -> str | None:
    """Return a key's id ``https://<host>/keys/<name>``, lower-cased, or None for other addresses.

    Microsoft calls a key's id without a version a base identifier, and all identifiers are
    case-insensitive ("Azure Key Vault keys, secrets, and certificates overview").
    """
    match = _KEY.fullmatch((address or "").strip())
    return f"{match[1]}/{match[2]}".lower() if match else None


def _fault(document: object, shape: Sequence[tuple[str, _Check]], inside: str = "") -> str | None:
    """Describe the first part of a document that is missing or fails its check, if there is one."""
    if not isinstance(document, dict):
        return f"{inside or 'It'} is not an object."
    where = f"{inside}." if inside else ""
    for path, (holds, fault) in shape:
        value: object = document
        for name in path.split("."):
            value = as_object(value).get(name)
        if value is None and path in _NEEDED:
            return f"{where}{path} is missing."
        if value is not None and not holds(value):
            return f"{where}{path} is {fault}."
    return None


def _policies(entries: object) -> tuple[dict[str, frozenset[str]], str | None]:
    """Return key permissions by object id, and what is wrong with the first malformed policy.

    An access policy with an application id applies only to users of that application, so it grants
    nothing to an account's identity.
    """
    permissions: dict[str, frozenset[str]] = {}
    fault: str | None = None
    for entry in entries if isinstance(entries, list) else ():
        fault = fault or _fault(entry, _POLICY, _POLICIES)
        policy = as_object(entry)
        if policy.get("applicationId") is None:
            owner = (_word(policy.get("objectId")) or "").lower()
            allowed = _words(as_object(policy.get("permissions")).get("keys"))
            permissions[owner] = permissions.get(owner, frozenset()) | allowed
    return permissions, fault


def _version(document: object, name: str | None) -> KeyVersion:
    properties = as_object(as_object(document).get("properties"))
    attributes = as_object(properties.get("attributes"))
    operations = properties.get("keyOps")
    return KeyVersion(
        version=name,
        enabled=_flag(attributes.get("enabled")),
        not_before=_time(attributes.get("nbf")),
        expires=_time(attributes.get("exp")),
        created=_time(attributes.get("created")),
        type=_word(properties.get("kty")),
        size=_size(properties.get("keySize")),
        operations=_words(operations) if _are_texts(operations) else None,
        malformed=_fault(document, _VERSION),
    )


def _permissions(block: object) -> RolePermissions | None:
    allowed, excluded = (_patterns(block, name) for name in ("dataActions", "notDataActions"))
    if not isinstance(block, dict) or allowed is None or excluded is None:
        return None
    return RolePermissions(allowed, excluded, _is_condition(block.get("condition")))


def _patterns(block: object, name: str) -> tuple[str, ...] | None:
    values = as_object(block).get(name)
    if values is None:
        return ()
    if not isinstance(values, list):
        return None
    # If a pattern is cut or cleaned, the result is a different pattern, which may match more.
    return require_all(value if value and clean_text(value) == value else None for value in values)


def _is_condition(value: object) -> bool:
    return bool(value.strip()) if isinstance(value, str) else value is not None


def _id(entry: Mapping[str, object]) -> str:
    return (clean_text(entry.get("id")) or "").lower()


def _word(value: object) -> str | None:
    return clean_text(value, MAX_WORD_BYTES)


def _words(values: object) -> frozenset[str]:
    entries: Iterable[object] = values if isinstance(values, list) else ()
    return frozenset(lower_ascii(word) for value in entries if (word := _word(value)))


def _flag(value: object) -> bool | None:
    return value if isinstance(value, bool) else None
