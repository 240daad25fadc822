"""Whether what an identity was granted is enough to use a key: to read, wrap and unwrap with it.

Source: the page "Customer-managed keys for Microsoft Foundry" asks for get, wrapKey and unwrapKey
in access policies, or for the role Key Vault Crypto User, which holds the data actions below. Roles
are judged by what they allow, never by their id: companies have roles of their own.
"""

from collections.abc import Iterable
from fnmatch import fnmatchcase
from functools import lru_cache
from typing import Final

from cmk_check.core.keys.facts import Grant, RolePermissions
from cmk_check.core.text import lower_ascii
from cmk_check.limits import PATTERNS_REMEMBERED

NEEDED_ACTIONS: Final = (
    "Microsoft.KeyVault/vaults/keys/read",
    "Microsoft.KeyVault/vaults/keys/wrap/action",
    "Microsoft.KeyVault/vaults/keys/unwrap/action",
)
NEEDED_PERMISSIONS: Final = ("get", "wrapKey", "unwrapKey")
_EVERY_PERMISSION: Final = "all"


def suffices(grants: Iterable[Grant]) -> bool:
    """Tell whether these grants allow all that is needed, without those that hold conditionally."""
    return not missing_actions(grants)


def missing_actions(grants: Iterable[Grant], *, conditions_hold: bool = False) -> tuple[str, ...]:
    """Return the needed actions that no grant allows; conditions hold always or never."""
    blocks = [
        block
        for grant in grants
        for block in grant.permissions
        if conditions_hold or not (grant.conditional or block.conditional)
    ]
    return tuple(
        action for action in NEEDED_ACTIONS if not any(_allows(block, action) for block in blocks)
    )


def missing_permissions(allowed: frozenset[str]) -> tuple[str, ...]:
    """Return the needed permissions that are not among these, which are lower-cased."""
    if _EVERY_PERMISSION in allowed:
        return ()
    return tuple(name for name in NEEDED_PERMISSIONS if name.lower() not in allowed)


def _allows(block: RolePermissions, action: str) -> bool:
    """Exclusions take from their own block alone; what another one allows stays allowed.

    Source: the page "Understand Azure role definitions" (NotDataActions do not deny).
    """
    return _matches(block.data_actions, action) and not _matches(block.not_data_actions, action)


def _matches(patterns: Iterable[str], action: str) -> bool:
    return any(_covers(lower_ascii(pattern), action.lower()) for pattern in patterns)


@lru_cache(PATTERNS_REMEMBERED)
def _covers(pattern: str, action: str) -> bool:
    """Match ``*`` with any run of characters; fnmatch does so in linear time for any pattern."""
    return fnmatchcase(action, pattern.replace("[", "[[]").replace("?", "[?]"))
