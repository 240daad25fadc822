"""Plan how to encrypt a non-compliant account with a customer-managed key."""

import re
from typing import Final

from cmk_check.core.enums import Reason, Verdict
from cmk_check.core.kinds import has_customer_keys
from cmk_check.core.model import Finding
from cmk_check.core.remediation.plan import (
    VAULT_PREFIX,
    Plan,
    TargetVault,
    hash_text,
    match_text,
    new_key,
)
from cmk_check.core.remediation.steps import Action, step, switch_on
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
_LOCATION: Final = re.compile("[A-Za-z0-9]+(?: [A-Za-z0-9]+)*")


def plan_for(
    finding: Finding,
    *,
    tenant_id: str | None = None,
    vault: str | TargetVault | None = None,
    key: str | None = None,
) -> Plan | None:
    """Plan how to encrypt an account with a customer-managed key.

    Args:
        finding: the finding as recorded or as just judged.
        tenant_id: the tenant of the account's subscription.
        vault: an existing vault to use, by name or ARM id, or a vault that plans share; None to
            create a vault.
        key: the key's name in the vault; the key is created if it does not exist.

    Returns: The plan, or None if the finding is compliant or unknown, or if accounts of this kind
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
    client_id = match_text(GUID, evidence.identity_client_id)
    # All of Microsoft's pages allow a system-assigned identity, but an account that already names a
    # client id would continue to use that identity.
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
        summary=f"Encrypt {account.name} in resource group {account.resource_group} with a "
        f"customer-managed key, in {len(steps)} steps." + (finding.due.note if finding.due else ""),
        steps=steps,
        account=account,
        location=match_text(_LOCATION, finding.location),
        tenant_id=match_text(GUID, tenant_id),
        user=user,
        client_id=client_id,
        vault=target,
        key=new_key(account, target) if key is None else parse_key_name(key),
        kind=finding.kind,
        vault_uri=evidence.key_vault_uri if _find_own_vault(finding) else None,
        is_set=finding.judgement.reason is Reason.KEY_NOT_NAMED,
        is_named=key is not None,
    )


def choose_shared_vault(finding: Finding) -> TargetVault | None:
    """Return the vault that all accounts of one owner in a subscription and region share.

    The vault's name depends only on owner, subscription and region. Azure would allow one vault for
    several subscriptions of a tenant, but deleting the vault's subscription would then remove the
    keys of all of them.

    Returns:
        None if the account cannot share a vault, because it already names a vault, has no known
        region or cannot have a customer-managed key.
    """
    account = finding.id
    region = match_text(_LOCATION, finding.location)
    if region is None or _find_own_vault(finding) or not has_customer_keys(finding.kind):
        return None
    owner = finding.owner.value or ""
    mark = hash_text(f"{account.subscription_id}|{region.replace(' ', '').lower()}|{owner}")
    place = f"{VAULT_PREFIX}{mark}", account.subscription_id, account.resource_group
    return TargetVault(*place, is_new=True, is_shared=True)


def parse_vault(name: str, subscription_id: str) -> TargetVault:
    """Return the existing vault with this name in the subscription, or with this ARM id."""
    match = _VAULT_ID.fullmatch(name)
    if match and match["group"].isprintable() and _VAULT.fullmatch(match["name"]):
        return TargetVault(match["name"], match["subscription"], match["group"], is_new=False)
    if _VAULT.fullmatch(name):
        return TargetVault(name, subscription_id, None, is_new=False)
    raise ValueError(
        "a vault's name has 3 to 24 letters, digits and single hyphens; its ARM id is also accepted"
    )


def parse_key_name(name: str) -> str:
    """Return a key's name if the name is valid, otherwise raise ValueError."""
    if KEY_NAME.fullmatch(name):
        return name
    raise ValueError("a key's name has 1 to 127 letters, digits and hyphens")


def _find_own_vault(finding: Finding) -> str | None:
    """Return the vault in the key settings of an account that names no key, if there is one."""
    if finding.judgement.reason is not Reason.KEY_NOT_NAMED:
        return None
    match = _VAULT_URI.fullmatch(finding.judgement.evidence.key_vault_uri or "")
    return match["name"] if match and _VAULT.fullmatch(match["name"]) else None


def _vault(finding: Finding, chosen: str | TargetVault | None) -> TargetVault:
    account = finding.id
    if isinstance(chosen, TargetVault):
        return chosen
    vault = chosen if chosen is not None else _find_own_vault(finding)
    if vault is not None:
        return parse_vault(vault, account.subscription_id)
    name = f"{VAULT_PREFIX}{hash_text(account.text)}"
    return TargetVault(name, account.subscription_id, account.resource_group, is_new=True)
