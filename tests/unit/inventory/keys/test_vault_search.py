"""Names of vaults that are looked for together, by callers who may give up."""

import asyncio
import re

import pytest

from cmk_check.core.enums import GapReason
from cmk_check.core.unread import Unread
from cmk_check.inventory.keys.ids import VaultId
from cmk_check.inventory.keys.vaults import VaultSearch
from tests.unit.inventory.fake_transport import Wire, reader_over

GROUP = "/subscriptions/8d3c0000-0000-4000-8000-000000000001/resourceGroups/rg"
NAMES = ("kv-a", "kv-b", "kv-c")


@pytest.fixture
def wire() -> Wire:
    """Resource Graph, which always answers all that there is."""
    rows = [{"id": _id(name)} for name in NAMES]
    return Wire(lambda *_: {"totalRecords": 3, "resultTruncated": "false", "data": rows})


@pytest.fixture
async def search(wire: Wire) -> VaultSearch:
    """What one slice looks for vaults with."""
    return VaultSearch(reader_over(wire))


def _queries(wire: Wire) -> list[list[str]]:
    return [re.findall("'(kv-[a-z])'", body["query"]) for _, _, body in wire.asked]


def _id(name: str) -> str:
    return f"{GROUP}/providers/Microsoft.KeyVault/vaults/{name}"


def _soon() -> float:
    return asyncio.get_running_loop().time() + 5


def _ids(found: tuple[VaultId, ...] | Unread) -> tuple[VaultId, ...]:
    return () if isinstance(found, Unread) else found


async def _find(search: VaultSearch, name: str) -> list[str]:
    return [vault.name for vault in _ids(await search.find(name, _soon()))]


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


async def test_more_names_than_a_query_holds_are_asked_for_in_several(
    wire: Wire, search: VaultSearch
) -> None:
    """Each name is asked for once, in queries of a thousand at most."""
    names = [f"kv-{number}" for number in range(1_001)]

    await asyncio.gather(*(_find(search, name) for name in [*names, *names]))

    asked = [re.findall("'(kv-[0-9]+)'", body["query"]) for _, _, body in wire.asked]
    assert asked == [names[:1_000], names[1_000:]]


@pytest.mark.parametrize("again", ["kv-a", "KV-A"])
async def test_a_row_that_is_repeated_stands_for_one_that_is_missing_p2(again: str) -> None:
    """P2: Resource Graph counts three vaults, and one of them is not in its pages."""
    rows = [{"id": _id(name), "name": name} for name in ("kv-a", again, "kv-c")]
    body = {"totalRecords": 3, "resultTruncated": "false", "data": rows}

    found = await VaultSearch(reader_over(Wire(lambda *_: body))).find("kv-b", _soon())

    assert isinstance(found, Unread)


def _odd(wire_row: object) -> VaultSearch:
    rows = [wire_row, *({"id": _id(name), "name": name} for name in NAMES)]
    body = {"totalRecords": len(rows), "resultTruncated": "false", "data": rows}
    return VaultSearch(reader_over(Wire(lambda *_: body)))


@pytest.mark.parametrize("name", ["kv-a", "KV-A"])
@pytest.mark.parametrize("vault_id", [None, 7, "", GROUP, f"{GROUP} 2/vaults/kv-a"])
async def test_row_without_usable_id_costs_the_name_that_it_bears_p2_p7(
    name: str, vault_id: object
) -> None:
    """P2 and P7: its vault may be this one, though another row has the name too; others are not."""
    search = _odd({"id": vault_id, "name": name})

    a, b = await asyncio.gather(*(search.find(n, _soon()) for n in NAMES[:2]))

    assert isinstance(a, Unread)
    assert a.gap.reason is GapReason.MALFORMED_PAGE
    assert [vault.name for vault in _ids(b)] == ["kv-b"]


@pytest.mark.parametrize(
    "row", [None, "kv-a", {}, {"name": None}, {"name": "kv-z"}, {"name": ["kv-a"]}]
)
async def test_row_that_bears_no_name_that_was_asked_for_costs_all_p2(row: object) -> None:
    """P2: it may stand for any of them."""
    search = _odd(row)

    found = await asyncio.gather(*(search.find(n, _soon()) for n in NAMES[:2]))

    assert [type(each) for each in found] == [Unread] * 2
