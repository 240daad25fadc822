"""What to do about the key of a compliant account: the steps that end its reasons, in order.

Each step looks before it changes anything, so that steps which nothing is left of do no harm. A
reason has no step where no ``az`` command ends it, or where a name that the command needs is not
known; its own sentence says who acts.
"""

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Final

from cmk_check.core.enums import KeyReason, KeyRotation, KeySeverity
from cmk_check.core.keys.key_health import KeyConcern, KeyHealth
from cmk_check.core.model import Finding
from cmk_check.core.remediation import key_steps as words
from cmk_check.core.remediation import steps
from cmk_check.core.remediation.plan import (
    Grantee,
    Plan,
    TargetVault,
    matching,
    new_key,
)
from cmk_check.core.remediation.steps import Action, PlanStep
from cmk_check.core.rule import KEY_NAME
from cmk_check.core.text import GUID

_VAULT_ID: Final = re.compile(
    f"/subscriptions/(?P<subscription>{GUID})/resourcegroups/(?P<group>[^/]+)"
    "/providers/microsoft[.]keyvault/(?P<type>vaults|managedhsms)/(?P<name>[a-z0-9-]{3,24})",
    re.IGNORECASE | re.ASCII,
)
# Azure allows no other characters in the name of a group, and a script puts it into a URL.
_GROUP: Final = re.compile(r"[\w().-]+")
_IN_PERIMETER: Final = "securedbyperimeter"
_REPLACED: Final = {KeyReason.KEY_TYPE_UNSUPPORTED, KeyReason.KEY_TOO_SMALL}
# What the owner of a key may have done on purpose, and another key would undo.
_BLOCKED: Final = {
    KeyReason.KEY_DISABLED,
    KeyReason.KEY_NOT_YET_VALID,
    KeyReason.KEY_OPERATIONS_MISSING,
    KeyReason.IDENTITY_LACKS_PERMISSION,
}
# First what makes the key usable now, then what Azure asks for before an account may change its
# key, at last that change.
_ORDER: Final = (
    Action.RECOVER_VAULT,
    Action.RECOVER_KEY,
    Action.ENABLE_KEY,
    Action.START_KEY,
    Action.PERMIT_WRAPPING,
    Action.RESTORE_IDENTITY,
    Action.GRANT_AGAIN,
    Action.OPEN_FIREWALL,
    Action.SOFT_DELETE,
    Action.PROTECT_FROM_PURGE,
    Action.RENEW_KEY,
    Action.FOLLOW_KEY,
    Action.REPEAT_UPDATE,
)
# What a Managed HSM shares with a vault: its keys. It has roles of its own.
_IN_HSM: Final = {
    Action.RECOVER_KEY,
    Action.ENABLE_KEY,
    Action.START_KEY,
    Action.PERMIT_WRAPPING,
    Action.RENEW_KEY,
    Action.FOLLOW_KEY,
    Action.REPEAT_UPDATE,
}


@dataclass(frozen=True, slots=True)
class _Case:
    """A reason, and what is known of its key and of the identity that uses it."""

    concern: KeyConcern
    health: KeyHealth
    grantee: Grantee


def key_plan_for(finding: Finding, *, tenant_id: str | None = None) -> Plan | None:
    """Plan how to end what is wrong with the key of an account.

    Args:
        finding: as recorded or as just judged.
        tenant_id: of the account's subscription.

    Returns:
        None where nothing is wrong, and where no command ends any of it.

    """
    health, evidence = finding.key_health, finding.judgement.evidence
    vault = _vault(health)
    key = matching(KEY_NAME, evidence.key_name)
    if health is None or vault is None or key is None:
        return None
    client_id = matching(GUID, evidence.identity_client_id)
    if evidence.identity_client_id and client_id is None:
        return None
    grantee = Grantee.USER if client_id else Grantee.SYSTEM
    wrong = [each for each in health.concerns if each.severity is not KeySeverity.NOTICE]
    replaced = any(each.code in _REPLACED for each in wrong) and not vault.is_hsm
    cases = [_Case(each, health, grantee) for each in wrong]
    made = _replacing(finding.kind, cases) if replaced else _ending(cases, vault)
    if made is None:
        return None
    taken, ended = made
    left = tuple(each for each in wrong if each.code not in ended)
    return Plan(
        summary=words.key_summary(finding.id, len(taken), [each.code for each in left]),
        steps=taken,
        account=finding.id,
        location=None,
        tenant_id=matching(GUID, tenant_id),
        grantee=grantee,
        client_id=client_id,
        vault=vault,
        key=new_key(finding.id, vault) if replaced else key,
        replaces=key if replaced else None,
        left=left,
    )


def _vault(health: KeyHealth | None) -> TargetVault | None:
    match = _VAULT_ID.fullmatch((health.vault_id if health else None) or "")
    if match is None or _GROUP.fullmatch(match["group"]) is None:
        return None
    return TargetVault(
        match["name"],
        match["subscription"],
        match["group"],
        is_new=False,
        is_hsm=match["type"].lower() == "managedhsms",
    )


type _Made = tuple[tuple[PlanStep, ...], set[KeyReason]]


def _ending(cases: list[_Case], vault: TargetVault) -> _Made | None:
    """Return the steps that end reasons, each step once, and the reasons that they end."""
    found: dict[Action, PlanStep] = {}
    ended = set()
    for each in cases:
        made = list(_steps_of(each))
        if made and (not vault.is_hsm or _IN_HSM.issuperset(step.action for step in made)):
            found |= {step.action: step for step in made}
            ended.add(each.concern.code)
    if not found:
        return None
    in_order = (found[action] for action in _ORDER if action in found)
    return (words.FIND_KEY, *in_order, words.VERIFY_KEY), ended


def _replacing(kind: str | None, cases: list[_Case]) -> _Made | None:
    """Return the steps that put the account under another key of the same vault.

    None if the account lacks an identity that no step can give it.
    """
    reasons = {each.concern.code for each in cases}
    gives = [
        step
        for each in cases
        if each.concern.code is KeyReason.IDENTITY_MISSING
        for step in _give_identity(each)
    ]
    if KeyReason.IDENTITY_MISSING in reasons and not gives:
        return None
    user = cases[0].grantee is Grantee.USER
    *identity, grant = gives or [steps.grant(user=user)]
    taken = (
        words.REPLACE_BLOCKED_KEY if reasons & _BLOCKED else words.REPLACE_KEY,
        *identity,
        steps.CHECK_VAULT,
        steps.CREATE_KEY,
        grant,
        steps.WAIT,
        steps.switch_on(kind, user=user),
        steps.VERIFY,
    )
    of_the_vault = {
        KeyReason.VAULT_NOT_FOUND,
        KeyReason.VAULT_SOFT_DELETE_OFF,
        KeyReason.VAULT_PURGE_PROTECTION_OFF,
        KeyReason.VAULT_FIREWALL_BLOCKS_SERVICES,
        KeyReason.SCOPE_NOT_CUSTOMER_MANAGED,
        KeyReason.CANNOT_READ,
    }
    return taken, set(KeyReason) - of_the_vault


def _steps_of(case: _Case) -> Iterator[PlanStep]:
    make = _STEPS.get(case.concern.code)
    return make(case) if make else iter(())


def _recover_vault(case: _Case) -> Iterator[PlanStep]:
    # Azure deletes the role assignments on a vault together with it, and does not restore them.
    # https://learn.microsoft.com/azure/key-vault/general/key-vault-recovery
    yield words.RECOVER_VAULT
    if case.health.principal_id is not None:
        yield words.grant_again(user=case.grantee is Grantee.USER, follows=True)


def _give_identity(case: _Case) -> Iterator[PlanStep]:
    """Give the account a system-assigned identity, if it has none at all: az would replace it."""
    has = case.concern.evidence
    if "identityClientId" not in has and has.get("identityType", "None").lower() == "none":
        yield words.RESTORE_IDENTITY
        yield words.grant_again(user=False, follows=True)


def _grant_again(case: _Case) -> Iterator[PlanStep]:
    yield words.grant_again(user=case.grantee is Grantee.USER)


def _open_firewall(case: _Case) -> Iterator[PlanStep]:
    """Trusted services cannot pass a perimeter: only its owner can take the vault out of it."""
    if case.concern.evidence.get("publicNetworkAccess", "").lower() != _IN_PERIMETER:
        yield words.OPEN_FIREWALL


def _renew(case: _Case) -> Iterator[PlanStep]:
    yield words.RENEW_KEY
    if case.health.rotation is not KeyRotation.AUTOMATIC:
        yield words.FOLLOW_KEY


def _one(step: PlanStep) -> Callable[[_Case], Iterator[PlanStep]]:
    return lambda _: iter((step,))


_STEPS: Final[Mapping[KeyReason, Callable[[_Case], Iterator[PlanStep]]]] = {
    KeyReason.VAULT_NOT_FOUND: _recover_vault,
    KeyReason.VAULT_SOFT_DELETE_OFF: _one(words.SOFT_DELETE),
    KeyReason.VAULT_PURGE_PROTECTION_OFF: _one(words.PROTECT_FROM_PURGE),
    KeyReason.VAULT_FIREWALL_BLOCKS_SERVICES: _open_firewall,
    KeyReason.KEY_NOT_FOUND: _one(words.RECOVER_KEY),
    KeyReason.KEY_DISABLED: _one(words.ENABLE_KEY),
    KeyReason.KEY_EXPIRED: _renew,
    KeyReason.KEY_EXPIRES_SOON: _renew,
    KeyReason.KEY_NOT_YET_VALID: _one(words.START_KEY),
    KeyReason.KEY_OPERATIONS_MISSING: _one(words.PERMIT_WRAPPING),
    KeyReason.VERSION_PINNED: _one(words.FOLLOW_KEY),
    KeyReason.VERSION_NOT_LATEST: _one(words.FOLLOW_KEY),
    KeyReason.IDENTITY_MISSING: _give_identity,
    KeyReason.IDENTITY_LACKS_PERMISSION: _grant_again,
    KeyReason.ACCOUNT_FAILED: _one(words.REPEAT_UPDATE),
}
