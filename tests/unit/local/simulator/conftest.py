"""A running simulator over the small estate, and a client for it."""

from collections.abc import AsyncIterator, Iterator

import aiohttp
import pytest

from local.simulator import Estate, Simulator
from tests.unit.local.simulator.plain_client import Client
from tests.unit.local.simulator.vault_kit import small_estate


@pytest.fixture
def estate() -> Estate:
    """Make the small estate."""
    return small_estate()


@pytest.fixture
def simulator(estate: Estate) -> Iterator[Simulator]:
    """Serve it."""
    with Simulator(estate) as running:
        yield running


@pytest.fixture
async def client(simulator: Simulator) -> AsyncIterator[Client]:
    """Ask for what it serves."""
    connector = aiohttp.TCPConnector(ssl=simulator.client_ssl())
    async with aiohttp.ClientSession(connector=connector) as session:
        yield Client(simulator, session)
