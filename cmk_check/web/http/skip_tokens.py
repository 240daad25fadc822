"""Skip tokens, which say where the next page of a list starts."""

import base64
import re
from http import HTTPStatus
from typing import Final

from cmk_check.limits import MAX_KEY_UNITS
from cmk_check.store.findings import RowPosition
from cmk_check.web.http.refusals import RequestRefused

_SEPARATOR: Final = "/"  # stands in no key
_KEYS: Final = re.compile(
    rf"(?P<partition>[A-Za-z0-9\-._()~]{{1,{MAX_KEY_UNITS}}}){_SEPARATOR}"
    rf"(?P<row>[A-Za-z0-9\-._()~|]{{1,{MAX_KEY_UNITS}}})"
)


def skip_token_of(place: RowPosition) -> str:
    """Make the token of the page that starts after this row."""
    return token_of_text(_SEPARATOR.join(place))


def token_of_text(text: str) -> str:
    """Make the token of the page that starts after this text."""
    return base64.urlsafe_b64encode(text.encode()).decode()


def text_of(token: str) -> str:
    """Return the text that a token holds.

    Raises:
        RequestRefused: the token is not valid.

    """
    try:
        text = base64.b64decode(token, altchars=b"-_", validate=True).decode()
    except ValueError:
        raise _refused() from None
    if not text:
        raise _refused()
    return text


def position_of(token: str | None, *rows: str) -> RowPosition | None:
    """Return the position that a token holds; ``rows`` are the row keys or prefixes of the list.

    A token holds only the two keys of a row: one from another page just starts elsewhere.

    Raises:
        RequestRefused: the token is not valid for this list.

    """
    if token is None:
        return None
    match = _KEYS.fullmatch(text_of(token))
    if match is None or not any(_is_one_of(match["row"], named) for named in rows):
        raise _refused()
    return match["partition"], match["row"]


def _refused() -> RequestRefused:
    return RequestRefused(
        HTTPStatus.BAD_REQUEST,
        "InvalidParameter",
        "skipToken must come from nextLink of this list; omit it to start at the beginning.",
        "skipToken",
    )


def _is_one_of(row: str, named: str) -> bool:
    return row.startswith(named) and row != named if named.endswith("|") else row == named
