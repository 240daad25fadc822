"""The ids in a token. They are only shown; Azure validates the token."""

import base64
import json
from dataclasses import dataclass
from typing import Final, Self

from cmk_check.core.text import is_guid

# The applications that people sign in with on a laptop:
# https://learn.microsoft.com/troubleshoot/entra/entra-id/governance/verify-first-party-apps-sign-in
_TOOLS: Final = {
    "04b07795-8ddb-461a-bbee-02f9e1bf7b46": "the Azure CLI",
    "1950a258-227b-4e31-a9cf-717495945fc2": "Azure PowerShell",
}


@dataclass(frozen=True, slots=True)
class Bearer:
    """The ids in a token; None if an id is missing."""

    tenant: str | None = None
    principal: str | None = None
    application: str | None = None

    @classmethod
    def of(cls, token: str) -> Self:
        """Read the claims of a token; all ids are None if it is not a JSON Web Token."""
        try:
            payload = token.split(".")[1]
            claims = json.loads(base64.urlsafe_b64decode(payload + "=" * (-len(payload) % 4)))
        except (IndexError, ValueError, RecursionError):
            return cls()
        if not isinstance(claims, dict):
            return cls()
        application = _id(claims.get("appid")) or _id(claims.get("azp"))
        return cls(_id(claims.get("tid")), _id(claims.get("oid")), application)

    def __str__(self) -> str:
        known = (
            ("tenant", self.tenant),
            ("object id", self.principal),
            ("application", self.application),
        )
        named = ", ".join(f"{what} {value}" for what, value in known if value)
        tool = _TOOLS.get(self.application or "")
        return (named or "it does not say whose") + (f" ({tool})" if tool else "")


def _id(value: object) -> str | None:
    # Repeat ids only, never names of people or markup.
    return value.lower() if isinstance(value, str) and is_guid(value) else None
