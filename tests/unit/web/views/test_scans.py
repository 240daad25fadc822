"""The history of scans over HTTP."""

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from cmk_check.core.cross_check import CrossCheck, CrossCheckState
from cmk_check.core.enums import PostureVerdict, ScanState, Trigger
from cmk_check.ports import Insert, Table
from cmk_check.store import table_keys
from cmk_check.store.scan_rows import Lease, Scan, Slice
from cmk_check.store.scans import build_scan_id
from cmk_check.web import parameters
from cmk_check.web.views.scans import read_page
from tests.unit.accepted import check_accepted
from tests.unit.web.api_kit import (
    GOLDEN,
    LAB,
    NOON,
    PRODUCTION,
    Served,
    counted,
    coverage,
    finding,
    status_of,
)
from tests.unit.web.asgi_client import Answer, follow, send

SCANS = "/api/v1/scans"
SUMMARY = replace(
    status_of(coverage(accounts=counted([finding()]))).summary,
    changes=4,
    cross_check=CrossCheck(CrossCheckState.PARTLY, 3),
)


def _scan(minutes: int, state: ScanState = ScanState.COMPLETE) -> Scan:
    started = NOON + timedelta(minutes=minutes)
    scan = Scan(build_scan_id(started, "3fa9"), minutes, Trigger.REQUEST, started, state)
    if state is ScanState.RUNNING:
        return scan
    ended = replace(scan, finished_at=started + timedelta(seconds=9))
    if state in {ScanState.FAILED, ScanState.ABANDONED}:
        return replace(ended, reason="why")
    return replace(ended, posture=PostureVerdict.NON_COMPLIANT, summary=SUMMARY)


def _minutes(page: Answer) -> list[str]:
    return [scan["id"][11:13] for scan in page.found]


async def _put(served: Served, *scans: Scan) -> None:
    rows = [(scan, None) for scan in scans]
    await served.scans.commit(scans=rows)


async def test_a_scan_has_the_form_that_was_accepted(empty: Served) -> None:
    """It is evidence for auditors: when the scan ran, and what it found."""
    await _put(empty, _scan(0), _scan(1))

    _, shown = (await send(empty.app(), SCANS)).found

    assert (await send(empty.app(), f"{SCANS}/{shown['id']}")).json == shown | {"progress": None}
    check_accepted(GOLDEN / "scan.json", shown)


def _slice(number: int, **values: Any) -> Slice:  # noqa: ANN401 - those of a slice
    return Slice(number, "plan", str(number), str(number + 1), **values)


async def test_a_running_scan_shows_how_far_it_is_and_whether_anybody_works_on_it(
    empty: Served,
) -> None:
    """A scan that hangs must look different from one that works."""
    unplanned = _scan(0, ScanState.RUNNING)
    planned = replace(unplanned, plan_id="plan", slices=4)
    target = f"{SCANS}/{unplanned.id}"
    lease = Lease(unplanned.id, 1, NOON + timedelta(minutes=30))
    await empty.scans.commit(lease=(lease, None), scans=[(unplanned, None)])
    early = (await send(empty.app(), target)).json["progress"]
    claimed = {"claim": "me", "claimed_until": NOON + timedelta(minutes=5)}
    slices = (
        _slice(0, summary=SUMMARY, **claimed),
        _slice(1, summary=SUMMARY),
        _slice(2, **claimed),
        _slice(3, **claimed | {"claimed_until": NOON}),
    )
    await empty.scans.insert_slices(unplanned.id, slices)
    stored = await empty.scans.scan(unplanned.id)
    assert stored is not None
    await empty.scans.commit(scans=[(planned, stored.etag)])

    answer = await send(empty.app(), target)
    held = await empty.scans.lease()
    await empty.scans.commit(lease=(replace(lease, scan_id="another"), held.etag))
    lost = (await send(empty.app(), target)).json["progress"]

    check_accepted(GOLDEN / "scan_progress.json", [early, answer.json["progress"]])
    assert lost["leaseExpiresAt"] is None


async def test_a_broken_slice_costs_a_scan_only_its_progress(empty: Served) -> None:
    """Who waits for the end of the scan still sees its state (P7)."""
    scan = replace(_scan(0, ScanState.RUNNING), plan_id="plan", slices=1)
    await _put(empty, scan)
    await empty.scans.insert_slices(scan.id, [_slice(0)])
    row = (table_keys.slice_partition(scan.id), table_keys.slice_row("plan", 0))
    await empty.change(Table.SCANS, *row, document0="no document")

    shown = (await send(empty.app(), f"{SCANS}/{scan.id}")).json

    assert (shown["state"], shown["progress"]) == ("running", None)


async def test_a_partial_scan_says_how_many_it_was_asked_for_and_some_not_found(
    empty: Served,
) -> None:
    """Its counts are not the estate's; a page must not hold a thousand ids per scan."""
    ids = tuple(f"{number:08}{LAB[8:]}" for number in range(1000))
    await _put(empty, replace(_scan(0), named=ids, not_found=ids))

    (scan,) = (await send(empty.app(), SCANS)).found

    assert (scan["scope"], scan["requestedSubscriptions"]) == ("partial", 1000)
    assert (scan["notFound"], scan["notFoundOmitted"]) == (list(ids[:50]), 950)


@pytest.mark.parametrize("state", [ScanState.RUNNING, ScanState.FAILED, ScanState.ABANDONED])
async def test_a_scan_without_an_outcome_claims_none(empty: Served, state: ScanState) -> None:
    """Zero accounts would look like an estate without any."""
    await _put(empty, _scan(0, state))

    (shown,) = (await send(empty.app(), SCANS)).json["value"]

    assert shown["state"] == state.value
    outcome = {shown[name] for name in ("posture", "accounts", "subscriptions", "changes")}
    assert outcome == {None}
    assert (shown["finishedAt"] is None) == (state is ScanState.RUNNING)


async def test_the_newest_comes_first_and_pages_lead_to_the_oldest(empty: Served) -> None:
    """People look for the last one, auditors for all; a year of hours is nine thousand rows."""
    await _put(empty, *(_scan(minutes) for minutes in range(5)))
    await empty.put_status(status_of(coverage()))
    empty.store.log.clear()

    pages = await follow(empty.app(), f"{SCANS}?top=2")

    assert [_minutes(page) for page in pages] == [["04", "03"], ["02", "01"], ["00"]]
    assert set(pages[-1].json) == {"value"}
    assert [operation.name for operation in empty.store.log] == ["query"] * 3


@pytest.mark.parametrize(
    "scan_id",
    [
        "20261125T120000Z-0000",
        "20261325T120000Z-3fa9",
        "00010101T000000Z-3fa9",
        "99991231T235959Z-3fa9",
        "current",
        "' or 1 eq 1",
        "x" * 3000,
    ],
)
async def test_a_scan_that_is_not_there_is_not_found(empty: Served, scan_id: str) -> None:
    """An id in any form is untrusted input."""
    await _put(empty, _scan(0))

    answer = await send(empty.app(), f"{SCANS}/{scan_id}")

    assert (answer.status, answer.error) == (404, ("NotFound", "id"))


async def test_p7_a_row_that_cannot_be_read_costs_only_itself(empty: Served) -> None:
    """A row of a newer version, or an edited one, must not hide all others."""
    await _put(empty, *(_scan(minutes) for minutes in range(3)))
    for minutes, schema in ((5, 99), (6, 4)):
        scan = _scan(minutes)
        row = table_keys.scan_row(scan.started_at, scan.id)
        write = Insert(row, {"schema": schema, "document0": "{"})
        await empty.store.commit(Table.SCANS, "scan", [write])

    answer = await send(empty.app(), f"{SCANS}?top=2")

    assert _minutes(answer) == ["02", "01"]
    assert "nextLink" in answer.json


def _partial(minutes: int) -> Scan:
    return replace(_scan(minutes), named=(PRODUCTION,))


async def test_full_and_partial_scans_are_listed_apart(empty: Served) -> None:
    """A page of full scans is full, without a request for each partial scan in between."""
    await _put(empty, _scan(0), *map(_partial, range(1, 30)), _scan(30), _partial(31), _scan(32))
    app = empty.app()
    empty.store.log.clear()

    full, last = await follow(app, f"{SCANS}?scope=full&top=2")
    partial = await send(app, f"{SCANS}?scope=partial&top=1000")

    assert (_minutes(full), _minutes(last)) == (["32", "30"], ["00"])
    assert len(partial.found) == 30
    assert set(last.json) == set(partial.json) == {"value"}
    assert [operation.name for operation in empty.store.log] == ["query"] * 3


async def test_one_request_does_not_go_through_the_whole_history(empty: Served) -> None:
    """P8: the watch adds partial scans every two minutes, for more than a year."""
    await _put(empty, _scan(0), *map(_partial, range(1, 8)))
    query, pages, token = parameters.ScansQuery(scope="full"), 0, None

    while True:
        page = await read_page(empty.scans, query.model_copy(update={"skip_token": token}), 3)
        pages, token = pages + 1, page.skip_token
        if token is None:
            break
        assert page.value == []

    assert ([scan.id[11:13] for scan in page.value], pages) == (["00"], 3)
