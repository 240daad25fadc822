"""Exception handlers: every error that a route may raise, as a response in the error envelope."""

import logging
from http import HTTPStatus
from typing import Final

from fastapi import FastAPI, Request, Response
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException

from cmk_check.core.enums import CoverageState, KeyState, Reason, Verdict
from cmk_check.errors import StoreError
from cmk_check.limits import MAX_LOCATION_CHARS, MAX_PAGE_SIZE, MAX_SEARCH_CHARS
from cmk_check.web.http.responses import RequestRefused, error_answer
from cmk_check.web.parameters import NOT_TOGETHER, UNKNOWN_PARAMETER

_LOGGER: Final = logging.getLogger(__name__)
_ALLOWED: Final = {
    "verdict": f"verdict must be one of {', '.join(Verdict)}.",
    "keyHealth": f"keyHealth must be one of {', '.join(KeyState)}.",
    "reason": f"reason must be one of {', '.join(Reason)}.",
    "location": f"location must be a name like westeurope, of at most {MAX_LOCATION_CHARS} "
    "characters.",
    "q": f"q must be one or more words, of at most {MAX_SEARCH_CHARS} characters together.",
    "format": "format must be json or csv.",
    "coverage": f"coverage must be one of {', '.join(CoverageState)}.",
    "last": f"last must be a whole number from 1 to {MAX_PAGE_SIZE}.",
    "subscription": "subscription must be an id like 00000000-0000-0000-0000-000000000000.",
    "top": f"top must be a whole number from 1 to {MAX_PAGE_SIZE}.",
    "since": "since must be a cursor from nextLink or deltaLink; omit it to start at the "
    "beginning.",
    "skipToken": "skipToken is too long; use the one in nextLink, or omit it to start at the "
    "beginning.",
}


def handle(app: FastAPI) -> None:
    """Register the handlers of all errors that the app's routes raise."""

    @app.exception_handler(RequestRefused)
    async def refused(_: Request, error: RequestRefused) -> Response:
        return error_answer(error.status, error.code, error.message, error.target, error.headers)

    @app.exception_handler(RequestValidationError)
    async def invalid(_: Request, error: RequestValidationError) -> Response:
        # Report the first error; the caller sees the next one after correcting it.
        detail = error.errors()[0]
        if detail["type"] == UNKNOWN_PARAMETER:
            name, known = detail["ctx"]["name"], detail["ctx"]["known"]
            allowed = f"it must be one of {', '.join(known)}" if known else "this path takes none"
            message = f"The parameter {name} is unknown; {allowed}."
        elif detail["type"] == NOT_TOGETHER:
            name, message = detail["ctx"]["name"], detail["msg"]
        else:
            name = detail["loc"][1]
            message = _ALLOWED[name]
        return error_answer(HTTPStatus.BAD_REQUEST, "InvalidParameter", message, name)

    @app.exception_handler(StoreError)
    async def unavailable(_: Request, error: StoreError) -> Response:
        _LOGGER.error("The HTTP API could not use the store: %s", error)
        # The reason goes to the log only, because it names rows and roles.
        return error_answer(
            HTTPStatus.SERVICE_UNAVAILABLE,
            "StorageUnavailable",
            "The app cannot use its storage; try again in 10 seconds. Its log has the reason.",
            headers={"Retry-After": "10"},
        )

    @app.exception_handler(HTTPException)
    async def no_route(request: Request, error: HTTPException) -> Response:
        status = HTTPStatus(error.status_code)
        message = status.phrase
        if status == HTTPStatus.NOT_FOUND:
            message = "This path does not exist; /api/v1/openapi.json lists all paths."
        elif status == HTTPStatus.METHOD_NOT_ALLOWED:
            message = f"{request.method} is not allowed here; the Allow header lists what is."
        code = status.phrase.replace(" ", "")
        headers = dict(error.headers or {})
        if headers.get("Allow") == "GET":
            headers["Allow"] = "GET, HEAD"
        return error_answer(status, code, message, headers=headers)
