"""Reads Azure Resource Manager through the SDK: subscriptions, and the accounts of each."""

import asyncio
from collections.abc import AsyncIterable, AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, cast

from azure.core import AzureClouds
from azure.core.credentials_async import AsyncSupportsTokenInfo
from azure.core.pipeline.transport import AioHttpTransport
from azure.mgmt.cognitiveservices.aio import CognitiveServicesManagementClient
from azure.mgmt.subscription.aio import SubscriptionClient

from cmk_check.core.model import Gap, Reading, Subscription
from cmk_check.core.words import GapReason
from cmk_check.errors import InventoryError
from cmk_check.inventory.credential import SharedCredential, own_credential
from cmk_check.inventory.gaps import (
    READ_ACCOUNTS,
    READ_SUBSCRIPTIONS,
    TROUBLE,
    gap_of,
    is_unregistered,
    plain,
)
from cmk_check.inventory.policies import InFlightPolicy, Listing, RetryPolicy, arm_policies
from cmk_check.inventory.readings import Gathering, parse_subscription
from cmk_check.inventory.session import open_session, shared_transport
from cmk_check.settings import Settings

if TYPE_CHECKING:
    from azure.core.async_paging import AsyncItemPaged

# The SDK's own default, 2016-06-01, leaves out the tenant.
_SUBSCRIPTIONS_VERSION: Final = "2020-01-01"
# Address and scope are given; without a cloud the SDK would look up its global settings each time.
_UNUSED_CLOUD: Final = AzureClouds.AZURE_PUBLIC_CLOUD
_NAMELESS: Final = Gap(
    GapReason.MALFORMED_PAGE,
    detail="Azure listed a subscription without a usable id: the next scan tries again; if it "
    "stays, open a support request.",
)


@dataclass(frozen=True, slots=True)
class Options:
    """What reading needs to know.

    ``arm_url`` is an origin without a trailing slash; ``kinds`` in any case, ``tags`` lower-cased.
    ``list_seconds`` bounds the list of subscriptions, ``back_off`` is the first pause in seconds
    after trouble for which Azure names none.
    """

    arm_url: str
    token_scope: str
    kinds: tuple[str, ...]
    tags: frozenset[str]
    max_in_flight: int
    retry_after_max: float
    list_seconds: float
    back_off: float = 0.5


async def open_inventory(settings: Settings) -> "AzureInventory":
    """Connect to Azure as the settings say; whoever opens it closes it."""
    async with AsyncExitStack() as opened:
        session = await opened.enter_async_context(open_session(settings.arm_url))
        credential = own_credential(
            managed=settings.managed_identity,
            client_id=settings.client_id,
            authority_host=settings.authority_host,
        )
        options = Options(
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
    """Close nothing: the transport is someone else's."""


class AzureInventory:
    """Implements ``ports.Inventory``: each trouble of a subscription is a gap in its reading."""

    def __init__(
        self,
        options: Options,
        credential: AsyncSupportsTokenInfo,
        transport: AioHttpTransport,
        close: Callable[[], Awaitable[None]] = _nothing,
    ) -> None:
        self._options = options
        self._credential = SharedCredential(credential)
        self._transport = transport
        self._close = close
        self._kinds = frozenset(kind.lower() for kind in options.kinds)
        self._places = asyncio.Semaphore(options.max_in_flight)

    async def subscriptions(self) -> tuple[Subscription, ...]:
        """List every subscription that the identity sees, each id once.

        Raises:
            InventoryError: the list could not be read to its end.

        """
        found: dict[str, Subscription] = {}
        seconds = self._options.list_seconds
        client = SubscriptionClient(
            self._credential,
            self._options.arm_url,
            transport=self._transport,
            policies=self._policies(),
        )
        try:
            async with asyncio.timeout(seconds):
                listing = self._listing(seconds)
                pages = client.subscriptions.list(
                    api_version=_SUBSCRIPTIONS_VERSION, listing=listing
                )
                async for entries in _pages(pages, listing):
                    for entry in entries:
                        subscription = parse_subscription(entry)
                        if subscription is None:
                            raise InventoryError(_NAMELESS)
                        found.setdefault(subscription.id, subscription)
        except TROUBLE as error:
            raise InventoryError(gap_of(error, READ_SUBSCRIPTIONS)) from error
        return tuple(found.values())

    async def read(self, subscription_id: str, *, seconds: float) -> Reading:
        """Read the accounts of a subscription; what came before trouble is kept."""
        gathering = Gathering(subscription_id, self._kinds, self._options.tags)
        try:
            async with asyncio.timeout(seconds):
                client = CognitiveServicesManagementClient(
                    self._credential,
                    subscription_id,
                    self._options.arm_url,
                    cloud_setting=_UNUSED_CLOUD,
                    credential_scopes=[self._options.token_scope],
                    transport=self._transport,
                    policies=self._policies(),
                )
                listing = self._listing(seconds)
                async for entries in _pages(client.accounts.list(listing=listing), listing):
                    gathering.add(entries)
        except TROUBLE as error:
            # A provider that is not registered has no accounts; after a page of them it is trouble.
            if gathering.pages == 0 and is_unregistered(error):
                return gathering.reading()
            return gathering.reading(gap_of(error, READ_ACCOUNTS))
        return gathering.reading()

    async def close(self) -> None:
        """Close the credential and what was opened with it."""
        await self._credential.close()
        await self._close()

    def _listing(self, seconds: float) -> Listing:
        return Listing(self._options.arm_url, asyncio.get_running_loop().time() + seconds)

    def _policies(self) -> list[object]:
        return arm_policies(
            self._credential,
            self._options.token_scope,
            RetryPolicy(self._options.retry_after_max, self._options.back_off),
            InFlightPolicy(self._places),
        )


async def _pages(paged: AsyncIterable[object], listing: Listing) -> AsyncIterator[list[object]]:
    """Yield the raw entries of each page.

    Raises:
        InventoryError: the page just yielded names a next one that is not to be trusted.

    """
    # The older of the two SDKs says less of what it returns.
    async for _ in cast("AsyncItemPaged[object]", paged).by_page():
        yield listing.page
        if listing.refused:
            raise InventoryError(plain(GapReason.UNTRUSTED_NEXT_LINK))
