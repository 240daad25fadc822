"""Runs a queue trigger, by the rules of WebJobs' ``QueueListener`` and ``QueueProcessor``.

The rules, from Microsoft.Azure.WebJobs.Extensions.Storage in Azure/azure-sdk-for-net:

- A received message is leased for ten minutes; the lease is renewed after five.
- Success deletes the message. After a failure it appears again after ``visibilityTimeout``.
- A failed last attempt moves it to the poison queue. If the host died in the last attempt, the
  message appears once more and is moved then.
- A poison queue has no poison queue: there a failed message stays hidden until its lease ends.

Unlike Azure's host, this one creates missing queues, polls from 50 ms on, and polls at once after
an invocation, because that invocation has probably sent the next message.
"""

import asyncio
import base64
import binascii
import json
from collections.abc import Awaitable, Mapping
from datetime import datetime, timedelta
from typing import Final

from azure.core.exceptions import AzureError

from local.functions_host.data import Data, Json, Text
from local.functions_host.functions import Function
from local.functions_host.host_json import QueueOptions
from local.functions_host.invoker import Invoker
from local.functions_host.log import log
from local.functions_host.queues import POISON, Message, MessageLostError, MessageQueue

LEASE: Final = timedelta(minutes=10)
_SHORTEST_DELAY: Final = timedelta(milliseconds=50)


class QueueListener:
    """Fetches the messages of one queue, and runs one function with each."""

    def __init__(
        self,
        queue: MessageQueue,
        function: Function,
        invoker: Invoker,
        options: QueueOptions,
        *,
        lease: timedelta = LEASE,
    ) -> None:
        self._queue = queue
        self._function = function
        self._invoker = invoker
        self._options = options
        self._lease = lease
        self._has_poison_queue = not queue.name.endswith(POISON)
        self._processing: set[asyncio.Task[None]] = set()
        self._awake = asyncio.Event()
        self._stopping = False
        self._reachable = True

    def wake(self) -> None:
        """Poll soon, because a message may have been sent."""
        self._awake.set()

    def stop(self) -> None:
        """Fetch no more."""
        self._stopping = True
        self.wake()

    async def prepare(self) -> None:
        """Create the queue, if the storage can be reached."""
        try:
            await self._queue.create()
        except AzureError as error:
            self._log_unreachable(error)

    async def listen(self) -> None:
        """Fetch and run until stopped; then finish the messages already fetched."""
        delay = _SHORTEST_DELAY
        while not self._stopping:
            messages = await self._receive()
            if messages:
                delay = _SHORTEST_DELAY
                await self._process_beside(messages)
                continue
            await self._pause(delay)
            longest = max(_SHORTEST_DELAY, self._options.max_polling_interval)
            delay = _SHORTEST_DELAY if self._awake.is_set() else min(delay * 2, longest)
            self._awake.clear()
        await asyncio.gather(*self._processing)

    async def process(self, message: Message) -> None:
        """Run the function with one message; then delete, retry or poison the message."""
        if message.dequeue_count > self._options.max_dequeue_count:
            await self._settle(self._to_poison(message, "has used up its attempts"))
            return
        text = self._decoded(message)
        if text is None:
            await self._settle(self._to_poison(message, "is not base64 (messageEncoding)"))
            return
        invocation = self._invoker.start(self._function, Text(text), _metadata(message, text))
        renewal = asyncio.create_task(self._renew(message, invocation))
        outcome = await invocation
        message = await renewal
        if outcome.failure is None:
            await self._settle(self._queue.delete(message))
        elif not self._has_poison_queue:
            log.warning("message %s stays hidden in %s", message.id, self._queue.name)
        elif message.dequeue_count >= self._options.max_dequeue_count:
            await self._settle(self._to_poison(message, "failed in its last attempt"))
        else:
            await self._settle(self._queue.hide(message, self._options.visibility_timeout))

    async def _receive(self) -> list[Message]:
        try:
            messages = await self._queue.receive(self._options.batch_size, self._lease)
        except AzureError as error:
            self._log_unreachable(error)
            await self.prepare()
            return []
        self._reachable = True
        return messages

    async def _pause(self, delay: timedelta) -> None:
        try:
            async with asyncio.timeout(delay.total_seconds()):
                await self._awake.wait()
        except TimeoutError:
            return
        # It polls no faster than this, however often it is woken.
        await asyncio.sleep(_SHORTEST_DELAY.total_seconds())

    async def _process_beside(self, messages: list[Message]) -> None:
        for message in messages:
            task = asyncio.create_task(self.process(message))
            self._processing.add(task)
            task.add_done_callback(self._processing.discard)
        while len(self._processing) > self._options.new_batch_threshold:
            await asyncio.wait(set(self._processing), return_when=asyncio.FIRST_COMPLETED)

    async def _renew(self, message: Message, invocation: asyncio.Task[object]) -> Message:
        """Renew the lease until the function has ended; return the message with its last lease."""
        while True:
            await asyncio.wait({invocation}, timeout=self._lease.total_seconds() / 2)
            if invocation.done():
                return message
            try:
                message = await self._queue.hide(message, self._lease)
            except MessageLostError:
                log.warning("message %s was taken by another host", message.id)
                await asyncio.wait({invocation})
            except AzureError as error:
                self._log_unreachable(error)

    async def _settle(self, step: Awaitable[object]) -> None:
        try:
            await step
        except MessageLostError:
            log.warning("a message in %s was settled by another host", self._queue.name)
        except AzureError as error:
            self._log_unreachable(error)

    async def _to_poison(self, message: Message, why: str) -> None:
        if not self._has_poison_queue:
            return
        log.warning("message %s %s; moved to %s", message.id, why, self._queue.name + POISON)
        await self._queue.send_to_poison(message.body)
        await self._queue.delete(message)

    def _decoded(self, message: Message) -> str | None:
        if not self._options.base64:
            return message.body
        try:
            raw = base64.b64decode("".join(message.body.split()), validate=True)
        except (binascii.Error, ValueError):
            return None
        return raw.decode("utf-8", errors="replace")

    def _log_unreachable(self, error: AzureError) -> None:
        """Log each outage of the storage once; without the error's text, which may hold a key."""
        if self._reachable:
            log.error("the queue %s cannot be used: %s", self._queue.name, type(error).__name__)
        self._reachable = False


def _metadata(message: Message, text: str) -> Mapping[str, Data]:
    return {
        "QueueTrigger": Text(text),
        "Id": Text(message.id),
        "PopReceipt": Text(message.receipt),
        "DequeueCount": Json(str(message.dequeue_count)),
        "InsertionTime": _json_time(message.inserted),
        "ExpirationTime": _json_time(message.expires),
        "NextVisibleTime": _json_time(message.next_visible),
    }


def _json_time(moment: datetime) -> Json:
    return Json(json.dumps(moment.isoformat()))
