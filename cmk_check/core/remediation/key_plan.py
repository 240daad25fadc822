"""Plan the steps that fix the key of a compliant account, in the order in which they are run.

Each step checks the current state before it changes anything, so it is safe to repeat a step. A
reason has no step if no ``az`` command fixes it, or if a name that the command needs is unknown.
The message of a reason without a step says who must act.
"""

import re
from collections.abc import Mapping, Sequence
from typing import Final

from cmk_check.core.enums import KeyReason, KeyRotation, KeySeverity
from cmk_check.core.keys.key_health import KeyConcern, KeyHealth
from cmk_check.core.model import Finding
from cmk_check.core.remediation.plan import Plan, TargetVault, match_text, new_key
from cmk_check.core.remediation.steps import ON_KEYS, Action, PlanStep, step, switch_on
from cmk_check.core.rule import KEY_NAME
from cmk_check.core.text import GUID

_VAULT_ID: Final = re.compile(
    f"/subscriptions/(?P<subscription>{GUID})/resourcegroups/(?P<group>[^/]+)"
    "/providers/microsoft[.]keyvault/(?P<type>vaults|managedhsms)/(?P<name>[a-z0-9-]{3,24})",
    re.IGNORECASE | re.ASCII,
)
# The characters that Azure allows in a group's name, which becomes part of a URL in the script.
_GROUP: Final = re.compile(r"[\w().-]+")
_REPLACED: Final = {KeyReason.KEY_TYPE_UNSUPPORTED, KeyReason.KEY_TOO_SMALL}
# States that the owner of a key may have set on purpose, and that using another key would bypass.
_BLOCKED: Final = {
    KeyReason.KEY_DISABLED,
    KeyReason.KEY_NOT_YET_VALID,
    KeyReason.KEY_OPERATIONS_MISSING,
    KeyReason.IDENTITY_LACKS_PERMISSION,
}
# A Managed HSM has the same steps for keys as a vault, but different roles.
_IN_HSM: Final = ON_KEYS | {Action.FOLLOW_KEY, Action.REPEAT_UPDATE}
_STEPS: Final[Mapping[KeyReason, Action]] = {
    KeyReason.VAULT_NOT_FOUND: Action.RECOVER_VAULT,
    KeyReason.VAULT_SOFT_DELETE_OFF: Action.SOFT_DELETE,
    KeyReason.VAULT_PURGE_PROTECTION_OFF: Action.PROTECT_FROM_PURGE,
    KeyReason.VAULT_FIREWALL_BLOCKS_SERVICES: Action.OPEN_FIREWALL,
    KeyReason.KEY_NOT_FOUND: Action.RECOVER_KEY,
    KeyReason.KEY_DISABLED: Action.ENABLE_KEY,
    KeyReason.KEY_NOT_YET_VALID: Action.START_KEY,
    KeyReason.KEY_OPERATIONS_MISSING: Action.PERMIT_WRAPPING,
    KeyReason.VERSION_PINNED: Action.FOLLOW_KEY,
    KeyReason.VERSION_NOT_LATEST: Action.FOLLOW_KEY,
    KeyReason.ACCOUNT_FAILED: Action.REPEAT_UPDATE,
}


def plan_key_fix(finding: Finding, *, tenant_id: str | None = None) -> Plan | None:
    """Plan how to fix the key that an account uses.

    Args:
        finding: the finding as recorded or as just judged.
        tenant_id: the tenant of the account's subscription.

    Returns:
        The plan, or None if nothing is wrong or no command fixes any reason.
    """
    health, evidence = finding.key_health, finding.judgement.evidence
    vault = _vault(health)
    key = match_text(KEY_NAME, evidence.key_name)
    client_id = match_text(GUID, evidence.identity_client_id)
    is_client_known = client_id is not None or not evidence.identity_client_id
    if health is None or vault is None or key is None or not is_client_known:
        return None
    user = client_id is not None
    wrong = [each for each in health.concerns if each.severity is not KeySeverity.NOTICE]
    replaced = any(each.code in _REPLACED for each in wrong) and not vault.is_hsm
    ways = [(each.code, _list_steps(each, health, user=user)) for each in wrong]
    made = _replacing(finding.kind, dict(ways), user=user) if replaced else _ending(ways, vault)
    if made is None:
        return None
    taken, ended = made
    left = tuple(each for each in wrong if each.code not in ended)
    stays = not {Action.FOLLOW_KEY, Action.SWITCH_ON}.intersection(each.action for each in taken)
    account, left_open = finding.id, ", ".join(each.code for each in left)
    return Plan(
        summary=f"Fix the key of {account.name} in resource group {account.resource_group}, in "
        f"{len(taken)} steps."
        + (f" This does not fix {left_open}: each reason says who must act." if left else "")
        + (finding.due.note if finding.due else ""),
        steps=taken,
        account=account,
        location=None,
        tenant_id=match_text(GUID, tenant_id),
        user=user,
        client_id=client_id,
        vault=vault,
        key=new_key(account, vault) if replaced else key,
        kind=finding.kind,
        principal_id=match_text(GUID, health.principal_id),
        vault_uri=evidence.key_vault_uri,
        is_set=True,
        version=match_text("[0-9A-Fa-f]{32}", health.key_version),
        is_pinned=stays and evidence.key_version == health.key_version,
        replaces=key if replaced else None,
        left=left,
    )


def _vault(health: KeyHealth | None) -> TargetVault | None:
    match = _VAULT_ID.fullmatch((health.vault_id if health else None) or "")
    if match is None or _GROUP.fullmatch(match["group"]) is None:
        return None
    place = match["name"], match["subscription"], match["group"]
    return TargetVault(*place, is_new=False, is_hsm=match["type"].lower() == "managedhsms")


type _Made = tuple[tuple[PlanStep, ...], set[KeyReason]]
"""Steps, and the reasons that they fix."""


def _ending(
    ways: Sequence[tuple[KeyReason, tuple[PlanStep, ...]]], vault: TargetVault
) -> _Made | None:
    """Return each step that fixes one of the reasons, without duplicates."""
    steps: dict[Action, PlanStep] = {}
    ended = set()
    for code, made in ways:
        if made and (not vault.is_hsm or _IN_HSM.issuperset(each.action for each in made)):
            steps |= {each.action: each for each in made}
            ended.add(code)
    if not steps:
        return None
    in_order = (steps[action] for action in Action if action in steps)
    return (step(Action.FIND_KEY), *in_order, step(Action.VERIFY_KEY)), ended


def _replacing(
    kind: str | None, ways: Mapping[KeyReason, tuple[PlanStep, ...]], *, user: bool
) -> _Made | None:
    """Return the steps that give an account another key in the same vault.

    The result is None if the account needs an identity that no step can assign.
    """
    gives = ways.get(KeyReason.IDENTITY_MISSING, (step(Action.GRANT, user=user),))
    if not gives:
        return None
    *identity, grant = gives
    taken = (
        step(Action.REPLACE_BLOCKED_KEY if ways.keys() & _BLOCKED else Action.REPLACE_KEY),
        *identity,
        step(Action.CHECK_VAULT, own=True),
        step(Action.CREATE_KEY),
        grant,
        step(Action.WAIT),
        switch_on(kind, user=user),
        step(Action.VERIFY),
    )
    of_the_vault = {
        KeyReason.VAULT_NOT_FOUND,
        KeyReason.VAULT_SOFT_DELETE_OFF,
        KeyReason.VAULT_PURGE_PROTECTION_OFF,
        KeyReason.VAULT_FIREWALL_BLOCKS_SERVICES,
        KeyReason.CANNOT_READ,
    }
    return taken, set(KeyReason) - of_the_vault


def _list_steps(concern: KeyConcern, health: KeyHealth, *, user: bool) -> tuple[PlanStep, ...]:
    """Return the steps that fix one reason; there are no steps if no command can fix the reason."""
    evidence = concern.evidence
    match concern.code:
        case KeyReason.VAULT_NOT_FOUND if health.principal_id is not None:
            # When a vault is deleted, Azure also deletes its role assignments and does not restore
            # them. https://learn.microsoft.com/azure/key-vault/general/key-vault-recovery
            return step(Action.RECOVER_VAULT), step(Action.GRANT_AGAIN, user=user, follows=True)
        case KeyReason.VAULT_FIREWALL_BLOCKS_SERVICES:
            # Trusted services cannot pass a network security perimeter; only its owner can remove
            # the vault from it.
            if evidence.get("publicNetworkAccess", "").lower() == "securedbyperimeter":
                return ()
        case KeyReason.KEY_EXPIRED | KeyReason.KEY_EXPIRES_SOON | KeyReason.KEY_ROTATION_OVERDUE:
            renew = step(Action.RENEW_KEY)
            due = health.next_rotation_at
            if concern.code is KeyReason.KEY_ROTATION_OVERDUE and due is not None:
                renew = step(Action.ROTATE_KEY, due=f"{due.timestamp():.0f}")
            is_followed = health.rotation is KeyRotation.AUTOMATIC
            return (renew,) if is_followed else (renew, step(Action.FOLLOW_KEY))
        case KeyReason.IDENTITY_MISSING:
            # A step assigns an identity only if the account has none: az would replace an existing
            # identity.
            type_of_identity = evidence.get("identityType", "None").lower()
            if "identityClientId" not in evidence and type_of_identity == "none":
                return step(Action.RESTORE_IDENTITY), step(Action.GRANT_AGAIN, follows=True)
        case KeyReason.IDENTITY_LACKS_PERMISSION:
            return (step(Action.GRANT_AGAIN, user=user),)
    action = _STEPS.get(concern.code)
    return (step(action),) if action else ()
