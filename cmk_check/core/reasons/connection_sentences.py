"""Gaps for Azure services that cannot be reached or give no token: why, and what to do.

``peer`` is the service; ``proxy`` is only the host of a proxy.
"""

from typing import Final

from cmk_check.core.enums import GapReason
from cmk_check.core.gap import Gap

NOBODY_SIGNED_IN: Final = Gap(
    GapReason.UNAUTHENTICATED,
    detail="Not signed in to Azure: run `az login`, or set AZURE_TENANT_ID, AZURE_CLIENT_ID and "
    "AZURE_CLIENT_SECRET for a service principal.",
)


def wrong_tenant(code: str) -> Gap:
    """Return the gap for an identity that is not in the tenant; ``code`` is Azure's error code."""
    return Gap(
        GapReason.UNAUTHENTICATED,
        detail=f"The identity or its tenant is wrong ({code}): run `az login --tenant "
        "<tenant id>`, or correct AZURE_TENANT_ID and AZURE_CLIENT_ID.",
    )


def wrong_clock(code: str) -> Gap:
    """Return the gap for a token not valid by Azure's clock; ``code`` is Azure's error code."""
    return Gap(
        GapReason.UNAUTHENTICATED,
        detail=f"By Azure's clock, the token is not yet valid or has expired ({code}). Set the "
        "clock of the machine that runs cmk_check. If it is right, restart cmk_check.",
    )


def sign_in_refused(code: str) -> Gap:
    """Return the gap for a sign-in that Microsoft Entra ID refused; ``code`` is its error code."""
    return Gap(
        GapReason.UNAUTHENTICATED,
        detail=f"Microsoft Entra ID refused the sign-in ({code}): run `az login` again, or renew "
        "the credentials of the service principal.",
    )


def certificate_unknown(peer: str, variables: str = "SSL_CERT_FILE") -> Gap:
    """Return the gap for a certificate that is not trusted here."""
    return _unreachable(
        f"{peer} has a certificate from an unknown authority: if a proxy inspects TLS, set "
        f"{variables} to the certificate file of its authority."
    )


def name_unknown(peer: str) -> Gap:
    """Return the gap for a host that DNS does not know."""
    return _unreachable(
        f"{peer} cannot be resolved: check DNS and the internet connection of this machine."
    )


def proxy_silent(peer: str, proxy: str) -> Gap:
    """Return the gap for a proxy that cannot be reached."""
    return _unreachable(
        f"{peer} cannot be reached, because the proxy {proxy} does not answer: check HTTPS_PROXY."
    )


def proxy_refuses(peer: str, proxy: str, status: int) -> Gap:
    """Return the gap for a proxy that refuses the request."""
    return _unreachable(
        f"{peer} cannot be reached, because the proxy {proxy} refuses the request ({status}): "
        "allow the host in the proxy."
    )


def peer_silent(peer: str) -> Gap:
    """Return the gap for a host that does not answer in time."""
    return Gap(
        GapReason.TIMEOUT,
        detail=f"{peer} did not answer in time: check the firewalls in between.",
    )


def not_connected(peer: str) -> Gap:
    """Return the gap for a host that cannot be reached for any other reason."""
    return _unreachable(
        f"{peer} cannot be reached: check the connection of this machine, the firewalls, and "
        "whether a proxy is needed (HTTPS_PROXY)."
    )


def _unreachable(sentence: str) -> Gap:
    return Gap(GapReason.UNREACHABLE, detail=sentence)
