"""Resource Graph: one question, to the letter, about what the identity may see, and it lags."""

from collections.abc import Iterator
from typing import Any

import pytest

from local.simulator import Access, Simulator
from tests.unit.local.simulator.plain_client import Client
from tests.unit.local.simulator.vault_kit import GRAPH_VERSION, KEYS, VAULT, small_estate

pytestmark = pytest.mark.long

PATH = "/providers/Microsoft.ResourceGraph/resources"
TYPES = "where type in~ ('microsoft.keyvault/vaults','microsoft.keyvault/managedhsms')"
KEYS_ID = KEYS.rpartition("/")[2]


@pytest.fixture
def simulator() -> Iterator[Simulator]:
    """Serve the small estate with vaults."""
    with Simulator(small_estate()) as running:
        yield running


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
        (query("kv-one' or 1==1"), {}),
        (query("kv-one"), {"resultFormat": "table"}),
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
