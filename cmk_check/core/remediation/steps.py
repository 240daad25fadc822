"""The steps of a remediation plan in words: what, why, and what cannot be taken back.

Facts about Azure: Microsoft's pages "Customer-managed keys for Microsoft Foundry" and "Azure OpenAI
encryption of data at rest", which differ in places; docs/remediation.md says where.
"""

import textwrap
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Final

from cmk_check.core.resource_id import AccountId


class Action(StrEnum):
    """What a step does; a renderer has its own way of doing each."""

    SIGN_IN = "sign_in"
    ASSIGN_IDENTITY = "assign_identity"
    CREATE_VAULT = "create_vault"
    CHECK_VAULT = "check_vault"
    CREATE_KEY = "create_key"
    GRANT = "grant"
    WAIT = "wait"
    SWITCH_ON = "switch_on"
    VERIFY = "verify"
    FIND_KEY = "find_key"
    REPLACE_KEY = "replace_key"
    REPLACE_BLOCKED_KEY = "replace_blocked_key"
    RECOVER_VAULT = "recover_vault"
    RECOVER_KEY = "recover_key"
    ENABLE_KEY = "enable_key"
    START_KEY = "start_key"
    PERMIT_WRAPPING = "permit_wrapping"
    RESTORE_IDENTITY = "restore_identity"
    OPEN_FIREWALL = "open_firewall"
    SOFT_DELETE = "soft_delete"
    PROTECT_FROM_PURGE = "protect_from_purge"
    GRANT_AGAIN = "grant_again"
    RENEW_KEY = "renew_key"
    FOLLOW_KEY = "follow_key"
    REPEAT_UPDATE = "repeat_update"
    VERIFY_KEY = "verify_key"


@dataclass(frozen=True, slots=True)
class PlanStep:
    """One step, as plain text for people; ``warning`` is what cannot be taken back, or None."""

    action: Action
    title: str
    why: str
    warning: str | None = None

    def caution(self, comment: str) -> str:
        """Return title and warning as lines that each begin with a comment's sign, or nothing."""
        if self.warning is None:
            return ""
        lines = textwrap.wrap(self.warning, 92, break_long_words=False)
        return "".join(
            f"{comment}{line}\n"
            for line in (f" - {self.title}:", *(f"   {line}" for line in lines))
        )


SIGN_IN: Final = PlanStep(
    Action.SIGN_IN,
    "Sign in to the account's subscription",
    "Vault, key and account must be in one tenant, and everything else is done there.",
)
ASSIGN_IDENTITY: Final = PlanStep(
    Action.ASSIGN_IDENTITY,
    "Give the account a system-assigned identity",
    "The account reads the key as itself; without an identity nothing can be granted to it.",
    "Once the key is in use, removing this identity makes the account's data unreadable.",
)
CREATE_VAULT: Final = PlanStep(
    Action.CREATE_VAULT,
    "Create a key vault with purge protection",
    "The vault has to be in the account's region and tenant. Azure refuses a key that could be "
    "purged, so soft delete (90 days) and purge protection are required.",
    "Purge protection can never be turned off, nor can the 90 days be changed: a deleted vault or "
    "key stays, and its name stays taken, until they are over.",
)
CHECK_VAULT: Final = PlanStep(
    Action.CHECK_VAULT,
    "Check the existing vault",
    "The vault has to be in the account's region and tenant, its firewall has to let Azure "
    "services in, and Azure refuses a key that could be purged.",
    "Where its purge protection is off, ask whoever owns the vault before you turn it on: it is "
    "for everything in the vault and for ever, and what is deleted stays until the vault's "
    "retention period is over.",
)
CREATE_KEY: Final = PlanStep(
    Action.CREATE_KEY,
    "Create an RSA key that is renewed every year",
    "RSA with 2048 bits is what all of Microsoft's pages accept. A rotation policy makes a new "
    "version every year. A key that exists is checked and left as it is.",
    "Whoever deletes or disables the key later makes the account's data unreadable.",
)
CREATE_SHARED_VAULT: Final = replace(
    CREATE_VAULT, title="Create the shared key vault with purge protection, or find it"
)
CREATE_SHARED_KEY: Final = replace(
    CREATE_KEY,
    title="Create the shared RSA key that is renewed every year, or find it",
    warning="Whoever deletes or disables the key later makes the data of all accounts unreadable "
    "that share it.",
)
WAIT: Final = PlanStep(
    Action.WAIT,
    "Wait until the grant has taken effect",
    "A grant takes minutes to reach the vault, and what is tried sooner fails with a misleading "
    "error; so the next step is tried again for ten minutes.",
)
VERIFY: Final = PlanStep(
    Action.VERIFY,
    "Verify that the account names the key",
    "Only what Azure answers counts. The next scan closes the finding.",
)

_GRANT_WHY: Final = (
    "It is the account that wraps and unwraps with the key, not whoever runs this. It gets read, "
    "wrap and unwrap on this one key (Key Vault Crypto Service Encryption User), or, where the "
    "vault uses access policies, get, wrapKey and unwrapKey."
)
_GRANT_WARNING: Final = (
    "Once the key is in use, taking this grant away makes the account's data unreadable."
)
_SWITCH_WHY: Final = (
    "The key is named without a version, so that the account follows its rotation by itself; "
    "a pinned version would have to be updated by hand each time."
)
_FOUNDRY_WARNING: Final = (
    "One way: a Foundry account cannot go back to Microsoft's keys, and can later use only "
    "another key of the same vault."
)
_OTHER_WARNING: Final = (
    "Take it for one way: Microsoft's pages disagree on the way back to Microsoft's keys, and "
    "another key can later be chosen in the same vault alone."
)
_FOUNDRY: Final = "aiservices"


def grant(*, user: bool) -> PlanStep:
    """Return the step that lets an identity of the account use the key."""
    which = "user-assigned" if user else "system-assigned"
    return PlanStep(
        Action.GRANT,
        f"Let the account's {which} identity use the key",
        _GRANT_WHY,
        _GRANT_WARNING,
    )


def switch_on(kind: str | None) -> PlanStep:
    """Return the step that sets the account's encryption."""
    is_foundry = (kind or "").lower() == _FOUNDRY
    return PlanStep(
        Action.SWITCH_ON,
        "Switch encryption to the key, without a version",
        _SWITCH_WHY,
        _FOUNDRY_WARNING if is_foundry else _OTHER_WARNING,
    )


def summary(account: AccountId, steps: int) -> str:
    """Say what a plan is for, and how long it is."""
    return (
        f"Put {account.name} in resource group {account.resource_group} under a customer-managed "
        f"key, in {steps} steps."
    )
