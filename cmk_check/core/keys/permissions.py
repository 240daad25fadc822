"""Find the identity that uses an account's key, and check its permissions on the key.

Microsoft's page "Customer-managed keys for Microsoft Foundry" requires get, wrapKey and unwrapKey
in access policies, or the Key Vault Crypto User role, which has the data actions below. Roles are
judged by their data actions and not by their ids, because companies define custom roles.
"""

from collections.abc import Iterable, Iterator
from fnmatch import fnmatchcase
from functools import lru_cache
from typing import Final

from cmk_check.core.account import Account
from cmk_check.core.enums import KeyReason
from cmk_check.core.keys.facts import Grant, RolePermissions, Vault
from cmk_check.core.keys.key_health import KeyConcern, Unseen, concern, unread
from cmk_check.core.reasons import key_sentences as sentences
from cmk_check.core.text import lower_ascii
from cmk_check.core.unread import Unread
from cmk_check.limits import BLOCKS_REMEMBERED

NEEDED_ACTIONS: Final = (
    "Microsoft.KeyVault/vaults/keys/read",
    "Microsoft.KeyVault/vaults/keys/wrap/action",
    "Microsoft.KeyVault/vaults/keys/unwrap/action",
)
NEEDED_PERMISSIONS: Final = ("get", "wrapKey", "unwrapKey")
_PERMISSIONS: Final = "permissions"


def get_key_user(account: Account) -> str | None:
    """Return the lower-cased object id of the identity that uses an account's key, if known.

    ``identityClientId`` in the account's key settings names a user-assigned identity. Without
    ``identityClientId``, the account uses its system-assigned identity.
    """
    client_id = _client_id(account)
    if not client_id:
        return account.principal_id
    matching = (each for each in account.user_identities if each.client_id == client_id)
    return next((each.principal_id for each in matching), None)


def check_identity(account: Account) -> Iterator[KeyConcern | Unseen]:
    """Yield a problem if the identity that uses an account's key is missing or unclear."""
    if get_key_user(account) is not None:
        return
    # An identity may exist even if Azure's response lacks one of its ids.
    if client_id := _client_id(account):
        is_there = any(each.client_id in {client_id, None} for each in account.user_identities)
    else:
        is_there = "systemassigned" in (account.identity_type or "").lower()
    if is_there:
        yield Unseen("identity", sentences.IDENTITY)
    else:
        facts = {"identityType": account.identity_type, "identityClientId": client_id or None}
        yield concern(KeyReason.IDENTITY_MISSING, facts)


def check_permissions(
    account: Account, vault: Vault, grants: tuple[Grant, ...] | Unread | None
) -> Iterator[KeyConcern | Unseen]:
    """Yield a problem if the account's identity lacks a key permission, or if this is unclear."""
    user = get_key_user(account)
    if vault.is_managed_hsm:
        yield concern(KeyReason.MANAGED_HSM_NOT_VERIFIABLE, {"identity": user})
        return
    if user is None:
        return
    if not vault.uses_rbac:
        missing = list_missing_permissions(vault.policies.get(user, frozenset()))
        # The policies of several groups add up, so the best case combines all policies.
        at_best = missing and list_missing_permissions(frozenset().union(*vault.policies.values()))
        unclear = sentences.POLICY_OF_A_GROUP
    elif isinstance(grants, tuple):
        missing = list_missing_actions(grants)
        at_best = missing and list_missing_actions(grants, conditions_hold=True)
        unclear = sentences.CONDITIONAL_ROLE
    else:
        yield unread(_PERMISSIONS, "Role assignments", grants)
        return
    if at_best:
        facts = {"identity": user, "missingPermissions": ", ".join(missing)}
        yield concern(KeyReason.IDENTITY_LACKS_PERMISSION, facts)
    elif missing:
        yield Unseen(_PERMISSIONS, unclear, facts={"identity": user})


def suffices(grants: Iterable[Grant]) -> bool:
    """Return whether the unconditional ``grants`` together allow all needed actions."""
    return not list_missing_actions(grants)


def list_missing_actions(
    grants: Iterable[Grant], *, conditions_hold: bool = False
) -> tuple[str, ...]:
    """Return the needed actions that no grant allows; ignore conditions if ``conditions_hold``."""
    blocks = [
        block
        for grant in grants
        for block in grant.permissions
        if conditions_hold or not (grant.conditional or block.conditional)
    ]
    return tuple(
        action for action in NEEDED_ACTIONS if not any(_allows(block, action) for block in blocks)
    )


def list_missing_permissions(allowed: frozenset[str]) -> tuple[str, ...]:
    """Return the needed key permissions that are not in ``allowed``, which is lower-cased."""
    if "all" in allowed:
        return ()
    return tuple(name for name in NEEDED_PERMISSIONS if name.lower() not in allowed)


def _client_id(account: Account) -> str:
    return (account.identity_client_id or "").strip().lower()


@lru_cache(BLOCKS_REMEMBERED)
def _allows(block: RolePermissions, action: str) -> bool:
    """Return whether one block of a role allows an action, whatever other blocks exclude.

    Source: Microsoft's page "Understand Azure role definitions" (NotDataActions do not deny).
    """
    return _matches(block.data_actions, action) and not _matches(block.not_data_actions, action)


def _matches(patterns: Iterable[str], action: str) -> bool:
    """Return whether any pattern matches an action, in linear time even for hostile patterns."""
    return any(
        fnmatchcase(action.lower(), lower_ascii(pattern).replace("[", "[[]").replace("?", "[?]"))
        for pattern in patterns
    )
