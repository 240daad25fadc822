"""Trace HTTP requests for troubleshooting, without headers, bodies or queries."""

import logging
import time
from types import SimpleNamespace
from typing import Final

import aiohttp

REQUESTS: Final = logging.getLogger("cmk_check.requests")
"""The logger of the traces; ``--debug`` switches it on."""
# Azure Resource Manager sends the first header, and Azure Storage sends the second.
_CORRELATION_HEADERS: Final = ("x-ms-correlation-request-id", "x-ms-request-id")


def request_traces() -> list[aiohttp.TraceConfig]:
    """Return trace configurations for a session, or an empty list if ``REQUESTS`` is disabled.

    The traces must not be used for webhooks, whose paths are secrets.
    """
    if not REQUESTS.isEnabledFor(logging.DEBUG):
        return []
    trace = aiohttp.TraceConfig()
    trace.on_request_start.append(_note_start)
    trace.on_request_end.append(_log_end)
    trace.on_request_exception.append(_log_end)
    return [trace]


async def _note_start(
    _session: aiohttp.ClientSession, noted: SimpleNamespace, _: aiohttp.TraceRequestStartParams
) -> None:
    noted.began = time.monotonic()


async def _log_end(
    _session: aiohttp.ClientSession,
    noted: SimpleNamespace,
    end: aiohttp.TraceRequestEndParams | aiohttp.TraceRequestExceptionParams,
) -> None:
    seconds, correlation = time.monotonic() - noted.began, "-"
    if isinstance(end, aiohttp.TraceRequestExceptionParams):
        outcome = type(end.exception).__name__
    else:
        outcome, headers = str(end.response.status), end.response.headers
        correlation = next((headers[it] for it in _CORRELATION_HEADERS if it in headers), "-")
    line = "%s %s %s correlation %s %.3f s"
    REQUESTS.debug(line, end.method, end.url.path, outcome, correlation, seconds)
