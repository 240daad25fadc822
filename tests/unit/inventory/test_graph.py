"""Names of vaults that are looked for together, by callers who may give up."""

import asyncio
import re

import pytest

from cmk_check.core.key_facts import Unread
from cmk_check.inventory.graph import VaultSearch
from tests.unit.inventory.wire import Wire, clients_over

GROUP = "/subscriptions/8d3c0000-0000-4000-8000-000000000001/resourceGroups/rg"
NAMES = ("kv-a", "kv-b", "kv-c")


@pytest.fixture
def wire() -> Wire:
    """Resource Graph, which always answers all that there is."""
    rows = [{"id": f"{GROUP}/providers/Microsoft.KeyVault/vaults/{name}"} for name in NAMES]
    return Wire(lambda *_: {"totalRecords": 3, "resultTruncated": "false", "data": rows})


@pytest.fixture
async def search(wire: Wire) -> VaultSearch:
    """What one slice looks for vaults with."""
    return VaultSearch(clients_over(wire))


def _queries(wire: Wire) -> list[list[str]]:
    return [re.findall("'(kv-[a-z])'", body["query"]) for _, _, body in wire.asked]


async def _find(search: VaultSearch, name: str) -> list[str]:
    found = await search.find(name, asyncio.get_running_loop().time() + 5)
    return [] if isinstance(found, Unread) else [vault.name for vault in found]


async def test_each_caller_gets_his_own_vault(wire: Wire, search: VaultSearch) -> None:
    """Whatever else was in the query, or came back."""
    found = await asyncio.gather(*(_find(search, name) for name in NAMES[:2]))

    assert found == [["kv-a"], ["kv-b"]]
    assert _queries(wire) == [["kv-a", "kv-b"]]


async def test_names_that_nobody_waits_for_are_not_asked_for_again(
    wire: Wire, search: VaultSearch
) -> None:
    """A slice with many time-outs would otherwise ask for ever more."""
    wire.open.clear()
    given_up = [asyncio.create_task(_find(search, name)) for name in NAMES[:2]]
    await asyncio.sleep(0.01)
    for task in given_up:
        task.cancel()
    await asyncio.wait(given_up)
    wire.open.set()

    assert await _find(search, "kv-c") == ["kv-c"]
    assert _queries(wire) == [["kv-a", "kv-b"], ["kv-c"]]


async def test_name_asked_for_anew_while_the_first_caller_is_giving_up_is_found(
    wire: Wire, search: VaultSearch
) -> None:
    """The one who leaves tidies up his own question only."""
    wire.open.clear()
    wire.goodbye = 0.01
    first = asyncio.create_task(_find(search, "kv-a"))
    await asyncio.sleep(0.01)
    first.cancel()
    second = asyncio.create_task(_find(search, "kv-a"))
    wire.open.set()

    assert await second == ["kv-a"]
    assert first.cancelled()
