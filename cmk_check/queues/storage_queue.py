"""Senders for queues in Azure Storage or Azurite, which the Functions host reads.

If a response is lost, a message may be sent twice, and its readers must be able to handle that.
"""

import asyncio
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from datetime import timedelta
from typing import Any, Final, NamedTuple, Self

from azure.core.credentials_async import AsyncTokenCredential
from azure.core.exceptions import AzureError, HttpResponseError, ResourceExistsError
from azure.core.pipeline.transport import AsyncHttpTransport
from azure.storage.queue import StorageErrorCode, TextBase64EncodePolicy
from azure.storage.queue.aio import QueueClient, QueueServiceClient

from cmk_check.limits import (
    QUEUE_SENDS_AT_ONCE,
    STORAGE_CONNECT_SECONDS,
    STORAGE_DEADLINE_SECONDS,
    STORAGE_READ_SECONDS,
    STORAGE_RETRIES,
)
from cmk_check.net.storage_errors import describe, describe_refusal, get_code
from cmk_check.ports import AT_ONCE, InventoryError, QueueError

_FOR_EVER: Final = -1
# A valid id and receipt that belong to no message.
_NO_MESSAGE: Final = ("00000000-0000-0000-0000-000000000000", "AgAAAAMAAAAAAAAAAAAAAAAAAAA=")
# Without the right to write, the service responds with 403 instead.
_NOTHING_TO_UPDATE: Final = frozenset(
    {StorageErrorCode.MESSAGE_NOT_FOUND, StorageErrorCode.POP_RECEIPT_MISMATCH}
)
_PIPELINE: Final[Mapping[str, Any]] = {
    # Two retries, after one second each: the client waits initial_backoff + increment_base**n.
    "retry_total": STORAGE_RETRIES,
    "initial_backoff": 0,
    "increment_base": 1,
    "random_jitter_range": 0,
    "connection_timeout": STORAGE_CONNECT_SECONDS,
    "read_timeout": STORAGE_READ_SECONDS,
    # The service never redirects; following a redirect would send the token to another host.
    "permit_redirects": False,
}


class StorageQueues:
    """The queues of one storage account."""

    def __init__(self, service: QueueServiceClient) -> None:
        self._service = service

    @classmethod
    def open(
        cls,
        address: str,
        credential: AsyncTokenCredential | None = None,
        *,
        transport: AsyncHttpTransport[Any, Any],
    ) -> Self:
        """Connect to an https endpoint with tokens for Azure Storage (same audience in all clouds).

        Without a ``credential``, ``address`` is a connection string of Azurite.

        Raises:
            ValueError: the address is neither of these.
        """
        options = {**_PIPELINE, "transport": transport}
        if credential is None:
            return cls(QueueServiceClient.from_connection_string(address, **options))
        return cls(QueueServiceClient(address, credential, **options))

    def queue(self, name: str, live: timedelta | None = None) -> "StorageQueue":
        """Return a queue whose messages live until they are read, or at most for ``live``."""
        encode = TextBase64EncodePolicy()
        client = self._service.get_queue_client(name, message_encode_policy=encode)
        return StorageQueue(client, live)

    async def close(self) -> None:
        """Close the client; the transport remains open if it does not own its session."""
        await self._service.close()


class ProbedQueue(NamedTuple):
    """The result of a probe: about how many messages there are, and whether it was created."""

    messages: int
    was_missing: bool


class StorageQueue:
    """Sends messages to a queue, which is created on first use; see ``TextQueue``.

    Messages are encoded in base64, as the host expects (``messageEncoding`` in ``host.json``).
    """

    def __init__(self, client: QueueClient, live: timedelta | None) -> None:
        self._client = client
        self._live = _FOR_EVER if live is None else int(live.total_seconds())

    async def send(self, texts: Sequence[str], *, delay: timedelta = AT_ONCE) -> None:
        """Send all texts, a few at a time; see ``TextQueue.send``."""
        free = asyncio.Semaphore(QUEUE_SENDS_AT_ONCE)
        times = {"visibility_timeout": int(delay.total_seconds()), "time_to_live": self._live}

        async def send_one(text: str) -> None:
            async with free, self._request():
                try:
                    await self._client.send_message(text, **times)
                except HttpResponseError as error:
                    await self._create_after(error)
                    await self._client.send_message(text, **times)

        try:
            async with asyncio.TaskGroup() as group:
                for text in texts:
                    group.create_task(send_one(text))
        except ExceptionGroup as failures:
            raise failures.exceptions[0] from failures

    async def probe(self) -> ProbedQueue:
        """Check the identity's rights without changing messages.

        A missing queue is created. Peeking needs the right to read, and updating needs the right to
        write: updating a message that does not exist has a specific error code
        (https://learn.microsoft.com/rest/api/storageservices/queue-service-error-codes).

        Raises:
            QueueError: an operation failed.
        """
        was_missing = False
        async with self._request():
            try:
                await self._client.peek_messages(max_messages=1)
            except HttpResponseError as error:
                await self._create_after(error)
                was_missing = True
            try:
                await self._client.update_message(*_NO_MESSAGE, visibility_timeout=0)
            except HttpResponseError as error:
                if get_code(error) not in _NOTHING_TO_UPDATE:
                    raise
            properties = await self._client.get_queue_properties()
        return ProbedQueue(properties.approximate_message_count or 0, was_missing)

    @asynccontextmanager
    async def _request(self) -> AsyncIterator[None]:
        try:
            async with asyncio.timeout(STORAGE_DEADLINE_SECONDS):
                yield
        except (AzureError, TimeoutError) as error:
            raise QueueError(_failure(self._client.queue_name, error)) from error

    async def _create_after(self, error: HttpResponseError) -> None:
        """Create the queue if the error reports that it is missing, else raise the error."""
        if get_code(error) != StorageErrorCode.QUEUE_NOT_FOUND:
            raise error
        try:
            await self._client.create_queue()
        except ResourceExistsError as conflict:
            # Another process created the queue first; a queue that is being deleted is also a
            # conflict.
            if get_code(conflict) != StorageErrorCode.QUEUE_ALREADY_EXISTS:
                raise


def _failure(queue: str, error: Exception) -> str:
    if isinstance(error, InventoryError):  # raised by the credential, with what to do
        return f"{queue}: {error.gap.detail}"
    if getattr(error, "status_code", None) in {401, 403}:
        return describe_refusal(queue, error, "Storage Queue Data Contributor")
    return describe(queue, error)
