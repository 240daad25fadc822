"""Find problems with the vault that contains an account's key."""

from collections.abc import Iterator
from dataclasses import replace
from typing import Final

from cmk_check.core.account import Account
from cmk_check.core.enums import GapReason, KeyReason
from cmk_check.core.gap import Gap
from cmk_check.core.keys.facts import KeyFacts, Vault
from cmk_check.core.keys.key_health import KeyConcern, Unseen, concern, unread
from cmk_check.core.keys.parsing import vault_name
from cmk_check.core.reasons import key_sentences as sentences
from cmk_check.core.text import lower_ascii
from cmk_check.core.unread import Absent, Unread

_VAULT: Final = "vault"

# The documented values, lower-cased. A missing value means no restriction.
_ACTIONS: Final = {"", "allow", "deny"}
_ACCESS: Final = {"", "enabled", "disabled", "securedbyperimeter"}


def mark_untrusted_vault(account: Account, facts: KeyFacts) -> KeyFacts:
    """Return ``facts``; mark the vault unread if its document is malformed or another vault's.

    A malformed vault document may state the opposite of the truth.
    """
    vault = facts.vault
    if not isinstance(vault, Vault):
        return facts
    name = vault_name(account.key_vault_uri)
    if name is None or vault_name(vault.uri) != name:
        return replace(facts, vault=Unread(_odd(sentences.ANOTHER_VAULT)), key=None)
    if vault.malformed is not None:
        gap = _odd(sentences.describe_malformed(vault.malformed, "az keyvault show"))
        return replace(facts, vault=Unread(gap, vault.id or None))
    return facts


def check_vault(account: Account, vault: Vault | Absent | Unread) -> Iterator[KeyConcern | Unseen]:
    """Yield problems with a vault: a missing vault, missing protection, or the firewall."""
    if isinstance(vault, Unread):
        yield unread(_VAULT, "Vault", vault)
    elif isinstance(vault, Absent):
        yield concern(
            KeyReason.VAULT_NOT_FOUND, {"vaultId": vault.id, "keyVaultUri": account.key_vault_uri}
        )
    else:
        # Soft delete of a Managed HSM cannot be switched off. Azure also enables soft delete on all
        # vaults ("Soft-delete will be enabled on all key vaults"), so a missing value means that it
        # is on. Purge protection, which is checked next, requires soft delete.
        if vault.soft_delete is False and not vault.is_managed_hsm:
            yield concern(KeyReason.VAULT_SOFT_DELETE_OFF, {"vaultId": vault.id})
        if not vault.purge_protection:
            yield concern(KeyReason.VAULT_PURGE_PROTECTION_OFF, {"vaultId": vault.id})
        yield from _check_firewall(vault)


def _odd(sentence: str) -> Gap:
    return Gap(GapReason.UNEXPECTED_RESPONSE, detail=sentence)


def _check_firewall(vault: Vault) -> Iterator[KeyConcern | Unseen]:
    """Yield problems with a vault's ``networkAcls`` and ``publicNetworkAccess``.

    Source: Microsoft's page "Configure network security for Azure Key Vault". The bypass, which is
    on by default, lets trusted services through a closed firewall. A network security perimeter
    overrides the bypass.
    """
    action, access = _set_to(vault)
    facts = {
        "vaultId": vault.id,
        "defaultAction": vault.default_action,
        "publicNetworkAccess": vault.public_access,
        "bypass": vault.bypass,
    }
    if action not in _ACTIONS or access not in _ACCESS:
        evidence = {name: value for name, value in facts.items() if value is not None}
        yield Unseen("firewall", sentences.FIREWALL, facts=evidence)
    passing = {lower_ascii(name.strip()) for name in (vault.bypass or "").split(",")}
    lets_services_in = vault.bypass is None or "azureservices" in passing
    if access == "securedbyperimeter" or (is_closed(vault) and not lets_services_in):
        yield concern(KeyReason.VAULT_FIREWALL_BLOCKS_SERVICES, facts)


def is_closed(vault: Vault) -> bool:
    """Return whether a vault's firewall blocks everything that it does not explicitly allow."""
    action, access = _set_to(vault)
    return action == "deny" or access in {"disabled", "securedbyperimeter"}


def _set_to(vault: Vault) -> tuple[str, str]:
    action, access = vault.default_action or "", vault.public_access or ""
    return lower_ascii(action.strip()), lower_ascii(access.strip())
