"""A try of a queue against Azurite: what may be done is found out, and no trace is left."""

from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack
from datetime import UTC, datetime, timedelta
from typing import Final

import pytest
from azure.core.pipeline.transport import AioHttpTransport
from azure.storage.queue import ResourceTypes, generate_account_sas
from azure.storage.queue.aio import QueueClient, QueueServiceClient

from cmk_check.ports import QueueError
from cmk_check.queues.storage_queue import StorageQueue, StorageQueues
from local.azurite import ACCOUNT, KEY, Azurite

NAME: Final = "cmk-probed"

type Open = Callable[[str], StorageQueue]


@pytest.fixture
async def owner(azurite: Azurite, shared: AioHttpTransport) -> AsyncIterator[QueueClient]:
    """Whoever may do everything with the queue, which exists and is empty."""
    client = QueueClient.from_connection_string(azurite.connection_string, NAME, transport=shared)
    await client.create_queue()
    yield client
    await client.delete_queue()


@pytest.fixture
async def allowed(azurite: Azurite, shared: AioHttpTransport) -> AsyncIterator[Open]:
    """Open the queue as one who has been given a few rights, by their letters."""
    parts = dict(part.split("=", 1) for part in azurite.connection_string.split(";") if part)
    async with AsyncExitStack() as stack:

        def start(rights: str) -> StorageQueue:
            sas = generate_account_sas(
                ACCOUNT,
                KEY,
                ResourceTypes(service=True, container=True, object=True),
                rights,
                datetime.now(UTC) + timedelta(hours=1),
            )
            service = QueueServiceClient(
                parts["QueueEndpoint"], credential=sas, transport=shared, retry_total=0
            )
            stack.push_async_callback(service.close)
            return StorageQueues(service).queue(NAME)

        yield start


async def test_who_may_do_everything_changes_nothing(owner: QueueClient, allowed: Open) -> None:
    """Neither is a message sent, which a function would take, nor one hidden from it."""
    await owner.send_message("first")
    before = [(m.id, m.dequeue_count) for m in await owner.peek_messages(max_messages=32)]

    waiting = await allowed("rwdlacup").probe()

    after = [(m.id, m.dequeue_count) for m in await owner.peek_messages(max_messages=32)]
    assert waiting == (1, False)
    assert after == before


async def test_a_missing_queue_is_made(owner: QueueClient, allowed: Open) -> None:
    """As the app makes it when it first sends; who may not make it hears so."""
    await owner.delete_queue()

    assert await allowed("rwdlacup").probe() == (0, True)
    assert await allowed("rwdlacup").probe() == (0, False)

    assert await owner.peek_messages() == []


@pytest.mark.parametrize(
    "rights", [pytest.param("rl", id="may only read"), pytest.param("wa", id="may only write")]
)
async def test_a_right_that_lacks_is_noticed(
    owner: QueueClient, allowed: Open, rights: str
) -> None:
    """The right to read alone would look well until the first scan."""
    del owner

    with pytest.raises(QueueError, match=rf"^{NAME}: 403 \w+: grant the app's identity the role"):
        await allowed(rights).probe()
