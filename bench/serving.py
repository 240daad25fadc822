"""Calls the API on the server, through the middleware that the Functions worker calls."""

import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from statistics import median, quantiles
from typing import Final, Self

import azure.functions as func
from fastapi import FastAPI, Response

from cmk_check.asgi_adapter import HttpAdapter
from cmk_check.composition_root import SystemClock, scan_options
from cmk_check.config.settings import Settings
from cmk_check.ports import Store
from cmk_check.web.routes import create_app

_EMPTY: Final = "/api/empty"


@dataclass(frozen=True, slots=True)
class Spread:
    """The 50th and the 99th percentile of calls, in milliseconds."""

    p50: float
    p99: float

    @classmethod
    def of(cls, times: list[float]) -> Self:
        """Compute it from the times of single calls."""
        return cls(median(times), quantiles(times, n=100)[98])

    def plain(self) -> dict[str, float]:
        """Return the numbers in a form for JSON."""
        return {"p50": self.p50, "p99": self.p99}


class Served:
    """An application behind the middleware."""

    def __init__(self, app: FastAPI) -> None:
        self._middleware = HttpAdapter(app)

    async def get(self, path: str) -> bytes:
        """Send a GET and return the body.

        Raises:
            RuntimeError: The answer is not 200.

        """
        request = func.HttpRequest(
            method="GET", url=f"http://127.0.0.1{path}", headers={"host": "127.0.0.1"}, body=b""
        )
        answer = await self._middleware.handle_async(request)
        if answer.status_code != 200:  # noqa: PLR2004 - OK
            raise RuntimeError(f"{path} answered {answer.status_code}: {answer.get_body()!r}")
        return bytes(answer.get_body())


def api(store: Store, settings: Settings) -> Served:
    """Serve the API with a store."""
    return Served(create_app(store, SystemClock(), scan_options(settings).expectations, settings))


def empty() -> Callable[[], Awaitable[object]]:
    """Return a call that routes a request to an empty answer."""
    app = FastAPI(openapi_url=None)

    @app.get(_EMPTY)
    async def nothing() -> Response:
        return Response()

    served = Served(app)
    return lambda: served.get(_EMPTY)


async def in_turn(rounds: int, *calls: Callable[[], Awaitable[object]]) -> list[list[float]]:
    """Time calls in turn, in ms, so that other work on the machine affects them equally."""
    for call in calls:
        await call()
    times: list[list[float]] = [[] for _ in calls]
    for _ in range(rounds):
        for call, taken in zip(calls, times, strict=True):
            began = time.perf_counter()
            await call()
            taken.append((time.perf_counter() - began) * 1000)
    return times
