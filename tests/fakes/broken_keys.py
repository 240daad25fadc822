"""Compliant accounts whose key is broken, for a reason each, as Azure's answers make them."""

from dataclasses import replace
from typing import Any, Final

from cmk_check.core.keys.key_health import KeyHealth
from cmk_check.core.model import Finding
from cmk_check.core.remediation.key_plan import plan_key_fix
from cmk_check.core.remediation.plan import Plan
from cmk_check.core.unread import Absent
from tests.fakes.remediation import TENANT, finding_of
from tests.unit.core.key_examples import (
    ATTRIBUTES,
    CLIENT,
    DAY,
    KEY_ID,
    POLICIES,
    ROLES,
    SECONDS,
    USER,
    VAULT_ID,
    changed,
    judged,
    rotated_after,
    with_changes,
)

_EXPIRED: Final = {f"{ATTRIBUTES}.exp": SECONDS - DAY}
_OF_VERSION: Final = "versions.1.properties"
_HSM: Final = VAULT_ID.replace("vaults", "managedHSMs").lower()

BROKEN_KEYS: Final[dict[str, KeyHealth]] = {
    "vault gone": judged(POLICIES, vault=Absent(VAULT_ID.lower()), key=None),
    "key gone": judged(POLICIES, key=Absent(KEY_ID.lower())),
    "key disabled": judged(changed(POLICIES, f"{ATTRIBUTES}.enabled", value=False)),
    "pinned version disabled": judged(
        changed(ROLES, f"{_OF_VERSION}.attributes.enabled", value=False)
    ),
    "key expired": judged(with_changes(POLICIES, _EXPIRED)),
    "pinned version expired": judged(
        changed(ROLES, f"{_OF_VERSION}.attributes.exp", SECONDS - DAY)
    ),
    "key not yet valid": judged(changed(POLICIES, f"{ATTRIBUTES}.nbf", SECONDS + DAY)),
    "operations missing": judged(changed(POLICIES, "key.properties.keyOps", ["sign"])),
    "no identity": judged(changed(POLICIES, "account.identity", value=None)),
    "no policy": judged(changed(POLICIES, "vault.properties.accessPolicies", [])),
    "no role": judged(changed(ROLES, "assignments", [])),
}
"""The key health of each, by what is wrong."""

_OF_VAULT: Final = "vault.properties"
_OTHERS: Final = {
    "soft delete off": judged(changed(POLICIES, f"{_OF_VAULT}.enableSoftDelete", value=False)),
    "purge protection off": judged(
        changed(POLICIES, f"{_OF_VAULT}.enablePurgeProtection", value=False)
    ),
    "firewall": judged(changed(POLICIES, f"{_OF_VAULT}.networkAcls.bypass", "None")),
    "expiring": judged(changed(POLICIES, f"{ATTRIBUTES}.exp", SECONDS + DAY)),
    "rotation overdue": judged(with_changes(POLICIES, rotated_after("P7D"))),
    "rotation overdue of a pinned key": judged(with_changes(ROLES, rotated_after("P7D"))),
    "older version": judged(changed(ROLES, "versions.0.properties.attributes.created", SECONDS)),
    "account failed": judged(changed(ROLES, "account.properties.provisioningState", "Failed")),
    "small": judged(changed(POLICIES, "key.properties.keySize", 1024)),
    "of another type": judged(changed(POLICIES, "key.properties.kty", "EC")),
}
KEYS_IN_TROUBLE: Final = BROKEN_KEYS | _OTHERS
"""Those, and one for each other reason that a command ends."""


def in_hsm(health: KeyHealth) -> KeyHealth:
    """Return the health of the same key in a Managed HSM."""
    key_id = health.key_id and f"{_HSM}/keys/cmk"
    return replace(health, vault_id=_HSM, key_id=key_id)


def broken(health: KeyHealth, name: str = "Chat", group: str = "rg-ai") -> Finding:
    """Return the finding of an account with a key of this health."""
    of_user = {
        "identity_type": "UserAssigned",
        "identity_client_id": CLIENT,
        "key_version": health.key_version or "",
    }
    vault = "https://Safe.vault.azure.net/"
    key: dict[str, Any] = {
        "key_source": "Microsoft.KeyVault",
        "key_name": "cmk",
        "key_vault_uri": vault,
    }
    account = key | (of_user if health.principal_id == USER.lower() else {})
    return replace(finding_of(name, group, **account), key_health=health)


def key_plan_of(health: KeyHealth, *name: str) -> Plan:
    """Return the plan for an account with a key of this health, which has one."""
    plan = plan_key_fix(broken(health, *name), tenant_id=TENANT)
    assert plan is not None
    return plan
