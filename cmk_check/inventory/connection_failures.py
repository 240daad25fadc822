"""Find the cause of a failed connection or sign-in.

Only error types and Microsoft Entra ID error codes are used, because an error message from a
library may contain a name, a token or a proxy's password.
"""

import re
import socket
import ssl
from collections.abc import Iterator
from typing import Final
from urllib.parse import urlsplit

import aiohttp
from azure.core.exceptions import (
    ServiceRequestError,
    ServiceRequestTimeoutError,
    ServiceResponseError,
    ServiceResponseTimeoutError,
)
from azure.identity import CredentialUnavailableError

from cmk_check.core.enums import GapReason
from cmk_check.core.gap import Gap
from cmk_check.core.reasons import connection_sentences as sentences
from cmk_check.core.reasons.gap_sentences import make_gap
from cmk_check.net.proxy import find_proxy

SIGN_IN: Final = "Azure's sign-in"
_TIMEOUTS: Final = (TimeoutError, ServiceRequestTimeoutError, ServiceResponseTimeoutError)
_BROKEN: Final = (ServiceRequestError, ServiceResponseError, aiohttp.ClientError, ConnectionError)
_ENTRA_CODE: Final = re.compile(r"AADSTS[0-9]{4,9}")
# https://learn.microsoft.com/entra/identity-platform/reference-error-codes: the request has no
# tenant, or the tenant does not exist or does not have the user, application or resource.
_REFUSALS: Final = {
    **{
        f"AADSTS{number}": sentences.wrong_tenant
        for number in (50020, 50034, 50059, 50128, 90002, 90072, 500011, 700016, 900023)
    },
    # The assertion of a workload identity has expired or is not yet valid.
    "AADSTS500133": sentences.wrong_clock,
    "AADSTS700024": sentences.wrong_clock,
}

# Messages that az (from requests and urllib3) and azd (from Go's library) print for their errors.
_TOOL_FAILED: Final = re.compile(
    r"Max retries exceeded with url|CERTIFICATE_VERIFY_FAILED|dial tcp|proxyconnect tcp|x509: "
)
_TOOL_HOST: Final = re.compile(r"host='([A-Za-z0-9.-]+)'")
_TUNNEL_REFUSED: Final = re.compile(r"Tunnel connection failed: ([45][0-9]{2})")


def connection_gap(error: BaseException, peer: str) -> Gap | None:
    """Return a gap if a certificate, name or proxy makes ``peer`` unreachable, else None.

    Proxy failures are checked before name failures: the unknown name may be that of the proxy.
    """
    errors = list(_chain(error))
    if _is_any(errors, aiohttp.ClientConnectorCertificateError, ssl.SSLCertVerificationError):
        return sentences.certificate_unknown(_format_peer(peer, errors), "SSL_CERT_FILE")
    for cause in errors:
        if isinstance(cause, aiohttp.ClientProxyConnectionError):
            return sentences.proxy_silent(peer, cause.host)
        if isinstance(cause, aiohttp.ClientHttpProxyError):
            proxy = _proxy_host(str(cause.request_info.url))
            return sentences.proxy_refuses(peer, proxy, cause.status)
    if _is_any(errors, aiohttp.ClientConnectorDNSError, socket.gaierror):
        return sentences.name_unknown(_format_peer(peer, errors))
    return None


def find_unreached_gap(error: BaseException, peer: str) -> Gap | None:
    """Return a gap if ``peer`` was unreachable, or None if the program reached it."""
    errors = list(_chain(error))
    if gap := connection_gap(error, peer):
        return gap
    if _is_any(errors, *_TIMEOUTS):
        return sentences.peer_silent(_format_peer(peer, errors))
    if _is_any(errors, *_BROKEN):
        return sentences.not_connected(_format_peer(peer, errors))
    return None


def sign_in_gap(error: BaseException) -> Gap:
    """Return the gap that explains why no token was issued."""
    if gap := find_unreached_gap(error, SIGN_IN):
        return gap
    errors = list(_chain(error))
    codes = [match[0] for each in errors if (match := _ENTRA_CODE.search(str(each)))]
    if codes:
        return _REFUSALS.get(codes[-1], sentences.sign_in_refused)(codes[-1])
    if gap := next(filter(None, map(_tool_gap, map(str, errors))), None):
        return gap
    attempts = [each for each in errors if isinstance(each, BaseExceptionGroup)]
    if any(attempt.split(CredentialUnavailableError)[1] is None for attempt in attempts):
        return sentences.NOBODY_SIGNED_IN
    return make_gap(GapReason.UNAUTHENTICATED)


def _tool_gap(text: str) -> Gap | None:
    """Return a gap if a command like az printed that it could not reach the sign-in service."""
    if not _TOOL_FAILED.search(text):
        return None
    match = _TOOL_HOST.search(text)
    peer = f"{SIGN_IN} ({match[1]})" if match else SIGN_IN
    if "ProxyError(" in text or "proxyconnect tcp" in text:
        proxy = _proxy_host(f"https://{match[1] if match else ''}")
        if refused := _TUNNEL_REFUSED.search(text):
            return sentences.proxy_refuses(peer, proxy, int(refused[1]))
        return sentences.proxy_silent(peer, proxy)
    if "CERTIFICATE_VERIFY_FAILED" in text or "x509: " in text:
        # The command reads the first variable, and this program reads the second.
        return sentences.certificate_unknown(peer, "REQUESTS_CA_BUNDLE and SSL_CERT_FILE")
    if "NameResolutionError(" in text or "no such host" in text:
        return sentences.name_unknown(peer)
    is_silent = "TimeoutError(" in text or "i/o timeout" in text
    gap = sentences.peer_silent if is_silent else sentences.not_connected
    return gap(peer)


def _proxy_host(url: str) -> str:
    return urlsplit(find_proxy(url) or "").hostname or "of HTTPS_PROXY"


def _chain(error: BaseException) -> Iterator[BaseException]:
    """Iterate over an error and all its causes.

    The causes of a credential that does not apply are ignored, such as those of a virtual machine's
    metadata service on a laptop.
    """
    yield error
    if isinstance(error, CredentialUnavailableError):
        return
    causes = error.exceptions if isinstance(error, BaseExceptionGroup) else ()
    for cause in (error.__cause__ or error.__context__, *causes):
        if cause is not None:
            yield from _chain(cause)


def _is_any(errors: list[BaseException], *types: type[BaseException]) -> bool:
    return any(isinstance(error, types) for error in errors)


def _format_peer(peer: str, errors: list[BaseException]) -> str:
    hosts = (error.host for error in errors if isinstance(error, aiohttp.ClientConnectorError))
    host = next(hosts, None)
    return f"{peer} ({host})" if host and host not in peer else peer
