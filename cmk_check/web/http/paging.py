"""Build pages of a list that is partly filtered here, with bounded work and no skipped row.

A filter that matches nothing would otherwise read the whole table in one request. For this reason a
page may end early, even empty, and still have a next link: clients follow the links until there are
none. A skip token contains the start of the next page.
"""

import base64
import re
from collections.abc import AsyncIterator
from dataclasses import dataclass
from http import HTTPStatus
from typing import Final

from cmk_check.limits import MAX_KEY_UNITS, ROWS_EXAMINED_PER_PAGE
from cmk_check.store.findings import RowPosition
from cmk_check.web.http.refusals import RequestRefused

_SEPARATOR: Final = "/"  # no key contains this character
_KEYS: Final = re.compile(
    rf"(?P<partition>[A-Za-z0-9\-._()~]{{1,{MAX_KEY_UNITS}}}){_SEPARATOR}"
    rf"(?P<row>[A-Za-z0-9\-._()~|]{{1,{MAX_KEY_UNITS}}})"
)


@dataclass(frozen=True, slots=True)
class Page[T]:
    """A page of a list, and the token of the next page if there is one."""

    value: list[T]
    skip_token: str | None


async def gather[T](
    rows: AsyncIterator[tuple[RowPosition, T | None]], top: int, most: int = ROWS_EXAMINED_PER_PAGE
) -> Page[T]:
    """Take up to ``top`` matches out of ``most`` rows; None is a row that does not match."""
    value: list[T] = []
    last: RowPosition | None = None
    examined = 0
    async for place, match in rows:
        examined += 1
        if match is not None and len(value) == top:
            # One match more than the page can contain, so there is another page.
            return Page(value, last and encode_position(last))
        if match is not None:
            value.append(match)
            last = place
        if examined == most:
            return Page(value, encode_position(place))
    return Page(value, None)


def encode_position(place: RowPosition) -> str:
    """Encode the token of the page that starts after this row."""
    return encode_text(_SEPARATOR.join(place))


def encode_text(text: str) -> str:
    """Encode the token of the page that starts after this text."""
    return base64.urlsafe_b64encode(text.encode()).decode()


def decode_text(token: str, begin: str = "") -> str:
    """Decode the text in a token; every text in a list starts with ``begin``.

    Raises:
        RequestRefused: the token is not valid.
    """
    try:
        text = base64.b64decode(token, altchars=b"-_", validate=True).decode()
    except ValueError:
        raise _build_refusal() from None
    if not text or not text.startswith(begin):
        raise _build_refusal()
    return text


def decode_position(token: str | None, *rows: str) -> RowPosition | None:
    """Decode the position in a token; ``rows`` are the row keys or prefixes of the list.

    A token contains only the two keys of a row, so a token from another page just starts elsewhere.

    Raises:
        RequestRefused: the token is not valid for this list.
    """
    if token is None:
        return None
    match = _KEYS.fullmatch(decode_text(token))
    if match is None or not any(_is_one_of(match["row"], named) for named in rows):
        raise _build_refusal()
    return match["partition"], match["row"]


def _build_refusal() -> RequestRefused:
    return RequestRefused(
        HTTPStatus.BAD_REQUEST,
        "InvalidParameter",
        "skipToken must come from nextLink of this list; omit it to start at the beginning.",
        "skipToken",
    )


def _is_one_of(row: str, name: str) -> bool:
    return row.startswith(name) and row != name if name.endswith("|") else row == name
