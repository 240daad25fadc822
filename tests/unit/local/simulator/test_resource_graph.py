"""Resource Graph: one question, to the letter, about what the identity may see, and it lags."""

from collections.abc import Iterator
from typing import Any

import pytest

from local.simulator import Access, Simulator
from tests.unit.local.simulator.plain_client import Client
from tests.unit.local.simulator.vault_kit import GRAPH_VERSION, KEYS, VAULT, query, small_estate

pytestmark = pytest.mark.long

PATH = "/providers/Microsoft.ResourceGraph/resources"
KEYS_ID = KEYS.rpartition("/")[2]


@pytest.fixture
def simulator() -> Iterator[Simulator]:
    """Serve the small estate with vaults."""
    with Simulator(small_estate()) as running:
        yield running


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
