"""How the API is served, and the FastAPI applications that its routes are part of."""

from dataclasses import dataclass
from typing import Annotated, Final, TypeVar

from fastapi import APIRouter, FastAPI, Query, Request
from fastapi.routing import APIRoute
from fastapi.telemetry import TelemetryConfig
from pydantic.alias_generators import to_camel

from cmk_check.web.http import errors, openapi
from cmk_check.web.http.middleware import RequestMiddleware, SignIn
from cmk_check.web.http.skip_tokens import origin_of

# FastAPI's telemetry would export every request with its query, which may hold a key.
_NO_TELEMETRY: Final[TelemetryConfig] = {
    "tracing": False,
    "metrics": False,
    "logs": False,
    "operation_spans": False,
    "auto_configure": False,
}
_Q = TypeVar("_Q")
# The query parameters of a route.
Asked = Annotated[_Q, Query()]


def operation_id(route: APIRoute) -> str:
    """Return the name of a route in the contract: that of its function, as JSON spells names."""
    return to_camel(route.name)


@dataclass(frozen=True, slots=True)
class WebApplication:
    """How the API is served.

    ``hostname`` is the app's host name, None if the platform does not set it; ``kinds`` are those
    in scope; ``portal_url`` is the origin of the cloud's portal; ``key_health`` is whether keys
    are read, ``owners`` whether owners are kept.
    """

    sign_in: SignIn
    hostname: str | None
    kinds: tuple[str, ...]
    portal_url: str
    key_health: bool
    owners: bool = True

    def origin(self, request: Request) -> str:
        """Return the origin of links in a response; "" makes them relative."""
        return origin_of(self.hostname, request.headers.get("host"), request.url.scheme)

    def application(self, router: APIRouter) -> FastAPI:
        """Build an application with these routes that requires a sign-in and handles errors."""
        app = FastAPI(
            title=openapi.TITLE,
            description=openapi.DESCRIPTION,
            version=openapi.VERSION,
            openapi_url=None,
            docs_url=None,
            redoc_url=None,
            redirect_slashes=False,  # a redirect would repeat the Host header of the caller
            telemetry=_NO_TELEMETRY,
        )
        app.add_middleware(RequestMiddleware, sign_in=self.sign_in)
        errors.handle(app)
        # As routes of its own, so that a 405 finds all methods of the path.
        app.router.routes.extend(router.routes)
        return app
