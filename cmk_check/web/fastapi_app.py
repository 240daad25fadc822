"""Build the FastAPI applications, in which the API's routes are registered."""

import re
from collections.abc import Mapping
from typing import Annotated, Final, TypeVar
from urllib.parse import urlencode

from fastapi import APIRouter, FastAPI, Query, Request
from fastapi.routing import APIRoute
from fastapi.telemetry import TelemetryConfig
from pydantic.alias_generators import to_camel

from cmk_check.config.settings import Settings
from cmk_check.web.http import errors
from cmk_check.web.http.middleware import RequestMiddleware

# FastAPI's telemetry would export every request with its query, which may contain a key.
_NO_TELEMETRY: Final[TelemetryConfig] = {
    "tracing": False,
    "metrics": False,
    "logs": False,
    "operation_spans": False,
    "auto_configure": False,
}
_LOCAL: Final = re.compile(r"(localhost|127\.0\.0\.1)(:\d{1,5})?", re.IGNORECASE)
_HOST: Final = re.compile(r"([A-Za-z0-9._-]{1,253}|\[[0-9A-Fa-f:.]{2,45}\])(:\d{1,5})?")
_Q = TypeVar("_Q")
# The query parameters of a route.
Asked = Annotated[_Q, Query()]


def operation_id(route: APIRoute) -> str:
    """Return the name of a route in the contract: its function's name in camelCase."""
    return to_camel(route.name)


def make_link(request: Request, parameters: Mapping[str, str | int], hostname: str | None) -> str:
    """Return a link with these parameters to the route that handles the request."""
    return f"{find_origin(request, hostname)}{request.scope['route'].path}?{urlencode(parameters)}"


def find_origin(request: Request, hostname: str | None) -> str:
    """Return the origin at which callers reach this app, or "" if only relative links are safe.

    On Azure, where ``hostname`` is set, the app is served only by https. The caller controls the
    Host header.
    """
    if hostname and not _LOCAL.fullmatch(hostname):
        return f"https://{hostname}"
    name, scheme = hostname or request.headers.get("host", ""), request.url.scheme
    if scheme not in {"http", "https"} or not _HOST.fullmatch(name):
        return ""
    return f"{scheme}://{name}"


def build_application(router: APIRouter, settings: Settings) -> FastAPI:
    """Build an application with these routes, which requires a sign-in and handles errors."""
    app = FastAPI(
        openapi_url=None,
        redirect_slashes=False,  # a redirect would repeat the Host header of the caller
        telemetry=_NO_TELEMETRY,
    )
    app.add_middleware(
        RequestMiddleware, http_auth=settings.http_auth, easy_auth=settings.easy_auth
    )
    errors.handle(app)
    # The routes are not in an included router, so that a 405 finds all methods of the path.
    app.router.routes.extend(router.routes)
    return app
