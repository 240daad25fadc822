"""The ids in a token, only to show them; Azure validates the token."""

import base64
import json
from typing import Final

from cmk_check.core.text import as_object, is_guid

# Applications with which people sign in on a laptop:
# https://learn.microsoft.com/troubleshoot/entra/entra-id/governance/verify-first-party-apps-sign-in
_TOOLS: Final = {
    "04b07795-8ddb-461a-bbee-02f9e1bf7b46": "the Azure CLI",
    "1950a258-227b-4e31-a9cf-717495945fc2": "Azure PowerShell",
}


def ids_in(token: str) -> str:
    """Return the ids in a token as text, as far as it is a JSON Web Token."""
    try:
        payload = token.split(".")[1]
        claims = as_object(
            json.loads(base64.urlsafe_b64decode(payload + "=" * (-len(payload) % 4)))
        )
    except (IndexError, ValueError, RecursionError):
        claims = {}
    # Show only ids, never names of people or markup.
    ids = {name: it.lower() for name, it in claims.items() if isinstance(it, str) and is_guid(it)}
    application = ids.get("appid") or ids.get("azp")
    known = ("tenant", ids.get("tid")), ("object id", ids.get("oid")), ("application", application)
    named = ", ".join(f"{what} {value}" for what, value in known if value)
    tool = _TOOLS.get(application or "")
    return (named or "it names no identity") + (f" ({tool})" if tool else "")
