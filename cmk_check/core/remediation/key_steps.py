"""The steps that end what is wrong with a key, in words: what, why, and what to be careful about.

Facts about Azure: Key Vault's pages on soft delete, on recovery ("role assignments are not
restored") and on keys; docs/remediation.md names them.
"""

from collections.abc import Sequence
from dataclasses import replace
from typing import Final

from cmk_check.core.remediation.steps import ASSIGN_IDENTITY, Action, PlanStep
from cmk_check.core.resource_id import AccountId


def _decided(warning: str, variable: str) -> str:
    return f"{warning} The script does this only if it is run with {variable}=yes."


_ON_PURPOSE: Final = "Somebody may have {} on purpose, to revoke access: ask the owner of the key."

FIND_KEY: Final = PlanStep(
    Action.FIND_KEY,
    "Sign in to the account's subscription, and find its key",
    "What was found may have changed since: the account has to use the same key still.",
)
REPLACE_KEY: Final = PlanStep(
    Action.REPLACE_KEY,
    "Sign in to the account's subscription, and find its key",
    "The key is of a type or size that the service does not take, and neither can be changed: the "
    "account gets another key of the same vault.",
)
REPLACE_BLOCKED_KEY: Final = replace(
    REPLACE_KEY,
    action=Action.REPLACE_BLOCKED_KEY,
    warning=_decided(
        "The account cannot use its key for another reason too. "
        + _ON_PURPOSE.format("brought this about"),
        "CONFIRM_REPLACE_KEY",
    ),
)
RECOVER_VAULT: Final = PlanStep(
    Action.RECOVER_VAULT,
    "Recover the vault, if it is soft-deleted",
    "A deleted vault can be recovered with everything in it until its retention period is over. "
    "After that, nothing brings it back, nor what its keys protect.",
    _decided(_ON_PURPOSE.format("deleted it"), "CONFIRM_RECOVER_VAULT"),
)
RECOVER_KEY: Final = PlanStep(
    Action.RECOVER_KEY,
    "Recover the key, if it is soft-deleted",
    "A deleted key can be recovered with all its versions until the vault's retention period is "
    "over. After that, only a backup brings it back. A version alone cannot be recovered.",
    _decided(_ON_PURPOSE.format("deleted it"), "CONFIRM_RECOVER_KEY"),
)
ENABLE_KEY: Final = PlanStep(
    Action.ENABLE_KEY,
    "Enable the version of the key that the account uses",
    "With a disabled key the account's data cannot be read.",
    _decided(_ON_PURPOSE.format("disabled it"), "CONFIRM_ENABLE_KEY"),
)
START_KEY: Final = PlanStep(
    Action.START_KEY,
    "Let the key be valid from today",
    "Before its activation date a key cannot protect new data.",
    _decided(
        "Somebody has chosen the later date: ask the owner of the key.",
        "CONFIRM_START_KEY",
    ),
)
PERMIT_WRAPPING: Final = PlanStep(
    Action.PERMIT_WRAPPING,
    "Permit the key to wrap and unwrap",
    "The service needs both. What else the key may do stays as it is.",
    _decided(_ON_PURPOSE.format("taken them away"), "CONFIRM_OPERATIONS"),
)
RESTORE_IDENTITY: Final = replace(
    ASSIGN_IDENTITY,
    action=Action.RESTORE_IDENTITY,
    warning=_decided(_ON_PURPOSE.format("taken it away"), "CONFIRM_IDENTITY"),
)
RENEW_KEY: Final = PlanStep(
    Action.RENEW_KEY,
    "Make a new version of the key, if the newest one ends within 30 days",
    "A new version protects new data, and the older ones still read what they protect. A later "
    "date for the old version would keep a key in use for longer than its owner has planned.",
    "A version cannot be deleted alone. Keep the older ones enabled: data that they protect cannot "
    "be read without them. The vault's rotation policy says when the new one ends. If the newest "
    "version is disabled, the script stops: only the owner of the key may bring it back.",
)
OPEN_FIREWALL: Final = PlanStep(
    Action.OPEN_FIREWALL,
    "Let trusted Azure services pass the vault's firewall",
    "Without this exception the account may not reach its key. Other rules stay as they are.",
    _decided(
        "Somebody has closed the firewall: ask the owner of the vault.",
        "CONFIRM_FIREWALL",
    ),
)
SOFT_DELETE: Final = PlanStep(
    Action.SOFT_DELETE,
    "Turn on soft delete of the vault",
    "Without it, a deleted key or vault is lost at once, and the account's data with it.",
    _decided(
        "It can never be turned off, and is for everything in the vault: ask the owner of the "
        "vault.",
        "CONFIRM_SOFT_DELETE",
    ),
)
PROTECT_FROM_PURGE: Final = PlanStep(
    Action.PROTECT_FROM_PURGE,
    "Turn on purge protection of the vault",
    "Without it, a deleted key or vault can be purged at once, and the account's data is lost.",
    _decided(
        "It can never be turned off, and is for everything in the vault: ask the owner of the "
        "vault.",
        "CONFIRM_PURGE_PROTECTION",
    ),
)
FOLLOW_KEY: Final = PlanStep(
    Action.FOLLOW_KEY,
    "Let the account follow the newest version of its key",
    "The account names one version, and stays with it when that one ends or is replaced. Without "
    "a version it follows the key's rotation by itself.",
    "Keep the older version enabled until the account uses the new one.",
)
REPEAT_UPDATE: Final = PlanStep(
    Action.REPEAT_UPDATE,
    "Repeat the update of the account, if the last one failed",
    "Azure does not say whether the account uses the key that it names. It gets the same "
    "encryption settings again.",
)
VERIFY_KEY: Final = PlanStep(
    Action.VERIFY_KEY,
    "Verify that the key can be used",
    "Only what Azure answers counts. The next scan judges the key again.",
)

_GRANT_WHY: Final = (
    "It gets read, wrap and unwrap on this one key (Key Vault Crypto Service Encryption User), or, "
    "where the vault uses access policies, get, wrapKey and unwrapKey."
)


def grant_again(*, user: bool, follows: bool = False) -> PlanStep:
    """Return the step that lets the identity of the account use the key again.

    ``follows`` where a step before it brings back the vault or the identity, which is decided then.
    """
    which = "user-assigned" if user else "system-assigned"
    warning = _decided(_ON_PURPOSE.format("taken the access away"), "CONFIRM_GRANT")
    after = " Right after it has brought back the vault or the identity itself, it does not ask."
    return PlanStep(
        Action.GRANT_AGAIN,
        f"Let the account's {which} identity use the key",
        _GRANT_WHY,
        f"{warning}{after}" if follows else warning,
    )


def key_summary(account: AccountId, steps: int, left: Sequence[str]) -> str:
    """Say what a plan for a key is for, how long it is, and which reasons it leaves."""
    text = (
        f"End what is wrong with the key of {account.name} in resource group "
        f"{account.resource_group}, in {steps} steps."
    )
    if not left:
        return text
    return f"{text} It does not end {', '.join(left)}: see there who acts."
