"""Find the proxy for an origin in the environment, only once, when a session is opened.

aiohttp's ``trust_env`` would read the environment and a .netrc file in a thread before every
request, which takes as long as the request itself.
"""

from urllib.parse import urlsplit
from urllib.request import getproxies, proxy_bypass


def find_proxy(url: str) -> str | None:
    """Return the URL of the proxy that the environment names for this URL, if any.

    A URL without TLS needs no proxy: its host is the loopback, and no proxy may see a key.
    """
    parts = urlsplit(url)
    if parts.scheme.lower() != "https":
        return None
    return None if proxy_bypass(parts.hostname or "") else getproxies().get(parts.scheme)
