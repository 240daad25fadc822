"""Build responses of the API: bodies with common headers, and errors in their envelope."""

from collections.abc import Mapping
from http import HTTPStatus
from typing import Final

from fastapi import Response

from cmk_check.web.models import ErrorDetail, ErrorResponse

# The API serves no pages, so a browser that shows a response must not load or run anything.
HEADERS: Final[Mapping[str, str]] = {
    "Cache-Control": "no-store",
    "Content-Security-Policy": "default-src 'none'; frame-ancestors 'none'",
    "X-Content-Type-Options": "nosniff",
}
_JSON: Final = "application/json; charset=utf-8"
XLSX: Final = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
_TABLES: Final = {"csv": "text/csv; charset=utf-8", "xlsx": XLSX}


def json_answer(
    body: bytes, headers: Mapping[str, str] | None = None, status: int = HTTPStatus.OK
) -> Response:
    """Respond with a JSON document."""
    headers = {**HEADERS, **(headers or {})}
    return Response(body, status_code=status, media_type=_JSON, headers=headers)


def table_answer(body: bytes, form: str, next_link: str | None, what: str) -> Response:
    """Respond with a table, which browsers save if it is a workbook.

    The Link header leads to the next page (RFC 8288).
    """
    headers = dict(HEADERS)
    if form == "xlsx":
        headers["Content-Disposition"] = f'attachment; filename="cmk-{what}.xlsx"'
    if next_link is not None:
        headers["Link"] = f'<{next_link}>; rel="next"'
    return Response(body, media_type=_TABLES[form], headers=headers)


def error_answer(
    status: int,
    code: str,
    message: str,
    target: str | None = None,
    headers: Mapping[str, str] | None = None,
) -> Response:
    """Respond with the error envelope of Microsoft's REST guidelines."""
    body = ErrorResponse(error=ErrorDetail(code=code, message=message, target=target)).encode()
    return json_answer(body, headers, status)
