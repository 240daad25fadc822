"""The managed identity endpoint that App Service and Functions give to an app.

Source: "REST endpoint reference" in
https://learn.microsoft.com/azure/app-service/overview-managed-identity.
"""

import hmac
import uuid
from typing import Final

from local.simulator import errors
from local.simulator.messages import Incoming, Reply
from local.simulator.tokens import Tokens

PATH: Final = "/msi/token"
API_VERSION: Final = "2019-08-01"
_KNOWN: Final = frozenset({"api-version", "resource", "client_id"})
_UNKNOWN_IDENTITY: Final = (
    "No User Assigned or Delegated Managed Identity found for specified "
    "ClientId/ResourceId/PrincipalId."
)


def _refuse(status: int, message: str) -> Reply:
    return Reply.of(
        status, {"statusCode": status, "message": message, "correlationId": str(uuid.uuid4())}
    )


class IdentityEndpoint:
    """Issues tokens to callers that know ``header``."""

    def __init__(self, tokens: Tokens, header: str) -> None:
        self._tokens = tokens
        self._header = header

    def answer(self, incoming: Incoming) -> Reply:
        """Answer a request for a token; it may name an identity by its client id only."""
        if incoming.method != "GET":
            return errors.not_simulated(incoming)
        secret = incoming.headers.get("x-identity-header", "")
        if not hmac.compare_digest(secret.encode(), self._header.encode()):
            return _refuse(401, "The X-IDENTITY-HEADER header is missing or wrong.")
        if incoming.query.get("api-version") != API_VERSION:
            return _refuse(400, f"The api-version must be {API_VERSION}.")
        unknown = sorted(set(incoming.query) - _KNOWN)
        if unknown:
            return errors.not_simulated(incoming, f"parameter {', '.join(unknown)}")
        resource = incoming.query.get("resource")
        if not resource:
            return _refuse(400, "The resource is missing.")
        return self._token(resource, incoming.query.get("client_id"))

    def _token(self, resource: str, client_id: str | None) -> Reply:
        identity = self._tokens.identity(client_id)
        if identity is None:
            return _refuse(400, _UNKNOWN_IDENTITY)
        token = self._tokens.issue(resource, identity)
        return Reply.of(
            200,
            {
                "access_token": token.value,
                "expires_on": str(token.expires_on),
                "resource": resource,
                "token_type": "Bearer",
                "client_id": token.client_id,
            },
        )
