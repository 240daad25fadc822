"""Failures as answers: every error that a route may raise, in the envelope that callers know."""

import logging
from http import HTTPStatus
from typing import Final

from fastapi import FastAPI, Request, Response
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException

from cmk_check.core.enums import KeyState, Reason, Verdict
from cmk_check.errors import StoreError
from cmk_check.limits import MAX_LOCATION_CHARS, MAX_PAGE_SIZE, MAX_SEARCH_CHARS
from cmk_check.web.http.responses import RequestRefused, error_answer
from cmk_check.web.queries import NOT_TOGETHER, UNKNOWN_PARAMETER

_LOGGER: Final = logging.getLogger(__name__)
_ALLOWED: Final = {
    "verdict": f"verdict is one of {', '.join(Verdict)}.",
    "keyHealth": f"keyHealth is one of {', '.join(KeyState)}.",
    "reason": f"reason is one of {', '.join(Reason)}.",
    "location": f"location is like westeurope, {MAX_LOCATION_CHARS} characters at most.",
    "q": f"q is one word or several, {MAX_SEARCH_CHARS} characters at most.",
    "format": "format is one of json, csv.",
    "coverage": "coverage is one of read, gap, excluded, retired.",
    "last": f"last is a whole number from 1 to {MAX_PAGE_SIZE}.",
    "subscription": "subscription is an id like 00000000-0000-0000-0000-000000000000.",
    "top": f"top is a whole number from 1 to {MAX_PAGE_SIZE}.",
    "since": "since is a cursor: take it from nextLink or deltaLink, or leave it out to begin.",
    "skipToken": "skipToken is too long: take it from nextLink, or leave it out to begin.",
}


def handle(app: FastAPI) -> None:
    """Answer what the app's routes raise."""

    @app.exception_handler(RequestRefused)
    async def refused(_: Request, error: RequestRefused) -> Response:
        return error_answer(error.status, error.code, error.message, error.target)

    @app.exception_handler(RequestValidationError)
    async def invalid(_: Request, error: RequestValidationError) -> Response:
        # One is enough: whoever mends it meets the next.
        detail = error.errors()[0]
        if detail["type"] in {UNKNOWN_PARAMETER, NOT_TOGETHER}:
            name, message = detail["ctx"]["name"], detail["msg"]
        else:
            name = detail["loc"][1]
            message = _ALLOWED[name]
        return error_answer(HTTPStatus.BAD_REQUEST, "InvalidParameter", message, name)

    @app.exception_handler(StoreError)
    async def unavailable(_: Request, error: StoreError) -> Response:
        _LOGGER.error("The HTTP API could not use the store: %s", error)
        # Why is for the log alone: it names rows and roles.
        return error_answer(
            HTTPStatus.SERVICE_UNAVAILABLE,
            "StorageUnavailable",
            "The app's storage could not be used: try again in 10 seconds. The app's log says why.",
            headers={"Retry-After": "10"},
        )

    @app.exception_handler(HTTPException)
    async def no_route(request: Request, error: HTTPException) -> Response:
        status = HTTPStatus(error.status_code)
        message = status.phrase
        if status == HTTPStatus.NOT_FOUND:
            message = "There is nothing here: /api/v1/openapi.json says what there is."
        elif status == HTTPStatus.METHOD_NOT_ALLOWED:
            message = f"{request.method} is not allowed here: the header Allow says what is."
        code = status.phrase.replace(" ", "")
        return error_answer(status, code, message, headers=error.headers)
