"""Each reason of key health: what leads to it, what just does not, and what it names."""

from typing import Final

import pytest

from cmk_check.core.enums import KeyReason
from tests.unit.core.key_examples import (
    ATTRIBUTES,
    CLIENT,
    DAY,
    KEY_EVIDENCE,
    NEW,
    OLD,
    PINNED,
    POLICIES,
    ROLES,
    SECONDS,
    SETTINGS,
    SYSTEM,
    USER,
    VAULT_EVIDENCE,
    Changes,
    found,
    judged,
    with_changes,
)

R = KeyReason
_VAULT: Final = "vault.properties"
_RULES: Final = f"{_VAULT}.networkAcls"
_ACCESS: Final = f"{_VAULT}.publicNetworkAccess"
_BLOCK: Final = "roles.0.properties.permissions.0"
_STATE: Final = "account.properties.provisioningState"
_FAILED: Final = (" FAILED ", "Canceled")
_OLDER: Final = "versions.0.properties.attributes"
_ALL_TO_USER: Final = [{"objectId": USER, "permissions": {"keys": ["all"]}}]
# What the key's name alone leads to, of an account that pins NEW, is another version.
_OTHER: Final = "0c" * 16
_OTHER_IS_LATEST: Final = {
    "key.properties.keyUriWithVersion": f"https://safe.vault.azure.net/keys/cmk/{_OTHER}"
}
_REPLACED: Final[list[str]] = [R.VERSION_PINNED, R.VERSION_NOT_LATEST]

# What is not here leads to its reason in EVIDENCE, or is tried in test_judge_key_health_earned.py.
FOLLOWED: Final[dict[str, tuple[Changes, list[str]]]] = {
    "the bypass among others": ({f"{_RULES}.bypass": "Logging,azureservices , Metrics"}, []),
    "open, without a bypass": ({_RULES: {"defaultAction": "ALLOW", "bypass": "None"}}, []),
    "no public access, without the bypass": (
        {_RULES: {"defaultAction": "Allow", "bypass": "None"}, _ACCESS: "disabled"},
        [R.VAULT_FIREWALL_BLOCKS_SERVICES],
    ),
    "a perimeter overrides the bypass": (
        {_ACCESS: "SecuredByPerimeter"},
        [R.VAULT_FIREWALL_BLOCKS_SERVICES],
    ),
    "default action never heard of": ({_RULES: {"defaultAction": "Audit"}}, ["firewall"]),
    "expires in 30 days": ({f"{ATTRIBUTES}.exp": SECONDS + 30 * DAY}, [R.KEY_EXPIRES_SOON]),
    "expires a second later": ({f"{ATTRIBUTES}.exp": SECONDS + 30 * DAY + 1}, []),
    "valid from this second": ({f"{ATTRIBUTES}.nbf": SECONDS}, []),
    "in an HSM": ({"key.properties.kty": "rsa-hsm"}, []),
    "of another type and small": (
        {"key.properties.kty": "oct-HSM", "key.properties.keySize": 256},
        [R.KEY_TYPE_UNSUPPORTED, R.KEY_TOO_SMALL],
    ),
    "of another type, without a size": (
        {"key.properties.kty": "EC", "key.properties.keySize": None},
        [R.KEY_TYPE_UNSUPPORTED],
    ),
    "large and of a type that only looks the same": (
        {"key.properties.kty": "R\u017fA", "key.properties.keySize": 4096},
        [R.KEY_TYPE_UNSUPPORTED],
    ),
    "operations in other case": ({"key.properties.keyOps": ["WRAPKEY", "unwrapkey"]}, []),
    "no operations": ({"key.properties.keyOps": []}, ["keyOperations"]),
    "no identity": ({"account.identity": None}, [R.IDENTITY_MISSING]),
    # Told as a key that is lost, each update would be a change, and another one when it is over.
    "the account is updated": ({_STATE: "Updating"}, []),
    **{f"the account is {each!r}": ({_STATE: each}, [R.ACCOUNT_FAILED]) for each in _FAILED},
    "the account failed and the key is disabled": (
        {_STATE: "Failed", f"{ATTRIBUTES}.enabled": False},
        [R.KEY_DISABLED, R.ACCOUNT_FAILED],
    ),
}
PINNING: Final[dict[str, tuple[Changes, list[str]]]] = {
    "pinned version is gone": ({f"{SETTINGS}.keyVersion": "0c"}, [R.KEY_NOT_FOUND]),
    "pinned version may be one without a name": (
        {f"{SETTINGS}.keyVersion": "0c", "versions.0.name": None},
        ["keyVersions"],
    ),
    "of the pinned version less is said than of the newest": (
        {f"{PINNED}.{name}": None for name in ("kty", "keySize", "keyOps")},
        ["keyType, keySize, keyOperations"],
    ),
    "pinned version expires soon": (
        {f"{PINNED}.attributes.exp": SECONDS + 30 * DAY},
        [R.KEY_EXPIRES_SOON, R.VERSION_PINNED],
    ),
    "the newer version expires this second": (
        {f"{_OLDER}.created": SECONDS, f"{_OLDER}.exp": SECONDS},
        [R.VERSION_PINNED],
    ),
    "the newer version is disabled": (
        {f"{_OLDER}.created": SECONDS, f"{_OLDER}.enabled": False},
        [],
    ),
    "when the only one was made is not said": (
        {"versions": [ROLES["versions"][1]], f"{_OLDER}.created": None},
        [],
    ),
    "the newest was made in the same second": (
        {**_OTHER_IS_LATEST, "versions.0.name": _OTHER, f"{_OLDER}.created": SECONDS - 10 * DAY},
        _REPLACED,
    ),
    "the newest was made before": (
        {**_OTHER_IS_LATEST, "versions.0.name": _OTHER.upper()},
        _REPLACED,
    ),
    "the newest is not in the list and has expired": (
        {**_OTHER_IS_LATEST, f"{ATTRIBUTES}.exp": SECONDS},
        [R.VERSION_PINNED],
    ),
    "when the newest was made is not said": (
        {**_OTHER_IS_LATEST, f"{ATTRIBUTES}.created": None},
        ["keyVersions", *_REPLACED],
    ),
    "one that the list has is judged by the list": (
        {
            "key.properties.keyUriWithVersion": f"https://safe.vault.azure.net/keys/cmk/{OLD}",
            f"{_OLDER}.enabled": False,
        },
        [],
    ),
    "the pinned one is the newest, and not in the list yet": ({"versions": []}, []),
    "which is the newest is not said": (
        {"key.properties.keyUriWithVersion": None},
        ["keyVersions"],
    ),
    "attached identity without a client id": (
        {"account.identity.userAssignedIdentities": {"/a": {"principalId": USER}}},
        ["identity"],
    ),
    "a role under a condition": ({f"{_BLOCK}.condition": "x"}, ["permissions"]),
    "policies do not count beside roles": (
        {"assignments": [], f"{_VAULT}.accessPolicies": _ALL_TO_USER},
        [R.IDENTITY_LACKS_PERMISSION],
    ),
}
_MATERIAL: Final = {**KEY_EVIDENCE, "keyType": "RSA", "keySize": "2048"}
EVIDENCE: Final[dict[KeyReason, tuple[Changes, dict[str, str]]]] = {
    R.VAULT_SOFT_DELETE_OFF: ({f"{_VAULT}.enableSoftDelete": False}, VAULT_EVIDENCE),
    R.VAULT_PURGE_PROTECTION_OFF: ({f"{_VAULT}.enablePurgeProtection": False}, VAULT_EVIDENCE),
    R.VAULT_FIREWALL_BLOCKS_SERVICES: (
        {f"{_RULES}.bypass": "None"},
        {
            **VAULT_EVIDENCE,
            "defaultAction": "Deny",
            "bypass": "None",
            "publicNetworkAccess": "Enabled",
        },
    ),
    R.KEY_DISABLED: ({f"{ATTRIBUTES}.enabled": False}, KEY_EVIDENCE),
    R.KEY_EXPIRED: (
        {f"{ATTRIBUTES}.exp": SECONDS},
        {**KEY_EVIDENCE, "expires": "2026-11-25T12:00:00Z"},
    ),
    R.KEY_EXPIRES_SOON: (
        {f"{ATTRIBUTES}.exp": SECONDS + 1},
        {**KEY_EVIDENCE, "expires": "2026-11-25T12:00:01Z"},
    ),
    R.KEY_NOT_YET_VALID: (
        {f"{ATTRIBUTES}.nbf": SECONDS + 1},
        {**KEY_EVIDENCE, "notBefore": "2026-11-25T12:00:01Z"},
    ),
    R.KEY_TYPE_UNSUPPORTED: ({"key.properties.kty": "EC"}, {**_MATERIAL, "keyType": "EC"}),
    R.KEY_TOO_SMALL: ({"key.properties.keySize": 2047}, {**_MATERIAL, "keySize": "2047"}),
    R.KEY_SIZE_DISPUTED: ({"key.properties.keySize": 3072}, {**_MATERIAL, "keySize": "3072"}),
    R.KEY_OPERATIONS_MISSING: (
        {"key.properties.keyOps": ["encrypt", "unwrapKey"]},
        {**KEY_EVIDENCE, "missingOperations": "wrapKey"},
    ),
    R.IDENTITY_MISSING: (
        {f"{SETTINGS}.identityClientId": f" {CLIENT} "},
        {"identityType": "SystemAssigned", "identityClientId": CLIENT.lower()},
    ),
    R.IDENTITY_LACKS_PERMISSION: (
        {f"{_VAULT}.accessPolicies": None},
        {"identity": SYSTEM.lower(), "missingPermissions": "get, wrapKey, unwrapKey"},
    ),
    R.CANNOT_READ: (
        {f"{_VAULT}.accessPolicies.0.objectId": "perhaps a group"},
        {"notSeen": "permissions", "identity": SYSTEM.lower()},
    ),
    R.ACCOUNT_FAILED: ({_STATE: "Failed"}, {"provisioningState": "Failed"}),
}


@pytest.mark.parametrize(
    ("case", "changes", "expected"),
    [
        pytest.param(case, *row, id=name)
        for case, rows in ((POLICIES, FOLLOWED), (ROLES, PINNING))
        for name, row in rows.items()
    ],
)
def test_what_leads_to_each_reason(
    case: dict[str, object], changes: Changes, expected: list[str]
) -> None:
    """P1, P4: the last case that is sound, and the first that is not; what was not seen by name."""
    evidence = found(judged(with_changes(case, changes)))

    assert [facts.get("notSeen", code) for code, facts in evidence.items()] == expected


@pytest.mark.parametrize(("reason", "row"), EVIDENCE.items())
def test_each_reason_names_what_it_rests_on(
    reason: KeyReason, row: tuple[Changes, dict[str, str]]
) -> None:
    """Whoever has to act finds vault, key, version and identity, and need not look them up."""
    changes, evidence = row

    assert found(judged(with_changes(POLICIES, changes))) == {reason: evidence}


@pytest.mark.parametrize(
    ("changes", "newest"),
    [({f"{_OLDER}.created": SECONDS}, OLD), (_OTHER_IS_LATEST, _OTHER)],
    ids=["by its time", "by what the name of the key leads to"],
)
def test_a_pinned_version_is_named_beside_the_newest(changes: Changes, newest: str) -> None:
    """Which to change to."""
    evidence = found(judged(with_changes(ROLES, changes)))

    replaced = {"keyVersion": NEW, "newestVersion": newest, "expires": "2027-11-25T12:00:00Z"}
    assert evidence == dict.fromkeys(_REPLACED, replaced)
