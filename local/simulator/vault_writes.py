"""The changes to vaults and keys that are simulated: what a fix does, as az sends it.

`az keyvault create`, `update` and `recover` put a vault. `az rest` adds access policies, and puts a
key, which creates it only if there is none of its name.
https://learn.microsoft.com/rest/api/keyvault/keyvault/keys/create-if-not-exist
"""

import json
from collections.abc import Mapping
from typing import Any, Final

from local.simulator import errors
from local.simulator.estate import Estate, Subscription
from local.simulator.messages import Incoming, Reply
from local.simulator.vault_documents import KeySpec, VaultSpec, VersionSpec
from local.simulator.vaults import Vault

_KEY: Final = frozenset({"kty", "keySize", "rotationPolicy"})


def put_vault(
    estate: Estate, subscription: Subscription, names: Mapping[str, str], incoming: Incoming
) -> Reply:
    """Create a vault, or replace the properties of one; its keys stay."""
    body = _json(incoming)
    match body:
        case {"location": str(location), "properties": {"tenantId": str()} as given}:
            properties = {key: value for key, value in given.items() if value is not None}
        case _:
            return errors.invalid_request_content()
    name, group = names["name"], names["group"]
    if properties.get("createMode") == "recover":
        return _recover(estate, subscription, name, group)
    vault = subscription.vaults.find(name, group, hsm=False)
    if vault is None and any(_taken(each, name) for each in estate.subscriptions):
        return errors.vault_already_exists(name)
    if vault is not None and vault.find("properties.enablePurgeProtection") is True:
        if not properties.get("enablePurgeProtection", True):
            return errors.purge_protection_stays()
        properties["enablePurgeProtection"] = True
    if vault is None:
        vault = subscription.vaults.add(VaultSpec(name=name, group=group, location=location))
    vault.put(properties, body.get("tags") or {})
    return Reply.of(200, vault.document())


def _recover(estate: Estate, subscription: Subscription, name: str, group: str) -> Reply:
    """Recover a deleted vault with its keys, and without the role assignments on them.

    https://learn.microsoft.com/azure/key-vault/general/key-vault-recovery
    """
    for vault in subscription.vaults.deleted:
        if (vault.name.lower(), vault.group.lower()) == (name.lower(), group.lower()):
            estate.grants.remove_below(vault.id)
            subscription.vaults.restore(vault)
            return Reply.of(200, vault.document())
    return errors.resource_not_found("Microsoft.KeyVault/deletedVaults", group, name)


def add_policies(vault: Vault, incoming: Incoming) -> Reply:
    """Add permissions on keys to the access policies of principals; all others stay."""
    match _json(incoming):
        case {"properties": {"accessPolicies": [*added]}}:
            for policy in added:
                vault.extend_policy(policy["objectId"], policy["permissions"]["keys"])
        case _:
            return errors.invalid_request_content()
    policies = vault.find("properties.accessPolicies")
    body = {
        "id": f"{vault.id}/accessPolicies/",
        "type": f"{vault.type}/accessPolicies",
        "properties": {"accessPolicies": policies},
    }
    return Reply.of(200, body)


def put_key(vault: Vault, name: str, incoming: Incoming) -> Reply:
    """Create an RSA key if there is none of this name, and answer with the key."""
    match _json(incoming):
        case {"properties": {"kty": "RSA" as kty, **rest}} if rest.keys() <= _KEY:
            size = rest.get("keySize", 2048)
            policy: Any = rest.get("rotationPolicy")
        case _:
            return errors.not_simulated(incoming, "a key of this kind")
    now = (VersionSpec(created="-0m"),)
    spec = KeySpec(name=name, kty=kty, size=size, versions=now, policy=policy)
    key = vault.key(name) or vault.add_key(spec)
    return Reply.of(200, key.document())


def _taken(subscription: Subscription, name: str) -> bool:
    """Return whether a vault has this name, or had it until it was deleted: it is worldwide."""
    return any(each.name.lower() == name.lower() for each in subscription.vaults.ever)


def _json(incoming: Incoming) -> Any:  # noqa: ANN401 - any JSON
    try:
        return json.loads(incoming.body)
    except ValueError:
        return None
