"""Loads estates from files; an unknown word is an error, never a silently different estate.

An estate file is JSON: ``tenantId``, ``userAssigned`` (client ids the identity endpoint knows) and
``subscriptions``, each with ``id``, ``name`` and optionally ``tenantId``, ``managedByTenants``,
``managementGroups`` (names, from the nearest up), ``state``, ``access``, ``listed``, ``pageSizes``,
``accounts``, whose fields are those of AccountSpec, and ``vaults``, whose fields are those of
VaultSpec, with ``keys`` as KeySpec and their ``versions`` as VersionSpec has them.

Optional, beside the subscriptions:

``groups``       names to the principals that are in them
``roles``        custom roles: ``name``, ``scope`` and ``permissions`` as Azure has them
``assignments``  ``role`` (its name), ``principal``, ``scope`` and maybe ``condition``
``denied``       what the identity may not do: ``action``, maybe ``scope``, and maybe
                 ``askingForGroups``, for requests with ``assignedTo()`` alone
``policies``     objects of Azure Policy: ``type``, such as "policyExemptions", ``scope``, ``name``
                 and ``properties`` as Azure has them

A principal, also in a vault's ``policies``, is "system:<account>", "user:<identity>",
"group:<name>", or an object id. Dates of keys and of exemptions (``expiresOn``) may be relative to
the time of loading, such as "+10d".
"""

import json
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

from local.simulator.accounts import AccountSpec
from local.simulator.estate import DEFAULT_TENANT, Access, Estate, Subscription
from local.simulator.grants import group_id
from local.simulator.policies import PolicyType
from local.simulator.roles import Permission, custom_role
from local.simulator.tokens import Identity
from local.simulator.vault_documents import KeySpec, VaultSpec, VersionSpec, seconds

DIRECTORY: Final = Path(__file__).parent / "estates"
_ESTATE: Final = {
    "tenantId",
    "userAssigned",
    "subscriptions",
    "groups",
    "roles",
    "assignments",
    "denied",
    "policies",
}
_SUBSCRIPTION: Final = {
    "id",
    "name",
    "tenantId",
    "managedByTenants",
    "managementGroups",
    "tags",
    "state",
    "access",
    "listed",
    "pageSizes",
    "accounts",
    "vaults",
}
_PERMISSION: Final = {
    "actions": "actions",
    "notActions": "not_actions",
    "dataActions": "data_actions",
    "notDataActions": "not_data_actions",
}


def estate_names() -> list[str]:
    """Return the names of the estates that can be loaded by name."""
    return sorted(path.stem for path in DIRECTORY.glob("*.json"))


def load_estate(name: str | Path) -> Estate:
    """Load an estate by its name or from a file.

    Raises ValueError for an unknown name, and for unknown words in a file.
    """
    path = name if isinstance(name, Path) else DIRECTORY / f"{name}.json"
    if not path.is_file():
        raise ValueError(f"the estate must be one of {', '.join(estate_names())}, not {name}")
    return estate_of(json.loads(path.read_text(encoding="utf-8")))


def estate_of(document: Mapping[str, Any]) -> Estate:
    """Build an estate from the JSON of a file. Raises ValueError for unknown words."""
    _refuse_unknown(document, _ESTATE)
    estate = Estate(document.get("tenantId", DEFAULT_TENANT), document.get("userAssigned", ()))
    entries = document["subscriptions"]
    added = [_add_subscription(estate, entry) for entry in entries]
    # Principals are identities of accounts, so all accounts are added before any vault.
    for subscription, entry in zip(added, entries, strict=True):
        for vault in entry.get("vaults", ()):
            subscription.vaults.add(_vault(estate, vault))
    _add_grants(estate, document)
    for entry in document.get("policies", ()):
        _add_policy(estate, entry)
    for denial in document.get("denied", ()):
        _refuse_unknown(denial, {"action", "scope", "askingForGroups"})
        groups = denial.get("askingForGroups", False)
        estate.denials.add(denial["action"], denial.get("scope", "/"), asking_for_groups=groups)
    return estate


def _add_subscription(estate: Estate, entry: Mapping[str, Any]) -> Subscription:
    _refuse_unknown(entry, _SUBSCRIPTION)
    added = estate.add_subscription(entry["id"], entry["name"], tenant_id=entry.get("tenantId"))
    added.managed_by_tenants = entry.get("managedByTenants", ())
    added.tags = entry.get("tags", {})
    added.management_groups = entry.get("managementGroups", added.management_groups)
    added.state = entry.get("state", "Enabled")
    added.access = Access(entry.get("access", "reader"))
    added.listed = entry.get("listed", True)
    added.page_sizes = entry.get("pageSizes", ())
    for account in entry.get("accounts", ()):
        added.add_account(_account(account))
    return added


def _account(entry: Mapping[str, Any]) -> AccountSpec:
    _refuse_unknown(entry, set(AccountSpec.__dataclass_fields__))
    return AccountSpec(**entry)


def _vault(estate: Estate, entry: Mapping[str, Any]) -> VaultSpec:
    _refuse_unknown(entry, set(VaultSpec.__dataclass_fields__))
    policies = {
        _principal(estate, principal): keys for principal, keys in entry.get("policies", {}).items()
    }
    keys = [_key(key) for key in entry.get("keys", ())]
    return VaultSpec(**{**entry, "policies": policies, "keys": keys})


def _key(entry: Mapping[str, Any]) -> KeySpec:
    _refuse_unknown(entry, set(KeySpec.__dataclass_fields__))
    versions = entry.get("versions", [{}])
    for version in versions:
        _refuse_unknown(version, set(VersionSpec.__dataclass_fields__))
    return KeySpec(**{**entry, "versions": [VersionSpec(**version) for version in versions]})


def _add_grants(estate: Estate, document: Mapping[str, Any]) -> None:
    grants = estate.grants
    for name, members in document.get("groups", {}).items():
        grants.set_group(name, [_principal(estate, member) for member in members])
    for role in document.get("roles", ()):
        _refuse_unknown(role, {"name", "scope", "permissions"})
        blocks = [_permission(block) for block in role["permissions"]]
        grants.add_role(custom_role(role["name"], role["scope"], *blocks))
    for grant in document.get("assignments", ()):
        _refuse_unknown(grant, {"role", "principal", "scope", "condition"})
        principal = _principal(estate, grant["principal"])
        grants.add(grant["scope"], grant["role"], principal, condition=grant.get("condition"))


def _add_policy(estate: Estate, entry: Mapping[str, Any]) -> None:
    _refuse_unknown(entry, {"type", "scope", "name", "properties"})
    properties = entry["properties"]
    if "expiresOn" in properties:
        properties = {**properties, "expiresOn": _date(properties["expiresOn"])}
    estate.policies.add(PolicyType(entry["type"]), entry["scope"], entry["name"], properties)


def _date(when: object) -> object:
    """Return a date as Azure writes it, if it is relative to now; any other value as it is."""
    moment = seconds(when)
    if not isinstance(moment, int):
        return when
    return f"{datetime.fromtimestamp(moment, UTC):%Y-%m-%dT%H:%M:%SZ}"


def _permission(block: Mapping[str, Any]) -> Permission:
    _refuse_unknown(block, set(_PERMISSION))
    return Permission(**{_PERMISSION[name]: actions for name, actions in block.items()})


def _principal(estate: Estate, word: str) -> str:
    """Return the object id that a word stands for. Raises ValueError for an unknown principal."""
    kind, named, name = word.partition(":")
    if not named:
        return word
    if kind == "user":
        return Identity.named(name).object_id
    if kind == "group":
        return group_id(name)
    for subscription in estate.subscriptions if kind == "system" else ():
        account = subscription.account(name)
        if account is not None and account.principal_id is not None:
            return account.principal_id
    raise ValueError(f"an estate file cannot have the principal {word}")


def _refuse_unknown(entry: Mapping[str, Any], known: set[str]) -> None:
    unknown = sorted(set(entry) - known)
    if unknown:
        words = f"{', '.join(unknown)}; it knows {', '.join(sorted(known))}"
        raise ValueError(f"an estate file cannot have {words}")
