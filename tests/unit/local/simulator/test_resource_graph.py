"""Resource Graph: one question, to the letter, about what the identity may see, and it lags."""

from collections.abc import Iterator
from typing import Any

import pytest

from local.simulator import Access, Simulator, VaultSpec
from local.simulator.vaults import Vaults
from tests.unit.local.simulator.plain_client import Client
from tests.unit.local.simulator.vault_kit import GRAPH_VERSION, HSM, KEYS, VAULT, small_estate

pytestmark = pytest.mark.long

PATH = "/providers/Microsoft.ResourceGraph/resources"
TYPES = "where type in~ ('microsoft.keyvault/vaults','microsoft.keyvault/managedhsms')"
KEYS_ID = KEYS.rpartition("/")[2]


@pytest.fixture
def simulator() -> Iterator[Simulator]:
    """Serve the small estate with vaults."""
    with Simulator(small_estate()) as running:
        yield running


@pytest.fixture
def vaults(simulator: Simulator) -> Vaults:
    """Give its vaults, alive."""
    return simulator.estate.subscription(KEYS_ID).vaults


def query(*names: str) -> str:
    """Ask where vaults of these names are."""
    quoted = ",".join(f"'{name}'" for name in names)
    projected = f"Resources | {TYPES} | where name in~ ({quoted}) | project id, name, type"
    return f"{projected} | order by id asc"


async def ask(client: Client, text: str, **options: object) -> tuple[int, Any, Any]:
    """Send a query."""
    body = {"query": text, "options": {"resultFormat": "objectArray", **options}}
    return await client.get(PATH, method="POST", version=GRAPH_VERSION, body=body)


async def found(client: Client, *names: str) -> list[str]:
    """Give the names of the vaults that are listed."""
    status, body, _ = await ask(client, query(*names))
    assert status == 200, body
    return [row["name"] for row in body["data"]]


async def test_vaults_are_found_by_name_wherever_they_are(client: Client) -> None:
    """An account gives the name of its vault, and neither subscription nor group."""
    status, body, response = await ask(client, query("kv-one", "hsm-one", "kv-none"))

    assert status == 200
    assert body["data"] == [
        {"id": VAULT, "name": "kv-one", "type": "microsoft.keyvault/vaults"},
        {
            "id": HSM.replace("rg-Keys", "rg-keys"),
            "name": "hsm-one",
            "type": "microsoft.keyvault/managedhsms",
        },
    ]
    assert (body["totalRecords"], body["count"], body["resultTruncated"]) == (2, 2, "false")
    assert "$skipToken" not in body
    assert response.headers["x-ms-user-quota-remaining"] == "14"
    assert response.headers["x-ms-user-quota-resets-after"] == "00:00:05"


@pytest.mark.parametrize("hidden", ["forbidden", "not listed", "deleted", "denied"])
async def test_what_may_not_be_read_is_left_out_without_a_word(client: Client, hidden: str) -> None:
    """So a vault that is not in the answer may be there all the same."""
    subscription = client.simulator.estate.subscription(KEYS_ID)
    if hidden == "forbidden":
        subscription.access = Access.FORBIDDEN
    elif hidden == "not listed":
        subscription.listed = False
    elif hidden == "deleted":
        subscription.state = "Deleted"
    else:
        client.simulator.estate.denials.add("Microsoft.KeyVault/vaults/read", VAULT)

    assert await found(client, "kv-one", "kv-two") == (["kv-two"] if hidden == "denied" else [])


async def test_it_lags_behind_what_there_is(client: Client, vaults: Vaults) -> None:
    """It still lists what is deleted, and not yet what is new."""
    gone = vaults.remove("kv-one", still_indexed=True)
    vaults.add(VaultSpec(name="kv-new", group="rg-keys")).indexed = False
    lagging = await found(client, "kv-one", "kv-new")
    gone.indexed, vaults["kv-new"].indexed = False, True
    caught_up = await found(client, "kv-one", "kv-new")
    vaults.restore(gone)

    assert (lagging, caught_up) == (["kv-one"], ["kv-new"])
    assert await found(client, "kv-one") == ["kv-one"]


async def test_a_deleted_vault_is_not_listed_by_itself(client: Client, vaults: Vaults) -> None:
    """Lagging is what a test has to ask for."""
    vaults.remove("kv-one")

    assert await found(client, "kv-one") == []


async def test_a_large_answer_comes_in_pages(client: Client) -> None:
    """Who takes the first page for all takes the rest for gone."""
    text = query("kv-one", "kv-two", "kv-three")
    _, first, _ = await ask(client, text, **{"$top": 2})
    _, second, _ = await ask(client, text, **{"$top": 2, "$skipToken": first["$skipToken"]})
    foreign, _, _ = await ask(client, text, **{"$skipToken": "abc"})

    assert [row["name"] for row in first["data"]] == ["kv-one", "kv-two"]
    assert [row["name"] for row in second["data"]] == ["kv-three"]
    assert (first["totalRecords"], first["count"], second["count"]) == (3, 2, 1)
    assert "$skipToken" not in second
    assert foreign == 400


async def test_pages_without_an_order_repeat_rows_and_leave_out_others(client: Client) -> None:
    """Microsoft calls them random: who relies on them must be wrong here, too."""
    text = query("kv-one", "kv-two", "kv-three").removesuffix(" | order by id asc")
    _, first, _ = await ask(client, text, **{"$top": 2})
    _, second, _ = await ask(client, text, **{"$top": 2, "$skipToken": first["$skipToken"]})

    names = [row["name"] for row in (*first["data"], *second["data"])]
    assert (len(names), len(set(names)), second["totalRecords"]) == (3, 2, 3)


@pytest.mark.parametrize(
    ("text", "options"),
    [
        ("Resources", {}),
        (query("kv-one") + " | limit 5", {}),
        (query("kv-one").replace("in~", "in"), {}),
        (query("kv-one' or 1==1"), {}),
        (query(), {}),
        (query("kv-one"), {"resultFormat": "table"}),
        (query("kv-one"), {"$top": 5000}),
        (query("kv-one"), {"allowPartialScopes": True}),
        (query("kv-one"), {"$skip": 1}),
    ],
)
async def test_any_other_question_is_not_simulated(
    client: Client, text: str, options: dict[str, object]
) -> None:
    """Half of a query language would agree with mistakes in the rest."""
    status, body, _ = await ask(client, text, **options)

    assert (status, body["error"]["code"]) == (501, "NotSimulated")


async def test_only_whole_questions_are_read(client: Client) -> None:
    """Nothing is asked by GET, of chosen subscriptions, or with what is no JSON."""
    whole = {"query": query("kv-one"), "options": {"resultFormat": "objectArray"}}
    gotten, _, _ = await client.get(PATH, version=GRAPH_VERSION)
    bodies: tuple[object, ...] = ({**whole, "subscriptions": []}, {"query": query("kv-one")}, [])
    asked = [
        (await client.get(PATH, method="POST", version=GRAPH_VERSION, body=body))[0]
        for body in bodies
    ]
    empty, refused, _ = await client.get(PATH, method="POST", version=GRAPH_VERSION)

    assert (gotten, asked) == (501, [501] * 3)
    assert (empty, refused["error"]["code"]) == (400, "InvalidRequestContent")


async def test_asking_can_be_denied(client: Client) -> None:
    """It is an action like any other."""
    client.simulator.estate.denials.add("Microsoft.ResourceGraph/resources/read")
    status, body, _ = await ask(client, query("kv-one"))

    assert status == 403
    assert "'Microsoft.ResourceGraph/resources/read'" in body["error"]["message"]
