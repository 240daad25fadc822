"""The queue ``cmk-slices``: the messages that start planning a scan and working its slices.

A message may be sent twice when an answer is lost; every step of a scan bears being run again.
"""

import asyncio
import json
from collections.abc import Sequence
from typing import Any, Final, Self

from azure.core.credentials_async import AsyncTokenCredential
from azure.core.exceptions import AzureError, HttpResponseError, ResourceExistsError
from azure.core.pipeline.transport import AsyncHttpTransport
from azure.storage.queue import StorageErrorCode, TextBase64EncodePolicy
from azure.storage.queue.aio import QueueClient

from cmk_check.errors import QueueError
from cmk_check.ports import SliceMessage

QUEUE: Final = "cmk-slices"
_AT_ONCE: Final = 8
_DEADLINE_SECONDS: Final = 30


class SliceQueue:
    """The sending end of the queue, which is created when it is first used; the host reads it.

    Messages are base64, which is what the host expects (``messageEncoding`` in ``host.json``).
    """

    def __init__(self, client: QueueClient) -> None:
        self._client = client

    @classmethod
    def by_connection_string(cls, text: str, *, transport: AsyncHttpTransport[Any, Any]) -> Self:
        """Connect with a connection string, for Azurite.

        Raises:
            ValueError: no connection string.

        """
        return cls(
            QueueClient.from_connection_string(
                text,
                QUEUE,
                transport=transport,
                **_pipeline(),
            )
        )

    @classmethod
    def by_identity(
        cls,
        endpoint: str,
        credential: AsyncTokenCredential,
        *,
        transport: AsyncHttpTransport[Any, Any],
        audience: str | None = None,
    ) -> Self:
        """Connect to an https endpoint with tokens for ``audience``, by default the public cloud's.

        Raises:
            ValueError: no https URL.

        """
        return cls(
            QueueClient(
                endpoint,
                QUEUE,
                credential=credential,
                audience=audience,
                transport=transport,
                **_pipeline(),
            )
        )

    async def send(self, messages: Sequence[SliceMessage]) -> None:
        """Send them all, a few at once; see ``Queues.send``."""
        free = asyncio.Semaphore(_AT_ONCE)

        async def send_one(message: SliceMessage) -> None:
            async with free:
                await self._send(format_message(message))

        try:
            async with asyncio.TaskGroup() as group:
                for message in messages:
                    group.create_task(send_one(message))
        except ExceptionGroup as failures:
            raise failures.exceptions[0] from failures

    async def close(self) -> None:
        """Let go of the client; the transport stays open if its session is somebody else's."""
        await self._client.close()

    async def _send(self, text: str) -> None:
        try:
            async with asyncio.timeout(_DEADLINE_SECONDS):
                await self._send_or_create(text)
        except (AzureError, TimeoutError) as error:
            raise QueueError(_said(error)) from error

    async def _send_or_create(self, text: str) -> None:
        try:
            await self._client.send_message(text)
        except HttpResponseError as error:
            if _code(error) != StorageErrorCode.QUEUE_NOT_FOUND:
                raise
            await self._create()
            await self._client.send_message(text)

    async def _create(self) -> None:
        try:
            await self._client.create_queue()
        except ResourceExistsError as error:
            # Whoever else needed it was faster; a queue being deleted is a conflict as well.
            if _code(error) != StorageErrorCode.QUEUE_ALREADY_EXISTS:
                raise


def _pipeline() -> dict[str, Any]:
    return {
        "message_encode_policy": TextBase64EncodePolicy(),
        # Twice, after a second each: the client waits initial_backoff + increment_base ** n.
        "retry_total": 2,
        "initial_backoff": 0,
        "increment_base": 1,
        "random_jitter_range": 0,
        "connection_timeout": 10,
        "read_timeout": 10,
        # The service never redirects; a redirected request would carry its token elsewhere.
        "permit_redirects": False,
    }


def format_message(message: SliceMessage) -> str:
    """Return the text of a message: ``{"scanId": "...", "slice": 7}``, null meaning plan."""
    return json.dumps({"scanId": message.scan_id, "slice": message.slice})


def parse_message(text: str) -> SliceMessage:
    """Read the text of a message.

    Raises:
        ValueError: says what is wrong with it.

    """
    try:
        content = json.loads(text)
    except RecursionError:
        raise ValueError("the message is nested too deep") from None
    except ValueError:
        raise ValueError("the message is no JSON") from None
    if not isinstance(content, dict) or content.keys() != {"scanId", "slice"}:
        raise ValueError("the message is no object of exactly scanId and slice")
    scan_id, number = content["scanId"], content["slice"]
    if not isinstance(scan_id, str) or not scan_id:
        raise ValueError("scanId is no text")
    # JSON's true is an int to Python.
    if number is not None and (type(number) is not int or number < 0):
        raise ValueError("slice is neither null nor a number from 0 on")
    return SliceMessage(scan_id, number)


def _said(error: Exception) -> str:
    # Neither the text of the service nor the URL: they may hold signatures.
    status = error.status_code if isinstance(error, HttpResponseError) else None
    said = f"{QUEUE}: {status or ''} {_code(error) or type(error).__name__}"
    if status in {401, 403}:
        return (
            f"{said}: grant the app's identity the role Storage Queue Data Contributor on the "
            "storage account, and check that the account's firewall lets the app in"
        )
    return said


def _code(error: Exception) -> str:
    code = getattr(error, "error_code", None)
    text = str(getattr(code, "value", code) or "")
    return text if text.isalnum() and text.isascii() else ""
