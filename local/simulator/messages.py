"""A request and an answer as plain values, so that routes can be tested without a socket."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, replace
from types import MappingProxyType
from typing import Final, Self

JSON_TYPE: Final = "application/json; charset=utf-8"
NO_HEADERS: Final[Mapping[str, str]] = MappingProxyType({})


def encode(document: object) -> bytes:
    """Encode JSON as Azure does: compact, in UTF-8, characters not escaped."""
    return json.dumps(document, ensure_ascii=False, separators=(",", ":")).encode()


@dataclass(frozen=True, slots=True, kw_only=True)
class Incoming:
    """A request.

    ``path`` is decoded; ``target`` is path and query as sent. Names in ``query`` and ``headers``
    are in lower case: for Azure ``$skipToken`` equals ``$skiptoken``.
    """

    method: str
    host: str
    path: str
    target: str
    query: Mapping[str, str] = NO_HEADERS
    headers: Mapping[str, str] = NO_HEADERS
    body: bytes = b""

    @property
    def url(self) -> str:
        """The whole URL as requested."""
        return f"https://{self.host}{self.target}"

    @property
    def bearer(self) -> str | None:
        """The bearer token, or None if there is no such header."""
        scheme, _, token = self.headers.get("authorization", "").partition(" ")
        return token.strip() if scheme.lower() == "bearer" and token.strip() else None


@dataclass(frozen=True, slots=True)
class Reply:
    """An answer; sending it adds ``Content-Length`` and ``Date``."""

    status: int
    body: bytes
    headers: Mapping[str, str] = NO_HEADERS

    @classmethod
    def of(cls, status: int, document: object, headers: Mapping[str, str] = NO_HEADERS) -> Self:
        """Answer with a JSON document."""
        return cls(status, encode(document), {"Content-Type": JSON_TYPE, **headers})

    def with_headers(self, headers: Mapping[str, str]) -> Self:
        """Add headers; existing ones, in any case, are kept."""
        known = {name.lower() for name in self.headers}
        added = {name: value for name, value in headers.items() if name.lower() not in known}
        return replace(self, headers={**self.headers, **added})
