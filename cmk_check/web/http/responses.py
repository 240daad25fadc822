"""Answers: bodies with the headers that all of them carry, and errors in their envelope."""

import hashlib
from collections.abc import Mapping
from http import HTTPStatus
from typing import Final

from fastapi import Response

from cmk_check.web.models import Error, ErrorDetail

# Nothing here is a page: whatever a browser is talked into showing may load and do nothing.
HEADERS: Final[Mapping[str, str]] = {
    "Cache-Control": "no-store",
    "Content-Security-Policy": "default-src 'none'; frame-ancestors 'none'",
    "X-Content-Type-Options": "nosniff",
}
_JSON: Final = "application/json; charset=utf-8"
_CSV: Final = "text/csv; charset=utf-8"


class RequestRefused(Exception):
    """A request that an error answers; raised by views, met by the routes' handlers."""

    def __init__(
        self, status: HTTPStatus, code: str, message: str, target: str | None = None
    ) -> None:
        """Keep what the envelope shows."""
        self.status = status
        self.code = code
        self.message = message
        self.target = target
        super().__init__(message)


def not_recorded(subscription_id: str) -> RequestRefused:
    """Refuse a subscription that no scan has met, whatever is asked of it."""
    return RequestRefused(
        HTTPStatus.NOT_FOUND,
        "NotFound",
        f"The subscription {subscription_id} is not recorded: check its id, and that the app's "
        "identity may read it.",
        "subscription",
    )


def json_answer(
    body: bytes, headers: Mapping[str, str] | None = None, status: int = HTTPStatus.OK
) -> Response:
    """Answer with a JSON document."""
    return Response(
        body, status_code=status, media_type=_JSON, headers={**HEADERS, **(headers or {})}
    )


def csv_answer(body: bytes, next_link: str | None) -> Response:
    """Answer with rows of a spreadsheet; where the list goes on stands in a header (RFC 8288)."""
    onwards = {} if next_link is None else {"Link": f'<{next_link}>; rel="next"'}
    return Response(body, media_type=_CSV, headers={**HEADERS, **onwards})


def error_answer(
    status: int,
    code: str,
    message: str,
    target: str | None = None,
    headers: Mapping[str, str] | None = None,
) -> Response:
    """Answer with the error envelope of Microsoft's REST guidelines."""
    body = Error(error=ErrorDetail(code=code, message=message, target=target)).body()
    return Response(
        body, status_code=status, media_type=_JSON, headers={**HEADERS, **(headers or {})}
    )


def etag_of(row_etag: str, body: bytes) -> str:
    """Make a strong ETag of the row's and of the body, which holds ``fresh``.

    The body is in it because settings and the program's version shape an answer as well.
    """
    digest = hashlib.blake2b(row_etag.encode() + b"\n" + body, digest_size=16)
    return f'"{digest.hexdigest()}"'
