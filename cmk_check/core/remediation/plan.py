"""What to do about a violated account: the steps, in order, as data that renderers write down.

A plan changes nothing itself, and this program never carries one out. docs/remediation.md explains
each step and what a plan leaves out.
"""

import hashlib
import re
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from cmk_check.core.account import Evidence
from cmk_check.core.enums import Reason, Verdict
from cmk_check.core.keys.key_health import KeyConcern
from cmk_check.core.model import Finding
from cmk_check.core.owner import UNOWNED
from cmk_check.core.remediation import steps as words
from cmk_check.core.remediation.steps import Action, PlanStep
from cmk_check.core.resource_id import AccountId
from cmk_check.core.rule import KEY_NAME
from cmk_check.core.text import GUID

# https://learn.microsoft.com/azure/azure-resource-manager/management/resource-name-rules
_VAULT: Final = re.compile("[A-Za-z](?:-?[A-Za-z0-9])*")
_VAULT_LENGTH: Final = range(3, 25)
_VAULT_ID: Final = re.compile(
    f"/subscriptions/(?P<subscription>{GUID})/resourceGroups/(?P<group>[^/]+)"
    "/providers/Microsoft[.]KeyVault/vaults/(?P<name>[^/]+)",
    re.IGNORECASE | re.ASCII,
)
_VAULT_URI: Final = re.compile("https://(?P<name>[^./]+)[.]vault[.].*", re.IGNORECASE)
_PREFIX: Final = "kv-cmk-"
_LOCATION: Final = re.compile("[A-Za-z0-9]+(?: [A-Za-z0-9]+)*")


class Grantee(StrEnum):
    """Which identity of the account uses the key."""

    SYSTEM = "system"
    USER = "user"


@dataclass(frozen=True, slots=True)
class TargetVault:
    """The vault that is to hold the key.

    ``resource_group`` is None where only the name of an existing vault is known. ``is_shared``: the
    plans of several accounts name this vault, and the same key in it.
    """

    name: str
    subscription_id: str
    resource_group: str | None
    is_new: bool
    is_shared: bool = False
    is_hsm: bool = False


@dataclass(frozen=True, slots=True)
class Plan:
    """The steps for one account, and the names that they are about.

    ``summary`` and the texts of the steps are plain text that may hold any character Azure allows.
    ``location`` and ``tenant_id`` are None where they are not known; ``client_id`` is that of the
    user-assigned identity to use, None where the account has to be asked. ``replaces`` is the key
    that the account uses until then, and must not go on using. ``left`` are the reasons of the
    key's health that the steps do not end.
    """

    summary: str
    steps: tuple[PlanStep, ...]
    account: AccountId
    location: str | None
    tenant_id: str | None
    grantee: Grantee
    client_id: str | None
    vault: TargetVault
    key: str
    replaces: str | None = None
    left: tuple[KeyConcern, ...] = ()

    def has(self, action: Action) -> bool:
        """Tell whether a step is part of the plan."""
        return any(step.action is action for step in self.steps)

    def changes_only(self, *actions: Action) -> bool:
        """Tell whether nothing is changed by other steps; the first and the last only look."""
        return all(step.action in actions for step in self.steps[1:-1])


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
        tenant_id: of the account's subscription.
        vault: an existing vault to use, by name or ARM id, or one that plans share; without one,
            the plan creates a vault.
        key: the key's name in the vault; it is created if it does not exist.

    Returns:
        None for a finding that is compliant or unknown.

    Raises:
        ValueError: ``vault`` or ``key`` cannot be the name of one.

    """
    if finding.judgement.verdict is not Verdict.NON_COMPLIANT:
        return None
    evidence = finding.judgement.evidence
    target = _vault(finding, vault)
    grantee = _grantee(evidence)
    steps = _steps(finding, grantee, target)
    return Plan(
        summary=words.summary(finding.id, len(steps)),
        steps=steps,
        account=finding.id,
        location=matching(_LOCATION, finding.location),
        tenant_id=matching(GUID, tenant_id),
        grantee=grantee,
        client_id=matching(GUID, evidence.identity_client_id),
        vault=target,
        key=new_key(finding.id, target) if key is None else key_named(key),
    )


def vault_to_share(finding: Finding) -> TargetVault | None:
    """Return the vault that accounts of one owner share, within a subscription and a region.

    Its name depends on these three alone. Azure would allow one vault for several subscriptions of
    a tenant; but then the end of one subscription takes away the keys of others.

    Returns:
        None if the account cannot share one: it names a vault already, or its region is not known.

    """
    account = finding.id
    region = matching(_LOCATION, finding.location)
    if region is None or _vault_of_the_account(finding) is not None:
        return None
    owner = (finding.owner or UNOWNED).value or ""
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
        ValueError: it cannot be the name of one.

    """
    match = _VAULT_ID.fullmatch(wanted)
    if match and match["group"].isprintable() and _is_vault_name(match["name"]):
        return TargetVault(match["name"], match["subscription"], match["group"], is_new=False)
    if _is_vault_name(wanted):
        return TargetVault(wanted, subscription_id, None, is_new=False)
    raise ValueError(
        "a vault is named by 3 to 24 letters, digits and single hyphens, or by its ARM id"
    )


def key_named(wanted: str) -> str:
    """Return the name of a key.

    Raises:
        ValueError: it cannot be the name of one.

    """
    if KEY_NAME.fullmatch(wanted):
        return wanted
    raise ValueError("a key's name is 1 to 127 letters, digits and hyphens")


def new_key(account: AccountId, vault: TargetVault) -> str:
    """Return the name of the key that a plan creates for an account, or for all that share it."""
    return f"cmk-{vault.name.removeprefix(_PREFIX) if vault.is_shared else _mark(account.text)}"


def _steps(finding: Finding, grantee: Grantee, vault: TargetVault) -> tuple[PlanStep, ...]:
    steps = [words.SIGN_IN]
    if not _has_identity(finding.judgement.evidence):
        steps.append(words.ASSIGN_IDENTITY)
    steps += [
        _vault_step(vault),
        words.CREATE_SHARED_KEY if vault.is_shared else words.CREATE_KEY,
        words.grant(user=grantee is Grantee.USER),
        words.WAIT,
        words.switch_on(finding.kind, user=grantee is Grantee.USER),
        words.VERIFY,
    ]
    return tuple(steps)


def _vault_step(vault: TargetVault) -> PlanStep:
    if vault.is_shared:
        return words.CREATE_SHARED_VAULT
    return words.CREATE_VAULT if vault.is_new else words.CHECK_VAULT


def _identities(evidence: Evidence) -> frozenset[str]:
    """Take a type such as ``SystemAssigned, UserAssigned`` apart."""
    return frozenset(part.strip().lower() for part in (evidence.identity_type or "").split(","))


def _has_identity(evidence: Evidence) -> bool:
    return bool(_identities(evidence) & {"systemassigned", "userassigned"})


def _grantee(evidence: Evidence) -> Grantee:
    """Prefer the system-assigned identity, which every page of Microsoft's accepts.

    An account that names a client id already would go on using that identity.
    """
    types = _identities(evidence)
    if "userassigned" not in types:
        return Grantee.SYSTEM
    names_one = matching(GUID, evidence.identity_client_id) is not None
    return Grantee.USER if names_one or "systemassigned" not in types else Grantee.SYSTEM


def _vault_of_the_account(finding: Finding) -> str | None:
    """Return the vault that an account names without a key: it has to be one in this vault."""
    if finding.judgement.reason is not Reason.KEY_NOT_NAMED:
        return None
    match = _VAULT_URI.fullmatch(finding.judgement.evidence.key_vault_uri or "")
    return match["name"] if match and _is_vault_name(match["name"]) else None


def _vault(finding: Finding, wanted: str | TargetVault | None) -> TargetVault:
    account = finding.id
    if isinstance(wanted, TargetVault):
        return wanted
    named = wanted if wanted is not None else _vault_of_the_account(finding)
    if named is not None:
        return vault_named(named, account.subscription_id)
    name = f"{_PREFIX}{_mark(account.text)}"
    return TargetVault(name, account.subscription_id, account.resource_group, is_new=True)


def _is_vault_name(text: str) -> bool:
    return len(text) in _VAULT_LENGTH and _VAULT.fullmatch(text) is not None


def _mark(text: str) -> str:
    """Return 16 characters that stand for a text: names of vaults are taken world-wide."""
    return hashlib.sha256(text.encode(errors="replace")).hexdigest()[:16]


def matching(pattern: str | re.Pattern[str], text: str | None) -> str | None:
    """Return a text of the expected form; anything else is as good as not known."""
    return text if text is not None and re.fullmatch(pattern, text) else None
