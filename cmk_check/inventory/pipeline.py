"""Guarding, decoding, retrying: what stands between the SDK and the wire.

These replace the SDK's own policies, because those register resource providers (a write), send the
token to whatever host a next page is on, and sleep as long as any Retry-After says. The decoding
policy keeps the SDK from building models, which costs 35 times what reading the JSON costs.
"""

import asyncio
import json
import random
from http import HTTPStatus
from typing import TYPE_CHECKING, Final, cast

from azure.core.credentials_async import AsyncTokenCredential
from azure.core.exceptions import IncompleteReadError, ServiceRequestError, ServiceResponseError
from azure.core.pipeline import PipelineRequest, PipelineResponse
from azure.core.pipeline.policies import (
    AsyncBearerTokenCredentialPolicy,
    AsyncHTTPPolicy,
    ContentDecodePolicy,
    RequestIdPolicy,
    SansIOHTTPPolicy,
    UserAgentPolicy,
)
from azure.core.rest import AsyncHttpResponse, HttpRequest

from cmk_check.core.enums import GapReason
from cmk_check.core.reasons.gaps import make_gap
from cmk_check.errors import InventoryError
from cmk_check.limits import ARM_ATTEMPTS
from cmk_check.net.retry_after import retry_after

if TYPE_CHECKING:
    from cmk_check.inventory.calls import Call

type Request = PipelineRequest[HttpRequest]
type Response = PipelineResponse[HttpRequest, AsyncHttpResponse]

AGENT: Final = "cmk_check/0.1.0"

_CALL: Final = "call"
_MAY_PASS: Final = frozenset({408, 429, 500, 502, 503, 504})


class GuardPolicy(SansIOHTTPPolicy[HttpRequest, AsyncHttpResponse]):
    """Lets nothing out but what only reads, to Azure Resource Manager alone, and no page twice."""

    def on_request(self, request: Request) -> None:
        """Refuse what must not leave.

        Raises:
            InventoryError: the request is refused.

        """
        call: Call = request.context.options.pop(_CALL)
        request.context[_CALL] = call
        asked = request.http_request
        if asked.method != call.method:
            raise InventoryError(make_gap(GapReason.UNEXPECTED_RESPONSE))
        if not call.trusts(asked.url) or not call.asks(asked.url):
            raise InventoryError(make_gap(GapReason.UNTRUSTED_NEXT_LINK))


class DecodePolicy(SansIOHTTPPolicy[HttpRequest, AsyncHttpResponse]):
    """Has the call keep what Azure answered; the SDK gets an answer with nearly nothing in it."""

    def on_response(self, request: Request, response: Response) -> None:
        """Take the body.

        Raises:
            InventoryError: the body is not what was asked for.

        """
        call: Call = request.context[_CALL]
        answer = response.http_response
        if answer.status_code == HTTPStatus.OK:
            rest = call.take(_object(answer))
            # The older SDKs look for what is decoded here, the newer ones ask the answer.
            response.context[ContentDecodePolicy.CONTEXT_NAME] = rest
            response.http_response = cast("AsyncHttpResponse", _ReplacedBodyResponse(answer, rest))
        else:
            # What failed is explained by its text (cmk_check.inventory.gaps), not by a model.
            response.context[ContentDecodePolicy.CONTEXT_NAME] = None
            response.http_response = cast("AsyncHttpResponse", _EmptyBodyResponse(answer))


class RetryPolicy(AsyncHTTPPolicy[HttpRequest, AsyncHttpResponse]):
    """Asks again after trouble that may pass, as late as Azure wishes, never past the deadline."""

    def __init__(self, retry_after_max: float, back_off: float) -> None:
        super().__init__()
        self._retry_after_max = retry_after_max
        self._back_off = back_off

    async def send(self, request: Request) -> Response:
        """Return the last answer there was.

        Raises:
            InventoryError: Azure asked for a longer pause than is allowed or left.
            AzureError: no try brought an answer.

        """
        call: Call = request.context[_CALL]
        for attempt in range(ARM_ATTEMPTS - 1):
            pause = self._back_off * 2**attempt * _jitter()
            try:
                response = await self.next.send(request)
            except (ServiceRequestError, ServiceResponseError, IncompleteReadError):
                if not call.has_time_for(pause):
                    raise
            else:
                if response.http_response.status_code not in _MAY_PASS:
                    return response
                asked = retry_after(response.http_response.headers)
                if asked is not None:
                    pause = asked
                    if pause > self._retry_after_max or not call.has_time_for(pause):
                        raise InventoryError(make_gap(GapReason.THROTTLED))
                elif not call.has_time_for(pause):
                    return response
            await asyncio.sleep(pause)
        return await self.next.send(request)


class InFlightPolicy(AsyncHTTPPolicy[HttpRequest, AsyncHttpResponse]):
    """Holds a place among the requests at once, only while a request is on the wire."""

    def __init__(self, request_limits: asyncio.Semaphore) -> None:
        super().__init__()
        self._request_limits = request_limits

    async def send(self, request: Request) -> Response:
        """Send when there is a place."""
        async with self._request_limits:
            return await self.next.send(request)


def arm_policies(
    credential: AsyncTokenCredential, scope: str, retry: RetryPolicy, *in_flight: InFlightPolicy
) -> list[object]:
    """Return the pipeline of one client, the outermost first: no two clients may share a policy."""
    return [
        RequestIdPolicy(),
        UserAgentPolicy(AGENT, user_agent_use_env=False),
        GuardPolicy(),
        DecodePolicy(),
        retry,
        AsyncBearerTokenCredentialPolicy(credential, scope),
        *in_flight,
    ]


class _EmptyBodyResponse:
    """An answer whose JSON is an empty object, and which is itself in all else."""

    def __init__(self, answer: AsyncHttpResponse) -> None:
        self._answer = answer

    def __getattr__(self, name: str) -> object:
        return getattr(self._answer, name)

    def json(self) -> object:
        """Return what the SDK is to build a model from."""
        return {}


class _ReplacedBodyResponse(_EmptyBodyResponse):
    """An answer with another body."""

    def __init__(self, answer: AsyncHttpResponse, body: dict[str, object]) -> None:
        super().__init__(answer)
        self._rest = body

    def json(self) -> object:
        """Return the other body."""
        return self._rest

    def text(self, _encoding: str | None = None) -> str:
        """Return the other body as text."""
        return json.dumps(self._rest)

    def body(self) -> bytes:
        """Return the other body as bytes; some SDKs tell an answer by having this."""
        return self.text().encode()


def _object(answer: AsyncHttpResponse) -> dict[str, object]:
    """Read the body, which is an object whatever is asked for."""
    try:
        body = json.loads(answer.text("utf-8-sig"))
    except (ValueError, RecursionError) as error:
        raise InventoryError(make_gap(GapReason.MALFORMED_PAGE)) from error
    if not isinstance(body, dict):
        raise InventoryError(make_gap(GapReason.MALFORMED_PAGE))
    return body


def _jitter() -> float:
    return random.uniform(0.5, 1.0)  # noqa: S311 - spreads requests, guards nothing
