"""The estates that come with vaults, and the words of estate files about them."""

import time
from collections.abc import Mapping
from typing import Any

import pytest

from cmk_check.core.enums import KeyReason
from local.simulator import Access, Estate, Key, Vault, estate_of, load_estate

pytestmark = pytest.mark.long

SUB = "1d1f6a54-0000-4000-8000-000000000001"
ACCOUNT = {"name": "chat", "group": "rg", "identity": "system"}
VAULT = {"name": "kv", "group": "rg"}


def with_vaults(*vaults: Mapping[str, Any], **rest: object) -> Estate:
    """Build an estate of one account and these vaults."""
    subscription = {"id": SUB, "name": "One", "accounts": [ACCOUNT], "vaults": vaults}
    return estate_of({"subscriptions": [subscription], **rest})


def vaults_of(estate: Estate) -> dict[str, Vault]:
    """Give all vaults of an estate by the host of their data."""
    return {
        str(vault.find("properties.vaultUri") or vault.find("properties.hsmUri")): vault
        for subscription in estate.subscriptions
        for vault in subscription.vaults.all
    }


def key_of(estate: Estate, properties: Mapping[str, str]) -> Key | None:
    """Find the key that an account names."""
    vault = vaults_of(estate).get(properties["keyVaultUri"])
    return None if vault is None else vault.key(properties["keyName"])


def key_properties(estate: Estate) -> dict[str, dict[str, str]]:
    """Give what each account that may be read says of its key, if it is under one."""
    found: dict[str, dict[str, str]] = {}
    for subscription in estate.subscriptions:
        for name, account in subscription.accounts.items():
            document: Any = account.document()
            match document["properties"].get("encryption"):
                case {
                    "keySource": str(source),
                    "keyVaultProperties": {"keyName": str(key)} as named,
                }:
                    if source.lower() == "microsoft.keyvault" and key.strip():
                        found[name] = named
    return found


@pytest.mark.parametrize("name", ["sample", "clean"])
def test_the_keys_that_accounts_name_are_there(name: str) -> None:
    """Else a demonstration shows nothing but unknowns."""
    estate = load_estate(name)
    named = key_properties(estate)

    keys = {account: key_of(estate, properties) for account, properties in named.items()}
    assert len(keys) >= 3
    assert None not in keys.values()
    for account, properties in named.items():
        version, key = properties.get("keyVersion"), keys[account]
        assert not version or (key is not None and key.version(version)), account


def test_there_is_an_account_for_each_reason() -> None:
    """What key health can say is shown once at least, healthy keys too."""
    estate = load_estate("keys")
    accounts = [name for each in estate.subscriptions for name in each.accounts]

    missing = [
        code
        for code in KeyReason
        if not any(name.startswith(code.replace("_", "-")) for name in accounts)
    ]
    assert missing == []
    assert sum(name.startswith("healthy-") for name in accounts) >= 10


def test_vaults_lie_in_other_subscriptions_some_of_which_are_closed() -> None:
    """That is where finding them is work, and where not finding them is no proof."""
    estate = load_estate("keys")
    homes = {each.name: (len(each.accounts), len(each.vaults.all)) for each in estate.subscriptions}

    assert homes["Key vaults"][0] == 0
    assert homes["Key vaults"][1] > 5
    closed = estate.subscriptions[-1]
    assert (closed.access, len(closed.vaults.all)) == (Access.READER, 1)
    assert estate.denials.refuses("Microsoft.KeyVault/vaults/read", closed.vaults.all[0].id)


def test_dates_in_the_estate_do_not_rot() -> None:
    """The key that expires soon does so whenever the estate is loaded."""
    estate = load_estate("keys")
    [properties] = [
        each for name, each in key_properties(estate).items() if name == "key-expires-soon"
    ]

    key = key_of(estate, properties)
    assert key is not None
    left = key.latest.find("properties.attributes.exp")
    assert left == pytest.approx(time.time() + 10 * 86_400, abs=60)


def test_policies_and_grants_are_for_the_principals_that_words_stand_for() -> None:
    """Object ids are made from names here, and nobody could write them into a file."""
    estate = with_vaults(
        {**VAULT, "policies": {"system:chat": ["get"], "user:shared": ["all"]}},
        groups={"outer": ["group:inner"], "inner": ["system:chat"]},
        roles=[{"name": "Ours", "scope": "/", "permissions": [{"dataActions": ["x"]}]}],
        assignments=[{"role": "Ours", "principal": "group:outer", "scope": "/", "condition": "c"}],
    )
    chat = estate.subscription(SUB).accounts["chat"].principal_id
    policies = estate.subscription(SUB).vaults["kv"].find("properties.accessPolicies")

    assert isinstance(policies, list)
    assert [each["permissions"]["keys"] for each in policies] == [["get"], ["all"]]
    assert policies[0]["objectId"] == chat
    [grant] = estate.grants.at_or_above(["/"])
    assert chat is not None
    assert grant.principal_id in estate.grants.holders(chat)
    assert (grant.role.name, grant.condition) == ("Ours", "c")


@pytest.mark.parametrize(
    ("rest", "wrong"),
    [
        ({"vaults": [{**VAULT, "key": []}]}, "key;"),
        ({"vaults": [{**VAULT, "keys": [{"name": "a", "kind": "RSA"}]}]}, "kind;"),
        ({"vaults": [{**VAULT, "keys": [{"name": "a", "versions": [{"expires": 1}]}]}]}, "expires"),
        ({"vaults": [{**VAULT, "policies": {"system:none": []}}]}, "the principal system:none"),
        ({"vaults": [{**VAULT, "policies": {"account:chat": []}}]}, "the principal account:chat"),
        ({"assignments": [{"role": "Owner", "who": "user:a", "scope": "/"}]}, "who;"),
        ({"roles": [{"name": "a", "scope": "/", "dataActions": []}]}, "dataActions;"),
        ({"roles": [{"name": "a", "scope": "/", "permissions": [{"data": []}]}]}, "data;"),
        ({"denied": [{"actions": "a"}]}, "actions;"),
    ],
)
def test_an_unknown_word_about_vaults_and_grants_is_refused(
    rest: dict[str, Any], wrong: str
) -> None:
    """A misspelt word would silently give another estate."""
    vaults = rest.pop("vaults", ())
    with pytest.raises(ValueError, match=f"cannot have {wrong}"):
        with_vaults(*vaults, **rest)


def test_a_vault_may_be_gone_and_yet_be_listed_by_resource_graph() -> None:
    """Its account is broken at the first scan, which no other word of a file can say."""
    vaults = with_vaults({**VAULT, "deleted": True}).subscription(SUB).vaults

    assert [each.name for each in vaults.indexed] == ["kv"]
    assert vaults.all == ()
