"""The estates that come with the simulator, and those made for benchmarks."""

import json
from typing import Any

import pytest

from local.simulator import Access, AccountSpec, Estate, estate_of, generate, load_estate
from local.simulator.load import estate_names

pytestmark = pytest.mark.long

IN_SCOPE = {"OpenAI", "AIServices"}


def documents(estate: Estate) -> list[dict[str, Any]]:
    """Give the accounts that may be read, as Azure would send them."""
    return [
        json.loads(account.encoded())
        for subscription in estate.subscriptions
        if subscription.access is Access.READER
        for account in subscription.accounts.values()
    ]


def test_every_estate_loads() -> None:
    """A word that is wrong in a file is found here, not in a demonstration."""
    names = estate_names()

    assert names == ["clean", "empty", "exceptions", "foundry", "keys", "nothing", "sample"]
    assert [len(load_estate(name).subscriptions) for name in names] == [2, 1, 4, 3, 4, 0, 3]


def test_the_sample_shows_every_state_of_encryption() -> None:
    """The demonstration has to show each reason once."""
    found = [each for each in documents(load_estate("sample")) if each["kind"] in IN_SCOPE]
    states = [each["properties"].get("encryption", "absent") for each in found]
    sources = {state.get("keySource") for state in states if isinstance(state, dict)}

    assert len(found) == 14
    assert "absent" in states
    assert {} in states
    assert "Microsoft.KeyVault" in states
    assert sources == {
        None,
        "Microsoft.CognitiveServices",
        "Microsoft.KeyVault",
        "microsoft.keyvault",
        "Microsoft.ManagedHsm",
    }


def test_a_key_is_used_by_an_identity_the_account_has() -> None:
    """An account whose key names a stranger's identity is broken, which the sample's is not."""
    [account] = [
        each for each in documents(load_estate("sample")) if each["name"] == "agents-foundry"
    ]
    key = account["properties"]["encryption"]["keyVaultProperties"]
    identities = account["identity"]["userAssignedIdentities"].values()

    assert [each["clientId"] for each in identities] == [key["identityClientId"]]


def test_the_clean_estate_names_a_key_for_every_account() -> None:
    """It stands for an estate with nothing to find."""
    found = documents(load_estate("clean"))

    keys = [each["properties"]["encryption"] for each in found]
    assert len(keys) == 3
    assert all(
        isinstance(key, dict)
        and key["keySource"] == "Microsoft.KeyVault"
        and key["keyVaultProperties"]["keyName"]
        for key in keys
    )


@pytest.mark.parametrize(
    ("document", "wrong"),
    [
        ({"subscriptions": [], "tenant": "x"}, "tenant"),
        ({"subscriptions": [{"id": "a", "name": "b", "acess": "reader"}]}, "acess"),
        (
            {"subscriptions": [{"id": "a", "name": "b", "accounts": [{"tag": {}}]}]},
            "tag",
        ),
    ],
)
def test_an_unknown_word_in_an_estate_is_refused(document: dict[str, object], wrong: str) -> None:
    """A misspelt word would silently give another estate."""
    with pytest.raises(ValueError, match=f"cannot have {wrong};"):
        estate_of(document)


def test_an_unknown_estate_is_refused_by_naming_those_there_are() -> None:
    """A typing error on the command line is answered with the choice."""
    with pytest.raises(
        ValueError, match="clean, empty, exceptions, foundry, keys, nothing, sample"
    ):
        load_estate("sampel")


def test_the_same_seed_gives_the_same_estate() -> None:
    """Two runs of a benchmark measure the same thing."""
    first = documents(generate(subscriptions=6, accounts=5, seed=3))
    second = documents(generate(subscriptions=6, accounts=5, seed=3))
    other = documents(generate(subscriptions=6, accounts=5, seed=4))

    assert len(first) == 30
    assert first == second
    assert first != other


def test_every_tenth_generated_account_is_a_big_one() -> None:
    """The size of the accounts is half of what a benchmark measures."""
    estate = generate(subscriptions=4, accounts=5)
    sizes = [
        len(account.encoded())
        for subscription in estate.subscriptions
        for account in subscription.accounts.values()
    ]

    assert [number for number, size in enumerate(sizes) if size > 40_000] == [9, 19]


def test_an_account_encoded_quickly_is_the_account_as_a_document() -> None:
    """The short cut of the encoder must not change what is sent."""
    for account in load_estate("sample").subscriptions[0].accounts.values():
        assert json.loads(account.encoded()) == account.document()


def test_an_account_can_be_sent_without_a_part_or_raw() -> None:
    """Malformed accounts are made of these two."""
    subscription = Estate().add_subscription("1d1f6a54-0000-4000-8000-000000000001", "One")
    bare = AccountSpec(name="bare", group="rg", without=("kind", "properties.endpoint"))
    subscription.add_account(bare)
    subscription.add_account(AccountSpec(name="raw", group="rg", raw=[1, None]))

    document = json.loads(subscription.accounts["bare"].encoded())
    assert "kind" not in document
    assert "endpoint" not in document["properties"]
    assert subscription.accounts["raw"].encoded() == b"[1,null]"


def test_accounts_are_found_by_id_in_any_case() -> None:
    """Findings keep ids in lower case."""
    estate = load_estate("sample")
    [first, *_] = estate.subscriptions[0].accounts.values()

    assert estate.account(first.id.upper()) is first
