"""Who uses the key of an account, and whether that identity may."""

from collections.abc import Iterator
from typing import Final

from cmk_check.core.account import Account
from cmk_check.core.enums import KeyReason
from cmk_check.core.keys.concerns import Unseen, concern, unread
from cmk_check.core.keys.facts import Grant, Vault
from cmk_check.core.keys.key_health import KeyConcern
from cmk_check.core.keys.permissions import missing_actions, missing_permissions, suffices
from cmk_check.core.reasons import key_sentences as sentences
from cmk_check.core.unread import Unread

_PERMISSIONS: Final = "permissions"


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
            yield Unseen("identity", sentences.IDENTITY)
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
        yield Unseen(_PERMISSIONS, sentences.CONDITIONAL_ROLE, facts={"identity": user})
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
        yield Unseen(_PERMISSIONS, sentences.POLICY_OF_A_GROUP, facts={"identity": user})


def _lacking(user: str, missing: tuple[str, ...]) -> KeyConcern:
    return concern(
        KeyReason.IDENTITY_LACKS_PERMISSION,
        {"identity": user, "missingPermissions": ", ".join(missing)},
    )
