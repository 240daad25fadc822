"""A row that somebody broke costs itself: every list and every answer goes on (P7)."""

from http import HTTPStatus

import pytest

from cmk_check.core.enums import Trigger
from cmk_check.ports import Replace, Table
from cmk_check.store import table_keys
from cmk_check.store.change_feed import FeedTable
from cmk_check.store.scan_rows import Scan
from tests.unit.store.test_change_feed import changes
from tests.unit.web.api_kit import AS_SERVED, NOON, PRODUCTION, Served, finding
from tests.unit.web.asgi_client import send

LISTS = [
    "findings",
    "findings?format=csv",
    "findings?format=xlsx",
    "subscriptions",
    "scans",
    "metrics",
]


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


CHAT, SAFE = finding("Chat").id, finding("safe").id
TIMES = ["0001-01-01T00:00:00+14:00", "9999-12-31T23:59:59-14:00", "2026-11-25T12:00:00"]
KEY = '{"state":"healthy","expires":"TIME"}'
HISTORY = '[{"at":"TIME","verdict":"compliant","reason":"customer_managed_key","scan_id":"s"}]'
FINDING = table_keys.finding_row("rg-ai", "safe")


@pytest.mark.parametrize("time", TIMES)
@pytest.mark.parametrize(
    ("row", "column", "text"),
    [
        (FINDING, "firstSeen", "TIME"),
        (FINDING, "changedAt", "TIME"),
        (FINDING, "violatedSince", "TIME"),
        (FINDING, "history", HISTORY),
        (FINDING, "keyDetail", KEY),
        (table_keys.COVERAGE, "since", "TIME"),
        (table_keys.COVERAGE, "lastRead", "TIME"),
    ],
)
async def test_a_wrong_time_in_a_row_fails_no_list(
    served: Served, row: str, column: str, text: str, time: str
) -> None:
    """One such row made every list an error, and no scan mended it."""
    await spoil(served, Table.FINDINGS, PRODUCTION, row, **{column: text.replace("TIME", time)})

    answers = {
        path: await send(served.app(AS_SERVED), f"/api/v1/{path}")
        for path in (
            *LISTS,
            f"status?subscription={PRODUCTION}",
            f"findings{CHAT}",
            f"findings{SAFE}",
        )
    }

    assert {path: answer.status for path, answer in answers.items() if answer.status != 200} == {}
    if row == FINDING:
        shown = {entry["name"]: entry["verdict"] for entry in answers["findings"].json["value"]}
        assert shown["safe"] == "unknown"
        assert "delete the row" in answers[f"findings{SAFE}"].json["message"]
    else:
        recorded = answers["subscriptions"].json["value"]
        (gap,) = [entry for entry in recorded if entry["subscriptionId"] == PRODUCTION]
        assert (gap["coverage"], "rebuilds" in gap["gap"]["detail"]) == ("gap", True)


@pytest.mark.parametrize("time", TIMES)
async def test_a_wrong_time_in_the_status_makes_it_a_broken_one(served: Served, time: str) -> None:
    """It is unknown until the next scan ends."""
    status = await served.store.get(Table.SCANS, "scan", "status")
    assert status
    text = str(status.values["document0"]).replace("2026-11-25T12:00:00Z", time)
    assert time in text
    await spoil(served, Table.SCANS, "scan", "status", document0=text)

    for path in (*LISTS, "status"):
        assert (await send(served.app(AS_SERVED), f"/api/v1/{path}")).status == HTTPStatus.OK
    answer = await send(served.app(AS_SERVED), "/api/v1/status")
    assert (answer.json["posture"], answer.json["asOf"]) == ("unknown", None)


@pytest.mark.parametrize("time", TIMES)
async def test_a_wrong_time_in_a_scan_or_a_change_leaves_out_that_one(
    served: Served, time: str
) -> None:
    """All others are listed."""
    scans = [Scan(f"20261125T12000{n}Z-3fa9", n, Trigger.TIMER, NOON) for n in (1, 2)]
    await served.scans.commit(scans=[(scan, None) for scan in scans])
    await FeedTable(served.store, served.clock).publish(changes("one", "two"))
    row = table_keys.scan_row(NOON, scans[0].id)
    found = await served.store.get(Table.SCANS, "scan", row)
    assert found
    text = str(found.values["document0"]).replace("2026-11-25T12:00:00Z", time)
    await spoil(served, Table.SCANS, "scan", row, document0=text)
    await spoil(served, Table.CHANGES, "feed", table_keys.feed_row(1), time=time)

    listed = (await send(served.app(AS_SERVED), "/api/v1/scans")).json["value"]
    told = (await send(served.app(AS_SERVED), "/api/v1/changes")).json["value"]

    assert [scan["id"] for scan in listed] == [scans[1].id]
    assert [change["id"] for change in told] == ["two"]
