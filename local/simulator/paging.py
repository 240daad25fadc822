"""Continuations with the same escapes as Azure's, so that clients are tested with them."""

import base64
import binascii
import json
import re
import zlib
from dataclasses import dataclass
from typing import Final, Self
from urllib.parse import quote

from local.simulator.messages import Incoming, encode

SKIP_TOKEN: Final = "$skiptoken"  # noqa: S105 - the name of a query parameter
_ESCAPE: Final = re.compile("%[0-9A-F]{2}")


class InvalidSkipTokenError(ValueError):
    """The continuation was not issued here."""


@dataclass(frozen=True, slots=True)
class Cursor:
    """The start of a page: its number, counted from 1, and the number of entries before it."""

    page: int = 1
    offset: int = 0

    @classmethod
    def of(cls, incoming: Incoming) -> Self:
        """Return the cursor of a request; without a continuation, that of the first page."""
        return cls.of_token(incoming.query.get(SKIP_TOKEN))

    @classmethod
    def of_token(cls, token: str | None) -> Self:
        """Read a continuation; None is the first page.

        Raises InvalidSkipTokenError for a continuation not issued here: a ``+`` that a client
        failed to escape arrives as a space, and must not work by luck.
        """
        if token is None:
            return cls()
        try:
            packed = base64.b64decode(token.encode(), validate=True)
            fields = json.loads(zlib.decompress(packed, wbits=-15))
            return cls(page=int(fields["page"]), offset=int(fields["offset"]))
        except (binascii.Error, zlib.error, ValueError, KeyError, TypeError) as error:
            raise InvalidSkipTokenError(token) from error

    @property
    def token(self) -> str:
        """The continuation of this page."""
        fields = {
            "page": self.page,
            "offset": self.offset,
            "partition": "westeurope/northeurope/eastus2",
        }
        return base64.b64encode(zlib.compress(encode(fields), wbits=-15)).decode()

    def next_link(self, incoming: Incoming) -> str:
        """Return the absolute URL of this page; escapes are in lower case, as in recordings."""
        token = quote(self.token, safe="")
        escaped = _ESCAPE.sub(lambda match: match.group().lower(), token)
        path = incoming.target.partition("?")[0]
        kept = "".join(
            f"{quote(name)}={quote(value, safe='')}&"
            for name, value in incoming.query.items()
            if name != SKIP_TOKEN
        )
        return f"https://{incoming.host}{path}?{kept}%24skiptoken={escaped}"
