"""Read the identity in a token, only to show the identity; Azure validates the token."""

import base64
import json
from collections.abc import Mapping
from typing import Final

from cmk_check.core.text import as_object, escape_invisible, is_guid
from cmk_check.limits import MAX_NAME_SHOWN_CHARS

# Applications with which people sign in on a laptop:
# https://learn.microsoft.com/troubleshoot/entra/entra-id/governance/verify-first-party-apps-sign-in
_TOOLS: Final = {
    "04b07795-8ddb-461a-bbee-02f9e1bf7b46": "the Azure CLI",
    "1950a258-227b-4e31-a9cf-717495945fc2": "Azure PowerShell",
}

# https://learn.microsoft.com/entra/identity-platform/access-token-claims-reference
_NAMES: Final = ("upn", "preferred_username", "unique_name")


def describe_ids(token: str) -> str:
    """Return the ids in a token as text, if the token is a JSON Web Token."""
    # Show only ids, never names of people or markup.
    _, ids, tool = _parse_claims(token)
    known_claims = ("tenant", "tid"), ("object id", "oid"), ("application", "application")
    listed_ids = ", ".join(f"{what} {ids[name]}" for what, name in known_claims if name in ids)
    return (listed_ids or "it names no identity") + tool


def find_identity(token: str) -> str | None:
    """Return the identity in a token as text for the signed-in person, or None if unreadable.

    The text names a person, or the application id of a managed identity or service principal.
    """
    claims, ids, tool = _parse_claims(token)
    names = (claims.get(name) for name in _NAMES)
    name = next((it for it in names if isinstance(it, str) and it), None)
    who = (
        escape_invisible(name[:MAX_NAME_SHOWN_CHARS])
        if name
        else f"application {ids.get('application')}"
    )
    return f"{who} in tenant {ids['tid']}{tool}" if "tid" in ids else None


def _parse_claims(token: str) -> tuple[Mapping[str, object], Mapping[str, str], str]:
    """Return a token's claims, those claims that are ids, and a note on a known application.

    The ``application`` id is the claim with either of the two names for an application.
    """
    try:
        payload = token.split(".")[1]
        decoded = base64.urlsafe_b64decode(payload + "=" * (-len(payload) % 4))
        claims = as_object(json.loads(decoded))
    except (IndexError, ValueError, RecursionError):
        claims = {}
    ids = {name: it.lower() for name, it in claims.items() if isinstance(it, str) and is_guid(it)}
    application = ids.get("appid") or ids.get("azp")
    ids |= {"application": application} if application else {}
    return claims, ids, f" ({_TOOLS[application]})" if application in _TOOLS else ""
