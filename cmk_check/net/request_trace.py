"""Traces HTTP requests for a person who looks for a cause, without headers, bodies or queries."""

import logging
import time
from types import SimpleNamespace
from typing import Final

import aiohttp

from cmk_check.core.text import shown

REQUESTS: Final = logging.getLogger("cmk_check.requests")
"""The logger of the traces; ``--debug`` switches it on."""
# Azure Resource Manager sends the first one, Azure Storage the second one.
_CORRELATION_HEADERS: Final = ("x-ms-correlation-request-id", "x-ms-request-id")


def request_traces() -> list[aiohttp.TraceConfig]:
    """Return what traces the requests of a session, nothing unless ``REQUESTS`` logs them.

    Not for webhooks, whose paths are secrets.
    """
    if not REQUESTS.isEnabledFor(logging.DEBUG):
        return []
    trace = aiohttp.TraceConfig()
    trace.on_request_start.append(_note_start)
    trace.on_request_end.append(_log_response)
    trace.on_request_exception.append(_log_failure)
    return [trace]


async def _note_start(
    _session: aiohttp.ClientSession, noted: SimpleNamespace, _: aiohttp.TraceRequestStartParams
) -> None:
    noted.began = time.monotonic()


async def _log_response(
    _session: aiohttp.ClientSession, noted: SimpleNamespace, done: aiohttp.TraceRequestEndParams
) -> None:
    headers = done.response.headers
    named = (headers[name] for name in _CORRELATION_HEADERS if name in headers)
    _log(done.method, done.url.path, str(done.response.status), next(named, "-"), noted.began)


async def _log_failure(
    _session: aiohttp.ClientSession,
    noted: SimpleNamespace,
    failed: aiohttp.TraceRequestExceptionParams,
) -> None:
    _log(failed.method, failed.url.path, type(failed.exception).__name__, "-", noted.began)


def _log(method: str, path: str, status: str, correlation: str, began: float) -> None:
    seconds = time.monotonic() - began
    line = f"{method} {path} {status} correlation {correlation} {seconds:.3f} s"
    REQUESTS.debug("%s", shown(line))
