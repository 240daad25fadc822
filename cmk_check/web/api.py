"""The HTTP API: an ASGI application with its routes.

``cmk_check.http_adapter`` calls it with the whole path of the URL, so the routes include the host's
prefix ``/api``.
"""

import json
from collections.abc import AsyncIterator
from dataclasses import dataclass
from functools import cache
from http import HTTPStatus
from typing import Annotated, Any, Final

from fastapi import Depends, FastAPI, Path, Query, Request, Response, params

from cmk_check.core.posture import Expectations
from cmk_check.ports import Clock
from cmk_check.store.change_feed import FeedTable
from cmk_check.store.findings import FindingsTable
from cmk_check.store.scans import ScanTable
from cmk_check.store.watch import WatchTable
from cmk_check.web import models, parameters, scan_now
from cmk_check.web.application import WebApplication
from cmk_check.web.aspect_models import Controls
from cmk_check.web.http import openapi
from cmk_check.web.http.conditional import matches
from cmk_check.web.http.responses import HEADERS, XLSX, csv_answer, json_answer, xlsx_answer
from cmk_check.web.http.skip_tokens import link, next_link
from cmk_check.web.http.table_walk_limit import Places
from cmk_check.web.views import csv_export, metrics, owners, reasons, xlsx_export
from cmk_check.web.views.changes import ChangesView
from cmk_check.web.views.controls import controls
from cmk_check.web.views.finding import FindingView
from cmk_check.web.views.findings import FindingsView
from cmk_check.web.views.scans import ScansView
from cmk_check.web.views.status import StatusView
from cmk_check.web.views.subscriptions import SubscriptionsView

_STATUS: Final = "/api/v1/status"
_FINDINGS: Final = "/api/v1/findings"
_SUBSCRIPTIONS: Final = "/api/v1/subscriptions"
_CHANGES: Final = "/api/v1/changes"
_REASONS: Final = "/api/v1/reasons"
_CONTROLS: Final = "/api/v1/controls"
_OPENAPI: Final = "/api/v1/openapi.json"
_ETAG: Final = {"ETag": {"description": "For If-None-Match.", "schema": {"type": "string"}}}
_NOT_RECORDED: Final = openapi.error("The subscription is not recorded.")
_ALSO_TABLES: Final[dict[str, Any]] = {
    "content": {
        "text/csv": {"schema": {"type": "string"}},
        XLSX: {"schema": {"type": "string", "format": "binary"}},
    },
    "headers": {
        "Link": {"description": "The next table, if any.", "schema": {"type": "string"}},
        "Content-Disposition": {
            "description": "The name of a workbook's file.",
            "schema": {"type": "string"},
        },
    },
}
_NOT_MODIFIED: Final = {"description": "Unchanged since this `ETag`.", "headers": _ETAG}


@dataclass(frozen=True, slots=True)
class Tables:
    """The tables that the API reads; ``watch`` if there is a watch for changes."""

    findings_table: FindingsTable
    scans: ScanTable
    feed: FeedTable
    watch: WatchTable | None = None


def create_app(
    tables: Tables,
    clock: Clock,
    expect: Expectations,
    site: WebApplication,
    places: Places | None = None,
) -> FastAPI:
    """Build the API over the store's tables; it reads nothing before the first request.

    ``places`` limit the lists that may go through a whole table.
    """
    app = site.application()
    places = places or Places()
    walk = Depends(places.lists.place)
    estate, scans = tables.findings_table, tables.scans
    findings = FindingsView(estate, scans, clock, site.kinds, site.portal_url)
    _route_status(app, StatusView(estate, scans, clock, expect, site.key_health, tables.watch))
    _route_findings(app, findings, site, places)
    _route_finding(app, FindingView(estate, scans, clock, site.portal_url))
    _route_subscriptions(app, SubscriptionsView(estate, scans, clock, site.key_health), site, walk)
    _route_changes(app, ChangesView(tables.feed), site)
    _route_scans(app, ScansView(scans), site)
    owners.route(app, owners.OwnersView(estate, scans, site.key_health), site, walk)
    measured = metrics.MetricsView(
        scans, clock, expect, site.kinds, site.key_health, site.owners, tables.watch
    )
    metrics.route(app, measured)
    _route_reasons(app)
    _route_controls(app)
    _route_openapi(app, site, findings.allowed_kinds)
    return app


def _route_status(app: FastAPI, view: StatusView) -> None:
    responses: openapi.Responses = {
        200: {"headers": _ETAG},
        304: _NOT_MODIFIED,
        404: _NOT_RECORDED,
        **openapi.ERRORS,
    }

    @app.get(
        _STATUS,
        operation_id="getStatus",
        tags=[openapi.Tag.RESULTS],
        summary="The posture of the estate or of one subscription",
        response_model=models.Status,
        responses=responses,
    )
    async def status(
        request: Request, query: Annotated[parameters.StatusQuery, Query()]
    ) -> Response:
        """Return the current posture of the estate or of one subscription."""
        if query.subscription is None:
            body, etag = await view.of_estate()
        else:
            body, etag = await view.of_subscription(query.subscription)
        if matches(request.headers.get("if-none-match"), etag):
            return Response(status_code=HTTPStatus.NOT_MODIFIED, headers={**HEADERS, "ETag": etag})
        return json_answer(body, {"ETag": etag})


def _route_findings(app: FastAPI, view: FindingsView, site: WebApplication, places: Places) -> None:
    @app.get(
        _FINDINGS,
        operation_id="listFindings",
        tags=[openapi.Tag.RESULTS],
        summary="Accounts with their verdicts",
        response_model=models.FindingsPage,
        responses={200: _ALSO_TABLES, 404: _NOT_RECORDED, **openapi.LIST_ERRORS},
    )
    async def findings(
        request: Request, query: Annotated[parameters.FindingsQuery, Query()]
    ) -> Response:
        """List the accounts with their verdicts, by subscription, resource group and name.

        A request examines at most 10,000 rows, or 1,000 if the table cannot compare all filters, so
        a page with a next link may be short or empty.
        """
        origin = site.origin(request)
        walks = places.compared if view.is_compared_here(query) else places.lists
        async with (places.searches if query.q else walks).held():
            if query.format == "xlsx":
                body, skip_token = await _workbook(view, query)
                return xlsx_answer(body, next_link(origin, _FINDINGS, query.asked(), skip_token))
            page = await view.page(query)
        onwards = next_link(origin, _FINDINGS, query.asked(), page.skip_token)
        if query.format == "csv":
            return csv_answer(csv_export.written(page.value), onwards)
        return json_answer(models.FindingsPage(value=page.value, next_link=onwards).body())


async def _workbook(
    view: FindingsView, query: parameters.FindingsQuery
) -> tuple[bytes, str | None]:
    """Return a workbook, and the token of the next one."""
    skip_token = None

    async def findings() -> AsyncIterator[list[models.Finding]]:
        nonlocal skip_token
        async for page in view.workbook_pages(query):
            skip_token = page.skip_token
            yield page.value

    return b"".join([piece async for piece in xlsx_export.written(findings())]), skip_token


def _route_finding(app: FastAPI, view: FindingView) -> None:
    @app.get(
        f"{_FINDINGS}/{{id:path}}",
        operation_id="getFinding",
        tags=[openapi.Tag.RESULTS],
        summary="One account with its history and remediation",
        response_model=models.FindingDetail,
        responses={404: openapi.error("No account with this id is recorded."), **openapi.ERRORS},
    )
    async def finding(
        account_id: Annotated[
            str,
            Path(
                alias="id",
                description="The account's ARM id without its first slash; case does not matter.",
            ),
        ],
        _: Annotated[parameters.NoQuery, Query()],
    ) -> Response:
        """Return one finding."""
        return json_answer((await view.one(account_id)).body())


def _route_subscriptions(
    app: FastAPI, view: SubscriptionsView, site: WebApplication, walk: params.Depends
) -> None:
    @app.get(
        _SUBSCRIPTIONS,
        operation_id="listSubscriptions",
        tags=[openapi.Tag.RESULTS],
        summary="Subscriptions with their coverage",
        response_model=models.SubscriptionsPage,
        responses=openapi.LIST_ERRORS,
        dependencies=[walk],
    )
    async def subscriptions(
        request: Request, query: Annotated[parameters.SubscriptionsQuery, Query()]
    ) -> Response:
        """List the subscriptions by id, with their coverage and how to close each gap."""
        page = await view.page(query)
        onwards = next_link(site.origin(request), _SUBSCRIPTIONS, query.asked(), page.skip_token)
        return json_answer(models.SubscriptionsPage(value=page.value, next_link=onwards).body())


def _route_changes(app: FastAPI, view: ChangesView, site: WebApplication) -> None:
    responses: openapi.Responses = {
        410: openapi.error("The feed no longer holds the changes after `since`."),
        **openapi.ERRORS,
    }

    @app.get(
        _CHANGES,
        operation_id="listChanges",
        tags=[openapi.Tag.CHANGES],
        summary="The change feed, for pollers",
        response_model=models.ChangesPage,
        responses=responses,
    )
    async def changes(
        request: Request, query: Annotated[parameters.ChangesQuery, Query()]
    ) -> Response:
        """List the changes as CloudEvents, oldest first; each has a unique id."""
        page = await view.page(query)
        onwards = link(site.origin(request), _CHANGES, {"since": page.cursor, "top": query.top})
        if page.more:
            return json_answer(models.ChangesPage(value=page.value, next_link=onwards).body())
        return json_answer(models.ChangesPage(value=page.value, delta_link=onwards).body())


def _route_scans(app: FastAPI, view: ScansView, site: WebApplication) -> None:
    @app.get(
        scan_now.SCANS,
        operation_id="listScans",
        tags=[openapi.Tag.SCANS],
        summary="The history of scans",
        response_model=models.ScansPage,
        responses=openapi.ERRORS,
    )
    async def scans(request: Request, query: Annotated[parameters.ScansQuery, Query()]) -> Response:
        """List the scans, newest first."""
        page = await view.page(query)
        onwards = next_link(site.origin(request), scan_now.SCANS, query.asked(), page.skip_token)
        return json_answer(models.ScansPage(value=page.value, next_link=onwards).body())

    @app.get(
        f"{scan_now.SCANS}/{{id}}",
        operation_id="getScan",
        tags=[openapi.Tag.SCANS],
        summary="One scan",
        response_model=models.Scan,
        responses={404: openapi.error("No scan with this id is recorded."), **openapi.ERRORS},
    )
    async def scan(
        scan_id: Annotated[str, Path(alias="id", description="The id of a scan.")],
        _: Annotated[parameters.NoQuery, Query()],
    ) -> Response:
        """Return one scan."""
        return json_answer((await view.one(scan_id)).body())


def _route_reasons(app: FastAPI) -> None:
    @app.get(
        _REASONS,
        operation_id="getReasons",
        tags=[openapi.Tag.APP],
        summary="What each reason means, what ends it and who has to act",
        response_model=list[reasons.CatalogueReason],
        responses=openapi.ERRORS,
    )
    async def catalogue(_: Annotated[parameters.NoQuery, Query()]) -> Response:
        """Answer the catalogue of reasons, which is the same for every estate."""
        return json_answer(reasons.catalogue())


def _route_controls(app: FastAPI) -> None:
    @app.get(
        _CONTROLS,
        operation_id="getControls",
        tags=[openapi.Tag.APP],
        summary="Which controls of which frameworks a finding answers",
        response_model=Controls,
        responses=openapi.ERRORS,
    )
    async def all_controls(_: Annotated[parameters.NoQuery, Query()]) -> Response:
        """Answer the controls, which are the same for every account."""
        return json_answer(controls().body())


def _route_openapi(app: FastAPI, site: WebApplication, kinds: tuple[str, ...]) -> None:
    @cache
    def body() -> bytes:
        # Another function serves the route that starts a scan; callers see one contract.
        routes = [*app.routes, *scan_now.router.routes]
        return json.dumps(openapi.document(routes, site.sign_in.http_auth, kinds)).encode()

    @app.get(
        _OPENAPI,
        operation_id="getContract",
        tags=[openapi.Tag.APP],
        summary="This document",
        response_model=dict[str, Any],
        responses=openapi.ERRORS,
    )
    async def contract(_: Annotated[parameters.NoQuery, Query()]) -> Response:
        """Return this document."""
        return json_answer(body())
