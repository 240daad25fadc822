"""The HTTP API: an ASGI application with one route for each question that can be asked.

It stands behind ``azure.functions.AsgiMiddleware``, which hands over the whole path of the URL: the
routes carry the host's prefix ``/api`` themselves.
"""

import json
from dataclasses import dataclass
from functools import cache
from http import HTTPStatus
from typing import Annotated, Any, Final

from fastapi import FastAPI, Query, Request, Response
from fastapi.telemetry import TelemetryConfig

from cmk_check.core.posture import Expectations
from cmk_check.ports import Clock
from cmk_check.store.estate import EstateTable
from cmk_check.store.scans import ScanTable
from cmk_check.web import faults, models, openapi
from cmk_check.web.answers import HEADERS, json_answer, matches
from cmk_check.web.edge import Edge, SignIn
from cmk_check.web.findings import PORTALS, FindingsView
from cmk_check.web.places import link, origin_of
from cmk_check.web.status import StatusView

_STATUS: Final = "/api/v1/status"
_FINDINGS: Final = "/api/v1/findings"
_OPENAPI: Final = "/api/v1/openapi.json"
_ETAG: Final = {"ETag": {"description": "For If-None-Match.", "schema": {"type": "string"}}}
_NOT_MODIFIED: Final = {"description": "As `If-None-Match` names it.", "headers": _ETAG}
# FastAPI would report every request with its query, and the key in it, to whoever listens.
_NO_TELEMETRY: Final[TelemetryConfig] = {
    "tracing": False,
    "metrics": False,
    "logs": False,
    "operation_spans": False,
    "auto_configure": False,
}


@dataclass(frozen=True, slots=True)
class Site:
    """How and where the API is served.

    ``hostname`` is the app's own, None where nobody told; ``kinds`` are those in scope; ``cloud``
    is ``public``, ``usgov`` or ``china``.
    """

    sign_in: SignIn
    hostname: str | None
    kinds: tuple[str, ...]
    cloud: str


def create_app(
    estate: EstateTable, scans: ScanTable, clock: Clock, expect: Expectations, site: Site
) -> FastAPI:
    """Build the API over the store's tables; nothing is read before a request comes."""
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
    app.add_middleware(Edge, sign_in=site.sign_in)
    faults.handle(app)
    findings = FindingsView(estate, scans, site.kinds, PORTALS[site.cloud])
    _route_status(app, StatusView(estate, scans, clock, expect))
    _route_findings(app, findings, site.hostname)
    _route_openapi(app, site.sign_in, findings.allowed_kinds)
    return app


def _route_status(app: FastAPI, view: StatusView) -> None:
    responses: openapi.Responses = {
        200: {"headers": _ETAG},
        304: _NOT_MODIFIED,
        404: openapi.error("The subscription is not recorded."),
        **openapi.ERRORS,
    }

    @app.get(_STATUS, operation_id="getStatus", response_model=models.Status, responses=responses)
    async def status(request: Request, query: Annotated[models.StatusQuery, Query()]) -> Response:
        """Answer the posture of the estate, or of one subscription, as of now."""
        if query.subscription is None:
            body, etag = await view.of_estate()
        else:
            body, etag = await view.of_subscription(query.subscription)
        if matches(request.headers.get("if-none-match"), etag):
            return Response(status_code=HTTPStatus.NOT_MODIFIED, headers={**HEADERS, "ETag": etag})
        return json_answer(body, {"ETag": etag})


def _route_findings(app: FastAPI, view: FindingsView, hostname: str | None) -> None:
    @app.get(
        _FINDINGS,
        operation_id="listFindings",
        response_model=models.FindingsPage,
        responses=openapi.ERRORS,
    )
    async def findings(
        request: Request, query: Annotated[models.FindingsQuery, Query()]
    ) -> Response:
        """List the accounts with their verdicts, by subscription, resource group and name."""
        page = await view.page(query)
        next_link = None
        if page.skip_token is not None:
            origin = origin_of(hostname, request.headers.get("host"), request.url.scheme)
            asked = query.model_dump(by_alias=True) | {"skipToken": page.skip_token}
            next_link = link(origin, _FINDINGS, asked)
        return json_answer(models.FindingsPage(value=page.value, next_link=next_link).body())


def _route_openapi(app: FastAPI, sign_in: SignIn, kinds: tuple[str, ...]) -> None:
    @cache
    def body() -> bytes:
        return json.dumps(openapi.document(app, sign_in.http_auth, kinds)).encode()

    @app.get(
        _OPENAPI,
        operation_id="getContract",
        response_model=dict[str, Any],
        responses=openapi.ERRORS,
    )
    async def contract(_: Annotated[models.NoQuery, Query()]) -> Response:
        """Answer this document."""
        return json_answer(body())
