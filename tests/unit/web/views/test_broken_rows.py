"""A row that somebody broke costs itself: every list and every answer goes on (P7)."""

from http import HTTPStatus

import pytest

from cmk_check.ports import Replace, Table
from tests.unit.web.api_kit import AS_SERVED, Served
from tests.unit.web.asgi_client import send

LISTS = ["findings", "findings?format=csv", "subscriptions", "scans", "metrics"]


async def spoil(served: Served, table: Table, partition: str, row: str, **values: str) -> None:
    """Change properties of a row by hand."""
    found = await served.store.get(table, partition, row)
    assert found is not None
    changed = {**found.values, **values}
    await served.store.commit(table, partition, [Replace(row, changed, found.etag)])


@pytest.mark.parametrize("path", LISTS)
async def test_a_broken_status_costs_no_other_answer(served: Served, path: str) -> None:
    """What was recorded is there to be read while the next scan writes the status again."""
    await spoil(served, Table.SCANS, "scan", "status", document0="oops")

    answer = await send(served.app(AS_SERVED), f"/api/v1/{path}")

    assert answer.status == HTTPStatus.OK


async def test_a_broken_status_says_unknown_and_why(served: Served) -> None:
    """It was compliant or not before; nobody knows now (P1)."""
    await spoil(served, Table.SCANS, "scan", "status", document0="oops")

    answer = await send(served.app(AS_SERVED), "/api/v1/status")

    assert answer.json["posture"] == "unknown"
    assert answer.json["asOf"] is None
    assert [reason["code"] for reason in answer.json["reasons"]] == ["no_scan_yet"]
