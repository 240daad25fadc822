"""Sound keys as Azure describes them, and how what was read of one becomes its facts.

A case holds documents as JSON: an account, its vault and key, and lists of the key's versions, role
assignments and role definitions.
"""

import copy
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any, Final

from cmk_check.core.account import Account, parse_account
from cmk_check.core.enums import GapReason, KeyReason
from cmk_check.core.gap import Gap
from cmk_check.core.keys.facts import Grant, Key, KeyFacts, KeyVersion
from cmk_check.core.keys.judge_key_health import judge_key_health
from cmk_check.core.keys.key_health import KeyHealth
from cmk_check.core.keys.parsing import (
    parse_assignment,
    parse_key,
    parse_role,
    parse_vault,
    parse_version,
)
from cmk_check.core.keys.permissions import get_key_user
from cmk_check.core.keys.version_in_use import get_pinned_version
from cmk_check.core.unread import Unread
from cmk_check.inventory.keys.rotation_policy import add_rotation

type Case = dict[str, Any]
type Changes = Mapping[str, object]
type Expected = dict[KeyReason, dict[str, str]]

NOW: Final = datetime(2026, 11, 25, 12, tzinfo=UTC)
DAY: Final = 86_400
SECONDS: Final = int(NOW.timestamp())
SUBSCRIPTION: Final = "/subscriptions/7C1E0000-0000-4000-8000-000000000001"
VAULT_ID: Final = f"{SUBSCRIPTION}/resourceGroups/rg-Keys/providers/Microsoft.KeyVault/vaults/Safe"
KEY_ID: Final = f"{VAULT_ID}/keys/cmk"
SYSTEM: Final = "5A1E0000-0000-4000-8000-0000000000AA"
USER: Final = "5A1E0000-0000-4000-8000-0000000000BB"
CLIENT: Final = "C11E0000-0000-4000-8000-0000000000BB"
ROLE_ID: Final = f"{SUBSCRIPTION}/providers/Microsoft.Authorization/roleDefinitions/12338AF0"
OLD, NEW = "0a" * 16, "0b" * 16
SETTINGS: Final = "account.properties.encryption.keyVaultProperties"
ATTRIBUTES: Final = "key.properties.attributes"
PINNED: Final = "versions.1.properties"
KEY_EVIDENCE: Final = {"keyId": KEY_ID.lower(), "keyVersion": NEW}
VAULT_EVIDENCE: Final = {"vaultId": VAULT_ID.lower()}
UNREAD: Final = Unread(Gap(GapReason.FORBIDDEN, "Some.Provider/things/read", "Grant the role."))


def with_policies() -> Case:
    """Return a system-assigned identity with an access policy, whose key rotates by itself."""
    return {
        "account": {
            "id": f"{SUBSCRIPTION}/resourceGroups/rg/providers/Microsoft.CognitiveServices"
            "/accounts/Chat",
            "kind": "AIServices",
            "identity": {"type": "SystemAssigned", "principalId": SYSTEM, "tenantId": "t"},
            "properties": {
                "provisioningState": "Succeeded",
                "encryption": {
                    "keySource": "Microsoft.KeyVault",
                    "keyVaultProperties": {
                        "keyName": "cmk",
                        "keyVersion": "",
                        "keyVaultUri": "https://safe.vault.azure.net",
                    },
                },
            },
        },
        "vault": {
            "id": VAULT_ID,
            "properties": {
                "vaultUri": "https://Safe.vault.azure.net/",
                "enableSoftDelete": True,
                "enablePurgeProtection": True,
                "networkAcls": {"defaultAction": "Deny", "bypass": "AzureServices"},
                "publicNetworkAccess": "Enabled",
                "accessPolicies": [
                    {"objectId": SYSTEM, "permissions": {"keys": ["Get", "WrapKey", "unwrapKey"]}}
                ],
            },
        },
        "key": _key(KEY_ID, "cmk", NEW, SECONDS - 10 * DAY),
        "versions": [],
        "assignments": [],
        "roles": [],
    }


def with_roles() -> Case:
    """Return a user-assigned identity with a role, of an account with the newest version pinned."""
    case = with_policies()
    settings(case).update(keyVersion=NEW, identityClientId=CLIENT)
    case["account"]["identity"] = {
        "type": "SystemAssigned, UserAssigned",
        "principalId": SYSTEM,
        "userAssignedIdentities": {"/a/b": {"clientId": CLIENT, "principalId": USER}},
    }
    vault = case["vault"]["properties"]
    vault.update(enableRbacAuthorization=True)
    del vault["accessPolicies"], vault["networkAcls"], vault["publicNetworkAccess"]
    case["versions"] = [
        _key(f"{KEY_ID}/versions/{OLD}", OLD, OLD, SECONDS - 99 * DAY),
        _key(f"{KEY_ID}/versions/{NEW}", NEW, NEW, SECONDS - 10 * DAY),
    ]
    case["assignments"] = [
        {"properties": {"roleDefinitionId": ROLE_ID, "principalId": USER, "scope": VAULT_ID}}
    ]
    keys = "Microsoft.KeyVault/vaults/keys"
    actions = [f"{keys}/read", f"{keys}/wrap/action", f"{keys}/unwrap/action"]
    permissions = [{"actions": [], "dataActions": actions, "notDataActions": []}]
    case["roles"] = [{"id": ROLE_ID, "properties": {"permissions": permissions}}]
    return case


def rotated_after(duration: str) -> Changes:
    """Return the change that gives the key a policy with rotation this long after creation."""
    action = {"trigger": {"timeAfterCreate": duration}, "action": {"type": "rotate"}}
    return {"key.properties.rotationPolicy": {"lifetimeActions": [action], "attributes": {}}}


def settings(case: Case) -> dict[str, Any]:
    """Return the key settings of the account of a case."""
    found: dict[str, Any] = case["account"]["properties"]["encryption"]["keyVaultProperties"]
    return found


def changed(case: Case, path: str, value: object = None, *, drop: bool = False) -> Case:
    """Return a case that differs at a dotted path, where numbers are places in lists."""
    case = copy.deepcopy(case)
    *steps, last = path.split(".")
    inner: Any = case
    for step in steps:
        inner = inner[int(step)] if isinstance(inner, list) else inner[step]
    place: Any = int(last) if isinstance(inner, list) else last
    if drop:
        del inner[place]
    else:
        inner[place] = value
    return case


def paths_of(documents: object, path: str = "") -> Iterator[str]:
    """Name every part of the documents of a case, and every entry of their lists."""
    entries: Iterable[tuple[object, object]] = ()
    if isinstance(documents, dict):
        entries = documents.items()
    elif isinstance(documents, list):
        entries = enumerate(documents)
    for name, each in entries:
        inner = f"{path}.{name}" if path else str(name)
        if path or inner in {"vault", "key"}:
            yield inner
        yield from paths_of(each, inner)


def with_changes(case: Case, changes: Changes) -> Case:
    """Return a case that differs at each of these paths."""
    for path, value in changes.items():
        case = changed(case, path, value)
    return case


def account_of(case: Case) -> Account | None:
    """Return the account of a case as it was read."""
    return parse_account(case["account"], frozenset())


def facts_of(case: Case) -> KeyFacts:
    """Return the facts of a case in which every request was answered."""
    account = account_of(case)
    assert account is not None
    vault = parse_vault(case["vault"], managed_hsm=False)
    key = parse_key(case["key"])
    versions: tuple[KeyVersion, ...] | None = None
    if get_pinned_version(account):
        versions = tuple(parse_version(each) for each in case["versions"])
    return KeyFacts(
        vault=vault,
        key=add_rotation(Key(key.id, key.latest, versions), case["key"]),
        grants=_grants(case, get_key_user(account)) if vault.uses_rbac else None,
    )


def account_and_facts(case: Case) -> tuple[Account, KeyFacts]:
    """Return the facts of a case."""
    account = account_of(case)
    assert account is not None
    return account, facts_of(case)


def judged(case: Case, **facts: Any) -> KeyHealth:  # noqa: ANN401 - fields of KeyFacts
    """Judge a case with some facts replaced."""
    account, read = account_and_facts(case)
    return judge_key_health(account, replace(read, **facts), NOW)


def found(health: KeyHealth) -> Expected:
    """Return the evidence of each concern by its code."""
    return {each.code: dict(each.evidence) for each in health.concerns}


def _key(key_id: str, name: str, version: str, created: int) -> dict[str, Any]:
    uri = "https://safe.vault.azure.net:443/keys/cmk"
    return {
        "id": key_id,
        "name": name,
        "properties": {
            "attributes": {
                "enabled": True,
                "nbf": SECONDS - DAY,
                "exp": SECONDS + 365 * DAY,
                "created": created,
            },
            "kty": "RSA",
            "keySize": 2048,
            "keyOps": ["sign", "wrapKey", "unwrapKey"],
            "keyUri": uri,
            "keyUriWithVersion": f"{uri}/{version}",
        },
    }


def _grants(case: Case, user: str | None) -> tuple[Grant, ...] | Unread:
    documents = [each for each in case["roles"] if isinstance(each, dict)]
    roles = {str(each.get("id")).lower(): each for each in documents}
    grants = []
    for entry in case["assignments"]:
        assignment = parse_assignment(entry)
        if assignment is None:
            return UNREAD
        if assignment.principal_id != user:
            continue
        permissions = parse_role(roles.get(assignment.role_id))
        if permissions is None:
            return UNREAD
        grants.append(
            Grant(assignment.role_id, assignment.scope, permissions, assignment.conditional)
        )
    return tuple(grants)


POLICIES: Final = with_policies()
ROLES: Final = with_roles()
