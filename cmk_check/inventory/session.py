"""The one HTTP session of the process towards Azure Resource Manager.

As azure-core makes its own: proxies and certificate authorities of the environment, no cookies. But
the proxy is looked up once. aiohttp's ``trust_env`` reads it, and a .netrc file, in a thread before
every request, which costs as much as the request itself.
"""

from typing import Final
from urllib.parse import urlsplit
from urllib.request import getproxies, proxy_bypass

import aiohttp
from azure.core.pipeline.transport import AioHttpTransport

_CONNECT_SECONDS: Final = 10
_READ_SECONDS: Final = 60


def open_session(arm_url: str) -> aiohttp.ClientSession:
    """Open a session through the proxy that the environment names for this origin, if any."""
    return aiohttp.ClientSession(cookie_jar=aiohttp.DummyCookieJar(), proxy=_proxy_for(arm_url))


def shared_transport(session: aiohttp.ClientSession) -> AioHttpTransport:
    """Return the transport that all clients send with; closing one of them leaves it open."""
    return AioHttpTransport(
        session=session,
        session_owner=False,
        connection_timeout=_CONNECT_SECONDS,
        read_timeout=_READ_SECONDS,
    )


def _proxy_for(url: str) -> str | None:
    parts = urlsplit(url)
    return None if proxy_bypass(parts.hostname or "") else getproxies().get(parts.scheme)
