"""An identity's grants are judged by what they allow, never by a role's name."""

from typing import Any, Final

import pytest

from cmk_check.core.enums import KeyReason
from cmk_check.core.keys.facts import Grant, RolePermissions
from cmk_check.core.keys.permissions import NEEDED_ACTIONS, list_missing_actions, suffices
from tests.unit.core.key_examples import POLICIES, SYSTEM, changed, found, judged

READ, WRAP, UNWRAP = NEEDED_ACTIONS
_ALL_THREE: Final = (READ, WRAP, UNWRAP)


def _grant(
    *allowed: str, less: tuple[str, ...] = (), conditional: bool = False, block: bool = False
) -> Grant:
    return Grant("role", "/", (RolePermissions(allowed, less, block),), conditional)


# Companies have custom roles, which must not count as broken.
_SUFFICIENT: Final[dict[str, tuple[Grant, ...]]] = {
    "Key Vault Crypto Service Encryption User": (_grant(*_ALL_THREE),),
    "Key Vault Crypto Officer": (_grant("Microsoft.KeyVault/vaults/keys/*"),),
    "in other case": (_grant(*(action.upper() for action in _ALL_THREE)),),
    "stars within": (_grant("microsoft.keyvault/*/keys/read", "*/keys/*wrap/action"),),
    "over several grants": (_grant(READ), _grant(WRAP), _grant(UNWRAP)),
    "excluded there, allowed here": (_grant("*", less=(READ,)), _grant(READ)),
    "something else is excluded": (_grant("*", less=("*/delete", "*/secrets/*")),),
    "a condition on what is not needed": (_grant(*_ALL_THREE), _grant("*", conditional=True)),
}
_GRANTS: Final[dict[str, tuple[tuple[Grant, ...], tuple[str, ...]]]] = {
    **{name: (grants, ()) for name, grants in _SUFFICIENT.items()},
    "nothing": ((), _ALL_THREE),
    "Key Vault Reader": (
        (_grant("Microsoft.KeyVault/vaults/*/read", "Microsoft.KeyVault/vaults/secrets/*"),),
        (WRAP, UNWRAP),
    ),
    "no wrapping": ((_grant("*", less=("*/keys/WRAP/*",)),), (WRAP,)),
    "no unwrapping": ((_grant("*", less=(UNWRAP.upper(),)),), (UNWRAP,)),
    "all excluded again": ((_grant("*", less=("*",)),), _ALL_THREE),
    "a longer action": ((_grant(*(f"{action}/x" for action in _ALL_THREE)),), _ALL_THREE),
    "a shorter action": ((_grant(*(action[:-1] for action in _ALL_THREE)),), _ALL_THREE),
    "only under a condition": ((_grant("*", conditional=True),), _ALL_THREE),
    "only in a block under a condition": ((_grant("*", block=True),), _ALL_THREE),
    "looks like it": ((_grant("Microsoft.\u212aeyVault/vaults/keys/*"),), _ALL_THREE),
    "dots are no wildcards": ((_grant("Microsoft-KeyVault/vaults/keys/*"),), _ALL_THREE),
    "question marks are no wildcards": ((_grant("Microsoft.KeyVault/vault?/keys/*"),), _ALL_THREE),
    "brackets are no wildcards": ((_grant("Microsoft.KeyVault/vault[s]/keys/*"),), _ALL_THREE),
}


@pytest.mark.parametrize(("grants", "missing"), _GRANTS.values(), ids=list(_GRANTS))
def test_what_grants_lack(grants: tuple[Grant, ...], missing: tuple[str, ...]) -> None:
    """P1: a grant that only looks right leaves the data unreadable."""
    assert (suffices(grants), list_missing_actions(grants)) == (not missing, missing)


@pytest.mark.parametrize("pattern", ["*" * 500 + "!", "*e" * 500, "*key*" * 200])
def test_a_pattern_of_many_stars_is_answered_at_once(pattern: str) -> None:
    """P8: a person who may write a role must not be able to stop a scan."""
    assert not suffices([_grant(pattern)])


def _policy(owner: str, *keys: str, **others: object) -> dict[str, Any]:
    return {"objectId": owner, "permissions": {"keys": list(keys)}, **others}


_SOUND: Final = ("get", "wrapKey", "unwrapKey")
_POLICIES: Final[dict[str, tuple[list[dict[str, Any]], KeyReason | None]]] = {
    "its own": ([_policy(SYSTEM, *_SOUND)], None),
    "its own, with all": ([_policy(SYSTEM, "ALL")], None),
    "its own, but behind an application": (
        [_policy(SYSTEM, *_SOUND, applicationId="app")],
        KeyReason.IDENTITY_LACKS_PERMISSION,
    ),
    "its own without one of them": (
        [_policy(SYSTEM, "get", "wrapKey", "list")],
        KeyReason.IDENTITY_LACKS_PERMISSION,
    ),
    "others' that allow less": (
        [_policy("other", "get", "list"), _policy("third", "get", "wrapKey")],
        KeyReason.IDENTITY_LACKS_PERMISSION,
    ),
    "another's, perhaps a group": ([_policy("other", *_SOUND)], KeyReason.CANNOT_READ),
    "its own and others', perhaps groups, together": (
        [_policy(SYSTEM, "get"), _policy("a", "wrapKey"), _policy("b", "unwrapKey")],
        KeyReason.CANNOT_READ,
    ),
    "another's behind an application": (
        [_policy("other", *_SOUND, applicationId="app")],
        KeyReason.IDENTITY_LACKS_PERMISSION,
    ),
}


@pytest.mark.parametrize(("policies", "code"), _POLICIES.values(), ids=list(_POLICIES))
def test_access_policies(policies: list[dict[str, Any]], code: KeyReason | None) -> None:
    """A key is broken only if no group could help, and healthy only if that was read."""
    health = judged(changed(POLICIES, "vault.properties.accessPolicies", policies))

    assert list(found(health)) == ([code] if code else [])
