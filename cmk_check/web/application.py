"""How and where the API is served, and the bare application that all of it is built on."""

from dataclasses import dataclass
from typing import Final

from fastapi import FastAPI, Request
from fastapi.telemetry import TelemetryConfig

from cmk_check.web.http import errors, openapi
from cmk_check.web.http.middleware import RequestMiddleware, SignIn
from cmk_check.web.http.skip_tokens import origin_of

# FastAPI would report every request with its query, and the key in it, to whoever listens.
_NO_TELEMETRY: Final[TelemetryConfig] = {
    "tracing": False,
    "metrics": False,
    "logs": False,
    "operation_spans": False,
    "auto_configure": False,
}


@dataclass(frozen=True, slots=True)
class WebApplication:
    """How and where the API is served.

    ``hostname`` is the app's own, None where nobody told; ``kinds`` are those in scope;
    ``portal_url`` is the origin of the cloud's portal. ``key_health`` tells whether keys are looked
    at.
    """

    sign_in: SignIn
    hostname: str | None
    kinds: tuple[str, ...]
    portal_url: str
    key_health: bool

    def origin(self, request: Request) -> str:
        """Return the origin that links in an answer begin with; "" makes them relative."""
        return origin_of(self.hostname, request.headers.get("host"), request.url.scheme)

    def application(self) -> FastAPI:
        """Build an application without routes, which asks for a sign-in and answers errors."""
        app = FastAPI(
            title=openapi.TITLE,
            description=openapi.DESCRIPTION,
            version=openapi.VERSION,
            openapi_url=None,
            docs_url=None,
            redoc_url=None,
            redirect_slashes=False,  # a redirect would repeat whatever Host a caller sent
            telemetry=_NO_TELEMETRY,
        )
        app.add_middleware(RequestMiddleware, sign_in=self.sign_in)
        errors.handle(app)
        return app
