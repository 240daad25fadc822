"""How many requests are on the wire at once, and how many of them are for keys."""

import asyncio

import pytest
from azure.mgmt.cognitiveservices.aio import CognitiveServicesManagementClient

from cmk_check.inventory.calls import Deadline
from cmk_check.inventory.clients import Clients
from tests.unit.inventory.fake_transport import Wire, clients_over


async def _ask(clients: Clients, number: int) -> list[object]:
    subscription_id = f"8d3c0000-0000-4000-8000-{number:012d}"
    accounts = clients.of(CognitiveServicesManagementClient, subscription_id).accounts
    return await clients.entries(Deadline.within(5), lambda call: accounts.list(call=call))


async def _asked(wire: Wire) -> int:
    """Count the requests on the wire, when everyone has gone as far as he can."""
    for _ in range(200):
        await asyncio.sleep(0)
    return len(wire.asked)


@pytest.mark.parametrize(("at_once", "for_keys"), [(1, 1), (2, 1), (3, 2), (4, 3), (32, 24)])
async def test_keys_have_three_quarters_of_the_places_p8(at_once: int, for_keys: int) -> None:
    """P8: lists of accounts go on beside slow keys, and with one place both take turns."""
    wire = Wire(lambda *_: {"value": []})
    wire.open.clear()
    lists = clients_over(wire, at_once=at_once)
    keys = lists.for_keys()

    tasks = [asyncio.create_task(_ask(keys, number)) for number in range(33)]
    counts = [await _asked(wire)]
    tasks += [asyncio.create_task(_ask(lists, number)) for number in range(33)]
    counts.append(await _asked(wire))
    wire.open.set()
    answers = await asyncio.wait_for(asyncio.gather(*tasks), 5)

    assert counts == [for_keys, at_once]
    assert answers == [[]] * 66
