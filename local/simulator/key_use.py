"""Whether an account could use a key: Azure refuses to put it under one that it could not.

The key must be in a vault of the estate, and the account's identity must be allowed to read, wrap
and unwrap with it: by a role, or by an access policy. Keys of managed HSMs are refused, because
their own roles are not simulated.
"""

from collections.abc import Mapping, Sequence
from fnmatch import fnmatchcase
from typing import Any, Final

from local.simulator.estate import Account, Estate
from local.simulator.roles import Permission
from local.simulator.vaults import Key, Vault

_POLICY: Final = frozenset({"get", "wrapkey", "unwrapkey"})
_ACTIONS: Final = tuple(
    f"microsoft.keyvault/vaults/keys/{action}"
    for action in ("read", "wrap/action", "unwrap/action")
)


def usable(estate: Estate, account: Account, named: Mapping[str, Any]) -> bool:
    """Return whether the account could use the key that ``keyVaultProperties`` name."""
    principal_id = account.principal_of(named.get("identityClientId"))
    vault = _vault(estate, str(named.get("keyVaultUri", "")))
    key = None if vault is None else vault.key(str(named.get("keyName", "")))
    if principal_id is None or vault is None or key is None:
        return False
    if vault.find("properties.enableRbacAuthorization") is True:
        return _by_roles(estate, key, principal_id)
    held = {permission.lower() for permission in vault.permissions(principal_id)}
    return held >= _POLICY or "all" in held


def _vault(estate: Estate, uri: str) -> Vault | None:
    wanted = uri.rstrip("/").lower()
    for subscription in estate.subscriptions:
        for vault in subscription.vaults.all:
            if str(vault.find("properties.vaultUri")).rstrip("/").lower() == wanted:
                return vault
    return None


def _by_roles(estate: Estate, key: Key, principal_id: str) -> bool:
    parts = key.id.split("/")
    above = ["/".join(parts[:length]) for length in range(3, len(parts) + 1)]
    holders = estate.grants.holders(principal_id)
    permissions = [
        permission
        for assignment in estate.grants.at_or_above(above)
        if assignment.principal_id.lower() in holders
        for permission in assignment.role.permissions
    ]
    return all(any(_allows(each, action) for each in permissions) for action in _ACTIONS)


def _allows(permission: Permission, action: str) -> bool:
    return _among(permission.data_actions, action) and not _among(
        permission.not_data_actions, action
    )


def _among(patterns: Sequence[str], action: str) -> bool:
    return any(fnmatchcase(action, pattern.lower()) for pattern in patterns)
