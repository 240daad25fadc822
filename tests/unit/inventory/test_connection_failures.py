"""Why there is no token: the true cause, from types and codes, in a sentence of our own."""

import ssl
from typing import Final

import aiohttp
import pytest
from aiohttp.client_reqrep import ConnectionKey
from azure.core.exceptions import ClientAuthenticationError, ServiceRequestError
from azure.identity import CredentialUnavailableError
from multidict import CIMultiDict, CIMultiDictProxy
from yarl import URL

from cmk_check.core.enums import GapReason
from cmk_check.inventory.connection_failures import sign_in_gap

KEY = ConnectionKey("hush.test", 443, True, True, None, None, None)  # noqa: FBT003 - aiohttp's own
ASKED = aiohttp.RequestInfo(URL("https://login.test/x"), "CONNECT", CIMultiDictProxy(CIMultiDict()))


def _unavailable(text: str, cause: Exception | None = None) -> Exception:
    error = CredentialUnavailableError(text)
    error.__cause__ = cause
    return error


def _tried(*errors: Exception) -> Exception:
    error = ClientAuthenticationError("hush")
    error.__cause__ = ExceptionGroup("hush", errors)
    return error


def _printed(cause: str) -> Exception:
    """Make the error of a sign-in by az, whose output has no more than texts."""
    pool = "HTTPSConnectionPool(host='login.test', port=443): Max retries exceeded with url: /hush"
    return _tried(_unavailable("hush"), _unavailable(f"{pool} (Caused by {cause})"))


_NOBODY: Final = _tried(_unavailable("hush", ServiceRequestError("hush")), _unavailable("hush"))
_PROXY: Final = aiohttp.ClientHttpProxyError(ASKED, (), status=407, message="hush")
REFUSED: Final[dict[str, tuple[Exception, str]]] = {
    "no credential, and the metadata service is no cause": (_NOBODY, "not signed in to Azure"),
    "sign-in has expired": (_tried(_unavailable("AADSTS700082: hush")), "(AADSTS700082)"),
    "wrong tenant": (_tried(ClientAuthenticationError("AADSTS90002: hush")), "AZURE_TENANT_ID"),
    "guest": (_tried(ClientAuthenticationError("AADSTS50020: hush")), "AZURE_TENANT_ID"),
    "wrong app": (_tried(ClientAuthenticationError("AADSTS700016: hush")), "AZURE_TENANT_ID"),
    "clock": (_tried(ClientAuthenticationError("AADSTS700024: hush")), "Correct the clock"),
    "no managed identity": (CredentialUnavailableError("hush"), "AZURE_CLIENT_ID"),
}
UNREACHABLE: Final[dict[str, tuple[Exception, str]]] = {
    "unknown name": (_tried(aiohttp.ClientConnectorDNSError(KEY, OSError("hush"))), "DNS"),
    "certificate": (
        _tried(aiohttp.ClientConnectorCertificateError(KEY, ssl.SSLCertVerificationError("hush"))),
        "Azure's sign-in (hush.test) has a certificate",
    ),
    "proxy refuses": (_tried(_PROXY), "the proxy proxy.test refuses the request (407)"),
    "proxy of az": (_printed("ProxyError('NewConnectionError')"), "proxy.test does not answer"),
    "proxy of az refuses": (
        _printed("ProxyError(OSError('Tunnel connection failed: 403 Forbidden'))"),
        "the proxy proxy.test refuses the request (403)",
    ),
    "certificate, by az": (
        _printed("SSLError(SSLCertVerificationError('CERTIFICATE_VERIFY_FAILED'))"),
        "REQUESTS_CA_BUNDLE",
    ),
    "name, by az": (_printed("NameResolutionError('hush')"), "(login.test) cannot be resolved"),
    "connection, by az": (_printed("NewConnectionError('hush')"), "(login.test)"),
}
LATE: Final[dict[str, tuple[Exception, str]]] = {
    "no answer": (_tried(TimeoutError("hush")), "Azure's sign-in did not answer in time"),
    "no answer, by az": (_printed("ConnectTimeoutError('hush')"), "in time"),
}


@pytest.mark.parametrize(
    ("error", "words", "reason"),
    [
        pytest.param(*row, reason, id=name)
        for reason, rows in (
            (GapReason.UNAUTHENTICATED, REFUSED),
            (GapReason.UNREACHABLE, UNREACHABLE),
            (GapReason.TIMEOUT, LATE),
        )
        for name, row in rows.items()
    ],
)
def test_the_cause_is_named_and_nothing_of_the_library_repeated(
    monkeypatch: pytest.MonkeyPatch, error: Exception, words: str, reason: GapReason
) -> None:
    """A network fault that is called a missing sign-in sends people the wrong way."""
    monkeypatch.setenv("HTTPS_PROXY", "http://hush:hush@proxy.test:3128")

    gap = sign_in_gap(error)

    assert gap.reason is reason
    assert words in str(gap.detail)
    assert "hush" not in str(gap.detail).replace("hush.test", "")
