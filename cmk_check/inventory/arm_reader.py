"""Read Azure Resource Manager with a shared transport, credential and request limit."""

import asyncio
import re
from collections.abc import AsyncIterable, AsyncIterator, Callable
from dataclasses import dataclass, field, replace
from functools import cached_property
from http import HTTPStatus
from typing import Final, Self
from urllib.parse import quote

from azure.core import AsyncPipelineClient
from azure.core.exceptions import HttpResponseError
from azure.core.pipeline.policies import (
    AsyncBearerTokenCredentialPolicy,
    RequestIdPolicy,
    UserAgentPolicy,
)
from azure.core.pipeline.transport import AioHttpTransport
from azure.core.rest import AsyncHttpResponse, HttpRequest

from cmk_check.config.settings import Settings
from cmk_check.core.enums import GapReason
from cmk_check.core.reasons.gap_sentences import make_gap
from cmk_check.inventory import pipeline
from cmk_check.inventory.api_versions import ApiVersions
from cmk_check.inventory.calls import GRAPH_PATH, Call, Deadline, GraphQuery
from cmk_check.inventory.credential import SharedCredential
from cmk_check.inventory.gaps import call_errors
from cmk_check.limits import ARM_FIRST_BACK_OFF_SECONDS, KEY_REQUESTS_SHARE
from cmk_check.ports import InventoryError

# Segments that consist only of dots would change the path.
_PATH: Final = re.compile(r"(?:/(?!\.+(?:/|$))[^/\x00-\x1f\x7f-\x9f\ud800-\udfff]+)+")


@dataclass(frozen=True, eq=False)
class ArmReader:
    """Reads documents, lists and query results, by path or by an operation of the SDK.

    A path starts with "/" and has no query. All requests pass through the same policies, and only
    this class follows links to next pages. The caller must close the transport and the credential.
    ``back_off`` is the first pause in seconds after a failure, unless Azure requests a pause.
    Reading raises any of ``gaps.TROUBLE``.

    >>> reader.build_url("/subscriptions").partition("?")[0]
    'https://management.azure.com/subscriptions'
    """

    settings: Settings
    credential: SharedCredential
    transport: AioHttpTransport
    request_limits: tuple[asyncio.Semaphore, ...]
    back_off: float = ARM_FIRST_BACK_OFF_SECONDS
    versions: ApiVersions = field(default_factory=ApiVersions)

    def for_keys(self) -> Self:
        """Return a reader that shares this reader's parts, but only part of its request limit."""
        most = max(1, int(self.settings.max_in_flight * KEY_REQUESTS_SHARE))
        return replace(self, request_limits=(asyncio.Semaphore(most), *self.request_limits))

    async def list_url[Client](
        self,
        sdk: Callable[..., Client],
        operation: Callable[[Client], AsyncIterable[object]],
        *subscription_id: str,
    ) -> str:
        """Return the URL that an operation of the SDK would request first, without requesting it.

        Some SDKs need a subscription id. The SDK's models of responses are not used, because they
        coerce types, and building them takes 35 times as long as parsing the JSON.
        """
        policy = pipeline.OperationPolicy()
        client = sdk(
            self.credential,
            *subscription_id,
            self._arm_url,
            credential_scopes=[self.settings.addresses.token_scope],
            transport=self.transport,
            policies=[policy],
        )
        async for _ in operation(client):
            pass  # the list seems empty to the SDK
        return policy.url

    @property
    def _arm_url(self) -> str:
        return self.settings.addresses.arm_url

    @cached_property
    def _client(self) -> AsyncPipelineClient[HttpRequest, AsyncHttpResponse]:
        policies = [
            RequestIdPolicy(),
            UserAgentPolicy(pipeline.AGENT, user_agent_use_env=False),
            pipeline.GuardPolicy(),
            pipeline.ApiVersionPolicy(self.versions),
            pipeline.RetryPolicy(self.back_off),
            AsyncBearerTokenCredentialPolicy(self.credential, self.settings.addresses.token_scope),
            *map(pipeline.InFlightPolicy, self.request_limits),
        ]
        return AsyncPipelineClient(self._arm_url, transport=self.transport, policies=policies)

    async def document(self, path: str, until: Deadline, query: str = "") -> dict[str, object]:
        """Return the JSON of one resource; ``query`` is sent unchanged."""
        call = Call(self._arm_url, until)
        await self._send(HttpRequest("GET", self.build_url(path, query)), call)
        return call.answer()

    async def query(self, body: dict[str, object], until: Deadline) -> GraphQuery:
        """Send a Resource Graph query, and return the finished call."""
        call = GraphQuery(self._arm_url, until)
        await self._send(HttpRequest("POST", self.build_url(GRAPH_PATH), json=body), call)
        return call

    async def entries(self, path: str, until: Deadline, query: str = "") -> list[object]:
        """Return the raw entries of all pages of a list; ``query`` is sent unchanged."""
        pages = self.pages(self.build_url(path, query), until)
        return [entry async for page in pages for entry in page]

    async def pages(self, url: str, until: Deadline) -> AsyncIterator[list[object]]:
        """Yield the raw entries of each page of a list, beginning with the page at ``url``."""
        call = Call(self._arm_url, until)
        link: str | None = url
        while link:
            await self._send(HttpRequest("GET", link), call)
            entries, link = call.page()
            yield entries

    async def _send(self, request: HttpRequest, call: Call) -> None:
        with call_errors():
            response = await self._client.send_request(request, call=call)
        if response.status_code != HTTPStatus.OK:
            raise HttpResponseError(response=response)
        call.take(response)

    def build_url(self, path: str, query: str = "") -> str:
        """Return the URL of a path, with the API version to request."""
        # A path from a response must not lead to another host or resource.
        if not _PATH.fullmatch(path):
            raise InventoryError(make_gap(GapReason.UNEXPECTED_RESPONSE))
        # The version is already included, so that a link back to the first page is recognised.
        options = f"{query}&" if query else ""
        return self.versions.of(f"{self._arm_url}{quote(path)}?{options}api-version=")
