"""What the settings may say of the webhook: its URL, its secrets, and which changes go there.

The URL is a secret itself, since whoever knows it can post: no sentence repeats a value.
"""

import base64
import binascii
import re
from typing import Final
from urllib.parse import urlsplit

from cmk_check.core.enums import ChangeType
from cmk_check.net.addresses import LOOPBACK, special

__all__ = ["ALERTS", "FORMATS", "UNSET", "check_secrets", "check_types", "check_url"]

FORMATS: Final = ("cloudevents", "slack", "teams")
_QUIET: Final = {
    ChangeType.ACCOUNT_DISCOVERED,
    ChangeType.ACCOUNT_REMOVED,
    ChangeType.ACCOUNT_UPDATED,
}
# The changes that are posted where nothing else is said.
ALERTS: Final = frozenset(kind.value for kind in ChangeType if kind not in _QUIET)
UNSET: Final = "is not set; write the https URL of a receiver"
_PREFIX: Final = "cmkcheck."
_LONGEST_URL: Final = 2048
# Printable ASCII without the backslash, which parsers of URLs read differently.
_URL: Final = re.compile(r"[!-\[\]-~]+")
_HOST: Final = re.compile(r"[a-z0-9]([a-z0-9._-]*[a-z0-9])?", re.IGNORECASE)
# By the URL standard a last label like these makes the host an IPv4 address, however it is spelt.
_NUMERIC: Final = re.compile(r"(.*\.)?(\d+|0x[0-9a-f]*)", re.IGNORECASE)
_MARK: Final = "whsec_"
# By the Standard Webhooks specification, section "Signature scheme".
_SECRET_BYTES: Final = range(24, 65)
_MOST_SECRETS: Final = 2


def check_url(text: str, *, on_azure: bool) -> str:
    """Return the URL as given if changes may be posted there.

    Raises:
        ValueError: says why not, and what to write.

    """
    host, scheme = _parts(text)
    kind = _kind(host)
    if kind and (on_azure or kind != LOOPBACK):
        raise ValueError(
            f"leads to an address that is {kind}; write the https URL of a receiver elsewhere"
        )
    if scheme == "http" and kind != LOOPBACK:
        raise ValueError("is not https; write an https URL, or one of this machine for a test")
    return text


def _parts(text: str) -> tuple[str, str]:
    fault = "is no URL of a receiver; write https://host/path without user name or fragment"
    try:
        parts = urlsplit(text)
        host, scheme, _ = parts.hostname or "", parts.scheme, parts.port
    except ValueError:
        raise ValueError(fault) from None
    whole = len(text) <= _LONGEST_URL and _URL.fullmatch(text)
    bare = "@" not in parts.netloc and not parts.fragment
    if not (whole and bare and scheme in {"https", "http"} and _is_host(host)):
        raise ValueError(fault)
    return host, scheme


def _is_host(host: str) -> bool:
    try:
        special(host)
    except ValueError:
        return bool(_HOST.fullmatch(host)) and not _NUMERIC.fullmatch(host)
    return "%" not in host


def _kind(host: str) -> str | None:
    if host == "localhost" or host.endswith(".localhost"):
        return LOOPBACK
    try:
        return special(host)
    except ValueError:
        # A name: what it leads to is seen when it is connected to.
        return None


def check_secrets(text: str) -> tuple[str, ...]:
    """Return one secret, or two while one is rotated.

    Raises:
        ValueError: says what is wrong with them.

    """
    secrets = tuple(item for part in text.split(",") if (item := part.strip()))
    wrong = sum(not _is_secret(secret) for secret in secrets)
    if wrong or not 1 <= len(secrets) <= _MOST_SECRETS:
        raise ValueError(
            "is no secret for signing; write whsec_ and the base64 of 24 to 64 random bytes, and "
            "two such, separated by a comma, only while one replaces the other"
        )
    return secrets


def _is_secret(text: str) -> bool:
    if not text.startswith(_MARK):
        return False
    try:
        key = base64.b64decode(text.removeprefix(_MARK), validate=True)
    except (binascii.Error, ValueError):
        return False
    return len(key) in _SECRET_BYTES


def check_types(text: str) -> frozenset[str]:
    """Return the types of changes, spelt in full, that are named with or without their prefix.

    Raises:
        ValueError: some are no types; names all that there are.

    """
    names = [item.lower() for part in text.split(",") if (item := part.strip())]
    full = [name if name.startswith(_PREFIX) else _PREFIX + name for name in names]
    wrong = sum(name not in set(ChangeType) for name in full)
    if wrong or not full:
        allowed = ", ".join(kind.removeprefix(_PREFIX) for kind in ChangeType)
        fault = "names no type"
        if wrong:
            one = "has 1 entry that is no type of change"
            fault = one if wrong == 1 else f"has {wrong} entries that are no types of changes"
        raise ValueError(f"{fault}; write some of {allowed}, or remove it")
    return frozenset(full)
