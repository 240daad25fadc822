"""The plan for a non-compliant account: its steps, in order, as data for the renderers.

A plan changes nothing, and this program never runs one. docs/remediation.md explains each step and
what a plan leaves out.
"""

import hashlib
import re
from dataclasses import dataclass
from typing import Final

from cmk_check.core.enums import Reason, Verdict
from cmk_check.core.keys.key_health import KeyConcern
from cmk_check.core.kinds import has_customer_keys
from cmk_check.core.model import Finding
from cmk_check.core.remediation.steps import Action, PlanStep, step, switch_on
from cmk_check.core.resource_id import AccountId
from cmk_check.core.rule import KEY_NAME
from cmk_check.core.text import GUID

# https://learn.microsoft.com/azure/azure-resource-manager/management/resource-name-rules
_VAULT: Final = re.compile("(?=.{3,24}$)[A-Za-z](?:-?[A-Za-z0-9])*")
_VAULT_ID: Final = re.compile(
    f"/subscriptions/(?P<subscription>{GUID})/resourceGroups/(?P<group>[^/]+)"
    "/providers/Microsoft[.]KeyVault/vaults/(?P<name>[^/]+)",
    re.IGNORECASE | re.ASCII,
)
_VAULT_URI: Final = re.compile("https://(?P<name>[^./]+)[.]vault[.].*", re.IGNORECASE)
_PREFIX: Final = "kv-cmk-"
_LOCATION: Final = re.compile("[A-Za-z0-9]+(?: [A-Za-z0-9]+)*")

# The size of the key that a plan creates. Both of Microsoft's pages accept 2048 bits; the page on
# Azure OpenAI accepts no other size.
KEY_SIZE: Final = 2048
RETENTION_DAYS: Final = 90
# Key Vault Crypto Service Encryption User: read, wrap and unwrap a key, and nothing else.
ROLE_ID: Final = "e147488a-f6f5-4113-8e2d-b22465e65bf6"
# Earlier versions of the vault's API retire in February 2027.
KEY_VAULT_API: Final = "2026-02-01"


@dataclass(frozen=True, slots=True)
class TargetVault:
    """The vault for the key.

    ``resource_group`` is None if only the name of an existing vault is known. ``is_shared``: the
    plans of several accounts use this vault and the same key in it.
    """

    name: str
    subscription_id: str
    resource_group: str | None
    is_new: bool
    is_shared: bool = False
    is_hsm: bool = False


@dataclass(frozen=True, slots=True)
class Plan:
    """The steps for one account, and the names that they use."""

    summary: str
    """Plain text, like the steps' texts, with any character that Azure allows."""
    steps: tuple[PlanStep, ...]
    account: AccountId
    location: str | None
    """None if it is not known, like ``tenant_id``."""
    tenant_id: str | None
    user: bool
    """Whether a user-assigned identity of the account uses the key."""
    client_id: str | None
    """The client id of this identity; None if the script must read it from the account."""
    vault: TargetVault
    key: str
    replaces: str | None = None
    """The key that the account uses now and that the plan replaces."""
    left: tuple[KeyConcern, ...] = ()
    """The reasons of key health that the steps do not fix."""


def plan_for(
    finding: Finding,
    *,
    tenant_id: str | None = None,
    vault: str | TargetVault | None = None,
    key: str | None = None,
) -> Plan | None:
    """Plan how to bring an account under a customer-managed key.

    Args:
        finding: as recorded or as just judged.
        tenant_id: the tenant of the account's subscription.
        vault: an existing vault to use, by name or ARM id, or a vault that plans share; None to
            create a vault.
        key: the key's name in the vault; the key is created if it does not exist.

    Returns:
        The plan, or None for a finding that is compliant or unknown, or whose kind of account
        cannot have a customer-managed key.

    Raises:
        ValueError: ``vault`` or ``key`` is not a valid name.

    """
    is_violation = finding.judgement.verdict is Verdict.NON_COMPLIANT
    if not is_violation or not has_customer_keys(finding.kind):
        return None
    evidence = finding.judgement.evidence
    target = _vault(finding, vault)
    identities = {part.strip().lower() for part in (evidence.identity_type or "").split(",")}
    client_id = matching(GUID, evidence.identity_client_id)
    # All of Microsoft's pages accept a system-assigned identity, but an account that already names
    # a client id would keep using that identity.
    is_fixed = client_id is not None or "systemassigned" not in identities
    user = is_fixed and "userassigned" in identities
    find_vault = Action.CREATE_VAULT if target.is_new else Action.CHECK_VAULT
    has_identity = identities & {"systemassigned", "userassigned"}
    steps = (
        step(Action.SIGN_IN),
        *(() if has_identity else (step(Action.ASSIGN_IDENTITY),)),
        step(find_vault, shared=target.is_shared),
        step(Action.CREATE_KEY, shared=target.is_shared),
        step(Action.GRANT, user=user),
        step(Action.WAIT),
        switch_on(finding.kind, user=user),
        step(Action.VERIFY),
    )
    account = finding.id
    return Plan(
        summary=f"Put {account.name} in resource group {account.resource_group} under a "
        f"customer-managed key, in {len(steps)} steps." + (finding.due.note if finding.due else ""),
        steps=steps,
        account=account,
        location=matching(_LOCATION, finding.location),
        tenant_id=matching(GUID, tenant_id),
        user=user,
        client_id=client_id,
        vault=target,
        key=new_key(account, target) if key is None else key_named(key),
    )


def vault_to_share(finding: Finding) -> TargetVault | None:
    """Return the vault that accounts of one owner share, within a subscription and a region.

    Its name depends only on these three. Azure allows one vault for several subscriptions of a
    tenant, but then deleting one subscription would remove the keys of others.

    Returns:
        None if the account cannot share a vault: it already names one, its region is not known, or
        it cannot have a key.

    """
    account = finding.id
    region = matching(_LOCATION, finding.location)
    if region is None or _vault_of_the_account(finding) is not None:
        return None
    if not has_customer_keys(finding.kind):
        return None
    owner = finding.owner.value or ""
    mark = _mark(f"{account.subscription_id}|{region.replace(' ', '').lower()}|{owner}")
    return TargetVault(
        f"{_PREFIX}{mark}",
        account.subscription_id,
        account.resource_group,
        is_new=True,
        is_shared=True,
    )


def vault_named(wanted: str, subscription_id: str) -> TargetVault:
    """Return an existing vault, given by its name in a subscription or by its ARM id.

    Raises:
        ValueError: ``wanted`` is neither a valid name nor a valid id.

    """
    match = _VAULT_ID.fullmatch(wanted)
    if match and match["group"].isprintable() and _VAULT.fullmatch(match["name"]):
        return TargetVault(match["name"], match["subscription"], match["group"], is_new=False)
    if _VAULT.fullmatch(wanted):
        return TargetVault(wanted, subscription_id, None, is_new=False)
    raise ValueError(
        "a vault's name has 3 to 24 letters, digits and single hyphens; its ARM id is also accepted"
    )


def key_named(wanted: str) -> str:
    """Return the name of a key.

    Raises:
        ValueError: ``wanted`` is not a valid name.

    """
    if KEY_NAME.fullmatch(wanted):
        return wanted
    raise ValueError("a key's name has 1 to 127 letters, digits and hyphens")


def new_key(account: AccountId, vault: TargetVault) -> str:
    """Return the name of the key that a plan creates, for one account or for a shared vault."""
    return f"cmk-{vault.name.removeprefix(_PREFIX) if vault.is_shared else _mark(account.text)}"


def _vault_of_the_account(finding: Finding) -> str | None:
    """Return the vault that an account names without a key: its key must be in this vault."""
    if finding.judgement.reason is not Reason.KEY_NOT_NAMED:
        return None
    match = _VAULT_URI.fullmatch(finding.judgement.evidence.key_vault_uri or "")
    return match["name"] if match and _VAULT.fullmatch(match["name"]) else None


def _vault(finding: Finding, wanted: str | TargetVault | None) -> TargetVault:
    account = finding.id
    if isinstance(wanted, TargetVault):
        return wanted
    named = wanted if wanted is not None else _vault_of_the_account(finding)
    if named is not None:
        return vault_named(named, account.subscription_id)
    name = f"{_PREFIX}{_mark(account.text)}"
    return TargetVault(name, account.subscription_id, account.resource_group, is_new=True)


def _mark(text: str) -> str:
    """Return a hash of 16 characters, because names of vaults must be globally unique."""
    return hashlib.sha256(text.encode(errors="replace")).hexdigest()[:16]


def matching(pattern: str | re.Pattern[str], text: str | None) -> str | None:
    """Return the text if it has the expected form, else None."""
    return text if text is not None and re.fullmatch(pattern, text) else None
