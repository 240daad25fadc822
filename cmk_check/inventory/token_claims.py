"""The identity in a token, only to show it; Azure validates the token."""

import base64
import json
from collections.abc import Mapping
from typing import Final

from cmk_check.core.text import as_object, is_guid, shown
from cmk_check.limits import MAX_NAME_SHOWN_CHARS

# Applications with which people sign in on a laptop:
# https://learn.microsoft.com/troubleshoot/entra/entra-id/governance/verify-first-party-apps-sign-in
_TOOLS: Final = {
    "04b07795-8ddb-461a-bbee-02f9e1bf7b46": "the Azure CLI",
    "1950a258-227b-4e31-a9cf-717495945fc2": "Azure PowerShell",
}


# https://learn.microsoft.com/entra/identity-platform/access-token-claims-reference
_NAMES: Final = ("upn", "preferred_username", "unique_name")


def ids_in(token: str) -> str:
    """Return the ids in a token as text, as far as it is a JSON Web Token."""
    # Show only ids, never names of people or markup.
    ids = _ids(_claims(token))
    known = (
        ("tenant", ids.get("tid")),
        ("object id", ids.get("oid")),
        ("application", _application(ids)),
    )
    named = ", ".join(f"{what} {value}" for what, value in known if value)
    return (named or "it names no identity") + _tool(ids)


def identity_in(token: str) -> str | None:
    """Return the identity in a token, for the person who signed in; None if it is not readable.

    A person has a name; a managed identity or service principal has the id of its application.
    """
    claims = _claims(token)
    ids = _ids(claims)
    names = (it for name in _NAMES if isinstance(it := claims.get(name), str) and it)
    name = next(names, None)
    application = _application(ids)
    who = (
        shown(name[:MAX_NAME_SHOWN_CHARS]) if name else application and f"application {application}"
    )
    tenant = ids.get("tid")
    return f"{who} in tenant {tenant}{_tool(ids)}" if who and tenant else None


def _claims(token: str) -> Mapping[str, object]:
    try:
        payload = token.split(".")[1]
        return as_object(json.loads(base64.urlsafe_b64decode(payload + "=" * (-len(payload) % 4))))
    except (IndexError, ValueError, RecursionError):
        return {}


def _ids(claims: Mapping[str, object]) -> Mapping[str, str]:
    return {name: it.lower() for name, it in claims.items() if isinstance(it, str) and is_guid(it)}


def _application(ids: Mapping[str, str]) -> str | None:
    return ids.get("appid") or ids.get("azp")


def _tool(ids: Mapping[str, str]) -> str:
    tool = _TOOLS.get(_application(ids) or "")
    return f" ({tool})" if tool else ""
