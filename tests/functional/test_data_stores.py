"""Where accounts keep data, over the whole app: read, judged, recorded, told, in the posture."""

import re
from collections import Counter
from typing import Any, Final

import pytest

from cmk_check.core.enums import DataReason, DataState
from cmk_check.limits import MAX_STORES_PER_ACCOUNT
from local.simulator import AccountSpec, Estate, ProjectSpec, Store, StoreSpec, load_estate
from tests.functional.conftest import OpenScene
from tests.functional.estate_kit import CMK, Scene, codes, estate_of, next_second, sub_id

pytestmark = pytest.mark.long

ON: Final = {"CMK_DATA_STORES": "on"}
REQUIRED: Final = {**ON, "CMK_REQUIRE_COVERED_DATA": "on"}
STORAGE: Final = "Microsoft.Storage/storageAccounts"
FILES: Final = f"/subscriptions/{sub_id(2)}/resourceGroups/rg-data/providers/{STORAGE}/stfiles"
STORE: Final = re.compile(
    r"/subscriptions/[0-9a-f-]{36}/resourcegroups/rg-[a-z]+/providers/microsoft[.](storage/storage"
    r"|documentdb/database|search/searchservic|machinelearningservices/workspac)[a-z]+/[a-z0-9-]+"
)
PLACES: Final = frozenset({"project", "host", "connection"})
PARTS: Final = frozenset({*PLACES, "store"})


def foundry_estate() -> Estate:
    """Return the estate of that name, with what would be too long for its file."""
    estate = load_estate("foundry")
    many = [f"{FILES}{number}" for number in range(MAX_STORES_PER_ACCOUNT + 1)]
    named = {
        "unknown-place-not-understood-10-kb": [FILES + "s" * 10_000],
        "unknown-too-many-stores": many,
    }
    for name, ids in named.items():
        owned = [{"resourceId": store_id} for store_id in ids]
        estate.subscriptions[0].add_account(
            AccountSpec(
                name=name,
                group="rg-agents",
                kind="AIServices",
                projects=(),
                properties={"userOwnedStorage": owned},
            )
        )
    return estate


def as_named(name: str, data: dict[str, Any]) -> bool:
    """Return whether data is in the state, and of the reason, that the account's name says."""
    words = name.replace("-", "_")
    [state] = [each for each in DataState if words.startswith(each)]
    rest = words.removeprefix(state).removeprefix("_")
    said = [code for code in DataReason if rest.startswith(code)]
    return data["state"] == state and {*said} <= {each["code"] for each in data["reasons"]}


def rescan(scene: Scene) -> list[tuple[str, str]]:
    """Scan once more; return what was told."""
    next_second()
    scene.scan()
    return scene.news()


def test_every_account_is_as_it_is_named_and_a_second_scan_is_quiet(open_scene: OpenScene) -> None:
    """P1, P4, P5, P8: no hostile id is asked for, nothing twice, and lists once a day."""
    estate = foundry_estate()
    scene = open_scene(estate, **ON)
    scene.scan()
    found, told = scene.findings(), scene.news()
    first = [each for each in scene.simulator.requests if each.kind in PARTS]
    rows, asked = scene.storage.rows("cmkfindings"), len(scene.simulator.requests)

    again = rescan(scene)

    assert {
        name: each["dataStores"]
        for name, each in found.items()
        if not as_named(name, each["dataStores"])
    } == {}
    reasons = {code["code"] for each in found.values() for code in each["dataStores"]["reasons"]}
    assert reasons == {*DataReason}
    assert ("data.exposed", "own-keys-standard-setup") not in told
    assert again == []
    assert scene.storage.rows("cmkfindings") == rows
    second = [each for each in list(scene.simulator.requests)[asked:] if each.kind in PARTS]
    for requests in (first, second):
        assert set(Counter(each.path.lower() for each in requests).values()) == {1}
        assert {each.method for each in requests} == {"GET"}
        asked_for = [each for each in requests if each.kind == "store"]
        assert [each.path for each in asked_for if not STORE.fullmatch(each.path)] == []
        assert {name for each in asked_for for name in each.query} == {"api-version"}
    # What could not be read, or was not ready, is tried by each scan; the rest once a day.
    lists = {each.path.split("/")[8] for each in second if each.kind in PLACES}
    again_read = ("unknown-places-unread", "unknown-host-not-ready")
    assert lists == {name for name in found if name.startswith(again_read)}
    assert {e.path for e in second if e.kind == "store"} == {
        e.path for e in first if e.kind == "store"
    }
    without = {"own-keys-content-monitoring", "none-of-another-kind", "none-stored-completions"}
    assert not without & {each.path.split("/")[8] for each in first}
    status = scene.status()
    assert sum(status["dataStores"].values()) == len(found)


def one_account() -> tuple[Estate, Store]:
    """Return an estate with an account, whose project keeps files in a store elsewhere."""
    estate = estate_of({}, {})
    types = {
        "files": STORAGE,
        "threads": "Microsoft.DocumentDB/databaseAccounts",
        "vectors": "Microsoft.Search/searchServices",
    }
    add, key = estate.subscription(sub_id(2)).stores.add, "https://kv-test.vault.azure.net/keys/cmk"
    stores = {
        name: add(StoreSpec(type=kind, name=name, group="rg-data", key=key))
        for name, kind in types.items()
    }
    connections = {name: store.id for name, store in stores.items()}
    project = ProjectSpec(name="agents", hosts={"agents": "standard"}, connections=connections)
    estate.subscription(sub_id(1)).add_account(
        AccountSpec(
            name="chat", group="rg-test", kind="AIServices", encryption=CMK, projects=[project]
        )
    )
    return estate, stores["files"]


def test_nothing_is_asked_where_data_stores_are_off(open_scene: OpenScene) -> None:
    """Who does not want them pays nothing for them, and needs no further right."""
    scene = open_scene(one_account()[0])
    scene.scan()

    assert [each for each in scene.simulator.requests if each.kind in PARTS] == []
    assert {each["dataStores"] for each in scene.findings().values()} == {None}
    assert scene.status()["dataStores"] is None


def seen(scene: Scene) -> tuple[str, list[str], str]:
    """Return the posture, its reasons, and the state of the account's data."""
    status = scene.status()
    return status["posture"], codes(status), scene.findings()["chat"]["dataStores"]["state"]


def test_a_store_loses_its_key_is_hidden_and_is_covered_again(open_scene: OpenScene) -> None:
    """P1, P3, P11: each step is in the finding, told once, and in the posture; and goes again."""
    estate, files = one_account()
    scene = open_scene(estate, **REQUIRED)
    scene.scan()
    assert seen(scene) == ("compliant", [], "own_keys")
    assert {kind for kind, _ in scene.news()} == {"account.discovered", "scan.baseline"}

    files.set("properties.encryption.keySource", "Microsoft.Storage")
    assert rescan(scene) == [("data.exposed", "chat")]
    assert seen(scene) == ("non_compliant", ["data_exposed"], "microsoft_keys")

    denial = estate.denials.add(f"{STORAGE}/read", files.id)
    assert rescan(scene) == []
    assert seen(scene) == ("unknown", ["data_unknown"], "unknown")
    [reason] = [
        each
        for each in scene.findings()["chat"]["dataStores"]["reasons"]
        if each["code"] == "store_unread"
    ]
    assert reason["missingAction"] == f"{STORAGE}/read"

    estate.denials.remove(denial)
    files.set("properties.encryption.keySource", "Microsoft.Keyvault")
    assert rescan(scene) == [("data.covered", "chat")]
    assert seen(scene) == ("compliant", [], "own_keys")
