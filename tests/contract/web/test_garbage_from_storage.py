"""What the HTTP API answers where its storage answers garbage."""

from dataclasses import replace
from http import HTTPStatus

import pytest
from aiohttp import web

from cmk_check.core.posture import Expectations
from cmk_check.store.scans import ScanTable
from cmk_check.web.routes import create_app
from cmk_check.web.views.health import Health
from tests.contract.store.told_service import GARBAGE, tables_of
from tests.unit.web.api_kit import AS_SERVED, MAX_AGE, PRODUCTION, SetClock, finding
from tests.unit.web.asgi_client import send

ROUTES = (
    "status",
    f"status?subscription={PRODUCTION}",
    "findings",
    f"findings{finding().id.text}",
    "subscriptions",
    "changes",
    "scans",
    "scans/20261124T231500Z-3fa9",
    "metrics",
)


@pytest.mark.parametrize("answer", GARBAGE.values(), ids=GARBAGE)
async def test_garbage_is_a_storage_that_cannot_be_used(answer: web.Response) -> None:
    """The contract has 503 for that, and 200 or 503 for `health`; a 500 is a fault of ours."""
    async with tables_of(answer, deadline=1) as (store, _):
        scans = ScanTable(store)
        site = replace(AS_SERVED, watch=True)
        app = create_app(store, SetClock(), Expectations(MAX_AGE), site)
        answers = {route: await send(app, f"/api/v1/{route}") for route in ROUTES}
        health = await Health(scans, SetClock(), MAX_AGE).check()

    assert {route: (got.status, got.json["error"]["code"]) for route, got in answers.items()} == (
        dict.fromkeys(ROUTES, (HTTPStatus.SERVICE_UNAVAILABLE, "StorageUnavailable"))
    )
    assert health == (HTTPStatus.SERVICE_UNAVAILABLE, {"status": "unavailable"})
