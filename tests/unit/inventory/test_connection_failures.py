"""Why there is no token: the true cause, from types and codes, in a sentence of our own."""

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


@pytest.mark.parametrize(
    ("error", "reason", "words"),
    [
        pytest.param(
            _tried(_unavailable("hush", ServiceRequestError("hush")), _unavailable("hush")),
            GapReason.UNAUTHENTICATED,
            "Not signed in to Azure: run `az login`",
            id="no credential applies, and the metadata service is no cause",
        ),
        pytest.param(
            _tried(_unavailable("hush"), _unavailable("AADSTS700082: hush")),
            GapReason.UNAUTHENTICATED,
            "refused the sign-in (AADSTS700082): run `az login` again",
            id="a sign-in has expired",
        ),
        *(
            pytest.param(
                _tried(ClientAuthenticationError(f"{code}: hush")),
                GapReason.UNAUTHENTICATED,
                f"The identity or its tenant is wrong ({code}): run `az login --tenant",
                id=code,
            )
            for code in ("AADSTS90002", "AADSTS50020", "AADSTS700016")
        ),
        pytest.param(
            _tried(ClientAuthenticationError("AADSTS700024: hush")),
            GapReason.UNAUTHENTICATED,
            "has expired (AADSTS700024). Set the clock of the machine",
            id="an assertion of another time",
        ),
        pytest.param(
            CredentialUnavailableError("hush"),
            GapReason.UNAUTHENTICATED,
            "AZURE_CLIENT_ID is that identity's client id",
            id="a managed identity",
        ),
        pytest.param(
            _tried(aiohttp.ClientConnectorDNSError(KEY, OSError("hush"))),
            GapReason.UNREACHABLE,
            "Azure's sign-in (hush.test) cannot be resolved: check DNS",
            id="an unknown name",
        ),
        pytest.param(
            _tried(aiohttp.ClientHttpProxyError(ASKED, (), status=407, message="hush")),
            GapReason.UNREACHABLE,
            "because the proxy proxy.test refuses the request (407)",
            id="a proxy that refuses",
        ),
        pytest.param(
            _tried(TimeoutError("hush")),
            GapReason.TIMEOUT,
            "Azure's sign-in did not answer in time",
            id="no answer",
        ),
        *(
            pytest.param(_printed(cause), reason, f"Azure's sign-in (login.test) {words}", id=cause)
            for cause, reason, words in (
                (
                    "ProxyError('hush', NewConnectionError('hush'))",
                    GapReason.UNREACHABLE,
                    "cannot be reached, because the proxy proxy.test does not answer",
                ),
                (
                    "ProxyError('hush', OSError('Tunnel connection failed: 403 Forbidden'))",
                    GapReason.UNREACHABLE,
                    "cannot be reached, because the proxy proxy.test refuses the request (403)",
                ),
                (
                    "SSLError(SSLCertVerificationError(1, '[SSL: CERTIFICATE_VERIFY_FAILED]'))",
                    GapReason.UNREACHABLE,
                    "has a certificate from an unknown authority",
                ),
                ("NameResolutionError('hush')", GapReason.UNREACHABLE, "cannot be resolved"),
                ("ConnectTimeoutError('hush')", GapReason.TIMEOUT, "did not answer in time"),
                ("NewConnectionError('hush')", GapReason.UNREACHABLE, "cannot be reached: check"),
            )
        ),
    ],
)
def test_the_cause_is_named_and_nothing_of_the_library_repeated(
    monkeypatch: pytest.MonkeyPatch, error: Exception, reason: GapReason, words: str
) -> None:
    """A network fault that is called a missing sign-in sends people the wrong way."""
    monkeypatch.setenv("HTTPS_PROXY", "http://hush:hush@proxy.test:3128")

    gap = sign_in_gap(error)

    assert gap.reason is reason
    assert words in str(gap.detail)
    assert "hush" not in str(gap.detail).replace("hush.test", "")
