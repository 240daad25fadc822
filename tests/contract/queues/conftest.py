"""The receiving end of a queue of Azurite, and the transport of those who send."""

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import suppress

import pytest
from azure.core.exceptions import ResourceNotFoundError
from azure.core.pipeline.transport import AioHttpTransport
from azure.storage.queue import QueueMessage, TextBase64DecodePolicy
from azure.storage.queue.aio import QueueClient

from local.azurite import Azurite
from tests.contract.store.connections import transport

type Reading = Callable[[str], Awaitable[QueueClient]]


@pytest.fixture
async def shared() -> AsyncIterator[AioHttpTransport]:
    """The transport that the app shares between its clients."""
    async with transport() as opened:
        yield opened


@pytest.fixture
def reading(azurite: Azurite, shared: AioHttpTransport) -> Reading:
    """Open the receiving end of a queue that does not exist yet."""

    async def open_reader(name: str) -> QueueClient:
        client = QueueClient.from_connection_string(
            azurite.connection_string,
            name,
            message_decode_policy=TextBase64DecodePolicy(),
            transport=shared,
        )
        with suppress(ResourceNotFoundError):
            await client.delete_queue()
        return client

    return open_reader


async def received(reader: QueueClient) -> list[QueueMessage]:
    """Take what is in a queue and seen."""
    return [message async for message in reader.receive_messages(messages_per_page=32)]
