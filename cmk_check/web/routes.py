"""The HTTP API: an ASGI application with its routes.

``cmk_check.asgi_adapter`` calls the application with the full URL path, so the routes include the
host's prefix ``/api``. The name of a route's function is its ``operationId`` in the contract.
"""

import json
from collections.abc import AsyncIterator, Callable
from functools import cache
from http import HTTPStatus
from typing import Annotated, Any, Final

from fastapi import APIRouter, Depends, FastAPI, Path, Request, Response
from pydantic import BaseModel

from cmk_check.config.http_auth import HttpAuth
from cmk_check.config.settings import Settings
from cmk_check.core.posture import Expectations
from cmk_check.ports import Clock, Store
from cmk_check.store.change_feed import FeedTable
from cmk_check.store.findings import FindingsTable
from cmk_check.store.scans import ScanTable
from cmk_check.web import models, parameters, scan_now
from cmk_check.web.aspect_models import Controls
from cmk_check.web.fastapi_app import Asked, build_application, make_link, operation_id
from cmk_check.web.http import openapi
from cmk_check.web.http.conditional import matches
from cmk_check.web.http.paging import Page
from cmk_check.web.http.responses import HEADERS, XLSX, json_answer, table_answer
from cmk_check.web.http.table_walk_limit import Places
from cmk_check.web.views import catalogues, changes, csv_export, scans, xlsx_export
from cmk_check.web.views.columns import FINDINGS, KEYS, Table
from cmk_check.web.views.digest import DigestView
from cmk_check.web.views.findings import FindingsView
from cmk_check.web.views.keys import KeysView
from cmk_check.web.views.owners import OwnersView
from cmk_check.web.views.status import StatusView
from cmk_check.web.views.subscriptions import SubscriptionsView

_TEXT: Final[dict[str, Any]] = {"schema": {"type": "string"}}
_ETAG: Final = {"ETag": {"description": "The value for `If-None-Match`."} | _TEXT}
_NOT_RECORDED: Final = openapi.error("No scan has recorded the subscription.")
_ALSO_TABLES: Final[dict[str, Any]] = {
    "content": {"text/csv": _TEXT, XLSX: {"schema": {"type": "string", "format": "binary"}}},
    "headers": {
        "Link": {"description": "A link to the next table, if any."} | _TEXT,
        "Content-Disposition": {"description": "The file name of a workbook."} | _TEXT,
    },
}
_NOT_MODIFIED: Final = {"description": "Nothing has changed since this `ETag`.", "headers": _ETAG}
_METRICS: Final = {
    "description": "OpenMetrics if the `Accept` header prefers it, otherwise Prometheus text "
    "0.0.4.",
    "content": {"application/openmetrics-text": _TEXT, "text/plain": _TEXT},
}

_AccountId = Annotated[
    str,
    Path(
        alias="id", description="The account's ARM id without the first slash (case-insensitive)."
    ),
]
_ACCOUNT: Final = {
    404: openapi.error("No scan has recorded an account with this id."),
    **openapi.ERRORS,
}

router: Final = APIRouter(generate_unique_id_function=operation_id)


class _Api:
    """The views and tables that the routes of an application use."""

    def __init__(
        self, store: Store, clock: Clock, expect: Expectations, settings: Settings, places: Places
    ) -> None:
        estate, table, keys = FindingsTable(store), ScanTable(store), settings.key_health
        self.clock = clock
        self.settings = settings
        self.places = places
        due = settings.digests
        digests = DigestView(store, *due, clock=clock, expect=expect) if due else None
        watch, cloud = bool(settings.watch_schedule), settings.addresses
        self.status = StatusView(estate, table, clock, expect, keys, watch, digests)
        self.findings = FindingsView(
            estate, table, clock, settings.kinds, cloud.portal_url, cloud.vault_domain
        )
        self.subscriptions = SubscriptionsView(estate, table, clock, keys)
        self.feed = FeedTable(store)
        self.scans = table
        self.owners = OwnersView(estate, table, keys)
        self.keys = KeysView(estate, table, keys)

    def onwards(
        self, request: Request, query: parameters.AnyQuery, skip_token: str | None
    ) -> str | None:
        """Return the link to the next page of a list, or None on the last page."""
        if skip_token is None:
            return None
        following = query.dump_given() | {"skipToken": skip_token}
        return make_link(request, following, self.settings.hostname)

    def respond_with_page[T](
        self,
        request: Request,
        query: parameters.AnyQuery,
        page: Page[T],
        model: type[models.ListPage[T]],
        **more: str,
    ) -> Response:
        """Respond with a page of a list; ``more`` are further fields of the page."""
        onwards = self.onwards(request, query, page.skip_token)
        return json_answer(model(value=page.value, next_link=onwards, **more).encode())

    async def table[T: BaseModel](
        self,
        request: Request,
        query: parameters.FindingsQuery | parameters.KeysQuery,
        pages: AsyncIterator[Page[T]],
        table: Table,
    ) -> Response:
        """Respond with pages of a list as CSV or a workbook."""
        skip_token = None

        async def entries() -> AsyncIterator[list[T]]:
            nonlocal skip_token
            async for page in pages:
                skip_token = page.skip_token
                yield page.value

        write = csv_export.write_csv if query.format == "csv" else xlsx_export.write_workbook
        body = b"".join([piece async for piece in write(entries(), table)])
        onwards = self.onwards(request, query, skip_token)
        return table_answer(body, query.format, onwards, table.what)


def _api(request: Request) -> _Api:
    api: _Api = request.app.state.api
    return api


async def _hold_walk_place(request: Request) -> AsyncIterator[None]:
    async with _api(request).places.lists.hold_place():
        yield


_Walk = Annotated[None, Depends(_hold_walk_place)]


def create_app(
    store: Store,
    clock: Clock,
    expect: Expectations,
    settings: Settings,
    places: Places | None = None,
) -> FastAPI:
    """Build the API over a store, which is not read before the first request.

    ``places`` limit the concurrent lists that may read a whole table.
    """
    app = build_application(router, settings)
    app.state.api = _Api(store, clock, expect, settings, places or Places())
    return app


def _get[R: Callable[..., Any]](
    path: str,
    summary: str,
    model: Any,  # noqa: ANN401 - a model, or a list of one
    responses: openapi.Responses = openapi.ERRORS,
    tag: openapi.Tag = "results",
) -> Callable[[R], R]:
    """Return the decorator of a route that returns JSON."""
    return router.get(path, tags=[tag], summary=summary, response_model=model, responses=responses)


@_get(
    "/api/v1/status",
    "The posture of the estate or of one subscription",
    models.Status,
    {200: {"headers": _ETAG}, 304: _NOT_MODIFIED, 404: _NOT_RECORDED, **openapi.ERRORS},
)
async def get_status(request: Request, query: Asked[parameters.StatusQuery]) -> Response:
    """Return the current posture of the estate or of one subscription."""
    view = _api(request).status
    if query.subscription is None:
        body, etag = await view.read_estate()
    else:
        body, etag = await view.read_subscription(query.subscription)
    if matches(request.headers.get("if-none-match"), etag):
        return Response(status_code=HTTPStatus.NOT_MODIFIED, headers={**HEADERS, "ETag": etag})
    return json_answer(body, {"ETag": etag})


@_get(
    "/api/v1/findings",
    "Accounts with their verdicts",
    models.FindingsPage,
    {200: _ALSO_TABLES, 404: _NOT_RECORDED, **openapi.LIST_ERRORS},
)
async def list_findings(request: Request, query: Asked[parameters.FindingsQuery]) -> Response:
    """List the accounts with their verdicts, by subscription, resource group and name.

    A request examines at most 10,000 rows, or 1,000 if the table cannot compare all filters, so
    a page with a next link may be short or empty.
    """
    api = _api(request)
    places, view = api.places, api.findings
    search = view.search(query)
    walks = places.compared if search.is_compared_here else places.lists
    async with (places.searches if query.q else walks).hold_place():
        if query.format == "json":
            return api.respond_with_page(
                request, query, await view.page(query, search), models.FindingsPage
            )
        return await api.table(request, query, view.table_pages(query, search), FINDINGS)


@_get(
    "/api/v1/findings/{id:path}",
    "One account with its history and remediation",
    models.FindingDetail,
    _ACCOUNT,
)
async def get_finding(
    request: Request, account_id: _AccountId, _: Asked[parameters.NoQuery]
) -> Response:
    """Return one finding."""
    return json_answer((await _api(request).findings.read_one(account_id)).encode())


@_get(
    "/api/v1/subscriptions",
    "Subscriptions with their coverage",
    models.SubscriptionsPage,
    openapi.LIST_ERRORS,
)
async def list_subscriptions(
    request: Request, query: Asked[parameters.SubscriptionsQuery], _: _Walk
) -> Response:
    """List the subscriptions by id, with their coverage and how to close each gap."""
    api = _api(request)
    page = await api.subscriptions.page(query)
    return api.respond_with_page(request, query, page, models.SubscriptionsPage)


@_get(
    "/api/v1/changes",
    "The change feed, for pollers",
    models.ChangesPage,
    {410: openapi.error("The changes after `since` are no longer in the feed."), **openapi.ERRORS},
    tag="changes",
)
async def list_changes(request: Request, query: Asked[parameters.ChangesQuery]) -> Response:
    """List the changes as CloudEvents, oldest first; each has a unique id."""
    api = _api(request)
    value, cursor, more = await changes.read_page(api.feed, query)
    later = make_link(request, {"since": cursor, "top": query.top}, api.settings.hostname)
    links = {"next_link": later} if more else {"delta_link": later}
    return json_answer(models.ChangesPage(value=value, **links).encode())


@_get(
    "/api/v1/summary",
    "A summary of the last days, from the changes",
    models.Period,
    openapi.LIST_ERRORS,
    tag="changes",
)
async def get_summary(
    request: Request, query: Asked[parameters.SummaryQuery], _: _Walk
) -> Response:
    """Return the accounts and subscriptions that got worse or better in the last days."""
    api = _api(request)
    period = await changes.period(api.feed, api.scans, query.days, api.clock.now())
    return json_answer(period.encode())


@_get(scan_now.SCANS, "The history of scans", models.ScansPage, tag="scans")
async def list_scans(request: Request, query: Asked[parameters.ScansQuery]) -> Response:
    """List the scans, newest first."""
    api = _api(request)
    return api.respond_with_page(
        request, query, await scans.read_page(api.scans, query), models.ScansPage
    )


@_get(
    f"{scan_now.SCANS}/{{id}}",
    "One scan",
    models.ScanInDetail,
    {404: openapi.error("There is no record of a scan with this id."), **openapi.ERRORS},
    tag="scans",
)
async def get_scan(
    request: Request,
    scan_id: Annotated[str, Path(alias="id", description="The id of a scan.")],
    _: Asked[parameters.NoQuery],
) -> Response:
    """Return one scan."""
    api = _api(request)
    return json_answer((await scans.read_one(api.scans, scan_id, api.clock.now())).encode())


@_get(
    "/api/v1/owners",
    "Owners with their accounts by verdict",
    models.OwnersPage,
    openapi.LIST_ERRORS,
)
async def list_owners(request: Request, query: Asked[parameters.OwnersQuery], _: _Walk) -> Response:
    """List the owners by name, after the accounts without an owner, each with its sums."""
    api = _api(request)
    return api.respond_with_page(request, query, await api.owners.page(query), models.OwnersPage)


@_get(
    "/api/v1/keys",
    "Keys, and the accounts that depend on them",
    models.KeysPage,
    {200: _ALSO_TABLES, **openapi.LIST_ERRORS},
)
async def list_keys(request: Request, query: Asked[parameters.KeysQuery], _: _Walk) -> Response:
    """List the keys by id, each with what happens if it stops working."""
    api = _api(request)
    page, caution = await api.keys.page(query)
    if query.format == "json":
        return api.respond_with_page(request, query, page, models.KeysPage, caution=caution)

    async def pages() -> AsyncIterator[Page[models.KeyInUse]]:
        yield page

    return await api.table(request, query, pages(), KEYS)


@router.get(
    "/api/v1/metrics",
    tags=["results"],
    summary="The status as metrics",
    response_class=Response,
    responses={200: _METRICS, **openapi.ERRORS},
)
async def get_metrics(request: Request, _: Asked[parameters.NoQuery]) -> Response:
    """Return the status of the estate as metrics for Prometheus."""
    api, accept = _api(request), request.headers.get("accept", "")
    body, content_type = await api.status.scrape(accept, api.settings)
    return Response(body, headers={**HEADERS, "Content-Type": content_type})


@_get(
    "/api/v1/reasons",
    "What each reason means, how to fix it and who must act",
    list[models.CatalogueReason],
    tag="app",
)
async def get_reasons(_: Asked[parameters.NoQuery]) -> Response:
    """Return the catalogue of reasons, which is the same for every estate."""
    return json_answer(catalogues.reasons())


@_get("/api/v1/controls", "The controls for which findings are evidence", Controls, tag="app")
async def get_controls(_: Asked[parameters.NoQuery]) -> Response:
    """Return the controls, which are the same for every account."""
    return json_answer(catalogues.controls().encode())


@_get("/api/v1/openapi.json", "This document", dict[str, Any], tag="app")
async def get_contract(request: Request, _: Asked[parameters.NoQuery]) -> Response:
    """Return this document."""
    api = _api(request)
    return json_answer(_contract(api.settings.http_auth, api.findings.allowed_kinds))


@cache
def _contract(http_auth: HttpAuth, kinds: tuple[str, ...]) -> bytes:
    # Another function serves the route that starts a scan, but callers see one contract.
    routes = [*router.routes, *scan_now.router.routes]
    return json.dumps(openapi.document(routes, http_auth, kinds)).encode()
