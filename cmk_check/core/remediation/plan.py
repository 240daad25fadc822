"""A plan that fixes an account or its key, as data for the renderers.

This program never runs a plan and changes nothing in Azure. docs/remediation.md explains each step
and the limits of a plan.
"""

import hashlib
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from cmk_check.core.keys.key_health import KeyConcern
from cmk_check.core.remediation.steps import (
    ON_ACCOUNTS,
    TERRAFORM_WARNING,
    Action,
    PlanStep,
    render_comment,
)
from cmk_check.core.resource_id import AccountId

VAULT_PREFIX: Final = "kv-cmk-"

CONSTANTS: Final[Mapping[str, str]] = {
    # Both of Microsoft's pages allow a key of 2048 bits; the page on Azure OpenAI allows only this
    # size.
    "key_size": "2048",
    "retention_days": "90",
    # Key Vault Crypto Service Encryption User: read, wrap and unwrap a key, and nothing else.
    "role_id": "e147488a-f6f5-4113-8e2d-b22465e65bf6",
    # Earlier versions of the vault's API retire in February 2027.
    "key_vault_api": "2026-02-01",
}
"""The constants that every plan uses, by their names in the templates."""


@dataclass(frozen=True, slots=True)
class TargetVault:
    """The vault that contains, or will contain, the key.

    ``resource_group`` is None if only the name of an existing vault is known. ``is_shared`` means
    that the plans of several accounts use this vault and the same key.
    """

    name: str
    subscription_id: str
    resource_group: str | None
    is_new: bool
    is_shared: bool = False
    is_hsm: bool = False


@dataclass(frozen=True, slots=True)
class Plan:
    """The steps for one account, and the names that the steps use.

    >>> plan = plan_for(finding, vault="kv-team")
    >>> plan.vault.name, plan.vault.is_new
    ('kv-team', False)
    """

    summary: str
    """Plain text, like the texts of the steps, with any character that Azure allows."""
    steps: tuple[PlanStep, ...]
    account: AccountId
    location: str | None
    """The account's region; None if it is not known."""
    tenant_id: str | None
    user: bool
    """Whether a user-assigned identity of the account uses the key."""
    client_id: str | None
    """The client id of this identity; None if the script must read it from the account."""
    vault: TargetVault
    key: str
    kind: str | None = None
    principal_id: str | None = None
    """The object id of the identity that uses the key; None if it is not known."""
    vault_uri: str | None = None
    """The address of the vault that the account names; None if it names none."""
    is_set: bool = False
    """Whether the account's key source is already a key vault."""
    version: str | None = None
    """The version of the key that the account uses."""
    is_pinned: bool = False
    """Whether the account pins this version, and no step changes that."""
    is_named: bool = False
    """Whether a person named the key, so that it probably exists."""
    replaces: str | None = None
    """The current key of the account, which the plan replaces."""
    left: tuple[KeyConcern, ...] = ()
    """The reasons of key health that the steps do not fix."""

    @property
    def actions(self) -> tuple[Action, ...]:
        """The actions of the plan's steps, in order."""
        return tuple(step.action for step in self.steps)

    @property
    def account_path(self) -> str:
        """The account's ARM id in Azure's casing, because ids are case-sensitive in Terraform."""
        place = f"/subscriptions/{self.account.subscription_id}/resourceGroups"
        return (
            f"{place}/{self.account.resource_group}/providers/Microsoft.CognitiveServices/accounts/"
            f"{self.account.name}"
        )

    @property
    def vault_path(self) -> str | None:
        """The vault's ARM id, or None if the vault's resource group is unknown."""
        vault = self.vault
        if vault.resource_group is None:
            return None
        kind = "managedHSMs" if vault.is_hsm else "vaults"
        return (
            f"/subscriptions/{vault.subscription_id}/resourceGroups/{vault.resource_group}"
            f"/providers/Microsoft.KeyVault/{kind}/{vault.name}"
        )

    @property
    def warning(self) -> str | None:
        """The warning for accounts managed by Terraform, or None if no step changes an account."""
        changes_account = not ON_ACCOUNTS.isdisjoint(self.actions)
        return TERRAFORM_WARNING if changes_account else None

    def cautions(self, comment: str) -> str:
        """Return the warnings of the plan and of its steps as comment lines."""
        first = render_comment(comment, "Terraform", self.warning) if self.warning else ""
        return first + "".join(step.caution(comment) for step in self.steps)


def new_key(account: AccountId, vault: TargetVault) -> str:
    """Return the name of the key that a plan creates for one account or for a shared vault."""
    shared = vault.name.removeprefix(VAULT_PREFIX)
    return f"cmk-{shared if vault.is_shared else hash_text(account.text)}"


def hash_text(text: str) -> str:
    """Return a hash of 16 characters for the name of a vault, which must be globally unique."""
    return hashlib.sha256(text.encode(errors="replace")).hexdigest()[:16]


def match_text(pattern: str | re.Pattern[str], text: str | None) -> str | None:
    """Return ``text`` if it matches ``pattern``, else None."""
    return text if text is not None and re.fullmatch(pattern, text) else None
