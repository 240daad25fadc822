"""Finds the storage that a queue trigger's ``connection`` names, as Azure's host does.

https://learn.microsoft.com/azure/azure-functions/functions-reference#configure-an-identity-based-connection
"""

from contextlib import AsyncExitStack
from typing import Any, Final, Self

from azure.core.credentials_async import AsyncTokenCredential
from azure.identity.aio import DefaultAzureCredential, ManagedIdentityCredential
from azure.storage.queue.aio import QueueServiceClient

from local.azurite import development_connection_string
from local.functions_host.app_settings import AppSettings
from local.functions_host.errors import StartError
from local.functions_host.log import storage_log
from local.functions_host.queues import StorageQueue

_MANAGED_IDENTITY: Final = "managedidentity"
# The listener itself tries again, so the SDK need not retry for minutes. In seconds.
_CLIENT: Final[dict[str, Any]] = {
    "initial_backoff": 1,
    "increment_base": 2,
    "retry_total": 2,
    "logger": storage_log,
}


class QueueConnections:
    """The queue services of an app: one client per connection, closed at the end of the block."""

    def __init__(self, settings: AppSettings) -> None:
        self._settings = settings
        self._clients: dict[str, QueueServiceClient] = {}
        self._stack = AsyncExitStack()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._stack.aclose()

    async def queue(self, connection: str, name: str) -> StorageQueue:
        """Return the queue ``name`` in the storage that the connection's settings name.

        Raises:
            StartError: The settings name no queue service, or do so in an unsupported way.
        """
        if connection not in self._clients:
            client = await self._connect(connection)
            self._clients[connection] = await self._stack.enter_async_context(client)
        return StorageQueue(self._clients[connection], name)

    async def _connect(self, connection: str) -> QueueServiceClient:
        settings = self._settings
        prefix = _prefix(connection, settings)
        text = settings.get(prefix)
        if text is not None:
            return _by_connection_string(prefix, text)
        url = settings.get(f"{prefix}__queueServiceUri") or settings.get(f"{prefix}__serviceUri")
        if url is None:
            raise StartError(
                f"the connection {connection} is not set: set {connection} to a connection "
                f"string, or set {connection}__queueServiceUri"
            )
        credential = await self._stack.enter_async_context(_credential(prefix, settings))
        return QueueServiceClient(url, credential, **_CLIENT)


def _prefix(connection: str, settings: AppSettings) -> str:
    """Return the name in use; the host tries the name with its own prefix first."""
    own = f"AzureWebJobs{connection}"
    return own if settings.get(own) or settings.get(f"{own}__queueServiceUri") else connection


def _by_connection_string(prefix: str, text: str) -> QueueServiceClient:
    if text.strip().rstrip(";").lower() == "usedevelopmentstorage=true":
        text = development_connection_string()
    try:
        return QueueServiceClient.from_connection_string(text, **_CLIENT)
    except ValueError as error:
        # Without the SDK's text, which may repeat the key.
        raise StartError(f"{prefix} must be a connection string of a storage account") from error


def _credential(prefix: str, settings: AppSettings) -> AsyncTokenCredential:
    kind = settings.get(f"{prefix}__credential")
    client_id = settings.get(f"{prefix}__clientId")
    if kind is None:
        return DefaultAzureCredential()
    if kind.lower() != _MANAGED_IDENTITY:
        raise StartError(f"{prefix}__credential must be {_MANAGED_IDENTITY}, or be left out")
    return ManagedIdentityCredential(client_id=client_id)
