"""The transport of those who send to Azurite's queues."""

from collections.abc import AsyncIterator

import pytest
from azure.core.pipeline.transport import AioHttpTransport

from tests.contract.store.connections import transport


@pytest.fixture
async def shared() -> AsyncIterator[AioHttpTransport]:
    """The transport that the app shares between its clients."""
    async with transport() as opened:
        yield opened
