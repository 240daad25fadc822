"""Serve ``/api/scan``: POST starts a scan, GET returns whether the caller may send that POST.

``POST /api/scan/resend`` requires the same key. This request sends published changes to the
receivers of alerts again; its response contains no data of the changes.

This is a separate application behind a separate function: the key for reading cannot start a scan,
and the key for starting a scan cannot read.
"""

import json
import logging
import math
from collections.abc import Awaitable, Callable
from http import HTTPStatus
from typing import Any, Final

from fastapi import APIRouter, FastAPI, Request, Response

from cmk_check.config.settings import Settings
from cmk_check.core.enums import Disposition
from cmk_check.core.scan_request import StartAnswer, StartOutcome
from cmk_check.core.scope import Scope
from cmk_check.core.text import GUID, is_guid
from cmk_check.limits import (
    MAX_NAME_SHOWN_CHARS,
    MAX_SCAN_REQUEST_BYTES,
    MAX_SUBSCRIPTIONS_NAMED,
    PARTIAL_SCAN_SPACING,
    SCAN_SPACING,
)
from cmk_check.ports import QueueError
from cmk_check.web import models, parameters
from cmk_check.web.fastapi_app import Asked, build_application, find_origin, operation_id
from cmk_check.web.http import openapi
from cmk_check.web.http.refusals import RequestRefused
from cmk_check.web.http.responses import HEADERS, error_answer, json_answer

type Ask = Callable[[frozenset[str]], Awaitable[StartAnswer]]
# A function of the first and the last number, which returns whether they were queued.
type Resend = Callable[[int, int], Awaitable[bool]]

PATH: Final = "/api/scan"
SCANS: Final = "/api/v1/scans"
_LOGGER: Final = logging.getLogger(__name__)
# A failed start also counts as a start.
_QUEUE_RETRY_SECONDS: Final = int(SCAN_SPACING.total_seconds())
# The running scan is usually a partial scan, which takes a few seconds.
_RUNNING_RETRY_SECONDS: Final = int(PARTIAL_SCAN_SPACING.total_seconds())
_LINK: Final = {"type": "string", "format": "uri-reference"}
_LOCATION: Final = {
    "Location": {"description": "A link to the running or started scan.", "schema": _LINK}
}
_RETRY_AFTER: Final = {
    "Retry-After": {"description": "The seconds to wait.", "schema": {"type": "integer"}}
}
_LATER: Final = {"headers": _RETRY_AFTER | _LOCATION}
_RESPONSES: Final[openapi.Responses] = {
    202: {"description": "A scan was started.", "headers": _LOCATION},
    409: openapi.error(
        "`ScanRunning`: a scan is running. `NoScanYet`, `ScopeChanged`: before a partial scan, a "
        "full scan must finish with the current settings."
    )
    | _LATER,
    429: openapi.error("The last scan started only seconds ago.") | _LATER,
    **openapi.ERRORS,
}

_NAME: Final = "subscriptions"
_SCHEMA: Final = {
    "type": "object",
    "properties": {
        _NAME: {
            "type": "array",
            "description": "The subscriptions that a partial scan reads.",
            "minItems": 1,
            "maxItems": MAX_SUBSCRIPTIONS_NAMED,
            "items": {"type": "string", "pattern": f"^{GUID}$"},
        }
    },
    "additionalProperties": False,
}
_CONTENT: Final = {"application/json": {"schema": _SCHEMA}}
_BODY: Final[dict[str, Any]] = {"requestBody": {"required": False, "content": _CONTENT}}

_NOT_RESENT: Final = (
    "No changes were queued: set CMK_WEBHOOK_URL or CMK_ROUTES, and use published numbers."
)

router: Final = APIRouter(generate_unique_id_function=operation_id)


def create_app(ask: Ask, resend: Resend, settings: Settings, scope: Scope) -> FastAPI:
    """Build the application; ``ask`` starts a scan or returns why no scan was started.

    Without subscriptions, ``ask`` starts a full scan. ``scope`` decides which subscriptions may be
    requested. ``resend`` queues published changes for delivery.
    """
    app = build_application(router, settings)
    app.state.ask = ask
    app.state.resend = resend
    app.state.scope = scope
    app.state.hostname = settings.hostname

    @app.exception_handler(QueueError)
    async def not_sent(_: Request, error: QueueError) -> Response:
        _LOGGER.error("A scan could not be started, or changes not sent again: %s", error)
        # The reason is written only to the log, because it names queues and roles.
        return error_answer(
            HTTPStatus.SERVICE_UNAVAILABLE,
            "StorageUnavailable",
            "The request could not be queued; a requested scan counts as failed. Try again in "
            f"{_QUEUE_RETRY_SECONDS} seconds. The app's log has the reason.",
            headers={"Retry-After": str(_QUEUE_RETRY_SECONDS)},
        )

    return app


@router.post(
    PATH,
    tags=["scans"],
    summary="Start a scan of the estate or of some subscriptions",
    status_code=HTTPStatus.ACCEPTED,
    response_model=models.ScanStarted,
    responses=_RESPONSES,
    openapi_extra=_BODY,
)
async def start_scan(request: Request, _: Asked[parameters.NoQuery]) -> Response:
    """Start a scan now, unless another scan is running or has only just started.

    A full scan replaces a running partial scan, and starts at the earliest a minute after the last
    start. A partial scan starts only if no scan runs, at the earliest ten seconds after the last.
    """
    ask: Ask = request.app.state.ask
    requested = await ask(_parse_named(await request.body(), request.app.state.scope))
    location = f"{find_origin(request, request.app.state.hostname)}{SCANS}/{requested.scan_id}"
    return _respond(requested, {"Location": location})


@router.get(
    PATH,
    tags=["scans"],
    summary="Whether the caller may start scans",
    status_code=HTTPStatus.NO_CONTENT,
    response_class=Response,
    responses={204: {"description": "The caller may start scans."}, **openapi.ERRORS},
)
async def may_start_scan(_: Asked[parameters.NoQuery]) -> Response:
    """Answer 204 if the caller may start scans; otherwise the host or the platform refuses.

    A page can thus show its button only if it works.
    """
    return Response(status_code=HTTPStatus.NO_CONTENT, headers=dict(HEADERS))


def _respond(requested: StartAnswer, headers: dict[str, str]) -> Response:
    match requested.outcome:
        case StartOutcome.STARTED:
            body = models.ScanStarted(id=requested.scan_id).encode()
            return json_answer(body, headers, HTTPStatus.ACCEPTED)
        case StartOutcome.RUNNING:
            return error_answer(
                HTTPStatus.CONFLICT,
                "ScanRunning",
                f"Scan {requested.scan_id} is already running; the Location header links to it.",
                headers=headers | {"Retry-After": str(_RUNNING_RETRY_SECONDS)},
            )
        case StartOutcome.TOO_SOON:
            seconds = math.ceil(requested.wait.total_seconds())
            return error_answer(
                HTTPStatus.TOO_MANY_REQUESTS,
                "TooManyRequests",
                f"Scan {requested.scan_id} has only just started; the Location header links to it. "
                f"Try again in {seconds} seconds.",
                headers=headers | {"Retry-After": str(seconds)},
            )
        case StartOutcome.NO_SCAN_YET:
            return error_answer(
                HTTPStatus.CONFLICT,
                "NoScanYet",
                "No full scan has finished yet; start a full scan with a request without a body.",
            )
        case StartOutcome.SCOPE_CHANGED:
            return error_answer(
                HTTPStatus.CONFLICT,
                "ScopeChanged",
                "The settings that choose kinds or subscriptions have changed since the last full "
                "scan; start a full scan with a request without a body.",
            )


def _parse_named(body: bytes, scope: Scope) -> frozenset[str]:
    """Return the lower-cased ids of the requested subscriptions, or none for an empty body.

    No model validates the body, so that each error message is specific.

    Raises:
        RequestRefused: the body is invalid, or names a subscription that is not scanned.
    """
    try:
        content = json.loads(body.strip() or b"{}") if len(body) <= MAX_SCAN_REQUEST_BYTES else None
    except (ValueError, RecursionError):
        content = None
    if content == {}:
        return frozenset()
    ids = content[_NAME] if isinstance(content, dict) and content.keys() == {_NAME} else None
    if not isinstance(ids, list) or not 1 <= len(ids) <= MAX_SUBSCRIPTIONS_NAMED:
        raise _build_refusal(
            f'The body must be empty or {{"{_NAME}": [...]}}, with 1 to '
            f"{MAX_SUBSCRIPTIONS_NAMED:,} ids and at most {MAX_SCAN_REQUEST_BYTES:,} bytes."
        )
    return frozenset(_id(entry, scope) for entry in ids)


def _id(entry: object, scope: Scope) -> str:
    if not isinstance(entry, str) or not is_guid(entry):
        quoted = ascii(entry)[:MAX_NAME_SHOWN_CHARS]
        raise _build_refusal(
            f"{quoted} must be a subscription id like 00000000-0000-0000-0000-000000000000."
        )
    subscription_id = entry.lower()
    if scope.judge_unlisted(subscription_id, None) is Disposition.EXCLUDED:
        raise _build_refusal(
            f"The subscription {subscription_id} is not scanned, because CMK_INCLUDE_SUBSCRIPTIONS "
            "or CMK_EXCLUDE_SUBSCRIPTIONS leaves it out."
        )
    return subscription_id


def _build_refusal(message: str) -> RequestRefused:
    return RequestRefused(HTTPStatus.BAD_REQUEST, "InvalidParameter", message, _NAME)


@router.post(
    f"{PATH}/resend",
    tags=["changes"],
    summary="Send published changes to the webhook again",
    status_code=HTTPStatus.ACCEPTED,
    response_class=Response,
    responses={
        202: {"description": "The changes were queued."},
        409: openapi.error(
            "`NotResent`: the app has no webhook, or not all changes are published."
        ),
        **openapi.ERRORS,
    },
)
async def resend_changes(request: Request, query: Asked[parameters.ResendQuery]) -> Response:
    """Queue published changes for delivery, as if they were new; they keep their ids."""
    resend: Resend = request.app.state.resend
    if not await resend(query.first, query.last):
        return error_answer(HTTPStatus.CONFLICT, "NotResent", _NOT_RESENT)
    return Response(status_code=HTTPStatus.ACCEPTED, headers=dict(HEADERS))
