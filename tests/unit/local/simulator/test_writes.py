"""Changes that the simulator takes: they must need in it what they need in Azure."""

from typing import Any

import pytest

from local.simulator import Account, AccountSpec, Estate, KeySpec, Subscription, VaultSpec
from local.simulator.tokens import Identity
from tests.unit.local.simulator.plain_client import Client
from tests.unit.local.simulator.vault_kit import APPS, KEY_VERSION

pytestmark = pytest.mark.long

KEY = {"keyName": "cmk", "keyVersion": "", "keyVaultUri": "https://kv-x.vault.azure.net/"}
USE = ["get", "wrapKey", "unwrapKey"]
CLEARED = {"identityClientId": None}
ENCRYPTION = {"keySource": "Microsoft.KeyVault", "keyVaultProperties": KEY}
ENCRYPT = {"sku": {"name": "S0"}, "properties": {"encryption": ENCRYPTION}}


@pytest.fixture
def subscription(estate: Estate) -> Subscription:
    """A subscription with a key that nobody may use yet."""
    found = estate.subscription(APPS.rpartition("/")[2])
    found.vaults.add(VaultSpec(name="kv-x", group="rg-x", keys=(KeySpec(name="cmk"),)))
    return found


@pytest.fixture
def account(subscription: Subscription) -> Account:
    """An account without identity and key."""
    return subscription.add_account(AccountSpec(name="new", group="rg-x"))


async def _patch(client: Client, account: Account, body: object) -> tuple[int, Any]:
    status, answer, _ = await client.as_administrator(account.id, method="PATCH", body=body)
    return status, answer


@pytest.mark.parametrize(
    "case",
    [
        ("Key Vault Crypto Service Encryption User", "/keys/cmk", 200),
        ("Key Vault Crypto User", "", 200),
        ("Key Vault Reader", "", 400),
        ("Key Vault Crypto User", "/keys/other", 400),
        ("", "", 400),
    ],
    ids=["on the key", "on the vault", "only to read", "on another key", "none"],
)
async def test_a_key_is_taken_once_a_role_lets_the_account_use_it(
    subscription: Subscription, client: Client, account: Account, case: tuple[str, str, int]
) -> None:
    """A plan that grants too little, or to somebody else, must fail here as it would in Azure."""
    role, granted, status = case
    account.assign_identity()
    vault = subscription.vaults["kv-x"]
    vault.put({"enableRbacAuthorization": True}, {})
    if role:
        grants = client.simulator.estate.grants
        grants.add(f"{vault.id}{granted}", role, str(account.principal_id))

    answered, _ = await _patch(client, account, ENCRYPT)

    assert answered == status


async def test_the_identity_that_is_named_must_be_allowed(
    client: Client, subscription: Subscription, account: Account
) -> None:
    """A client id from before stays unless it is cleared, and is then the one that counts."""
    both = AccountSpec(name="both", group="rg-x", identity="system,user:one")
    account = subscription.add_account(both)
    client_id = Identity.named("one").client_id
    subscription.vaults["kv-x"].set_policy(str(account.principal_id), USE)
    account.set_encryption({"keyVaultProperties": {"identityClientId": client_id}})

    of_user, _ = await _patch(client, account, ENCRYPT)
    cleared = {"keySource": "Microsoft.KeyVault", "keyVaultProperties": KEY | CLEARED}
    of_system, _ = await _patch(client, account, {"properties": {"encryption": cleared}})

    assert (of_user, of_system) == (400, 200)


@pytest.mark.parametrize("changed", [{"keyName": "other"}, {"keyVaultUri": "https://kv-y.test/"}])
async def test_a_key_that_is_not_there_is_refused(
    client: Client, subscription: Subscription, account: Account, changed: dict[str, str]
) -> None:
    """A misspelt key must not look like a fix."""
    account.assign_identity()
    subscription.vaults["kv-x"].set_policy(str(account.principal_id), USE)
    encryption = {"keySource": "Microsoft.KeyVault", "keyVaultProperties": KEY | changed}

    status, _ = await _patch(client, account, {"properties": {"encryption": encryption}})

    assert status == 400


async def test_encryption_that_is_not_named_stays(client: Client, account: Account) -> None:
    """A version that was pinned once is only gone when somebody says so."""
    account.set("identity", {"type": "SystemAssigned"})
    account.set_encryption({"keySource": "X", "keyVaultProperties": {"keyVersion": "1", "a": 1}})
    patch = {"keySource": "Y", "keyVaultProperties": {"keyName": "cmk", "a": None}}

    await _patch(client, account, {"properties": {"encryption": patch}})

    assert account.find("properties.encryption") == {
        "keySource": "Y",
        "keyVaultProperties": {"keyVersion": "1", "keyName": "cmk"},
    }


async def test_policies_are_added_to_those_that_there_are(
    client: Client, subscription: Subscription
) -> None:
    """Who took the others away would break every account of the vault."""
    vault = subscription.vaults["kv-x"]
    for object_id, key in (("other", "get"), ("me", "get"), ("me", "wrapKey")):
        policy = {"tenantId": "t", "objectId": object_id, "permissions": {"keys": [key]}}
        status, _, _ = await client.as_administrator(
            f"{vault.id}/accessPolicies/add",
            method="PUT",
            body={"properties": {"accessPolicies": [policy]}},
            version=KEY_VERSION,
        )
        assert status == 200

    policies: Any = vault.find("properties.accessPolicies")
    assert {each["objectId"]: each["permissions"]["keys"] for each in policies} == {
        "other": ["get"],
        "me": ["get", "wrapKey"],
    }


async def test_a_recovered_vault_has_its_keys_and_no_role_assignment(
    client: Client, estate: Estate, subscription: Subscription
) -> None:
    """Azure deletes them with the vault, so a plan has to grant again."""
    vault = subscription.vaults["kv-x"]
    kept = estate.grants.add(vault.id.rpartition("/providers/")[0], "Reader", "p")
    for scope in (vault.id, f"{vault.id}/keys/cmk"):
        estate.grants.add(scope, "Reader", "p")
    subscription.vaults.remove("kv-x")
    body = {
        "location": "westeurope",
        "properties": {"tenantId": "t", "sku": {}, "createMode": "recover"},
    }

    status, _, _ = await client.as_administrator(
        vault.id, method="PUT", body=body, version=KEY_VERSION
    )

    assert status == 200
    assert [key.name for key in subscription.vaults["kv-x"].keys] == ["cmk"]
    assert estate.grants.all() == [kept]
