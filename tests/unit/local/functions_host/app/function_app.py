"""A small app with one function of every kind that the host runs; it records in its log."""

import asyncio
import json
import logging
import threading
from pathlib import Path

import azure.functions as func

app = func.FunctionApp(http_auth_level=func.AuthLevel.FUNCTION)

_log = logging.getLogger("app")


def _tell(event: str, **fields: object) -> None:
    _log.info(json.dumps({"event": event, **fields}))


@app.timer_trigger("timer", "%TEST_SCHEDULE%", run_on_startup=False, use_monitor=True)
def on_timer(timer: func.TimerRequest) -> None:
    """Say whether the run is past due."""
    _tell("timer", pastDue=timer.past_due)


@app.route("items/{*path}", methods=["GET", "POST"])
async def a_rest(req: func.HttpRequest, context: func.Context) -> func.HttpResponse:
    """Answer with the request as it arrived."""
    await asyncio.sleep(0)
    seen = {
        "function": context.function_name,
        "url": req.url,
        "path": req.route_params.get("path"),
        "params": dict(req.params),
        "headers": dict(req.headers),
        "body": req.get_body().decode("latin-1"),
    }
    return func.HttpResponse(json.dumps(seen), mimetype="application/json")


@app.route("items/literal", methods=["GET"])
def b_literal(req: func.HttpRequest) -> func.HttpResponse:
    """Never answer: the catch-all before it takes its path."""
    del req
    return func.HttpResponse("literal")


@app.queue_trigger("msg", "%TEST_QUEUE%", "TEST_STORAGE")
def on_message(msg: func.QueueMessage) -> None:
    """Wait until a file is there, if the message asks for it."""
    order = json.loads(msg.get_body())
    _tell("message", name=order["name"], dequeueCount=msg.dequeue_count)
    if "hangsUnless" in order:
        while not Path(order["hangsUnless"]).exists():
            threading.Event().wait(0.02)
    _tell("done", name=order["name"])
