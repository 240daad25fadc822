"""host.json holds numbers that the protocol of a scan counts on, and the prefix of routes."""

import json
from datetime import timedelta
from pathlib import Path
from typing import Any

from cmk_check.limits import MAX_DELIVERIES, SLICE_CLAIM
from function_app import app

HOST = json.loads((Path(__file__).parents[2] / "host.json").read_text())
QUEUES = HOST["extensions"]["queues"]


def _span(text: str) -> timedelta:
    hours, minutes, seconds = map(int, text.split(":"))
    return timedelta(hours=hours, minutes=minutes, seconds=seconds)


def test_a_message_is_still_tried_after_a_dead_worker_lost_its_claim() -> None:
    """Else a slice whose worker was killed is poisoned while its claim still looks alive.

    On a time-out the host restarts the worker; a slice may wait for another one before it.
    """
    last_try = _span(QUEUES["visibilityTimeout"]) * (QUEUES["maxDequeueCount"] - 1)

    assert last_try > SLICE_CLAIM
    assert _span(HOST["functionTimeout"]) > 2 * SLICE_CLAIM


def test_the_next_slice_begins_before_the_one_at_work_ends() -> None:
    """Both share the bound on requests; a third would hold memory and have none left to send.

    Messages fetched by the batch would wait here while other instances are idle. What cannot be
    recorded at the last delivery counts as a gap, instead of costing the slice.
    """
    assert QUEUES["batchSize"] == 1
    assert QUEUES["batchSize"] + QUEUES["newBatchThreshold"] == 2
    assert QUEUES["maxDequeueCount"] == MAX_DELIVERIES


def test_sampling_drops_no_log_line() -> None:
    """Alert rules count log lines; a sampled one is an alert that nobody gets."""
    sampling = HOST["logging"]["applicationInsights"]["samplingSettings"]

    assert {"Trace", "Exception"} <= set(sampling["excludedTypes"].split(";"))


def test_every_route_but_the_root_is_below_api() -> None:
    """host.json has no prefix: a route that forgets its own has another address than the docs."""
    functions: list[dict[str, Any]] = [
        json.loads(each.get_function_json()) for each in app.get_functions()
    ]
    routes = [
        binding["route"] for each in functions for binding in each["bindings"] if "route" in binding
    ]

    assert HOST["extensions"]["http"]["routePrefix"] == ""
    assert [route for route in routes if not route.startswith("api/")] == ["/"]
