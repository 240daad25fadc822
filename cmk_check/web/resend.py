"""``POST /api/scan/resend``: sends published changes to the receivers of alerts again.

It takes the key for starting scans, which cannot read: no answer contains anything of a change.
"""

from collections.abc import Awaitable, Callable
from http import HTTPStatus
from typing import Final

from fastapi import APIRouter, Request, Response

from cmk_check.web import parameters
from cmk_check.web.fastapi_app import Asked, operation_id
from cmk_check.web.http import openapi
from cmk_check.web.http.responses import HEADERS, error_answer

# The first and the last number; returns whether they were queued.
type Resend = Callable[[int, int], Awaitable[bool]]

_RESPONSES: Final[openapi.Responses] = {
    202: {"description": "The changes were queued."},
    409: openapi.error("`NotResent`: the app has no webhook, or not all changes are published."),
    **openapi.ERRORS,
}

_NOT_RESENT: Final = (
    "Nothing was queued: set CMK_WEBHOOK_URL or CMK_ROUTES, and use numbers of published changes."
)

router: Final = APIRouter(generate_unique_id_function=operation_id)


@router.post(
    "/api/scan/resend",
    tags=["changes"],
    summary="Send published changes to the webhook again",
    status_code=HTTPStatus.ACCEPTED,
    response_class=Response,
    responses=_RESPONSES,
)
async def resend_changes(request: Request, query: Asked[parameters.ResendQuery]) -> Response:
    """Queue published changes for delivery, as if they were new; they keep their ids."""
    resend: Resend = request.app.state.resend
    if not await resend(query.first, query.last):
        return error_answer(HTTPStatus.CONFLICT, "NotResent", _NOT_RESENT)
    return Response(status_code=HTTPStatus.ACCEPTED, headers=dict(HEADERS))
