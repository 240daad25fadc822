"""Reads subscriptions and their accounts from Azure Resource Manager through the SDK."""

import asyncio
from collections.abc import Awaitable, Callable, Collection
from contextlib import AsyncExitStack
from typing import Final

from azure.core.credentials_async import AsyncSupportsTokenInfo
from azure.core.pipeline.transport import AioHttpTransport
from azure.mgmt.cognitiveservices.aio import CognitiveServicesManagementClient
from azure.mgmt.cognitiveservices.aio.operations import AccountsOperations
from azure.mgmt.subscription.aio import SubscriptionClient

from cmk_check.config.settings import Settings
from cmk_check.core.account import Reading, Subscription
from cmk_check.core.enums import GapReason
from cmk_check.core.reasons.gap_sentences import NAMELESS_SUBSCRIPTION, make_gap
from cmk_check.core.resource_id import AccountId
from cmk_check.inventory.account_reading import AccountCollector, parse_subscription
from cmk_check.inventory.account_search import AzureAccountSearch
from cmk_check.inventory.api_versions import ApiVersions
from cmk_check.inventory.calls import Deadline
from cmk_check.inventory.change_search import ChangeSearch
from cmk_check.inventory.clients import ArmReader, Clients
from cmk_check.inventory.credential import SharedCredential, own_credential
from cmk_check.inventory.data_stores.reader import AzureDataStores
from cmk_check.inventory.exemptions import AzureExemptions
from cmk_check.inventory.gaps import (
    READ_ACCOUNTS,
    READ_SUBSCRIPTIONS,
    TROUBLE,
    code_of_404,
    gap_of,
    is_for_entra_alone,
    is_unregistered,
)
from cmk_check.inventory.http_session import open_session, shared_transport
from cmk_check.inventory.keys.reader import AzureKeys
from cmk_check.inventory.management_group import read_subscriptions_below
from cmk_check.limits import ARM_FIRST_BACK_OFF_SECONDS
from cmk_check.ports import InventoryError

# Of an account that was there; other codes are about subscriptions, types and versions.
_GONE: Final = frozenset({"resourcegroupnotfound", "resourcenotfound"})


async def open_inventory(settings: Settings) -> "AzureInventory":
    """Connect to Azure as the settings say; the caller must close the inventory."""
    async with AsyncExitStack() as opened:
        session = await opened.enter_async_context(open_session(settings.addresses.arm_url))
        credential = own_credential(settings, settings.client_id)
        return AzureInventory(
            settings, credential, shared_transport(session), opened.pop_all().aclose
        )


async def _nothing() -> None:
    """Close nothing, because the transport belongs to the caller."""


class AzureInventory:
    """Implements ``ports.Inventory``: a failure of a subscription is a gap in its reading."""

    def __init__(
        self,
        settings: Settings,
        credential: AsyncSupportsTokenInfo,
        transport: AioHttpTransport,
        close: Callable[[], Awaitable[None]] = _nothing,
        back_off: float = ARM_FIRST_BACK_OFF_SECONDS,
    ) -> None:
        self._settings = settings
        self._credential = SharedCredential(credential)
        limits = (asyncio.Semaphore(settings.max_in_flight),)
        self._clients = Clients(settings, self._credential, transport, limits, back_off)
        self._key_clients = self._clients.for_keys()
        self._close = close
        self._kinds = frozenset(kind.lower() for kind in settings.kinds)

    async def subscriptions(self) -> tuple[Subscription, ...]:
        """List every subscription that the identity sees, each id once.

        Raises:
            InventoryError: the list could not be read completely.

        """
        found: dict[str, Subscription] = {}
        seconds = self._settings.subscription_timeout
        try:
            async with asyncio.timeout(seconds):
                subscriptions = self._clients.of(SubscriptionClient).subscriptions
                async for entries in self._clients.pages(
                    Deadline.within(seconds), lambda call: subscriptions.list(call=call)
                ):
                    for entry in entries:
                        subscription = parse_subscription(entry, self._settings.owner_tags)
                        if subscription is None:
                            raise InventoryError(NAMELESS_SUBSCRIPTION)
                        found.setdefault(subscription.id, subscription)
        except TROUBLE as error:
            raise InventoryError(gap_of(error, READ_SUBSCRIPTIONS)) from error
        return tuple(found.values())

    async def subscriptions_below(self, group: str) -> tuple[Subscription, ...]:
        """List every subscription below a management group; see ``Inventory``."""
        seconds = self._settings.subscription_timeout
        return await read_subscriptions_below(self._clients, group, seconds)

    async def read(
        self, subscription: Subscription, recorded: Collection[AccountId] = (), *, seconds: float
    ) -> Reading:
        """Read the accounts of a subscription; after a failure, keep those already read."""
        gathering = AccountCollector(
            subscription.id, self._kinds, self._settings.tags, self._settings.owner_tags
        )
        accounts = self._clients.of(CognitiveServicesManagementClient, subscription.id).accounts
        until = Deadline.within(seconds)
        try:
            async with asyncio.timeout_at(until.latest):
                async for entries in self._clients.pages(
                    until, lambda call: accounts.list(call=call)
                ):
                    gathering.add(entries)
        except TROUBLE as error:
            # After a page of accounts, an answer that there can be none is trouble.
            if gathering.pages or not _has_no_accounts(error, subscription, recorded):
                return gathering.reading(gap_of(error, READ_ACCOUNTS))
        missing = [account_id for account_id in recorded if gathering.lacks(account_id)]
        gone = await asyncio.gather(
            *(self._is_gone(account_id, accounts, gathering, until) for account_id in missing)
        )
        if unconfirmed := gone.count(False):
            return gathering.reading(make_gap(GapReason.LIST_INCOMPLETE, str(unconfirmed)))
        return gathering.reading()

    async def _is_gone(
        self,
        account_id: AccountId,
        accounts: AccountsOperations,
        gathering: AccountCollector,
        until: Deadline,
    ) -> bool:
        """Ask for an account that a list lacks; take it where it is there."""
        if not account_id.has_own_path:
            return False
        at = (account_id.resource_group, account_id.name)
        try:
            async with asyncio.timeout_at(until.latest):
                document = await self._clients.document(
                    until, lambda call: accounts.get(*at, call=call)
                )
        except TROUBLE as error:
            return code_of_404(error) in _GONE
        gathering.add([document])
        return False

    def keys(self) -> AzureKeys:
        """Return a reader of keys, which reads each thing once during its life."""
        return AzureKeys(self._key_clients)

    def change_search(self) -> ChangeSearch:
        """Return what asks Azure for recent changes."""
        return ChangeSearch(self._clients)

    def account_search(self) -> AzureAccountSearch:
        """Return what asks Resource Graph for accounts of kinds in scope."""
        return AzureAccountSearch(self._clients, self._kinds)

    def exemptions(self) -> AzureExemptions:
        """Return a reader of exemptions, which reads each assignment once during its life."""
        return AzureExemptions(self._key_clients)

    def data_stores(self) -> AzureDataStores:
        """Return a reader of where accounts keep data, which reads each store once in its life."""
        return AzureDataStores(self._key_clients)

    def reader(self) -> ArmReader:
        """Return what reads any resource by its path."""
        return ArmReader(self._clients)

    def api_versions(self) -> ApiVersions:
        """Return the versions that are asked for, and how Azure has answered, by type."""
        return self._clients.versions

    async def close(self) -> None:
        """Close the credential and what was opened with it."""
        await self._credential.close()
        await self._close()


def _has_no_accounts(
    error: Exception, subscription: Subscription, recorded: Collection[AccountId]
) -> bool:
    """Tell whether a refused list is an empty one.

    Where the provider is not registered there are no accounts, nor in a subscription that is for
    the directory alone ("Access to Azure Active Directory"). Of that one it is believed where
    nothing is recorded of it.
    """
    if is_unregistered(error):
        return True
    is_entra_only = (subscription.quota_id or "").upper().startswith("AAD_")
    return is_entra_only and not recorded and is_for_entra_alone(error)
