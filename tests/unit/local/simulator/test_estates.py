"""Estates from files, and those made for benchmarks: a wrong word is refused, not passed over."""

import json
from collections.abc import Mapping
from typing import Any

import pytest

from local.simulator import AccountSpec, Estate, estate_of, generate, load_estate
from local.simulator.accounts import find
from local.simulator.load import estate_names

pytestmark = pytest.mark.long

SUB = "1d1f6a54-0000-4000-8000-000000000001"
ACCOUNT = {"name": "chat", "group": "rg", "identity": "system"}
VAULT = {"name": "kv", "group": "rg"}
STORE = {"type": "Microsoft.Storage/storageAccounts", "name": "files", "group": "rg"}


def with_vaults(*vaults: Mapping[str, Any], **rest: object) -> Estate:
    """Build an estate of one account and these vaults."""
    subscription = {"id": SUB, "name": "One", "accounts": [ACCOUNT], "vaults": vaults}
    return estate_of({"subscriptions": [subscription], **rest})


def test_every_estate_loads() -> None:
    """A word that is wrong in a file is found here, not in a demonstration."""
    names = estate_names()

    assert names == ["clean", "empty", "exceptions", "foundry", "keys", "nothing", "sample"]
    assert [len(load_estate(name).subscriptions) for name in names] == [2, 1, 4, 3, 4, 0, 3]


@pytest.mark.parametrize(
    ("rest", "wrong"),
    [
        ({"tenant": "x"}, "tenant;"),
        ({"vaults": [{**VAULT, "key": []}]}, "key;"),
        ({"vaults": [{**VAULT, "keys": [{"name": "a", "versions": [{"expires": 1}]}]}]}, "expires"),
        ({"vaults": [{**VAULT, "policies": {"system:none": []}}]}, "the principal system:none"),
        ({"assignments": [{"role": "Owner", "who": "user:a", "scope": "/"}]}, "who;"),
        ({"roles": [{"name": "a", "scope": "/", "permissions": [{"data": []}]}]}, "data;"),
        ({"denied": [{"actions": "a"}]}, "actions;"),
    ],
)
def test_an_unknown_word_in_an_estate_is_refused(rest: dict[str, Any], wrong: str) -> None:
    """A misspelt word would silently give another estate."""
    vaults = rest.pop("vaults", ())
    with pytest.raises(ValueError, match=f"cannot have {wrong}"):
        with_vaults(*vaults, **rest)


@pytest.mark.parametrize(
    ("word", "wrong"),
    [
        ({"acess": "reader"}, "cannot have acess;"),
        ({"accounts": [{"tag": {}}]}, "cannot have tag;"),
        (
            {"accounts": [ACCOUNT | {"connections": {"files": "store:fiels"}}], "stores": [STORE]},
            "the store store:fiels",
        ),
    ],
)
def test_an_unknown_word_of_a_subscription_is_refused(word: dict[str, Any], wrong: str) -> None:
    """As above; a misspelt store would be a store that is gone."""
    with pytest.raises(ValueError, match=wrong):
        estate_of({"subscriptions": [{"id": SUB, "name": "One", **word}]})


def test_a_vault_may_be_gone_and_yet_be_listed_by_resource_graph() -> None:
    """Its account is broken at the first scan, which no other word of a file can say."""
    vaults = with_vaults({**VAULT, "deleted": True}).subscription(SUB).vaults

    assert [each.name for each in vaults.indexed] == ["kv"]
    assert vaults.all == ()


def test_an_account_can_be_sent_without_a_part_or_raw() -> None:
    """Malformed accounts are made of these two; encoding quickly changes nothing in others."""
    subscription = Estate().add_subscription(SUB, "One")
    bare = AccountSpec(name="bare", group="rg", without=("kind", "properties.endpoint"))
    subscription.add_account(bare)
    subscription.add_account(AccountSpec(name="raw", group="rg", raw=[1, None]))

    document = json.loads(subscription.accounts["bare"].encoded())
    assert "kind" not in document
    assert "endpoint" not in document["properties"]
    assert subscription.accounts["raw"].encoded() == b"[1,null]"
    for account in load_estate("sample").subscriptions[0].accounts.values():
        assert json.loads(account.encoded()) == account.document()


def test_each_key_that_a_generated_account_names_exists() -> None:
    """Else a benchmark of keys would measure how vaults are looked for in vain."""
    estate = generate(subscriptions=20, accounts=5, keys=True)
    keys = [
        find(account.document(), "properties.encryption.keyVaultProperties")
        for subscription in estate.subscriptions
        for account in subscription.accounts.values()
    ]
    named = {
        (key["keyVaultUri"], key["keyName"])
        for key in keys
        if isinstance(key, dict) and key["keyName"]
    }

    assert named == {
        (f"https://{vault.name}.vault.azure.net/", key.name)
        for vault in estate.subscriptions[0].vaults.all
        for key in vault.keys
    }
