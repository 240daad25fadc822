"""The policies that guard, retry and limit all requests to Azure Resource Manager.

These policies replace the SDK's policies, which register resource providers (a write), send the
token to any host in a link to the next page, and wait for any Retry-After time, however long.
"""

import asyncio
import random
from http import HTTPStatus
from types import SimpleNamespace
from typing import TYPE_CHECKING, Final, cast

from azure.core.exceptions import IncompleteReadError, ServiceRequestError, ServiceResponseError
from azure.core.pipeline import PipelineRequest, PipelineResponse
from azure.core.pipeline.policies import AsyncHTTPPolicy, ContentDecodePolicy, SansIOHTTPPolicy
from azure.core.rest import AsyncHttpResponse, HttpRequest

from cmk_check import VERSION
from cmk_check.core.enums import GapReason
from cmk_check.core.reasons.gap_sentences import make_gap
from cmk_check.inventory.api_versions import ApiVersions
from cmk_check.inventory.gaps import arm_error, choose_reason
from cmk_check.limits import ARM_ATTEMPTS, MAX_ARM_PAUSE_SECONDS
from cmk_check.net.retry_after import retry_after
from cmk_check.ports import InventoryError

if TYPE_CHECKING:
    from cmk_check.inventory.calls import Call

type Request = PipelineRequest[HttpRequest]
type Response = PipelineResponse[HttpRequest, AsyncHttpResponse]

AGENT: Final = f"cmk_check/{VERSION}"

_CALL: Final = "call"
# The attributes of a response that an SDK needs.
_EMPTY: Final = SimpleNamespace(status_code=HTTPStatus.OK, headers={}, json=lambda: {"value": []})
_VERSION_REFUSED: Final = frozenset({400, 404})
_MAY_PASS: Final = frozenset({408, 429, 500, 502, 503, 504})


class GuardPolicy(SansIOHTTPPolicy[HttpRequest, AsyncHttpResponse]):
    """Allows only read requests to Azure Resource Manager, and only one request for each page."""

    def on_request(self, request: Request) -> None:
        """Refuse a request that is not allowed.

        Raises:
            InventoryError: the request is not allowed.
        """
        call: Call = request.context.options.pop(_CALL)
        request.context[_CALL] = call
        http_request = request.http_request
        if http_request.method != call.method:
            raise InventoryError(make_gap(GapReason.UNEXPECTED_RESPONSE))
        if not call.trusts(http_request.url) or not call.asks(http_request.url):
            raise InventoryError(make_gap(GapReason.UNTRUSTED_NEXT_LINK))


class ApiVersionPolicy(AsyncHTTPPolicy[HttpRequest, AsyncHttpResponse]):
    """Requests a known API version, and another known version if the cloud does not serve it."""

    def __init__(self, versions: ApiVersions) -> None:
        super().__init__()
        self._versions = versions

    async def send(self, request: Request) -> Response:
        """Return the response for an API version that the cloud serves, or else the refusal."""
        http_request = request.http_request
        http_request.url = self._versions.of(http_request.url)
        response = await self.next.send(request)
        http_response = response.http_response
        may_learn = http_response.status_code in _VERSION_REFUSED
        if may_learn and self._versions.learn(http_request.url, *arm_error(http_response.text)):
            http_request.url = self._versions.of(http_request.url)
            response = await self.next.send(request)
            http_response = response.http_response
        is_ok = http_response.status_code == HTTPStatus.OK
        code = "" if is_ok else arm_error(http_response.text)[0].lower()
        reason = None if is_ok else choose_reason(http_response.status_code, code)
        self._versions.note(http_request.url, reason)
        return response


class RetryPolicy(AsyncHTTPPolicy[HttpRequest, AsyncHttpResponse]):
    """Retries a request after temporary failures until the deadline, pausing as Azure requests."""

    def __init__(self, back_off: float) -> None:
        super().__init__()
        self._back_off = back_off

    async def send(self, request: Request) -> Response:
        """Return the last response.

        Raises:
            InventoryError: Azure requested a pause that is too long or ends after the deadline.
            AzureError: no attempt received a response.
        """
        call: Call = request.context[_CALL]
        for attempt in range(ARM_ATTEMPTS - 1):
            jitter = random.uniform(0.5, 1.0)  # noqa: S311 - spreads requests, guards nothing
            pause = self._back_off * 2**attempt * jitter
            try:
                response = await self.next.send(request)
            except (ServiceRequestError, ServiceResponseError, IncompleteReadError):
                if not call.has_time_for(pause):
                    raise
            else:
                if response.http_response.status_code not in _MAY_PASS:
                    return response
                requested = retry_after(response.http_response.headers)
                pause = pause if requested is None else requested
                if pause > MAX_ARM_PAUSE_SECONDS or not call.has_time_for(pause):
                    if requested is None:
                        return response
                    raise InventoryError(make_gap(GapReason.THROTTLED))
            await asyncio.sleep(pause)
        return await self.next.send(request)


class InFlightPolicy(AsyncHTTPPolicy[HttpRequest, AsyncHttpResponse]):
    """Limits concurrent requests; a request counts until its response has arrived."""

    def __init__(self, request_limits: asyncio.Semaphore) -> None:
        super().__init__()
        self._request_limits = request_limits

    async def send(self, request: Request) -> Response:
        """Send a request as soon as the limit allows."""
        async with self._request_limits:
            return await self.next.send(request)


class OperationPolicy(AsyncHTTPPolicy[HttpRequest, AsyncHttpResponse]):
    """Stores the URL that an SDK operation requests, and returns an empty last page."""

    url = ""

    async def send(self, request: Request) -> Response:
        """Return a response that contains an empty page."""
        self.url = request.http_request.url
        # The older SDK takes the decoded body from here, and the newer SDK takes it from the
        # response.
        request.context[ContentDecodePolicy.CONTEXT_NAME] = {"value": []}
        empty_page = cast("AsyncHttpResponse", _EMPTY)
        return PipelineResponse(request.http_request, empty_page, request.context)
