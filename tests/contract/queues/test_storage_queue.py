"""A queue of texts against Azurite: how long a message is hidden, how long it lives, how large."""

from datetime import datetime, timedelta
from typing import Final

import pytest
from azure.core.pipeline.transport import AioHttpTransport
from azure.storage.queue import QueueMessage
from azure.storage.queue.aio import QueueClient

from cmk_check.limits import CHANGES_MESSAGE_LIFETIME, MAX_CHANGES_MESSAGE_BYTES
from cmk_check.ports import QueueError
from cmk_check.queues.storage_queue import StorageQueues
from local.azurite import Azurite
from tests.contract.queues.conftest import Reading, received

NAME: Final = "cmk-changes"


@pytest.fixture
def queues(azurite: Azurite, shared: AioHttpTransport) -> StorageQueues:
    """The queues of the storage account."""
    return StorageQueues.by_connection_string(azurite.connection_string, transport=shared)


@pytest.fixture
async def reader(reading: Reading) -> QueueClient:
    """The receiving end, of a queue that does not exist yet."""
    return await reading(NAME)


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

    assert [message.content for message in await received(reader)] == ["now"]
    assert (await reader.get_queue_properties()).approximate_message_count == 2


async def test_the_users_messages_live_for_a_week_and_our_own_do_not_expire(
    queues: StorageQueues, reader: QueueClient
) -> None:
    """A queue that nobody reads must not grow; an app that stood still must tell what it found."""
    await queues.queue(NAME, CHANGES_MESSAGE_LIFETIME).send(["the user's"])
    await queues.queue(NAME).send(["ours"])

    lives = {message.content: _lives(message) for message in await received(reader)}
    assert lives["the user's"] == timedelta(days=7)
    assert lives["ours"] > timedelta(days=365)


async def test_the_largest_batch_is_taken_and_comes_back_whole(
    queues: StorageQueues, reader: QueueClient
) -> None:
    """As base64 it grows by a third, and the service takes 64 KiB."""
    text = "x" * MAX_CHANGES_MESSAGE_BYTES

    await queues.queue(NAME).send([text])

    (message,) = await received(reader)
    assert message.content == text
    with pytest.raises(QueueError, match=NAME):
        await queues.queue(NAME).send(["x" * 49_153])
