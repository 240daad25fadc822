"""The HTTP sessions for connections to Azure, and from the command line to the app.

As in azure-core, a session uses the environment's proxies and certificate authorities but no
cookies.
"""

from typing import override

import aiohttp
from azure.core.pipeline.transport import AioHttpTransport

from cmk_check.core.reasons.gap_sentences import ANSWER_TOO_LARGE
from cmk_check.limits import ARM_CONNECT_SECONDS, ARM_READ_SECONDS, MAX_ARM_BODY_MIB
from cmk_check.net.proxy import find_proxy
from cmk_check.net.request_trace import request_traces
from cmk_check.ports import InventoryError


def open_session(url: str) -> aiohttp.ClientSession:
    """Open a session, through a proxy if the environment names one for this origin."""
    return aiohttp.ClientSession(
        cookie_jar=aiohttp.DummyCookieJar(),
        proxy=find_proxy(url),
        response_class=LimitedResponse,
        trace_configs=request_traces(),
    )


def share_transport(session: aiohttp.ClientSession) -> AioHttpTransport:
    """Return a transport for all clients to share, which stays open when a client is closed."""
    return AioHttpTransport(
        session=session,
        session_owner=False,
        connection_timeout=ARM_CONNECT_SECONDS,
        read_timeout=ARM_READ_SECONDS,
    )


class LimitedResponse(aiohttp.ClientResponse):
    """A response whose decompressed size is limited while it is read."""

    @override
    async def read(self) -> bytes:
        """Return the body.

        Raises:
            InventoryError: the response body is too large; the request is not retried.
        """
        body = bytearray()
        async with self:  # returns the connection to the pool, or closes it
            # The body is read in pieces, because everything read at once is also unpacked at once.
            async for piece in self.content.iter_any():
                body += piece
                if len(body) > MAX_ARM_BODY_MIB * 1024**2:
                    raise InventoryError(ANSWER_TOO_LARGE)
        return bytes(body)
