"""Who uses the key of an account, and whether that identity may."""

from collections.abc import Iterator
from typing import Final

from cmk_check.core.enums import KeyReason
from cmk_check.core.keys.concerns import Unseen, concern, unread
from cmk_check.core.keys.facts import Grant, Unread, Vault
from cmk_check.core.keys.permissions import missing_actions, missing_permissions, suffices
from cmk_check.core.model import Account, KeyConcern

_PERMISSIONS: Final = "permissions"
_NAMELESS: Final = Unseen(
    "identity",
    "Identity: Azure did not name the object id of the account's identity; the next scan tries "
    "again, and if it stays, attach the identity to the account again.",
)
_CONDITIONAL: Final = (
    "Role assignments: the identity is allowed to use the key under a condition only, and "
    "conditions are not evaluated here; assign it a role without one."
)
_PERHAPS_A_GROUP: Final = (
    "Access policies: none of the identity's own allows get, wrapKey and unwrapKey, and whether "
    "it is in a group that another one is for cannot be seen; give the identity such a policy of "
    "its own."
)


def user_of(account: Account) -> str | None:
    """Return the object id of the identity that uses the account's key, lower-cased, or None.

    Source: ``identityClientId`` of the account's key settings names a user-assigned identity;
    without it the system-assigned one is used.
    """
    client_id = _client_id(account)
    if not client_id:
        return account.principal_id
    matching = (each for each in account.user_identities if each.client_id == client_id)
    return next((each.principal_id for each in matching), None)


def of_user(account: Account) -> Iterator[KeyConcern | Unseen]:
    """Say what is wrong with the identity itself."""
    client_id = _client_id(account)
    if user_of(account) is None:
        if _may_have_one(account, client_id):
            yield _NAMELESS
        else:
            yield concern(
                KeyReason.IDENTITY_MISSING,
                {"identityType": account.identity_type, "identityClientId": client_id or None},
            )


def of_permissions(
    account: Account, vault: Vault, grants: tuple[Grant, ...] | Unread | None
) -> Iterator[KeyConcern | Unseen]:
    """Say whether the identity may read the key, wrap and unwrap with it."""
    user = user_of(account)
    if vault.is_managed_hsm:
        yield concern(KeyReason.MANAGED_HSM_NOT_VERIFIABLE, {"identity": user})
        return
    if user is None:
        return
    if vault.uses_rbac:
        yield from _of_roles(user, grants)
    else:
        yield from _of_policies(user, vault)


def _client_id(account: Account) -> str:
    return (account.identity_client_id or "").strip().lower()


def _may_have_one(account: Account, client_id: str) -> bool:
    """Tell an identity of which Azure left something out from one that is not there."""
    if client_id:
        return any(each.client_id in {client_id, None} for each in account.user_identities)
    return "systemassigned" in (account.identity_type or "").lower()


def _of_roles(
    user: str, grants: tuple[Grant, ...] | Unread | None
) -> Iterator[KeyConcern | Unseen]:
    if not isinstance(grants, tuple):
        yield unread(_PERMISSIONS, "Role assignments", grants)
    elif suffices(grants):
        return
    elif not missing_actions(grants, conditions_hold=True):
        yield Unseen(_PERMISSIONS, _CONDITIONAL, facts={"identity": user})
    else:
        yield _lacking(user, missing_actions(grants))


def _of_policies(user: str, vault: Vault) -> Iterator[KeyConcern | Unseen]:
    missing = missing_permissions(vault.policies.get(user, frozenset()))
    if not missing:
        return
    # The policies of several groups add up, so all of them together are looked at.
    if missing_permissions(frozenset().union(*vault.policies.values())):
        yield _lacking(user, missing)
    else:
        yield Unseen(_PERMISSIONS, _PERHAPS_A_GROUP, facts={"identity": user})


def _lacking(user: str, missing: tuple[str, ...]) -> KeyConcern:
    return concern(
        KeyReason.IDENTITY_LACKS_PERMISSION,
        {"identity": user, "missingPermissions": ", ".join(missing)},
    )
