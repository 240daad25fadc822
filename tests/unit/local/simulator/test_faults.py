"""Every fault does what it says, to the requests it is meant for, as often as it was told."""

import asyncio

import pytest

from local.simulator import (
    Answer,
    Fault,
    Hold,
    arm_error,
)
from tests.unit.local.simulator.plain_client import ACCOUNTS, Client

pytestmark = pytest.mark.long

LIST = "/subscriptions"


async def test_a_fault_meets_only_the_requests_it_matches_as_often_as_told(
    client: Client, production: str, sandbox: str
) -> None:
    """A fault that hits one request more makes a retry look broken."""
    fault = Fault(path="*/ACCOUNTS", times=2, then=arm_error(503, "ServerTimeout"))
    client.simulator.faults.add(fault)

    statuses = [
        (await client.get(path))[0]
        for path in (f"{production}{ACCOUNTS}", f"{sandbox}{ACCOUNTS}", f"{sandbox}{ACCOUNTS}")
    ]
    assert statuses == [503, 503, 200]
    assert client.simulator.faults.hits(fault) == 2
    assert (await client.get(LIST, version="2022-12-01"))[0] == 200


@pytest.mark.parametrize(
    ("fault", "met"),
    [
        (Fault(method="POST", then=Answer(status=599)), False),
        (Fault(query={"api-version": "2016-*"}, then=Answer(status=599)), False),
        (Fault(query={"api-version": "2022-*"}, then=Answer(status=599)), True),
        (Fault(path="re:/SUBSCRIPTIONS/?", then=Answer(status=599)), True),
        (Fault(path="re:/sub", then=Answer(status=599)), False),
    ],
)
async def test_requests_are_matched_by_method_path_and_query(
    client: Client, fault: Fault, *, met: bool
) -> None:
    """Each part of a pattern counts, and the whole path has to fit."""
    client.simulator.faults.add(fault)
    async with client.session.get(
        f"{client.simulator.url}{LIST}?api-version=2022-12-01"
    ) as response:
        assert (response.status == 599) is met


async def test_clearing_the_faults_lets_held_requests_go(client: Client) -> None:
    """The end of a test must not hang on what it held."""
    hold = Hold()
    client.simulator.faults.add(Fault(hold=hold))
    asked = asyncio.create_task(client.get(LIST, version="2022-12-01"))
    await hold.reached()
    client.simulator.faults.clear()

    assert (await asked)[0] == 200


async def test_another_origin_records_what_comes_to_it(client: Client) -> None:
    """A token that went astray is proven by the record of the host it went to."""
    foreign = client.simulator.foreign()
    status, body, _ = await client.get(f"{foreign.url}{LIST}")

    assert (status, body) == (200, {"value": []})
    assert [record.audience for record in foreign.requests] == [client.simulator.url]
    assert len(client.simulator.requests) == 0
