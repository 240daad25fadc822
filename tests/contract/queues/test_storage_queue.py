"""A queue of texts against Azurite: how long a message is hidden, how long it lives, how large."""

from collections.abc import AsyncIterator
from contextlib import suppress
from datetime import datetime, timedelta
from typing import Final

import pytest
from azure.core.exceptions import ResourceNotFoundError
from azure.core.pipeline.transport import AioHttpTransport
from azure.storage.queue import QueueMessage, TextBase64DecodePolicy
from azure.storage.queue.aio import QueueClient

from cmk_check.limits import CHANGES_MESSAGE_LIFETIME, MAX_CHANGES_MESSAGE_BYTES
from cmk_check.ports import QueueError
from cmk_check.queues.storage_queue import StorageQueues
from local.azurite import Azurite
from tests.contract.store.connections import transport

NAME: Final = "cmk-changes"


@pytest.fixture
async def shared() -> AsyncIterator[AioHttpTransport]:
    """The transport that the app shares between its clients."""
    async with transport() as opened:
        yield opened


@pytest.fixture
def queues(azurite: Azurite, shared: AioHttpTransport) -> StorageQueues:
    """The queues of the storage account."""
    return StorageQueues.by_connection_string(azurite.connection_string, transport=shared)


@pytest.fixture
async def reader(azurite: Azurite, shared: AioHttpTransport) -> QueueClient:
    """The receiving end, of a queue that does not exist yet."""
    client = QueueClient.from_connection_string(
        azurite.connection_string,
        NAME,
        message_decode_policy=TextBase64DecodePolicy(),
        transport=shared,
    )
    with suppress(ResourceNotFoundError):
        await client.delete_queue()
    return client


async def _received(reader: QueueClient) -> list[QueueMessage]:
    return [message async for message in reader.receive_messages(messages_per_page=32)]


def _lives(message: QueueMessage) -> timedelta:
    assert isinstance(message.inserted_on, datetime)
    assert isinstance(message.expires_on, datetime)
    return message.expires_on - message.inserted_on


async def test_a_delayed_message_is_there_and_not_seen(
    queues: StorageQueues, reader: QueueClient
) -> None:
    """A post that failed is tried again when its time has come, not at once."""
    queue = queues.queue(NAME)

    await queue.send(["later"], delay=timedelta(hours=1))
    await queue.send(["now"])

    assert [message.content for message in await _received(reader)] == ["now"]
    assert (await reader.get_queue_properties()).approximate_message_count == 2


async def test_the_users_messages_live_for_a_week(
    queues: StorageQueues, reader: QueueClient
) -> None:
    """A queue that nobody reads must not grow for ever."""
    await queues.queue(NAME, CHANGES_MESSAGE_LIFETIME).send(["text"])

    (message,) = await _received(reader)
    assert _lives(message) == timedelta(days=7)


async def test_our_own_messages_do_not_expire(queues: StorageQueues, reader: QueueClient) -> None:
    """An app that stood still for a week must tell what it found before."""
    await queues.queue(NAME).send(["text"])

    (message,) = await _received(reader)
    assert _lives(message) > timedelta(days=365)


async def test_the_largest_batch_is_taken_and_comes_back_whole(
    queues: StorageQueues, reader: QueueClient
) -> None:
    """As base64 it grows by a third, and the service takes 64 KiB."""
    text = "x" * MAX_CHANGES_MESSAGE_BYTES

    await queues.queue(NAME).send([text])

    (message,) = await _received(reader)
    assert message.content == text
    with pytest.raises(QueueError, match=NAME):
        await queues.queue(NAME).send(["x" * 49_153])
