"""Where a list goes on: the skip token of a page, and the link to the next one."""

import base64
import binascii
import re
from collections.abc import Mapping
from http import HTTPStatus
from typing import Final
from urllib.parse import urlencode

from cmk_check.limits import MAX_KEY_UNITS
from cmk_check.store.findings import RowPosition
from cmk_check.web.http.responses import RequestRefused

_SEPARATOR: Final = "/"  # stands in no key
_KEYS: Final = re.compile(
    rf"(?P<partition>[A-Za-z0-9\-._()~]{{1,{MAX_KEY_UNITS}}}){_SEPARATOR}"
    rf"(?P<row>[A-Za-z0-9\-._()~|]{{1,{MAX_KEY_UNITS}}})"
)
_LOCAL: Final = re.compile(r"(localhost|127\.0\.0\.1)(:\d{1,5})?", re.IGNORECASE)
_HOST: Final = re.compile(r"([A-Za-z0-9._-]{1,253}|\[[0-9A-Fa-f:.]{2,45}\])(:\d{1,5})?")


def skip_token_of(place: RowPosition) -> str:
    """Make the token that goes on behind a place."""
    return base64.urlsafe_b64encode(_SEPARATOR.join(place).encode()).decode()


def position_of(token: str, *rows: str) -> RowPosition:
    """Return the place of a token, in a list of rows named by their key or by how it begins.

    A token holds nothing but two keys: made for another page, it only begins elsewhere in the list.

    Raises:
        RequestRefused: this API did not make it.

    """
    try:
        text = base64.b64decode(token, altchars=b"-_", validate=True).decode("ascii")
    except (binascii.Error, ValueError):
        text = ""
    match = _KEYS.fullmatch(text)
    if match is None or not any(_is_one_of(match["row"], named) for named in rows):
        raise RequestRefused(
            HTTPStatus.BAD_REQUEST,
            "InvalidParameter",
            "skipToken is not one of this list's: take it from nextLink, or leave it out to begin.",
            "skipToken",
        )
    return match["partition"], match["row"]


def _is_one_of(row: str, named: str) -> bool:
    return row.startswith(named) and row != named if named.endswith("|") else row == named


def link(origin: str, path: str, parameters: Mapping[str, str | int | None]) -> str:
    """Make a link with those parameters that have a value."""
    given = {name: value for name, value in parameters.items() if value is not None}
    return f"{origin}{path}?{urlencode(given)}"


def origin_of(hostname: str | None, host: str | None, scheme: str) -> str:
    """Return the origin that callers reach this app by, "" where only a relative link is safe.

    Args:
        hostname: the app's own, from the platform; on Azure it is served over https alone.
        host: the request's Host header, which a caller may make up.
        scheme: the request's.

    """
    if hostname and not _LOCAL.fullmatch(hostname):
        return f"https://{hostname}"
    name = hostname or host or ""
    if scheme not in {"http", "https"} or not _HOST.fullmatch(name):
        return ""
    return f"{scheme}://{name}"
