"""The one HTTP session of the process towards Azure Resource Manager.

As azure-core makes its own: proxies and certificate authorities of the environment, no cookies.
"""

import aiohttp
from azure.core.pipeline.transport import AioHttpTransport

from cmk_check.limits import ARM_CONNECT_SECONDS, ARM_READ_SECONDS
from cmk_check.net.proxy import proxy_for


def open_session(arm_url: str) -> aiohttp.ClientSession:
    """Open a session through the proxy that the environment names for this origin, if any."""
    return aiohttp.ClientSession(cookie_jar=aiohttp.DummyCookieJar(), proxy=proxy_for(arm_url))


def shared_transport(session: aiohttp.ClientSession) -> AioHttpTransport:
    """Return the transport that all clients send with; closing one of them leaves it open."""
    return AioHttpTransport(
        session=session,
        session_owner=False,
        connection_timeout=ARM_CONNECT_SECONDS,
        read_timeout=ARM_READ_SECONDS,
    )
