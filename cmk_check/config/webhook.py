"""Check the settings of the webhook: its URL, its secrets, and the changes that it receives.

A webhook's URL is also a secret, because anyone who knows the URL can post. Each check raises
ValueError with a message that explains the allowed values and never repeats a setting's value.
"""

import base64
import re
from typing import Final
from urllib.parse import urlsplit

from cmk_check.config.setting_values import entries, items
from cmk_check.core.enums import ChangeType
from cmk_check.limits import MAX_WEBHOOK_SECRETS, MAX_WEBHOOK_URL_CHARS, WEBHOOK_SECRET_BYTES
from cmk_check.net.addresses import LOOPBACK, special

FORMATS: Final = ("cloudevents", "slack", "teams")
_QUIET: Final = {
    ChangeType.ACCOUNT_DISCOVERED,
    ChangeType.ACCOUNT_REMOVED,
    ChangeType.ACCOUNT_UPDATED,
}
# The changes that are posted by default.
ALERTS: Final = frozenset(kind.value for kind in ChangeType if kind not in _QUIET)
UNSET: Final = "must be set; write the https URL of a receiver"
_PREFIX: Final = "cmkcheck."
# Printable ASCII without the backslash, which URL parsers treat differently.
_URL: Final = re.compile(r"[!-\[\]-~]+")
# The maximum lengths of a DNS name and its labels: RFC 1035 (2.3.4).
_HOST: Final = re.compile(
    r"(?=.{1,253}$)(?=[a-z0-9])[a-z0-9_-]{1,63}(\.[a-z0-9_-]{1,63})*(?<=[a-z0-9])", re.IGNORECASE
)
# The URL standard parses a host with such a last label as an IPv4 address.
_NUMERIC: Final = re.compile(r"(.*\.)?(\d+|0x[0-9a-f]*)", re.IGNORECASE)
_MARK: Final = "whsec_"


def check_url(text: str, *, on_azure: bool, of: str = "a receiver") -> str:
    """Return a URL unchanged if it is safe to send changes or an app's key to this URL.

    ``of`` names the receiver in messages.
    """
    fault = f"must be the URL of {of}; write https://host/path without user name or fragment"
    try:
        parts = urlsplit(text)
        kind, port = _kind(parts.hostname or ""), parts.port
    except ValueError:
        raise ValueError(fault) from None
    whole = len(text) <= MAX_WEBHOOK_URL_CHARS and _URL.fullmatch(text)
    # Brackets are for IPv6; urlsplit also accepts future formats, such as [v1.x].
    is_host = "[" not in parts.netloc or ":" in (parts.hostname or "")
    bare = is_host and "@" not in parts.netloc and not parts.fragment
    if not (whole and bare and parts.scheme in {"https", "http"} and port != 0):
        raise ValueError(fault)
    if kind and (on_azure or kind != LOOPBACK):
        raise ValueError(f"must not have an address that is {kind}; write the https URL of {of}")
    if parts.scheme == "http" and kind != LOOPBACK:
        raise ValueError(
            "must use https; http is only for a URL of this machine, such as http://127.0.0.1:8000"
        )
    return text


def _kind(host: str) -> str | None:
    """Return the kind of a host that is a special address, or None for other addresses and names.

    For a host name, the address is checked when the connection is made.

    Raises:
        ValueError: the host is neither an address nor a host name.
    """
    try:
        kind = special(host)
    except ValueError:
        if not _HOST.fullmatch(host) or _NUMERIC.fullmatch(host):
            raise
        return LOOPBACK if f".{host}".endswith(".localhost") else None
    if "%" in host:
        raise ValueError("an address with a zone")
    return kind


def check_secrets(text: str) -> tuple[str, ...]:
    """Parse the secrets that sign alerts: one secret, or two secrets during a rotation."""
    secrets = tuple(items(text))
    wrong = sum(not _is_secret(secret) for secret in secrets)
    if wrong or not 1 <= len(secrets) <= MAX_WEBHOOK_SECRETS:
        raise ValueError(
            "must be a signing secret; write whsec_ and the base64 of 24 to 64 random bytes, or "
            "during a rotation two of these, separated by a comma"
        )
    return secrets


def _is_secret(text: str) -> bool:
    try:
        key = base64.b64decode(text.removeprefix(_MARK), validate=True)
    except ValueError:
        return False
    return text.startswith(_MARK) and len(key) in WEBHOOK_SECRET_BYTES


def check_types(text: str) -> frozenset[str]:
    """Parse a list of change types, and add the prefix to a type where it is missing."""
    names = map(str.lower, items(text))
    full = [name if name.startswith(_PREFIX) else _PREFIX + name for name in names]
    known_types = set(ChangeType)
    wrong = entries(number for number, name in enumerate(full, 1) if name not in known_types)
    if wrong or not full:
        allowed = ", ".join(kind.removeprefix(_PREFIX) for kind in ChangeType)
        cure = f"correct {wrong}" if wrong else "write one or more"
        raise ValueError(
            f"must name types of changes; {cure} or remove the setting. The types are {allowed}"
        )
    return frozenset(full)
