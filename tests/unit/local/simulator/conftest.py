"""A running simulator, a client for it, and the names of what it serves."""

from collections.abc import AsyncIterator, Iterator

import aiohttp
import pytest

from local.simulator import Simulator
from tests.unit.local.simulator.plain_client import Client


@pytest.fixture
def simulator() -> Iterator[Simulator]:
    """Serve the sample estate."""
    with Simulator("sample") as running:
        yield running


@pytest.fixture
async def client(simulator: Simulator) -> AsyncIterator[Client]:
    """Ask the sample estate."""
    connector = aiohttp.TCPConnector(ssl=simulator.client_ssl())
    async with aiohttp.ClientSession(connector=connector) as session:
        yield Client(simulator, session)


@pytest.fixture
def production() -> str:
    """Give the path of the subscription of the sample that reads in one page."""
    return "/subscriptions/c4a9e1d7-52b0-4f3c-8e6d-93f1b7a05c28"


@pytest.fixture
def sandbox() -> str:
    """Give the path of the subscription of the sample that reads in pages of 4, 0 and 5."""
    return "/subscriptions/5e2f8b90-7c14-4a6d-b1e3-40d9c6f2a857"
