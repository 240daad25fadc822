"""The bodies of the triggers, with one function for each trigger.

A trigger's body raises ValueError for an invalid message. A trigger's body raises SettingsError,
StoreError, QueueError, SliceHeld or SliceIncomplete if the host must deliver the message again.
"""

import logging
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from http import HTTPStatus
from typing import TYPE_CHECKING

from cmk_check.composition_root import App, Lazy, get_app
from cmk_check.config.settings_error import SettingsError
from cmk_check.errors import CmkCheckError

if TYPE_CHECKING:
    import azure.functions as func

    from cmk_check.asgi_adapter import HttpAdapter

_log = logging.getLogger(__name__)


@contextmanager
def _without_sdk_errors() -> Iterator[None]:
    """Raise this program's errors without their causes, because SDK messages must not be logged."""
    try:
        yield
    except CmkCheckError as error:
        raise error.with_traceback(None) from None
    except ExceptionGroup as group:
        # If several errors occurred at once, a bug of this program has priority, because no retry
        # resolves it.
        _, faults = group.split(CmkCheckError)
        first: Exception = faults or group
        while isinstance(first, ExceptionGroup):
            first = first.exceptions[0]
        raise first.with_traceback(first.__traceback__ if faults else None) from None


async def start_scan() -> None:
    """Start a scan, unless a scan is running."""
    from cmk_check.core.enums import Trigger
    from cmk_check.ports import StoreError
    from cmk_check.scan.start import start

    with _without_sdk_errors():
        app = get_app()
        started = await start(await app.scan_context(), Trigger.TIMER)
        try:
            if digests := await app.digests():
                await digests.start(app.clock.now())
        except StoreError as error:
            _log.warning("Until the next scan, a first digest cannot be late: %s", error)
    if not started.new:
        _log.warning("Scan %s is still running, so no scan was started.", started.scan_id)


async def start_if_overdue(body: bytes) -> None:
    """Start a scan if no scan has started since the scan that sent the message."""
    from cmk_check.core.scan_request import is_scan_id
    from cmk_check.scan.start import start_if_overdue

    scan_id = body.decode(errors="replace")
    if not is_scan_id(scan_id):
        _log.error("An invalid message was dropped: it must be a scan id")
        return
    with _without_sdk_errors():
        await start_if_overdue(await get_app().scan_context(), scan_id)


async def watch_for_changes() -> None:
    """Start a scan of the subscriptions that have changed, if there are any."""
    from cmk_check.scan.watch_for_changes import look

    with _without_sdk_errors():
        app = get_app()
        await look(await app.scan_context(), (await app.inventory()).change_search())


async def process_scan_message(body: bytes, delivery: int | None) -> None:
    """Plan a scan or process a slice, as the message requires."""
    from cmk_check.limits import MAX_DELIVERIES
    from cmk_check.queues.slices import parse_message
    from cmk_check.scan.slice import run_slice
    from cmk_check.scan.slice_plan import plan

    message = parse_message(body.decode())
    with _without_sdk_errors():
        context = await get_app().scan_context()
        if message.slice is None:
            await plan(context, message.scan_id)
        else:
            last = delivery is not None and delivery >= MAX_DELIVERIES
            await run_slice(context, message.scan_id, message.slice, last=last)


async def give_up_scan_message(body: bytes) -> None:
    """Record gaps, or a failed scan, for a message whose processing failed too often."""
    from cmk_check.queues.slices import parse_message
    from cmk_check.scan.slice import fail

    try:
        message = parse_message(body.decode())
    except ValueError as error:
        _log.error("An invalid message was dropped: %s", error)
        return
    with _without_sdk_errors():
        await fail(await get_app().scan_context(), message)


async def deliver_alerts(body: bytes, queued: "datetime | None" = None) -> None:
    """Post alerts for a range of changes; ``queued`` is when the queue received the message."""
    from cmk_check.alerts import deliver
    from cmk_check.alerts.delivery_queue import parse_message

    message = parse_message(body.decode())
    with _without_sdk_errors():
        await deliver.deliver(await get_app().delivery_context(), message, queued)


async def queue_digest() -> None:
    """Queue the digest that is due, for all routes."""
    from cmk_check.alerts import deliver

    with _without_sdk_errors():
        await deliver.queue_digest(await get_app().delivery_context())


async def answer_api_request(
    request: "func.HttpRequest", context: "func.Context"
) -> "func.HttpResponse":
    """Respond to a request to the HTTP API."""
    return await (await _adapter(lambda app: app.api)).handle_async(request, context)


async def scan_now(request: "func.HttpRequest", context: "func.Context") -> "func.HttpResponse":
    """Respond to a request to start a scan."""
    return await (await _adapter(lambda app: app.scan_now)).handle_async(request, context)


async def _adapter(choose: "Callable[[App], Lazy[HttpAdapter]]") -> "HttpAdapter":
    """Return the adapter of one of the app's HTTP applications.

    If the settings are invalid, the adapter responds to every signed-in caller with the faults,
    without values. Without this response, the host would respond with 500 and no body, and only the
    log would show the cause.
    """
    try:
        return await choose(get_app())()
    except SettingsError as error:
        from cmk_check.asgi_adapter import HttpAdapter
        from cmk_check.config.http_auth import read_http_auth
        from cmk_check.config.settings import is_easy_auth_on
        from cmk_check.web.http.middleware import RequestMiddleware
        from cmk_check.web.http.responses import error_answer

        text = f"The settings of the app are not valid. {error}."
        status, (name, _) = HTTPStatus.INTERNAL_SERVER_ERROR, error.faults[0]
        refusal = error_answer(status, "SettingsInvalid", text, name)
        easy_auth = is_easy_auth_on()
        return HttpAdapter(RequestMiddleware(refusal, read_http_auth(), easy_auth=easy_auth))


async def health() -> "func.HttpResponse":
    """Return whether the app can serve requests."""
    import json

    import azure.functions as func

    try:
        status, body = await (await get_app().health()).check()
    except SettingsError:
        status, body = HTTPStatus.SERVICE_UNAVAILABLE, {"status": "unavailable"}
    return func.HttpResponse(
        json.dumps(body),
        status_code=status,
        mimetype="application/json",
        headers={"Cache-Control": "no-store", "X-Content-Type-Options": "nosniff"},
    )


async def dashboard(request: "func.HttpRequest") -> "func.HttpResponse":
    """Return the dashboard page or one of its files, without settings or storage."""
    import azure.functions as func

    from cmk_check.config.http_auth import read_http_auth, scan_schedule
    from cmk_check.config.ncrontab import next_time
    from cmk_check.web.dashboard_files import respond

    path = request.route_params.get("path") or ""
    next_scan = None if path else next_time(scan_schedule(), datetime.now(UTC))
    response = respond(path, request.headers.get("if-none-match"), read_http_auth(), next_scan)
    return func.HttpResponse(
        response.body,
        status_code=response.status,
        mimetype=response.media_type,
        charset="utf-8",
        headers=dict(response.headers),
    )


def redirect_home() -> "func.HttpResponse":
    """Redirect to the dashboard."""
    import azure.functions as func

    from cmk_check.web.dashboard_files import HEADERS

    headers = {**HEADERS, "Location": "/api/dashboard"}
    return func.HttpResponse(status_code=HTTPStatus.FOUND, headers=headers)
