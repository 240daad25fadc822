"""Own keys are earned: never while a store is unread, not understood or under Microsoft's key.

What that means is written down here a second time, over the JSON itself and in another way than the
program has it: it takes nothing but what Microsoft documents, and refuses all else.
"""

import copy
from collections.abc import Iterator, Mapping
from typing import Any, Final

from hypothesis import given, settings
from hypothesis import strategies as st

from cmk_check.core.data_stores.facts import DataFacts, ProjectPlaces
from cmk_check.core.data_stores.judge_data import judge_data, stores_of
from cmk_check.core.data_stores.parsing import (
    OF_AGENTS,
    account_places,
    named_connections,
    parse_connections,
    parse_store,
    resolved,
    unready_hosts,
)
from cmk_check.core.enums import DataState, StoreType

type Json = Any
type Case = dict[str, Json]

GROUP: Final = "/subscriptions/8d3c0000-0000-4000-8000-000000000001/resourcegroups/rg/providers"
# Stores of different types may have the same name.
FILES: Final = f"{GROUP}/microsoft.storage/storageaccounts/agents"
THREADS: Final = f"{GROUP}/microsoft.documentdb/databaseaccounts/agents"
VECTORS: Final = f"{GROUP}/microsoft.search/searchservices/agents"
HUB: Final = f"{GROUP}/microsoft.machinelearningservices/workspaces/hub"
KEY: Final = "https://kv.vault.azure.net/keys/cmk"
NAMED_BY: Final = {
    "userOwnedStorage": "resourceId",
    "raiMonitorConfig": "adxStorageResourceId",
    "amlWorkspace": "resourceId",
}
NOTHING: Final = (None, "")
CONFIRMED: Final = "Access to the configured customer managed key confirmed."
TARGETS: Final = {
    FILES: "https://agents.blob.core.windows.net/",
    THREADS: "https://agents.documents.azure.com:443/",
    VECTORS: "https://agents.search.windows.net/",
}
MEMBERS: Final = {"files": "storageConnections", "threads": "threadStorageConnections"}
MEMBERS_OF_HOST: Final = {**MEMBERS, "vectors": "vectorStoreConnections"}


def covered_case() -> Case:
    """Return an account whose stores are all under keys of the customer's."""
    of_storage = {"keyname": "cmk", "keyvaulturi": "https://kv.vault.azure.net"}
    return {
        "properties": {
            "allowProjectManagement": True,
            "storedCompletionsDisabled": True,
            "userOwnedStorage": [{"resourceId": FILES}],
            "raiMonitorConfig": {"adxStorageResourceId": FILES},
            "amlWorkspace": {"resourceId": HUB},
        },
        "hosts": [
            {
                "properties": {
                    "provisioningState": "Succeeded",
                    **{each: [name] for name, each in MEMBERS_OF_HOST.items()},
                }
            }
        ],
        "connections": [
            {
                "name": name,
                "properties": {"target": target, "metadata": {"ResourceId": store_id}},
            }
            for name, (store_id, target) in zip(MEMBERS_OF_HOST, TARGETS.items(), strict=True)
        ],
        "stores": {
            FILES: _store(
                encryption={"keySource": "Microsoft.Keyvault", "keyvaultproperties": of_storage}
            ),
            THREADS: _store(keyVaultKeyUri=KEY, customerManagedKeyStatus=CONFIRMED),
            VECTORS: _store(
                encryptionWithCmk={
                    "enforcement": "Enabled",
                    "encryptionComplianceStatus": "Compliant",
                }
            ),
            HUB: _store(encryption={"status": "Enabled"}),
        },
    }


def _store(**properties: Json) -> Json:
    return {"properties": properties}


# --- The second writing ---


def named_stores(case: Case) -> Iterator[object]:
    """Yield what the documents name as places, whatever it is; null and "" name nothing."""
    properties = case["properties"]
    for name, member in NAMED_BY.items():
        value = properties.get(name)
        for entry in value if isinstance(value, list) else [value]:
            if entry not in NOTHING:
                named = entry if isinstance(entry, str) else entry.get(member)
                is_nothing = isinstance(entry, dict) and not any(entry.values())
                yield from () if is_nothing else (named,)
    if properties.get("allowProjectManagement") is False:
        return
    connected = {
        each["name"].lower().split("/")[-1]: each["properties"] for each in case["connections"]
    }
    for host in case["hosts"]:
        yield from () if host["properties"]["provisioningState"] == "Succeeded" else (object(),)
        for member in MEMBERS_OF_HOST.values():
            names = host["properties"][member]
            for name in [names] if isinstance(names, str) else names:
                connection = connected[name.lower()]
                store_id = connection["metadata"]["ResourceId"]
                yield store_id if connection["target"] == TARGETS[store_id] else object()


def is_own(store_id: object, document: Json) -> bool:
    """Return whether a store reports a usable customer-managed key."""
    properties = document["properties"]
    if store_id == FILES:
        encryption = properties["encryption"]
        key = encryption["keyvaultproperties"]
        by_vault = encryption["keySource"] == "Microsoft.Keyvault"
        return by_vault and bool(key["keyname"].strip() and key["keyvaulturi"].strip())
    if store_id == THREADS:
        said = (properties.get("customerManagedKeyStatus") or "").strip()
        return bool(properties["keyVaultKeyUri"].strip()) and said in {"", CONFIRMED}
    if store_id == VECTORS:
        words = properties["encryptionWithCmk"].values()
        return [*words] == ["Enabled", "Compliant"]
    return bool(properties["encryption"]["status"] == "Enabled")


def may_be_own(case: Case) -> bool:
    """Return whether every place of the case is under a customer-managed key."""
    try:
        places = [*named_stores(case)]
        stores = case["stores"]
        return bool(places) and all(is_own(each, stores[each]) for each in places)
    except (AttributeError, KeyError, TypeError):
        return False


# --- What the program says ---


def judged(case: Case) -> DataState:
    """Judge the documents of a case as a scan does."""
    account = account_places("AIServices", case["properties"])
    hosts, connections = (
        each if isinstance(each := case[name], list) else [each]
        for name in ("hosts", "connections")
    )
    named = named_connections(hosts)
    places = resolved(named, "agents", parse_connections(connections))
    basic = () if {use for use, _ in named} >= {*OF_AGENTS} else ("agents",)
    read = ProjectPlaces(places, basic, unready=unready_hosts(hosts))
    facts = {
        store_id: parse_store(kind, case["stores"].get(store_id))
        for kind, store_id, *_ in stores_of(account, read)[0]
    }
    return judge_data(account, DataFacts(read, facts), None).state


def paths_of(value: Json, path: tuple[Json, ...] = ()) -> Iterator[tuple[Json, ...]]:
    """Yield the path of everything inside a case."""
    if path and path != ("stores",):
        yield path
    inner = value.items() if isinstance(value, dict) else ()
    for name, each in enumerate(value) if isinstance(value, list) else inner:
        yield from paths_of(each, (*path, name))


PATHS: Final = sorted(paths_of(covered_case()), key=str)
WRONG: Final[tuple[Json, ...]] = (
    None, True, False, 0, 7, "", " ", "x", "files", "Disabled", "NonCompliant", "Unspecified",
    "Microsoft.Storage", "Microsoft.CognitiveServices", "confirmed, then revoked", [], [7], ["x"],
    "Access could not be confirmed.",
    [[]], [{}], {}, {"x": 1}, {"resourceId": "/x"}, FILES, f"{FILES}/../threads", f"{FILES}?x=1",
    f"https://attacker.example{FILES}", THREADS, HUB.replace("hub", "other"), FILES * 99,
    *TARGETS.values(), "https://agents.example.net/", {"identityClientId": "x"},
)  # fmt: skip


def changed(changes: Mapping[tuple[Json, ...], Json]) -> Case:
    """Return the case with other values at these paths; paths that are gone are left out."""
    case = copy.deepcopy(covered_case())
    for path, value in changes.items():
        target: Json = case
        for part in path[:-1]:
            inner = target[part] if isinstance(target, dict) and part in target else None
            is_inside = isinstance(target, list) and isinstance(part, int) and part < len(target)
            target = target[part] if is_inside else inner
        if isinstance(target, dict) or (
            isinstance(target, list) and path[-1] in range(len(target))
        ):
            target[path[-1]] = copy.deepcopy(value)
    return case


def test_all_under_own_keys_is_own_keys_by_both_writings() -> None:
    """Otherwise the rest of this file would prove nothing; a new type of store is added here."""
    case = covered_case()

    assert judged(case) is DataState.OWN_KEYS
    assert may_be_own(case)
    assert len(StoreType) == len(case["stores"])


def agree(changes: Mapping[tuple[Json, ...], Json]) -> bool:
    """Return whether own keys, and no data elsewhere, are what both writings say."""
    case = changed(changes)
    state = judged(case)
    if state is DataState.NONE:
        return not [*named_stores(case)]
    return state is not DataState.OWN_KEYS or may_be_own(case)


def test_own_keys_only_where_both_writings_say_so() -> None:
    """P1: for any answer of Azure in place of one value."""
    assert [(path, wrong) for path in PATHS for wrong in WRONG if not agree({path: wrong})] == []


VALUES: Final = st.sampled_from(WRONG) | st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner),
    max_leaves=8,
)


@settings(max_examples=200)
@given(st.dictionaries(st.sampled_from(PATHS), VALUES, min_size=2, max_size=4))
def test_however_many_values_are_wrong(changes: dict[tuple[Json, ...], Json]) -> None:
    """P1: one wrong value must not hide another; P7: and none may raise."""
    assert agree(changes)
