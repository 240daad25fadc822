"""Encryption scopes: parts of an account that a key of their own, or Microsoft's, encrypts."""

from collections.abc import Iterator

import pytest

from local.simulator import Account, Simulator
from tests.unit.local.simulator.plain_client import ACCOUNTS, Client
from tests.unit.local.simulator.vault_kit import APPS, small_estate

pytestmark = pytest.mark.long

PATH = f"{APPS}/resourceGroups/rg-apps{ACCOUNTS}/chat/encryptionScopes"
ACTION = "Microsoft.CognitiveServices/accounts/encryptionScopes/read"


@pytest.fixture
def simulator() -> Iterator[Simulator]:
    """Serve the small estate."""
    with Simulator(small_estate()) as running:
        yield running


@pytest.fixture
def account(simulator: Simulator) -> Account:
    """Give its account, alive."""
    return simulator.estate.subscription(APPS.rpartition("/")[2]).accounts["chat"]


async def test_an_account_without_scopes_has_an_empty_list(client: Client) -> None:
    """Nearly every account is like this."""
    status, body, _ = await client.get(PATH)

    assert (status, body) == (200, {"value": []})


async def test_scopes_come_and_go_with_their_key_source(client: Client, account: Account) -> None:
    """One that is under Microsoft's key is not under the account's."""
    account.scopes.set("training", {"keySource": "Microsoft.CognitiveServices"})
    account.scopes.set("odd", None)
    account.scopes.set("gone", {})
    account.scopes.remove("gone")

    _, body, _ = await client.get(PATH)

    assert [(each["name"], each["properties"]) for each in body["value"]] == [
        (
            "training",
            {
                "keySource": "Microsoft.CognitiveServices",
                "provisioningState": "Succeeded",
                "state": "Enabled",
            },
        ),
        ("odd", None),
    ]
    assert body["value"][0]["id"] == f"{PATH}/training"


async def test_scopes_come_in_pages(client: Client, account: Account) -> None:
    """Who reads the first page alone misses the scope that matters."""
    client.simulator.arm.accounts.per_page = 1
    account.scopes.set("one", {})
    account.scopes.set("two", {})

    pages = await client.walk(PATH)

    assert [[each["name"] for each in page] for page in pages] == [["one"], ["two"]]


async def test_scopes_need_an_action_of_their_own(client: Client) -> None:
    """An account can be read where its scopes cannot."""
    client.simulator.estate.denials.add(ACTION)
    denied, body, _ = await client.get(PATH)
    account, _, _ = await client.get(PATH.removesuffix("/encryptionScopes"))

    assert (denied, account) == (403, 200)
    assert f"perform action '{ACTION}'" in body["error"]["message"]


@pytest.mark.parametrize(
    ("path", "version", "code"),
    [
        (PATH, "2023-05-01", "InvalidResourceType"),
        (PATH.replace("/chat/", "/none/"), "2025-09-01", "ResourceNotFound"),
        (PATH.replace("rg-apps", "none"), "2025-09-01", "ResourceGroupNotFound"),
    ],
)
async def test_scopes_of_what_is_not_there(
    client: Client, path: str, version: str, code: str
) -> None:
    """An account that is gone has no scopes that are well."""
    status, body, _ = await client.get(path, version=version)

    assert (status, body["error"]["code"]) == (404, code)
