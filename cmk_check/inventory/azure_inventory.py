"""Read subscriptions and their accounts from Azure Resource Manager through the SDK."""

import asyncio
from collections import Counter
from collections.abc import Awaitable, Callable, Collection
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from http import HTTPStatus
from typing import Final
from urllib.parse import quote

from azure.core.credentials_async import AsyncSupportsTokenInfo
from azure.core.pipeline.transport import AioHttpTransport
from azure.mgmt.cognitiveservices.aio import CognitiveServicesManagementClient

from cmk_check.config.settings import Settings
from cmk_check.core.account import Account, Reading, Subscription, parse_account
from cmk_check.core.enums import GapReason
from cmk_check.core.gap import Gap
from cmk_check.core.reasons.gap_sentences import make_gap
from cmk_check.core.resource_id import AccountId, path_of
from cmk_check.inventory.api_versions import ApiVersions
from cmk_check.inventory.arm_reader import ArmReader
from cmk_check.inventory.calls import Deadline
from cmk_check.inventory.credential import SharedCredential, open_credential
from cmk_check.inventory.exemptions import AzureExemptions
from cmk_check.inventory.gaps import READ_ACCOUNTS, TROUBLE, build_gap, get_404_code, get_code
from cmk_check.inventory.http_session import open_session, share_transport
from cmk_check.inventory.keys.reader import AzureKeys
from cmk_check.inventory.resource_graph import AzureAccountSearch, ChangeSearch
from cmk_check.inventory.subscriptions import read_subscriptions, read_subscriptions_below
from cmk_check.inventory.token_claims import find_identity
from cmk_check.limits import ARM_FIRST_BACK_OFF_SECONDS

# ARM returns the first code today; a provider may return its own code with 404.
_UNREGISTERED: Final = frozenset({"missingsubscriptionregistration", "subscriptionnotregistered"})
# The codes of a deleted account; other codes refer to subscriptions, types and versions.
_GONE: Final = frozenset({"resourcegroupnotfound", "resourcenotfound"})

_EXAMPLE_ID: Final = "00000000-0000-0000-0000-000000000000"


async def open_inventory(settings: Settings) -> "AzureInventory":
    """Connect to Azure as the settings require; the caller must close the inventory."""
    async with AsyncExitStack() as opened:
        session = await opened.enter_async_context(open_session(settings.addresses.arm_url))
        credential = open_credential(settings, settings.client_id)
        transport = share_transport(session)
        return AzureInventory(settings, credential, transport, opened.pop_all().aclose)


@dataclass(slots=True)
class _Accounts:
    """Collects the accounts of one subscription, page by page, for a reading."""

    subscription_id: str
    kinds: frozenset[str]
    settings: Settings
    pages: int = 0
    accounts: list[Account] = field(default_factory=list)
    ignored: dict[str, str] = field(default_factory=dict)
    ids: set[str] = field(default_factory=set)
    unusable: int = 0

    def add(self, entries: list[object]) -> None:
        """Add the entries of one page."""
        self.pages += 1
        for entry in entries:
            account = parse_account(entry, self.settings.tags, self.settings.owner_tags)
            if account is not None:
                self.ids.add(account.id.text)
            if account is None or account.id.subscription_id != self.subscription_id:
                self.unusable += 1
            elif account.kind is None or account.kind.lower() in self.kinds:
                self.accounts.append(account)
            else:
                self.ignored[account.id.text] = account.kind

    def reading(self, gap: Gap | None = None) -> Reading:
        """Return the reading, which is complete if ``gap`` is None and every id was usable."""
        if gap is None and self.unusable:
            gap = make_gap(GapReason.MALFORMED_ACCOUNT, str(self.unusable))
        return Reading(
            accounts=tuple(self.accounts),
            ignored_by_kind=Counter(self.ignored.values()),
            ignored_ids=frozenset(self.ignored),
            gap=gap,
        )


class AzureInventory:
    """Implements ``ports.Inventory``; if a subscription cannot be read, its reading has a gap.

    ``reader`` reads any resource by its path.
    """

    def __init__(
        self,
        settings: Settings,
        credential: AsyncSupportsTokenInfo,
        transport: AioHttpTransport,
        close: Callable[[], Awaitable[None]],
        back_off: float = ARM_FIRST_BACK_OFF_SECONDS,
    ) -> None:
        self._credential = SharedCredential(credential)
        limits = (asyncio.Semaphore(settings.max_in_flight),)
        self.reader = ArmReader(settings, self._credential, transport, limits, back_off)
        self._key_reader = self.reader.for_keys()
        self._close = close
        self._kinds = frozenset(kind.lower() for kind in settings.kinds)
        self._example_url: str | None = None

    async def get_identity(self) -> str | None:
        """Return the identity that reads Azure, to show to the person at the terminal."""
        scope = self.reader.settings.addresses.token_scope
        return find_identity((await self._credential.get_token(scope)).token)

    async def subscriptions(self) -> tuple[Subscription, ...]:
        """List every subscription that the identity can see, as ``Inventory`` describes."""
        return await read_subscriptions(self.reader)

    async def list_subscriptions_below(self, group: str) -> tuple[Subscription, ...]:
        """List every subscription below a management group, as ``Inventory`` describes."""
        return await read_subscriptions_below(self.reader, group)

    async def read(
        self, subscription: Subscription, recorded: Collection[AccountId] = (), *, seconds: float
    ) -> Reading:
        """Read the accounts of a subscription; after a failure, keep the accounts already read."""
        collected = _Accounts(subscription.id.lower(), self._kinds, self.reader.settings)
        until = Deadline.within(seconds)
        try:
            async with asyncio.timeout_at(until.latest):
                url = await self._accounts_url(subscription.id)
                async for entries in self.reader.pages(url, until):
                    collected.add(entries)
        except TROUBLE as error:
            # After a page of accounts, a refusal cannot mean that there are no accounts.
            if collected.pages or not _has_no_accounts(error, subscription, recorded):
                return collected.reading(build_gap(error, READ_ACCOUNTS))
        missing = [account_id for account_id in recorded if account_id.text not in collected.ids]
        are_deleted = await asyncio.gather(
            *(self._is_gone(account_id, collected, until) for account_id in missing)
        )
        if unconfirmed := are_deleted.count(False):
            return collected.reading(make_gap(GapReason.LIST_INCOMPLETE, str(unconfirmed)))
        return collected.reading()

    async def _accounts_url(self, subscription_id: str) -> str:
        """Return the URL of a subscription's accounts, based on an example URL from the SDK."""
        if self._example_url is None:
            self._example_url = await self.reader.list_url(
                CognitiveServicesManagementClient,
                lambda client: client.accounts.list(),
                _EXAMPLE_ID,
            )
        return self._example_url.replace(_EXAMPLE_ID, quote(subscription_id, safe=""))

    async def _is_gone(self, account_id: AccountId, collected: _Accounts, until: Deadline) -> bool:
        """Return whether an account missing from a list is gone; if it exists, add the account."""
        if not account_id.has_own_path:
            return False
        path = path_of(account_id.subscription_id, account_id.resource_group, account_id.name)
        try:
            async with asyncio.timeout_at(until.latest):
                document = await self.reader.document(path, until)
        except TROUBLE as error:
            return get_404_code(error) in _GONE
        collected.add([document])
        return False

    def keys(self) -> AzureKeys:
        """Return a reader of keys that reads each resource only once."""
        return AzureKeys(self._key_reader)

    def change_search(self) -> ChangeSearch:
        """Return a search for recent changes in Resource Graph."""
        return ChangeSearch(self.reader)

    def account_search(self) -> AzureAccountSearch:
        """Return a search in Resource Graph for accounts whose kinds are in scope."""
        return AzureAccountSearch(self.reader, self._kinds)

    def exemptions(self) -> AzureExemptions:
        """Return a reader of exemptions that reads each policy assignment only once."""
        return AzureExemptions(self._key_reader)

    def api_versions(self) -> ApiVersions:
        """Return the requested API versions and the counts of responses, by resource type."""
        return self.reader.versions

    async def close(self) -> None:
        """Close the credential and everything that was opened with the credential."""
        await self._credential.close()
        await self._close()


def _has_no_accounts(
    error: Exception, subscription: Subscription, recorded: Collection[AccountId]
) -> bool:
    """Return whether a refused list means that a subscription has no accounts.

    A subscription has no accounts if the resource provider is not registered, or if the
    subscription only gives access to the directory ("Access to Azure Active Directory"). A
    subscription for directory access is accepted only if no account is recorded.
    """
    if get_code(error, HTTPStatus.CONFLICT, HTTPStatus.NOT_FOUND) in _UNREGISTERED:
        return True
    is_entra_only = (subscription.quota_id or "").upper().startswith("AAD_")
    is_refused = get_code(error, HTTPStatus.BAD_REQUEST) == "disallowedoperation"
    return is_entra_only and not recorded and is_refused
