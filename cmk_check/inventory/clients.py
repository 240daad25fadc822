"""The SDK's clients, which share a transport, a credential and a limit of concurrent requests."""

import asyncio
from collections.abc import AsyncIterable, AsyncIterator, Awaitable, Callable
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Final, Self, cast

from azure.core import AsyncPipelineClient, AzureClouds
from azure.core.pipeline.policies import SansIOHTTPPolicy
from azure.core.pipeline.transport import AioHttpTransport
from azure.core.rest import AsyncHttpResponse, HttpRequest

from cmk_check.config.settings import Settings
from cmk_check.core.enums import GapReason
from cmk_check.core.reasons.gap_sentences import make_gap
from cmk_check.inventory.api_versions import ApiVersions
from cmk_check.inventory.calls import Call, Deadline, Document, Listing
from cmk_check.inventory.credential import SharedCredential
from cmk_check.inventory.pipeline import InFlightPolicy, RetryPolicy, arm_policies
from cmk_check.limits import ARM_FIRST_BACK_OFF_SECONDS, KEY_REQUESTS_SHARE
from cmk_check.ports import InventoryError

if TYPE_CHECKING:
    from azure.core.async_paging import AsyncItemPaged

# Address and scope are given; without a cloud the newer of the SDK's clients would look up its
# global settings each time. The older ones do not know it.
_UNUSED_CLOUD: Final = AzureClouds.AZURE_PUBLIC_CLOUD
# The SDK would make these for each client, though we give it all policies.
_UNUSED_POLICIES: Final = dict.fromkeys(
    (
        "user_agent_policy",
        "headers_policy",
        "proxy_policy",
        "logging_policy",
        "http_logging_policy",
        "custom_hook_policy",
        "redirect_policy",
        "retry_policy",
        "authentication_policy",
    ),
    SansIOHTTPPolicy[HttpRequest, AsyncHttpResponse](),
)


@dataclass(frozen=True, slots=True)
class Clients:
    """Makes clients, each with our own pipeline; the caller closes what they share.

    ``back_off`` is the first pause in seconds after a failure, if Azure does not ask for one.
    """

    settings: Settings
    credential: SharedCredential
    transport: AioHttpTransport
    request_limits: tuple[asyncio.Semaphore, ...]
    back_off: float = ARM_FIRST_BACK_OFF_SECONDS
    versions: ApiVersions = field(default_factory=ApiVersions)

    @property
    def arm_url(self) -> str:
        """The origin of Azure Resource Manager, without a trailing slash."""
        return self.settings.addresses.arm_url

    def for_keys(self) -> Self:
        """Return clients that share everything, but may use only a part of the request limit."""
        most = max(1, int(self.settings.max_in_flight * KEY_REQUESTS_SHARE))
        return replace(self, request_limits=(asyncio.Semaphore(most), *self.request_limits))

    def any_resource(self) -> AsyncPipelineClient[HttpRequest, AsyncHttpResponse]:
        """Make a client for any URL of Azure Resource Manager, which returns raw answers."""
        return AsyncPipelineClient(
            self.arm_url, transport=self.transport, policies=self._policies()
        )

    def of[Client](self, sdk: Callable[..., Client], *subscription_id: str) -> Client:
        """Make a client of the SDK, of those that need one for a subscription."""
        return sdk(
            self.credential,
            *subscription_id,
            self.arm_url,
            cloud_setting=_UNUSED_CLOUD,
            credential_scopes=[self.settings.addresses.token_scope],
            transport=self.transport,
            policies=self._policies(),
            **_UNUSED_POLICIES,
        )

    def _policies(self) -> list[object]:
        return arm_policies(
            self.credential,
            self.settings.addresses.token_scope,
            self.versions,
            RetryPolicy(self.settings.retry_after_max, self.back_off),
            *(InFlightPolicy(request_limits) for request_limits in self.request_limits),
        )

    def listing(self, until: Deadline) -> Listing:
        """Make the call for a list operation."""
        return Listing(self.arm_url, until)

    async def document(
        self, until: Deadline, ask: Callable[[Call], Awaitable[object]]
    ) -> dict[str, object]:
        """Return the JSON of one resource; ``ask`` runs an SDK operation with the call.

        Raises:
            Any of ``gaps.TROUBLE``.

        """
        call = Document(self.arm_url, until)
        await ask(call)
        return call.answer()

    async def entries(
        self, until: Deadline, ask: Callable[[Call], AsyncIterable[object]]
    ) -> list[object]:
        """Return the raw entries of a whole list.

        Raises:
            Any of ``gaps.TROUBLE``.

        """
        listing = self.listing(until)
        return [entry async for page in pages(ask(listing), listing) for entry in page]


async def pages(paged: AsyncIterable[object], listing: Listing) -> AsyncIterator[list[object]]:
    """Yield the raw entries of each page of an operation that has this listing as its call.

    Raises:
        InventoryError: the next link of the last page is not trusted.

    """
    # The older SDKs have less precise return types.
    async for _ in cast("AsyncItemPaged[object]", paged).by_page():
        yield listing.page
        if listing.refused:
            raise InventoryError(make_gap(GapReason.UNTRUSTED_NEXT_LINK))
