"""Projects of Foundry accounts, what they name, and the stores behind the names."""

from collections.abc import Iterator
from typing import Any

import pytest

from local.simulator import AccountSpec, ProjectSpec, Simulator, StoreSpec, estate_of, load_estate
from tests.unit.local.simulator.plain_client import ACCOUNTS, Client
from tests.unit.local.simulator.vault_kit import APPS, small_estate

pytestmark = pytest.mark.long

GROUP = f"{APPS}/resourceGroups/rg-apps"
AGENTS = f"{GROUP}{ACCOUNTS}/agents"
PROJECT = f"{AGENTS}/projects/one"
STORAGE = "Microsoft.Storage/storageAccounts"
COSMOS = "Microsoft.DocumentDB/databaseAccounts"
FILES = f"{GROUP}/providers/{STORAGE}/files"
KEY = "https://kv.vault.azure.net/keys/cmk"
STORES = [
    (STORAGE, "2025-06-01", "encryption.keySource", ["Microsoft.Storage", "Microsoft.Keyvault"]),
    (COSMOS, "2025-10-15", "keyVaultKeyUri", [None, KEY]),
    (
        "Microsoft.Search/searchServices",
        "2025-05-01",
        "encryptionWithCmk.enforcement",
        ["Unspecified", "Enabled"],
    ),
    (
        "Microsoft.MachineLearningServices/workspaces",
        "2025-09-01",
        "encryption.status",
        [None, "Enabled"],
    ),
]


@pytest.fixture
def simulator() -> Iterator[Simulator]:
    """Serve the small estate with an account of two projects."""
    estate = small_estate()
    project = ProjectSpec(name="one", hosts={"h": "standard"}, connections={"files": FILES})
    estate.subscription(APPS.rpartition("/")[2]).add_account(
        AccountSpec(
            name="agents",
            group="rg-apps",
            kind="AIServices",
            projects=(project, ProjectSpec(name="team", count=2)),
            hosts={"all": "basic"},
        )
    )
    with Simulator(estate) as running:
        yield running


def value_at(document: Any, path: str) -> Any:  # noqa: ANN401 - JSON
    """Give what is at a dotted path of the properties."""
    value = document["properties"]
    for part in path.split("."):
        value = (value or {}).get(part)
    return value


async def test_projects_come_in_pages_and_the_account_names_them(client: Client) -> None:
    """Who reads the first page alone misses the project that matters."""
    client.simulator.arm.accounts.per_page = 2
    pages = await client.walk(f"{AGENTS}/projects")
    _, account, _ = await client.get(AGENTS)

    ids = [[each["id"].rpartition("/")[2] for each in page] for page in pages]
    assert ids == [["one", "team-01"], ["team-02"]]
    assert account["properties"]["associatedProjects"] == ["one", "team-01", "team-02"]
    names = {each["name"] for page in pages for each in page}
    assert names != {name.rpartition("/")[2] for name in names} != set()


async def test_a_project_alone_tells_its_settings_and_in_two_api_versions(client: Client) -> None:
    """Who reads the list, or asks for another version, sees no store where there are three."""
    settings = {"blobStore": FILES}
    account = client.simulator.estate.account(AGENTS)
    account.projects.add(ProjectSpec(name="new", properties={"capabilitySettings": settings}))

    found = [
        (await client.get(f"{AGENTS}/projects/new", version=version))[1]["properties"]
        for version in ("2026-07-15-preview", "2026-09-15-preview", "2026-09-01")
    ]
    _, listed, _ = await client.get(f"{AGENTS}/projects", version="2026-09-15-preview")

    assert [each.get("capabilitySettings") for each in found] == [settings, settings, None]
    assert "capabilitySettings" not in listed["value"][-1]["properties"]


async def test_connections_to_datastores_are_listed_only_if_asked_for(client: Client) -> None:
    """Who does not ask takes another connection of the same name for the one that is left out."""
    account = client.simulator.estate.account(AGENTS)
    account.projects.connections.set("data", {"category": "AzureBlob"})
    account.projects.connections.set("files", FILES)

    _, some, _ = await client.get(f"{AGENTS}/connections")
    _, every, _ = await client.get(f"{AGENTS}/connections?includeAll=true")

    assert [each["name"] for each in some["value"]] == ["files"]
    assert [each["name"] for each in every["value"]] == ["data", "files"]


async def test_hosts_name_connections_which_lead_to_stores(client: Client) -> None:
    """The way from an account to its data, as a standard agent setup has it."""
    found = {
        path: (await client.get(path))[1]["value"]
        for parent in (AGENTS, PROJECT)
        for path in (f"{parent}/capabilityHosts", f"{parent}/connections")
    }

    [of_account], [of_project] = (found[f"{each}/capabilityHosts"] for each in (AGENTS, PROJECT))
    assert of_account["properties"] == {
        "capabilityHostKind": "Agents",
        "provisioningState": "Succeeded",
    }
    assert of_project["properties"]["storageConnections"] == ["files"]
    [connection] = found[f"{PROJECT}/connections"]
    assert connection["properties"]["metadata"]["ResourceId"] == FILES
    assert found[f"{AGENTS}/connections"] == []


@pytest.mark.parametrize(("type_", "version", "path", "words"), STORES)
async def test_a_store_says_whose_key_encrypts_it(
    client: Client, type_: str, version: str, path: str, words: list[str | None]
) -> None:
    """Each in its own words: without a key of the customer's, and with one."""
    stores = client.simulator.estate.subscription(APPS.rpartition("/")[2]).stores
    stores.add(StoreSpec(type=type_, name="one", group="rg-apps"))
    stores.add(StoreSpec(type=type_, name="own", group="rg-apps", key=KEY))

    found = [
        (await client.get(f"{GROUP}/providers/{type_.upper()}/{name}", version=version))[1]
        for name in ("one", "own")
    ]

    assert [value_at(each, path) for each in found] == words


@pytest.mark.parametrize(
    ("path", "version", "action", "refusal"),
    [
        (FILES, "2025-06-01", f"{STORAGE}/read", (403, "AuthorizationFailed")),
        (FILES, "2025-06-01", None, (404, "ResourceNotFound")),
        (FILES.replace("rg-apps", "no"), "2025-06-01", None, (404, "ResourceGroupNotFound")),
        (FILES, "2020-01-01", None, (404, "InvalidResourceType")),
        (f"{FILES}/blobServices/default", "2025-06-01", None, (501, "NotSimulated")),
        (f"{AGENTS}/projects", "2024-10-01", None, (404, "InvalidResourceType")),
        (f"{AGENTS}/projects/no/connections", "2025-09-01", None, (404, "ParentResourceNotFound")),
        *(
            (f"{parent}/{kind}", "2025-09-01", action, (403, "AuthorizationFailed"))
            for parent, kind, action in (
                (AGENTS, "projects", "accounts/projects/read"),
                (AGENTS, "capabilityHosts", "accounts/capabilityHosts/read"),
                (PROJECT, "capabilityHosts", "accounts/projects/capabilityHosts/read"),
                (AGENTS, "connections", "accounts/connections/read"),
                (PROJECT, "connections", "accounts/projects/connections/read"),
            )
        ),
    ],
)
async def test_refusals(
    client: Client, path: str, version: str, action: str | None, refusal: tuple[int, str]
) -> None:
    """What is gone, denied or asked for wrongly is never an empty success."""
    if action is not None:
        whole = action if "." in action else f"Microsoft.CognitiveServices/{action}"
        client.simulator.estate.denials.add(whole)
    status, body, _ = await client.get(path, version=version)

    assert (status, body["error"]["code"]) == refusal
    assert action is None or action in body["error"]["message"]


def test_an_account_names_a_store_by_a_word_that_must_stand_for_one() -> None:
    """A misspelt store would be a store that is gone."""
    account = {"name": "agents", "group": "rg", "connections": {"files": "store:fiels"}}
    store = {"type": STORAGE, "name": "files", "group": "rg"}
    one = {"id": "1d1f6a54-0000-4000-8000-000000000001", "name": "One", "stores": [store]}

    with pytest.raises(ValueError, match="the store store:fiels"):
        estate_of({"subscriptions": [{**one, "accounts": [account]}]})


def test_stores_of_the_estate_are_shared_lie_elsewhere_and_are_closed() -> None:
    """The accounts of the estate differ in nothing but their names if a store is not there."""
    agents, data, partner = load_estate("foundry").subscriptions

    shared = agents.accounts["own-keys-shared-by-thirty-projects"].projects
    assert len(shared.all) == 30
    assert data.stores["stdata"].find("properties.encryption.keySource") == "Microsoft.Keyvault"
    assert (partner.access, partner.listed) == ("forbidden", False)
    assert agents.stores["cosmos-revoked"].find("properties.keyVaultKeyUri")
