"""Projects of Foundry accounts, what they name, and the stores behind the names."""

from collections.abc import Iterator

import pytest

from local.simulator import AccountSpec, ProjectSpec, Simulator
from tests.unit.local.simulator.plain_client import ACCOUNTS, Client
from tests.unit.local.simulator.vault_kit import APPS, small_estate

pytestmark = pytest.mark.long

GROUP = f"{APPS}/resourceGroups/rg-apps"
AGENTS = f"{GROUP}{ACCOUNTS}/agents"
PROJECT = f"{AGENTS}/projects/one"
STORAGE = "Microsoft.Storage/storageAccounts"
FILES = f"{GROUP}/providers/{STORAGE}/files"


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


@pytest.mark.parametrize(
    ("path", "version", "action", "refusal"),
    [
        (FILES, "2025-06-01", f"{STORAGE}/read", (403, "AuthorizationFailed")),
        (FILES, "2025-06-01", None, (404, "ResourceNotFound")),
        (FILES, "2020-01-01", None, (404, "InvalidResourceType")),
        (f"{FILES}/blobServices/default", "2025-06-01", None, (501, "NotSimulated")),
        (f"{AGENTS}/projects", "2024-10-01", None, (404, "InvalidResourceType")),
        (f"{AGENTS}/projects/no/connections", "2025-09-01", None, (404, "ParentResourceNotFound")),
        *(
            (f"{parent}/{kind}", "2025-09-01", action, (403, "AuthorizationFailed"))
            for parent, kind, action in (
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
