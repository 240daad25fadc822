"""Convert every error that a route may raise to a response in the error envelope."""

import logging
from http import HTTPStatus
from typing import Final

from fastapi import FastAPI, Request, Response
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException
from starlette.routing import Match, Route

from cmk_check.ports import EarlierBuild, StoreError
from cmk_check.store.codec import RowTooNew
from cmk_check.web.http.refusals import RequestRefused
from cmk_check.web.http.responses import error_answer
from cmk_check.web.parameters import describe_fault

_LOGGER: Final = logging.getLogger(__name__)


def handle(app: FastAPI) -> None:
    """Register the handlers of all errors that the app's routes raise."""

    @app.exception_handler(RequestRefused)
    async def answer_refused(_: Request, error: RequestRefused) -> Response:
        return error_answer(error.status, error.code, error.message, error.target, error.headers)

    @app.exception_handler(RequestValidationError)
    async def answer_invalid(_: Request, error: RequestValidationError) -> Response:
        # Report only the first error; the caller sees the next error after correcting it.
        name, message = describe_fault(error.errors()[0])
        return error_answer(HTTPStatus.BAD_REQUEST, "InvalidParameter", message, name)

    @app.exception_handler(StoreError)
    async def unavailable(_: Request, error: StoreError) -> Response:
        _LOGGER.error("The HTTP API could not use the store: %s", error)
        # The reason is written only to the log, because it names rows and roles.
        return error_answer(
            HTTPStatus.SERVICE_UNAVAILABLE,
            "StorageUnavailable",
            "The app cannot use its storage; try again in 10 seconds. The app's log has the "
            "reason.",
            headers={"Retry-After": "10"},
        )

    @app.exception_handler(EarlierBuild)
    @app.exception_handler(RowTooNew)
    async def answer_other_build(_: Request, error: EarlierBuild | RowTooNew) -> Response:
        # Waiting does not help, so there is no Retry-After.
        _LOGGER.error("%s", error)
        code = "NewerVersionNeeded" if isinstance(error, RowTooNew) else "EarlierBuild"
        return error_answer(HTTPStatus.SERVICE_UNAVAILABLE, code, str(error))

    @app.exception_handler(HTTPException)
    async def answer_no_route(request: Request, error: HTTPException) -> Response:
        status = HTTPStatus(error.status_code)
        message = status.phrase
        if status == HTTPStatus.NOT_FOUND:
            message = "This path does not exist; /api/v1/openapi.json lists all paths."
        elif status == HTTPStatus.METHOD_NOT_ALLOWED:
            message = (
                f"This path does not allow {request.method}; the Allow header lists its methods."
            )
        code = status.phrase.replace(" ", "")
        headers = dict(error.headers or {})
        if "Allow" in headers:
            headers["Allow"] = ", ".join(_list_allowed_methods(request))
        return error_answer(status, code, message, headers=headers)


def _list_allowed_methods(request: Request) -> list[str]:
    """Return the methods of all routes of this path, because Starlette lists only one route's."""
    routes = [route for route in request.app.routes if isinstance(route, Route)]
    matching = [route for route in routes if route.matches(request.scope)[0] is not Match.NONE]
    methods = {method for route in matching for method in route.methods or ()}
    return sorted({*methods, "HEAD"} if "GET" in methods else methods)
