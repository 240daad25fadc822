"""Faults hit what they are meant for, and records tell where tokens went."""

import gc
import socket
from contextlib import ExitStack

import pytest

from local.simulator import Answer, Fault, Simulator, arm_error
from local.simulator.listener import HOST
from tests.unit.local.simulator.plain_client import ACCOUNTS, Client
from tests.unit.local.simulator.vault_kit import APPS, KEYS, small_estate

pytestmark = pytest.mark.long


async def test_each_origin_records_the_audience_of_a_token_and_never_the_token(
    client: Client,
) -> None:
    """Tests prove with it where tokens went, and print it when they fail (P6)."""
    token = client.simulator.tokens.issue(client.simulator.url).value
    foreign = client.simulator.foreign()

    for origin in (client.simulator.url, foreign.url):
        await client.get(f"{origin}/subscriptions", version="2022-12-01", token=token)

    records = [*client.simulator.requests, *foreign.requests]
    assert [record.audience for record in records] == [client.simulator.url] * 2
    assert token not in repr(records)


async def test_a_fault_meets_only_the_requests_it_matches_as_often_as_told(client: Client) -> None:
    """A fault that hits one request more makes a retry look broken."""
    fault = Fault(path="*/ACCOUNTS", times=2, then=arm_error(503, "ServerTimeout"))
    client.simulator.faults.add(fault)

    statuses = [
        (await client.get(path, version="2025-09-01"))[0]
        for path in [f"{APPS}{ACCOUNTS}", f"{KEYS}{ACCOUNTS}"] * 2
    ]

    assert statuses == [503, 503, 200, 200]
    assert client.simulator.faults.hits(fault) == 2


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
async def test_faults_are_matched_by_method_path_and_query(
    client: Client, fault: Fault, *, met: bool
) -> None:
    """Each part of a pattern counts, and the whole path has to fit."""
    client.simulator.faults.add(fault)
    async with client.session.get(
        f"{client.simulator.url}/subscriptions?api-version=2022-12-01"
    ) as response:
        assert (response.status == 599) is met


def test_connections_that_a_client_leaves_open_end_with_the_simulator() -> None:
    """One that outlives it is reported in whatever test runs when it is collected."""
    with Simulator(small_estate()) as running, ExitStack() as clients:
        for said in (None, b"", b"GET /subscriptions HTTP/1.1\r\n"):
            client = clients.enter_context(socket.create_connection((HOST, running.port)))
            if said is not None:
                client = running.client_ssl().wrap_socket(client, server_hostname=HOST)
                clients.enter_context(client).sendall(said)
        running.stop()

    gc.collect()  # pytest fails a test in which something was left open


def test_connections_of_the_last_moment_end_with_the_simulator() -> None:
    """They were accepted, but nothing has been asked yet."""
    with Simulator(small_estate()) as running, ExitStack() as clients:
        for _ in range(5):
            clients.enter_context(socket.create_connection((HOST, running.port)))
        running.stop()

    gc.collect()
