"""GET status on the server's side, beside the one point read that it cannot do without."""

import time
from collections.abc import Awaitable, Callable
from statistics import median
from typing import Final

import azure.functions as func
from azure.functions import AsgiMiddleware
from fastapi import FastAPI, Response

from bench.counting import CountedStore, Counts
from bench.scanning import open_tables
from cmk_check.app import SystemClock, scan_options
from cmk_check.core.posture import Expectations
from cmk_check.ports import Store
from cmk_check.settings import Settings
from cmk_check.store.estate import EstateTable
from cmk_check.store.feed import FeedTable
from cmk_check.store.scans import ScanTable
from cmk_check.web.api import Tables, create_app
from cmk_check.web.edge import SignIn
from cmk_check.web.site import Site

_ROUNDS: Final = 400
_PATH: Final = "/api/v1/status"


async def compare_status() -> dict[str, float]:
    """Return the medians in ms of the answer, the read alone and an empty answer; and the reads."""
    settings = Settings.load()
    counts = Counts()
    async with open_tables(settings) as (store, _):
        whole = _api(CountedStore(store, counts), settings, scan_options(settings).expectations)
        empty = _empty()
        scans = ScanTable(store)
        answer, read, routing = await _alternate(
            lambda: _get(whole), scans.status, lambda: _get(empty)
        )
    requests = counts.table_reads / (_ROUNDS + 1)
    return {"answer": answer, "read": read, "routing": routing, "requests": requests}


async def _alternate(*calls: Callable[[], Awaitable[object]]) -> list[float]:
    """Time calls in turn, so that whatever else the machine does meets them alike."""
    for call in calls:
        await call()
    times: list[list[float]] = [[] for _ in calls]
    for _ in range(_ROUNDS):
        for call, taken in zip(calls, times, strict=True):
            began = time.perf_counter()
            await call()
            taken.append((time.perf_counter() - began) * 1000)
    return [median(taken) for taken in times]


def _api(store: Store, settings: Settings, expect: Expectations) -> AsgiMiddleware:
    site = Site(
        sign_in=SignIn(settings.http_auth, settings.easy_auth),
        hostname=settings.hostname,
        kinds=settings.kinds,
        portal_url=settings.portal_url,
    )
    tables = Tables(EstateTable(store), ScanTable(store), FeedTable(store))
    app = create_app(tables, SystemClock(), expect, site)
    return AsgiMiddleware(app)  # type: ignore[no-untyped-call] # the library types less


def _empty() -> AsgiMiddleware:
    app = FastAPI(openapi_url=None)

    @app.get(_PATH)
    async def nothing() -> Response:
        return Response()

    return AsgiMiddleware(app)  # type: ignore[no-untyped-call] # as above


async def _get(middleware: AsgiMiddleware) -> None:
    request = func.HttpRequest(
        method="GET", url=f"http://127.0.0.1{_PATH}", headers={"host": "127.0.0.1"}, body=b""
    )
    answer = await middleware.handle_async(request)
    if answer.status_code != 200:  # noqa: PLR2004 - OK
        raise RuntimeError(f"{_PATH} answered {answer.status_code}.")
