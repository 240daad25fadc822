"""What accounts, projects and stores say: no named place gets lost, and no key is assumed."""

from typing import Final

import pytest

from cmk_check.core.data_stores.facts import AccountPlaces, StoreKey
from cmk_check.core.data_stores.parsing import (
    account_places,
    named_connections,
    parse_connections,
    parse_store,
    project_name,
    resolved,
    settings_places,
    unready_hosts,
)
from cmk_check.core.enums import StoreType, StoreUsage
from tests.unit.core.data_stores.data_examples import (
    COSMOS,
    SEARCH,
    STORAGE,
    WORKSPACE,
    connection,
    place,
)

FILES, THREADS, VECTORS, SPEECH, MONITORING, ML = StoreUsage


def test_the_properties_of_an_account_name_its_own_stores() -> None:
    """In Azure's spelling; what another property names is another use of the store."""
    found = account_places(
        "AIServices",
        {
            "userOwnedStorage": [{"ResourceId": STORAGE.upper(), "identityClientId": None}],
            "raiMonitorConfig": {"adxStorageResourceId": STORAGE},
            "amlWorkspace": {"resourceId": WORKSPACE},
            "allowProjectManagement": True,
            "storedCompletionsDisabled": True,
        },
    )

    named = (place(STORAGE, MONITORING), place(STORAGE, SPEECH), place(WORKSPACE, ML))
    assert found == AccountPlaces(named, has_projects=True)


@pytest.mark.parametrize(
    "said",
    [
        {"allowProjectManagement": "true"},
        {"defaultProject": "p1"},
        {"associatedProjects": ["p1"]},
    ],
)
def test_an_account_that_may_have_projects_is_asked_for_them(said: dict[str, object]) -> None:
    """One sign is enough: projects that nobody lists name stores that nobody reads."""
    assert account_places("AIServices", said).has_projects


def test_a_foundry_account_has_projects_unless_it_says_that_it_has_none() -> None:
    """P1: its stores would never be read."""
    assert account_places("aiservices", {}).has_projects
    assert account_places("aiservices", {"allowProjectManagement": None}).has_projects
    assert not account_places("OpenAI", {}).has_projects
    assert not account_places("AIServices", {"allowProjectManagement": False}).has_projects
    assert account_places("OpenAI", None).is_malformed  # it may name anything


def test_an_account_names_projects_however_it_is_spelled() -> None:
    """P1: a list is incomplete if it lacks a project or has an invalid name."""
    said = {"defaultProject": "P1", "associatedProjects": ["chat/p2", "p1", None, "", 5]}

    assert account_places("AIServices", said).projects == ("", "p1", "p2")
    assert account_places("AIServices", {"associatedProjects": [], "x": 1}).projects == ()


@pytest.mark.parametrize("state", ["Failed", None, 5])
def test_only_a_host_that_azure_calls_ready_is_ready(state: object) -> None:
    """P1: whatever it names."""
    hosts: list[object] = [
        {"name": "h", "properties": {"provisioningState": state}},
        {"name": "ready", "properties": {"provisioningState": "succeeded"}},
        {"properties": None},
    ]

    assert unready_hosts(hosts) == ("h", "?")


def test_only_names_that_fit_into_a_path_are_projects() -> None:
    """Names come from answers and are used in requests."""
    names = ["chat/p1", "p-2_x.y", "chat/..", "", "chat/", "a b", "x" * 65, None, 5]

    assert [project_name({"name": name}) for name in names] == ["p1", "p-2_x.y", *[None] * 7]


def test_capability_settings_of_a_project_name_its_stores() -> None:
    """They replace capability hosts; vectors may also be in Cosmos DB."""
    settings = {"BlobStore": STORAGE, "documentStore": COSMOS, "vectorStore": COSMOS}
    entry = {"properties": {"CapabilitySettings": settings}}
    wrong = {"properties": {"capabilitySettings": "all"}}

    uses = ((STORAGE, FILES), (COSMOS, THREADS), (COSMOS, VECTORS))
    assert settings_places(entry, "p1") == tuple(place(*each, "p1") for each in uses)
    assert [each.id for each in settings_places(wrong, "p1")] == [None] * 3
    assert settings_places({"properties": {}}, "p1") == ()


def test_capability_hosts_name_stores_by_their_connections() -> None:
    """The connections of the project come before those of the account."""
    hosts = [
        {"properties": {}},
        {
            "properties": {
                "storageConnections": ["Files"],
                "threadStorageConnections": ["threads"],
                "vectorStoreConnections": ["vectors", "gone", 5],
            }
        },
        {"properties": "agents"},
    ]
    own = parse_connections([connection("files", STORAGE), connection("threads", COSMOS)])
    shared = parse_connections([connection("files", SEARCH), connection("vectors", SEARCH)])

    found = resolved(named_connections(hosts), "p1", own, shared)

    assert {each for each in found if each.id} == {
        place(STORAGE, FILES, "p1"),
        place(COSMOS, THREADS, "p1"),
        place(SEARCH, VECTORS, "p1"),
    }
    assert [(each.use, each.name) for each in found if each.id is None] == [
        (FILES, "files"),
        (THREADS, "threads"),
        (VECTORS, "gone"),
        (VECTORS, "vectors"),
    ]


@pytest.mark.parametrize(
    "entries",
    [
        [connection("c", STORAGE, "https://others.blob.core.windows.net")],
        [connection("c", STORAGE, "https://[files1")],
        [connection("c", STORAGE, "https://files1.search.windows.net")],
        [connection("c", STORAGE, "https://files1.blob.core.windows.net.example.net")],
        [connection("c", STORAGE), connection("C", STORAGE)],
        [connection("c", f"{STORAGE}?x=1")],
        [connection("c", STORAGE.replace("data/", "../"))],
        [{"name": "c", "properties": {"metadata": [STORAGE]}}],
    ],
)
def test_a_connection_that_may_lead_elsewhere_is_not_understood(entries: list[object]) -> None:
    """P1: its metadata is free text, and could name a store that is better than the real one."""
    named = [{"properties": {"storageConnections": ["c"]}}]

    (found,) = resolved(named_connections(named), None, parse_connections(entries))

    assert (found.id, found.name) == (None, "c")


@pytest.mark.parametrize(
    ("store_id", "target"),
    [
        (STORAGE, "https://files1.dfs.core.windows.net/"),
        (STORAGE, "https://files1.z12.blob.storage.azure.net/"),
        (STORAGE, "https://files1.blob.core.usgovcloudapi.net"),
        (COSMOS, "https://threads-1.documents.azure.cn:443/"),
        (SEARCH, "https://Vectors-1.search.azure.us"),
    ],
)
def test_each_cloud_has_its_own_hosts(store_id: str, target: str) -> None:
    """P11: nobody can change them."""
    found = parse_connections([connection("c", store_id, target)])["c"]

    assert found is not None
    assert found[1] == store_id


@pytest.mark.parametrize("value", [None, 7, "\ud800", [{}], {"properties": [7]}])
def test_no_answer_raises(value: object) -> None:
    """P7: an answer need not be a document; its parts are tried in test_never_own_keys.py."""
    assert project_name(value) is None
    assert all(place.id is None for place in settings_places(value, "p1"))
    assert [parse_store(kind, value) for kind in StoreType] == [ODD] * 4


OF_STORAGE, OF_COSMOS, OF_SEARCH, OF_WORKSPACE = StoreType
VAULT: Final = "https://vault.example.net"
KEY: Final = f"{VAULT}/keys/k1"
OWN: Final = StoreKey(own=True, address=KEY)
MICROSOFT: Final = StoreKey(own=False)
ODD: Final = StoreKey(None)
IN_VAULT: Final = {"keyname": "k1", "keyvaulturi": f"{VAULT}/"}
REVOKED: Final = "Access to your account is currently revoked because the key was not found."
CONFIRMED: Final = "Access to the configured customer managed key confirmed"


def _storage(source: object, key: object = None) -> dict[str, object]:
    return {"encryption": {"keySource": source, "keyvaultproperties": key}}


def _cosmos(said: object) -> dict[str, object]:
    return {"keyVaultKeyUri": KEY, "customerManagedKeyStatus": said}


def _search(enforcement: object, status: object) -> dict[str, object]:
    said = {"enforcement": enforcement, "encryptionComplianceStatus": status}
    return {"encryptionWithCmk": said}


@pytest.mark.parametrize(
    ("kind", "properties", "key"),
    [
        (OF_STORAGE, _storage("Microsoft.Keyvault", IN_VAULT), OWN),
        (OF_STORAGE, _storage("Microsoft.Storage"), MICROSOFT),
        (OF_STORAGE, _storage("Microsoft.Keyvault", IN_VAULT | {"keyname": " "}), ODD),
        (OF_COSMOS, {"keyVaultKeyUri": KEY}, OWN),
        (OF_COSMOS, _cosmos(f"{CONFIRMED}."), OWN),
        (OF_COSMOS, _cosmos(REVOKED), StoreKey(own=True, address=KEY, is_lost=True)),
        (OF_COSMOS, _cosmos("Pending."), StoreKey(None, KEY)),
        (OF_COSMOS, _cosmos("Access could not be confirmed."), StoreKey(None, KEY)),
        (OF_COSMOS, _cosmos(5), ODD),
        (OF_COSMOS, {"keyVaultKeyUri": 5}, ODD),
        (OF_COSMOS, {"keyVaultKeyUri": " "}, MICROSOFT),
        (OF_COSMOS, {}, MICROSOFT),
        (OF_SEARCH, _search("Enabled", "Compliant"), StoreKey(own=True)),
        (OF_SEARCH, _search("Enabled", "NonCompliant"), MICROSOFT),
        (OF_SEARCH, _search("Disabled", "Compliant"), MICROSOFT),
        (OF_SEARCH, {"encryptionWithCmk": None}, MICROSOFT),
        (OF_SEARCH, {"encryptionWithCmk": "Enabled"}, ODD),
        (
            OF_WORKSPACE,
            {"encryption": {"status": "Enabled", "keyVaultProperties": {"keyIdentifier": KEY}}},
            OWN,
        ),
        (OF_WORKSPACE, {"encryption": {"status": "Disabled"}}, MICROSOFT),
        (OF_WORKSPACE, {}, MICROSOFT),
        (OF_WORKSPACE, {"encryption": {}}, ODD),
    ],
)
def test_a_store_is_under_the_key_that_it_says(
    kind: StoreType, properties: object, key: StoreKey
) -> None:
    """P1: only the documented words mean a customer-managed key; others mean worse or unknown."""
    assert parse_store(kind, {"properties": properties}) == key


def test_the_project_of_a_hub_does_not_say_it() -> None:
    """It has its hub's key, which is not read: without a statement its key is unknown."""
    assert parse_store(OF_WORKSPACE, {"kind": "Project", "properties": {}}) == ODD


def test_a_search_service_may_name_the_key_of_all_its_objects() -> None:
    """Then it is shown."""
    cmk = _search("Enabled", "Compliant")["encryptionWithCmk"]
    assert isinstance(cmk, dict)
    named = cmk | {"serviceLevelEncryptionKey": {"vaultUri": VAULT, "keyName": "k1"}}

    assert parse_store(OF_SEARCH, {"properties": {"encryptionWithCmk": named}}) == OWN
