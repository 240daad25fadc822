"""The functions and their triggers; ``cmk_check.triggers`` contains their code."""

import azure.functions as func

from cmk_check import triggers
from cmk_check.config.http_auth import is_scheduled, read_http_auth

# With Easy Auth, the platform has signed the caller in, and a function key would be a second check.
_DATA = func.AuthLevel.ANONYMOUS if read_http_auth() == "entra" else func.AuthLevel.FUNCTION
# All methods, so that the API itself can refuse a method and list the allowed ones.
_METHODS = ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"]

app = func.FunctionApp()


@app.timer_trigger(
    arg_name="timer", schedule="%CMK_SCAN_SCHEDULE%", run_on_startup=False, use_monitor=True
)
async def scan_on_schedule(timer: func.TimerRequest) -> None:  # noqa: ARG001 - the binding
    """Start a scan."""
    await triggers.start_scan()


if is_scheduled("CMK_WATCH_SCHEDULE"):
    # The next run of the watch makes up for a missed run, so the host does not record runs.
    @app.timer_trigger(
        arg_name="timer", schedule="%CMK_WATCH_SCHEDULE%", run_on_startup=False, use_monitor=False
    )
    async def watch(timer: func.TimerRequest) -> None:  # noqa: ARG001 - the binding
        """Start a scan of the subscriptions that have changed."""
        await triggers.watch_for_changes()


if is_scheduled("CMK_DIGEST_SCHEDULE"):

    @app.timer_trigger(
        arg_name="timer", schedule="%CMK_DIGEST_SCHEDULE%", run_on_startup=False, use_monitor=True
    )
    async def digest(timer: func.TimerRequest) -> None:  # noqa: ARG001 - the binding
        """Queue the digest that is due."""
        await triggers.queue_digest()


@app.queue_trigger(arg_name="message", queue_name="cmk-slices", connection="CMK_STORAGE")
async def scan_slice(message: func.QueueMessage) -> None:
    """Plan a scan, or process one of its slices."""
    await triggers.process_scan_message(message.get_body(), message.dequeue_count)


@app.queue_trigger(arg_name="message", queue_name="cmk-slices-poison", connection="CMK_STORAGE")
async def scan_slice_failed(message: func.QueueMessage) -> None:
    """Record that a slice or a plan used up its tries."""
    await triggers.give_up_scan_message(message.get_body())


@app.queue_trigger(arg_name="message", queue_name="cmk-overdue", connection="CMK_STORAGE")
async def scan_if_overdue(message: func.QueueMessage) -> None:
    """Start a scan if the timer has not started one."""
    await triggers.start_if_overdue(message.get_body())


# A failed message in a queue with this name is retried until it expires.
@app.queue_trigger(arg_name="message", queue_name="cmk-overdue-poison", connection="CMK_STORAGE")
async def scan_if_overdue_failed(message: func.QueueMessage) -> None:
    """Retry a message that used up its tries."""
    await triggers.start_if_overdue(message.get_body())


@app.queue_trigger(arg_name="message", queue_name="cmk-tell", connection="CMK_STORAGE")
async def tell(message: func.QueueMessage) -> None:
    """Post changes to the webhook."""
    await triggers.deliver_alerts(message.get_body(), message.insertion_time)


@app.route(route="api/v1/{*path}", methods=_METHODS, auth_level=_DATA)
async def api(req: func.HttpRequest, context: func.Context) -> func.HttpResponse:
    """Respond to API requests."""
    return await triggers.answer_api_request(req, context)


@app.route(route="api/scan/{*path}", methods=["GET", "HEAD", "POST"], auth_level=_DATA)
async def scan_now(req: func.HttpRequest, context: func.Context) -> func.HttpResponse:
    """Start a scan or send changes again on request, or return who may do so."""
    return await triggers.scan_now(req, context)


@app.route(route="api/health", methods=["GET", "HEAD"], auth_level=func.AuthLevel.ANONYMOUS)
async def health(req: func.HttpRequest) -> func.HttpResponse:  # noqa: ARG001 - the binding
    """Return the app's health to load balancers."""
    return await triggers.health()


@app.route(
    route="api/dashboard/{*path}", methods=["GET", "HEAD"], auth_level=func.AuthLevel.ANONYMOUS
)
async def dashboard(req: func.HttpRequest) -> func.HttpResponse:
    """Serve the dashboard."""
    return await triggers.dashboard(req)


# host.json sets no route prefix, so that a function can respond at the root.
@app.route(route="/", methods=["GET", "HEAD"], auth_level=func.AuthLevel.ANONYMOUS)
async def home(req: func.HttpRequest) -> func.HttpResponse:  # noqa: ARG001 - the binding
    """Redirect from the app's address to the dashboard."""
    return triggers.redirect_home()
