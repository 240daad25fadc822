"""A small app with one function of every kind that the host runs; it records in its log."""

import asyncio
import json
import logging
import os
import threading
from pathlib import Path

import azure.functions as func

app = func.FunctionApp(http_auth_level=func.AuthLevel.FUNCTION)

_log = logging.getLogger("app")
_failures: dict[str, int] = {}


def _tell(event: str, **fields: object) -> None:
    _log.info(json.dumps({"event": event, **fields}))


@app.timer_trigger("timer", "%TEST_SCHEDULE%", run_on_startup=False, use_monitor=True)
def on_timer(timer: func.TimerRequest) -> None:
    """Say whether the run is past due."""
    _tell("timer", pastDue=timer.past_due)


@app.route("items/{id:int}", methods=["GET"])
def a_number(req: func.HttpRequest) -> func.HttpResponse:
    """Answer with the number in the path, and whether it runs beside the loop."""
    in_thread = threading.current_thread() is not threading.main_thread()
    return func.HttpResponse(json.dumps({"id": req.route_params["id"], "inThread": in_thread}))


@app.route("items/{*path}", methods=["GET", "POST"])
async def b_rest(req: func.HttpRequest, context: func.Context) -> func.HttpResponse:
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
def c_literal(req: func.HttpRequest) -> func.HttpResponse:
    """Never answer: the catch-all before it takes its path."""
    del req
    return func.HttpResponse("literal")


@app.route("open", methods=["GET", "HEAD"], auth_level=func.AuthLevel.ANONYMOUS)
def d_open(req: func.HttpRequest) -> func.HttpResponse:
    """Answer anybody, with a header and two cookies."""
    del req
    answer = func.HttpResponse(b"\x00\xff", status_code=203, headers={"x-own": "1"})
    answer.headers.add("Set-Cookie", "a=1; Path=/")
    answer.headers.add("Set-Cookie", "b=2; Secure")
    return answer


@app.route("secret", auth_level=func.AuthLevel.ADMIN)
def e_admin(req: func.HttpRequest) -> func.HttpResponse:
    """Answer the operator."""
    del req
    return func.HttpResponse("for the operator")


@app.queue_trigger("msg", "%TEST_QUEUE%", "TEST_STORAGE")
def on_message(msg: func.QueueMessage) -> None:
    """Fail as often as the message asks, or wait until a file is there."""
    order = json.loads(msg.get_body())
    failed = _failures.get(msg.id or "", 0)
    _tell(
        "message",
        name=order["name"],
        dequeueCount=msg.dequeue_count,
        times=[str(msg.insertion_time), str(msg.expiration_time), str(msg.time_next_visible)],
    )
    if failed < order.get("failures", 0):
        _failures[msg.id or ""] = failed + 1
        raise RuntimeError(order["name"])
    if "hangsUnless" in order:
        while not Path(order["hangsUnless"]).exists():
            threading.Event().wait(0.02)
    _tell("done", name=order["name"], pid=os.getpid())
