"""``POST /api/scan/resend``: sends published changes to the receivers of alerts again.

It takes the key for starting scans, which cannot read: no answer contains anything of a change.
"""

from collections.abc import Awaitable, Callable
from http import HTTPStatus
from typing import Final

from fastapi import APIRouter, Request, Response

from cmk_check.core.alert_routes import NotResent
from cmk_check.web import parameters
from cmk_check.web.fastapi_app import Asked, operation_id
from cmk_check.web.http import openapi
from cmk_check.web.http.responses import HEADERS, error_answer

# The first and the last number, and the route; returns why nothing was queued.
type Resend = Callable[[int, int, str | None], Awaitable[NotResent | None]]

_CODES: Final = ", ".join(f"`{reason}`" for reason in NotResent)
_RESPONSES: Final[openapi.Responses] = {
    202: {"description": "The changes were queued."},
    409: openapi.error(f"Nothing was queued; the code is one of {_CODES}."),
    **openapi.ERRORS,
}

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
    reason = await resend(query.first, query.last, query.route)
    if reason is not None:
        return error_answer(HTTPStatus.CONFLICT, reason, reason.advice)
    return Response(status_code=HTTPStatus.ACCEPTED, headers=dict(HEADERS))
