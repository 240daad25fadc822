"""Reads subscriptions and their accounts from Azure Resource Manager through the SDK."""

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import AsyncExitStack
from typing import Final

from azure.core.credentials_async import AsyncSupportsTokenInfo
from azure.core.pipeline.transport import AioHttpTransport

from cmk_check.config.settings import Settings
from cmk_check.core.model import Reading, Subscription
from cmk_check.core.reasons.gaps import NAMELESS_SUBSCRIPTION
from cmk_check.errors import InventoryError
from cmk_check.inventory.calls import Deadline
from cmk_check.inventory.clients import Clients, InventoryOptions, pages
from cmk_check.inventory.credential import SharedCredential, own_credential
from cmk_check.inventory.gaps import (
    READ_ACCOUNTS,
    READ_SUBSCRIPTIONS,
    TROUBLE,
    gap_of,
    is_unregistered,
)
from cmk_check.inventory.keys.reader import AzureKeys
from cmk_check.inventory.readings import AccountCollector, parse_subscription
from cmk_check.inventory.session import open_session, shared_transport

# The SDK's own default, 2016-06-01, leaves out the tenant.
_SUBSCRIPTIONS_VERSION: Final = "2020-01-01"


async def open_inventory(settings: Settings) -> "AzureInventory":
    """Connect to Azure as the settings say; the caller must close the inventory."""
    async with AsyncExitStack() as opened:
        session = await opened.enter_async_context(open_session(settings.arm_url))
        credential = own_credential(
            managed=settings.managed_identity,
            client_id=settings.client_id,
            authority_host=settings.authority_host,
        )
        options = InventoryOptions(
            arm_url=settings.arm_url,
            token_scope=settings.token_scope,
            kinds=settings.kinds,
            tags=settings.tags,
            max_in_flight=settings.max_in_flight,
            retry_after_max=settings.retry_after_max,
            list_seconds=settings.subscription_timeout,
        )
        return AzureInventory(
            options, credential, shared_transport(session), opened.pop_all().aclose
        )


async def _nothing() -> None:
    """Close nothing, because the transport belongs to the caller."""


class AzureInventory:
    """Implements ``ports.Inventory``: a failure of a subscription is a gap in its reading."""

    def __init__(
        self,
        options: InventoryOptions,
        credential: AsyncSupportsTokenInfo,
        transport: AioHttpTransport,
        close: Callable[[], Awaitable[None]] = _nothing,
    ) -> None:
        self._credential = SharedCredential(credential)
        self._clients = Clients(options, self._credential, transport)
        self._key_clients = self._clients.for_keys()
        self._close = close
        self._kinds = frozenset(kind.lower() for kind in options.kinds)
        self._tags = options.tags
        self._list_seconds = options.list_seconds

    async def subscriptions(self) -> tuple[Subscription, ...]:
        """List every subscription that the identity sees, each id once.

        Raises:
            InventoryError: the list could not be read completely.

        """
        found: dict[str, Subscription] = {}
        seconds = self._list_seconds
        try:
            async with asyncio.timeout(seconds):
                listing = self._clients.listing(Deadline.within(seconds))
                listed = self._clients.subscriptions().subscriptions.list(
                    api_version=_SUBSCRIPTIONS_VERSION, call=listing
                )
                async for entries in pages(listed, listing):
                    for entry in entries:
                        subscription = parse_subscription(entry)
                        if subscription is None:
                            raise InventoryError(NAMELESS_SUBSCRIPTION)
                        found.setdefault(subscription.id, subscription)
        except TROUBLE as error:
            raise InventoryError(gap_of(error, READ_SUBSCRIPTIONS)) from error
        return tuple(found.values())

    async def read(self, subscription_id: str, *, seconds: float) -> Reading:
        """Read the accounts of a subscription; after a failure, keep those already read."""
        gathering = AccountCollector(subscription_id, self._kinds, self._tags)
        try:
            async with asyncio.timeout(seconds):
                listing = self._clients.listing(Deadline.within(seconds))
                accounts = self._clients.accounts(subscription_id).accounts
                async for entries in pages(accounts.list(call=listing), listing):
                    gathering.add(entries)
        except TROUBLE as error:
            # A provider that is not registered has no accounts; after a page of them it is trouble.
            if gathering.pages == 0 and is_unregistered(error):
                return gathering.reading()
            return gathering.reading(gap_of(error, READ_ACCOUNTS))
        return gathering.reading()

    def keys(self) -> AzureKeys:
        """Return a reader of keys, which reads each thing once during its life."""
        return AzureKeys(self._key_clients)

    async def close(self) -> None:
        """Close the credential and what was opened with it."""
        await self._credential.close()
        await self._close()
