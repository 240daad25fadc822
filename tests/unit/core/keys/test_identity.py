"""Each reason of key health that concerns the identity that uses the key."""

from typing import Final

import pytest

from cmk_check.core.enums import KeyReason
from tests.unit.core.key_examples import (
    CLIENT,
    POLICIES,
    ROLES,
    SETTINGS,
    SYSTEM,
    USER,
    Changes,
    Expected,
    found,
    judged,
    with_changes,
)

_BLOCK: Final = "roles.0.properties.permissions.0"
_LACKING: Final = {"identity": SYSTEM.lower(), "missingPermissions": "get, wrapKey, unwrapKey"}


_SYSTEM_ASSIGNED: Final[dict[str, tuple[Changes, Expected]]] = {
    "no identity": (
        {"account.identity": None},
        {KeyReason.IDENTITY_MISSING: {}},
    ),
    "identity switched off": (
        {"account.identity": {"type": "None"}},
        {KeyReason.IDENTITY_MISSING: {"identityType": "None"}},
    ),
    "user-assigned identity that is not attached": (
        {f"{SETTINGS}.identityClientId": f" {CLIENT} "},
        {
            KeyReason.IDENTITY_MISSING: {
                "identityType": "SystemAssigned",
                "identityClientId": CLIENT.lower(),
            }
        },
    ),
    "no policy": (
        {"vault.properties.accessPolicies": []},
        {KeyReason.IDENTITY_LACKS_PERMISSION: _LACKING},
    ),
}


_USER_ASSIGNED: Final[dict[str, tuple[Changes, Expected]]] = {
    "attached identity without a client id": (
        {"account.identity.userAssignedIdentities": {"/a": {"principalId": USER}}},
        {KeyReason.CANNOT_READ: {"notSeen": "identity"}},
    ),
    "another identity is attached": (
        {"account.identity.userAssignedIdentities": {"/a": {"clientId": "x", "principalId": USER}}},
        {
            KeyReason.IDENTITY_MISSING: {
                "identityType": "SystemAssigned, UserAssigned",
                "identityClientId": CLIENT.lower(),
            }
        },
    ),
    "a role that allows a part": (
        {f"{_BLOCK}.notDataActions": ["*/WRAP/action"]},
        {
            KeyReason.IDENTITY_LACKS_PERMISSION: {
                "identity": USER.lower(),
                "missingPermissions": "Microsoft.KeyVault/vaults/keys/wrap/action",
            }
        },
    ),
    "an assignment under a condition": (
        {"assignments.0.properties.condition": "@Resource[a] StringEquals 'b'"},
        {KeyReason.CANNOT_READ: {"notSeen": "permissions", "identity": USER.lower()}},
    ),
    "a role under a condition": (
        {f"{_BLOCK}.condition": "@Resource[a] StringEquals 'b'"},
        {KeyReason.CANNOT_READ: {"notSeen": "permissions", "identity": USER.lower()}},
    ),
    "policies do not count beside roles": (
        {
            "assignments": [],
            "vault.properties.accessPolicies": [
                {"objectId": USER, "permissions": {"keys": ["all"]}}
            ],
        },
        {
            KeyReason.IDENTITY_LACKS_PERMISSION: {
                "identity": USER.lower(),
                "missingPermissions": "Microsoft.KeyVault/vaults/keys/read, "
                "Microsoft.KeyVault/vaults/keys/wrap/action, "
                "Microsoft.KeyVault/vaults/keys/unwrap/action",
            }
        },
    ),
}


@pytest.mark.parametrize(
    ("changes", "expected"), _SYSTEM_ASSIGNED.values(), ids=list(_SYSTEM_ASSIGNED)
)
def test_what_is_said_of_an_identity_and_its_policies(changes: Changes, expected: Expected) -> None:
    """Without an identity that may use it, a good key is of no use."""
    health = judged(with_changes(POLICIES, changes))

    assert found(health) == expected


@pytest.mark.parametrize(("changes", "expected"), _USER_ASSIGNED.values(), ids=list(_USER_ASSIGNED))
def test_what_is_said_of_an_identity_and_its_roles(changes: Changes, expected: Expected) -> None:
    """A role's name does not matter, but what it allows does."""
    health = judged(with_changes(ROLES, changes))

    assert found(health) == expected
