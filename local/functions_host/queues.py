"""The operations on a queue that a queue trigger needs, and a real queue in Azure Storage."""

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Protocol

from azure.core.exceptions import HttpResponseError, ResourceExistsError, ResourceNotFoundError
from azure.storage.queue import QueueMessage
from azure.storage.queue.aio import QueueClient, QueueServiceClient

POISON = "-poison"


@dataclass(frozen=True, slots=True)
class Message:
    """A received message; ``body`` is still encoded, as it was sent. Times are UTC."""

    id: str
    receipt: str
    body: str
    dequeue_count: int
    inserted: datetime
    expires: datetime
    next_visible: datetime


class MessageLostError(Exception):
    """The message is gone or another host has it, so nothing is left to do with it."""


class MessageQueue(Protocol):
    """One queue and its poison queue."""

    name: str

    async def create(self) -> None:
        """Make the queue unless it exists."""
        ...

    async def receive(self, count: int, lease: timedelta) -> list[Message]:
        """Receive up to ``count`` messages, and hide them from others during the lease."""
        ...

    async def hide(self, message: Message, time: timedelta) -> Message:
        """Set the time until the message is seen again; raise MessageLostError."""
        ...

    async def delete(self, message: Message) -> None:
        """Delete the message; raise MessageLostError."""
        ...

    async def send_to_poison(self, body: str) -> None:
        """Send a body as it is to the poison queue, which is made where missing."""
        ...


class StorageQueue:
    """A queue in Azure Storage or Azurite; the caller closes the service's client."""

    def __init__(self, service: QueueServiceClient, name: str) -> None:
        self.name = name
        # The clients do not encode: a message that cannot be decoded must reach the poison queue.
        self._queue: QueueClient = service.get_queue_client(name)
        self.url: str = self._queue.url
        self._poison: QueueClient = service.get_queue_client(name + POISON)

    async def create(self) -> None:
        """Make the queue unless it exists."""
        await _create(self._queue)

    async def receive(self, count: int, lease: timedelta) -> list[Message]:
        """Receive up to ``count`` messages in one request."""
        pages = self._queue.receive_messages(
            messages_per_page=count, visibility_timeout=int(lease.total_seconds())
        ).by_page()
        page = await anext(pages, None)
        return [] if page is None else [_message(found) async for found in page]

    async def hide(self, message: Message, time: timedelta) -> Message:
        """Set the time until the message is seen again; raise MessageLostError."""
        try:
            updated = await self._queue.update_message(
                message.id, message.receipt, visibility_timeout=int(time.total_seconds())
            )
        except HttpResponseError as error:
            raise _translated(error) from error
        return replace(message, receipt=str(updated.pop_receipt))

    async def delete(self, message: Message) -> None:
        """Delete the message; raise MessageLostError."""
        try:
            await self._queue.delete_message(message.id, message.receipt)
        except HttpResponseError as error:
            raise _translated(error) from error

    async def send_to_poison(self, body: str) -> None:
        """Send a body as it is to the poison queue, which is made where missing."""
        try:
            await self._poison.send_message(body)
        except ResourceNotFoundError:
            await _create(self._poison)
            await self._poison.send_message(body)


async def _create(queue: QueueClient) -> None:
    try:
        await queue.create_queue()
    except ResourceExistsError:
        return


def _message(found: QueueMessage) -> Message:
    return Message(
        id=str(found.id),
        receipt=str(found.pop_receipt),
        body=str(found.content or ""),
        dequeue_count=int(found.dequeue_count or 0),
        inserted=_time(found.inserted_on),
        expires=_time(found.expires_on),
        next_visible=_time(found.next_visible_on),
    )


def _time(value: datetime | None) -> datetime:
    if value is None:
        raise TypeError("a received message has all its times")
    return value


def _translated(error: HttpResponseError) -> Exception:
    """Distinguish a lost message from other errors, as WebJobs' QueueProcessor does."""
    code = str(getattr(error, "error_code", ""))
    lost = isinstance(error, ResourceNotFoundError) or "PopReceiptMismatch" in code
    return MessageLostError() if lost else error
