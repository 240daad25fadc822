"""How the API is served, and the FastAPI application without routes that it is built on."""

from dataclasses import dataclass
from typing import Final

from fastapi import FastAPI, Request
from fastapi.telemetry import TelemetryConfig

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

    def application(self) -> FastAPI:
        """Build an application without routes that requires a sign-in and handles errors."""
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
        return app
