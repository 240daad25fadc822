"""Issues tokens as Microsoft Entra ID does to a managed identity, and checks them as Azure does.

They are real JSON Web Tokens with the claims that a service checks, signed with a key that exists
as long as the simulator.
"""

import secrets
import threading
import time
import uuid
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Final, Self

import jwt
from jwt.types import Options

_ALGORITHM: Final = "HS256"
_SKEW_SECONDS: Final = 300
_SIGNATURE_ONLY: Final[Options] = {
    "verify_aud": False,
    "verify_exp": False,
    "verify_iat": False,
    "verify_nbf": False,
}
_NAMESPACE: Final = uuid.UUID("0d0f6bb4-5d0e-4a63-9f0b-3c1f6f5a2b11")


@dataclass(frozen=True, slots=True)
class Identity:
    """A managed identity: its client id and the object id of its service principal."""

    client_id: str
    object_id: str

    @classmethod
    def named(cls, name: str) -> Self:
        """Derive a stable identity from a name."""
        client, principal = (
            uuid.uuid5(_NAMESPACE, f"{name}/client"),
            uuid.uuid5(_NAMESPACE, f"{name}/object"),
        )
        return cls(str(client), str(principal))


@dataclass(frozen=True, slots=True)
class IssuedToken:
    """A token with the details that the identity endpoint sends; ``expires_on`` in Unix seconds."""

    value: str
    expires_on: int
    client_id: str


@dataclass(frozen=True, slots=True)
class Claims:
    """The claims of a checked token."""

    audience: str
    expires: datetime
    client_id: str
    object_id: str

    @property
    def expired(self) -> bool:
        """Return whether the token has expired."""
        return self.expires <= datetime.now(UTC)


def audience_of(token: str) -> str | None:
    """Return the audience of a token of any issuer, or None if it is not a JSON Web Token."""
    try:
        claims: Mapping[str, Any] = jwt.decode(token, options={"verify_signature": False})
    except jwt.InvalidTokenError:
        return None
    audience = claims.get("aud")
    return audience if isinstance(audience, str) else None


class Tokens:
    """Issues and checks the tokens of one tenant.

    ``life`` is the lifetime of a token in seconds; it can be changed while the simulator runs.
    """

    def __init__(self, tenant_id: str, user_assigned: Iterable[str], life: float) -> None:
        self.tenant_id = tenant_id
        self.life = life
        self.system_assigned = Identity.named(tenant_id)
        self._user_assigned = {
            client_id.lower(): Identity(client_id, Identity.named(client_id).object_id)
            for client_id in user_assigned
        }
        self._key = secrets.token_bytes(32)
        self._checked: dict[str, Claims] = {}
        self._lock = threading.Lock()

    def identity(self, client_id: str | None) -> Identity | None:
        """Return the identity with this client id; without an id, the system-assigned one."""
        if client_id is None or client_id.lower() == self.system_assigned.client_id:
            return self.system_assigned
        return self._user_assigned.get(client_id.lower())

    def issue(
        self,
        resource: str,
        identity: Identity | None = None,
        life: float | None = None,
        person: str | None = None,
    ) -> IssuedToken:
        """Issue a token for a resource; a negative ``life`` gives an expired one.

        ``person`` is the name of the user who signed in, if it was not an identity.
        """
        holder = identity or self.system_assigned
        now = int(time.time())
        expires_on = int(now + (self.life if life is None else life))
        issuer = f"https://sts.windows.net/{self.tenant_id}/"
        claims = {
            "aud": resource,
            "iss": issuer,
            "iat": min(now, expires_on) - _SKEW_SECONDS,
            "nbf": min(now, expires_on) - _SKEW_SECONDS,
            "exp": expires_on,
            "appid": holder.client_id,
            "appidacr": "2",
            "idp": issuer,
            "idtyp": "app",
            "oid": holder.object_id,
            "sub": holder.object_id,
            "tid": self.tenant_id,
            "uti": secrets.token_urlsafe(16),
            "ver": "1.0",
        }
        if person is not None:
            claims |= {"idtyp": "user", "upn": person}
        value = jwt.encode(claims, self._key, algorithm=_ALGORITHM)
        return IssuedToken(value, expires_on, holder.client_id)

    def check(self, token: str) -> Claims | None:
        """Return the claims of a token issued here, expired or not, or None for any other.

        Claims are cached: a benchmark sends the same token ten thousand times.
        """
        with self._lock:
            known = self._checked.get(token)
        if known is not None:
            return known
        try:
            raw: Mapping[str, Any] = jwt.decode(
                token, self._key, [_ALGORITHM], options=_SIGNATURE_ONLY
            )
        except jwt.InvalidTokenError:
            return None
        expires = datetime.fromtimestamp(raw["exp"], UTC)
        claims = Claims(raw["aud"], expires, raw["appid"], raw["oid"])
        with self._lock:
            self._checked[token] = claims
        return claims
