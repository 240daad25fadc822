"""The scans table: what must be true together is written together, or not at all."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Final

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import TypeAdapter

from cmk_check.core.account import Subscription
from cmk_check.core.enums import (
    Disposition,
    GapReason,
    KeyReason,
    PostureReason,
    ScanState,
    Trigger,
)
from cmk_check.core.gap import Gap
from cmk_check.core.keys.key_health import BrokenKey
from cmk_check.core.model import AccountCounts, VerdictCounts
from cmk_check.core.scan_request import parse_start
from cmk_check.core.status import KnownGap, LastScan, Status, SubscriptionCounts, Summary
from cmk_check.limits import MAX_TRANSACTION_WRITES
from cmk_check.ports import Entity, Insert, Scalar, StoreError, Table
from cmk_check.store import scan_rows, table_checks, table_keys
from cmk_check.store.memory import MemoryStore
from cmk_check.store.outbox import Outbox
from cmk_check.store.scan_rows import Lease, Planned, Scan, Slice, document, value_of
from cmk_check.store.scans import ScanTable, build_scan_id
from tests.fakes.faults import Fault, FaultyStore, Place
from tests.fakes.recording_store import RecordingStore
from tests.fakes.world import sub

NOON: Final = datetime(2026, 11, 25, 12, tzinfo=UTC)
ID: Final = build_scan_id(NOON, "3fa9")
LEASE: Final = Lease(ID, 1, NOON + timedelta(minutes=30))
SCAN: Final = Scan(ID, 1, Trigger.TIMER, NOON, plan_id="plan-a", slices=2)
GAP: Final = Gap(GapReason.FORBIDDEN, "Microsoft.CognitiveServices/accounts/read", "Assign Reader.")
SUMMARY: Final = Summary(
    AccountCounts({"OpenAI": VerdictCounts(1, 2, 3)}, {"malformed": 3}, {"Face": 1}, 2),
    SubscriptionCounts(2, 1, 0, 0),
    (KnownGap(sub(1), "Lab", GAP, NOON),),
    4,
    5,
    (BrokenKey("/a/chat", (KeyReason.KEY_DISABLED,)),),
)
STATUS: Final = Status(
    NOON,
    SUMMARY,
    3,
    LastScan(ID, ScanState.INCOMPLETE, Trigger.REQUEST, NOON, NOON, "why"),
    PostureReason.RUNNING_SCAN_FOUND_WORSE,
)


def slice_of(number: int, plan_id: str = "plan-a", subscriptions: int = 1) -> Slice:
    """Return a slice of a plan."""
    planned = tuple(
        Planned(Subscription(sub(n), f"\U0001f600 {n}" * 20), Disposition.READ)
        for n in range(subscriptions)
    )
    return Slice(number, plan_id, "", "", planned)


async def begun(store: RecordingStore) -> ScanTable:
    """Return the table with one scan under way."""
    table = ScanTable(store)
    await table.commit(lease=(LEASE, None), status=(STATUS, None), scans=[(SCAN, None)])
    return table


async def test_lease_status_and_scan_are_read_back() -> None:
    """The next process has nothing but these rows; a person sees a scan's state beside them."""
    store = RecordingStore()
    table = await begun(store)

    lease, status = await table.lease(), await table.status()
    scan = await table.scan(ID)
    row = await store.get(Table.SCANS, "scan", table_keys.scan_row(NOON, ID))
    assert scan is not None
    assert row is not None
    assert row.values["state"] == "running"
    assert (lease.value, status.value, scan.value) == (LEASE, STATUS, SCAN)
    assert await table.holder() == ID
    await table.commit(lease=(Lease("", 1, NOON), lease.etag))
    assert await table.holder() is None


async def test_slices_of_another_plan_are_not_seen() -> None:
    """Two planners wrote; the scan row says whose plan counts."""
    table = ScanTable(RecordingStore())
    for plan in ("plan-a", "plan-b", "plan-a2"):
        await table.insert_slices(ID, [slice_of(number, plan) for number in range(2)])
    await table.insert_slices(build_scan_id(NOON, "beef"), [slice_of(0), slice_of(1)])

    assert await table.slices(SCAN) == [slice_of(0), slice_of(1)]
    stored = await table.slice(SCAN, 1)
    assert stored is not None
    assert stored.value == slice_of(1)
    assert await table.slice(SCAN, 2) is None


async def test_a_large_plan_is_written_and_dropped_in_parts() -> None:
    """Ten thousand subscriptions make more slices than one transaction takes."""
    store = RecordingStore()
    table = ScanTable(store)
    await table.insert_slices(ID, [slice_of(number, subscriptions=60) for number in range(130)])
    assert len(await table.slices(SCAN)) == 130

    await table.drop_slices(ID)

    assert await table.slices(SCAN) == []
    assert max(len(operation.writes) for operation in store.log) <= MAX_TRANSACTION_WRITES


async def test_slices_that_earlier_scans_left_go_and_those_of_a_scan_that_runs_stay() -> None:
    """Even where a clock was set back, and the scan that runs has the earlier id."""
    table = ScanTable(RecordingStore())
    past, running, later = (build_scan_id(NOON + timedelta(days=day), "a") for day in (-2, -1, 1))
    of_its_second = build_scan_id(NOON, "ffff")
    for each in (past, running, ID, of_its_second, later):
        await table.insert_slices(each, [slice_of(0)])
    lease = Lease(running, 2, NOON)
    await table.commit(lease=(lease, None))

    await table.drop_slices(ID)

    ids = (past, running, ID, of_its_second, later)
    left = [await table.slice(replace(SCAN, id=each), 0) for each in ids]
    assert [each is not None for each in left] == [False, True, False, False, True]


async def test_slices_that_cannot_be_deleted_do_not_hold_up_the_end_of_a_scan() -> None:
    """One partition that refuses writes would let each scan fail after its end."""
    past = build_scan_id(NOON - timedelta(days=1), "a")
    store = FaultyStore(MemoryStore())
    table = ScanTable(store)
    for each in (past, ID):
        await table.insert_slices(each, [slice_of(0)])
    place = Place("commit", Table.SCANS, None, table_keys.slice_partition(past))
    store.places = {place: Fault.NO_ANSWER}

    await table.drop_slices(ID)

    assert await table.slices(SCAN) == []


def test_a_claim_holds_until_its_time() -> None:
    """P11: a worker that died gives its slice back by the clock alone, and by no clock ahead."""
    entry = Slice(0, "p", "", "", claim="c", claimed_until=NOON)
    ten = timedelta(minutes=10)

    assert entry.is_held(NOON - timedelta(seconds=1), ten)
    assert entry.is_held(NOON - ten, ten)
    assert not entry.is_held(NOON, ten)
    assert not Slice(0, "p", "", "").is_held(NOON, ten)
    # Else one wrong clock would stop all scans until its time comes.
    ahead = NOON + timedelta(days=30)
    assert not Slice(0, "p", "", "", claim="c", claimed_until=ahead).is_held(NOON, ten)
    assert not Lease("scan", 1, ahead).is_held(NOON, ten)
    assert Lease("scan", 1, NOON + ten).is_held(NOON, ten)
    assert not Lease("", 1, NOON + ten).is_held(NOON, ten)


@pytest.mark.parametrize("scan_id", ["", "nonsense", "20261125-3fa9", "../status"])
async def test_what_is_no_scan_id_reaches_no_row(scan_id: str) -> None:
    """It comes from a URL; one that is tells when its scan started."""
    store = RecordingStore()

    assert parse_start("20261125T120000Z-3fa9") == NOON
    assert await ScanTable(store).scan(scan_id) is None
    assert store.log == []


_ANY: Final[TypeAdapter[list[str]]] = TypeAdapter(list[str])


@settings(max_examples=40)
@given(st.text(st.sampled_from('a\U0001f600é"\\'), max_size=40), st.integers(0, 1000))
def test_a_document_is_cut_so_that_every_piece_fits(text: str, times: int) -> None:
    """Characters outside the basic plane count twice, and none may be cut in half."""
    values = document(_ANY, [text * times], {"state": "running"})

    table_checks.check([Insert("row", values)], "scan")
    read = value_of(_ANY, Entity("scan", "row", "e", table_checks.remove_nones(values)))
    assert read.value == [text * times]
    assert values["state"] == "running"


@pytest.mark.parametrize(
    "values",
    [*({"document0": text} for text in ("{", "{}", '"x"')), {"schema": None}, {"schema": "4"}],
)
def test_a_broken_document_says_which_row_to_delete(values: dict[str, Scalar]) -> None:
    """Somebody edited the table by hand (P11)."""
    given = document(scan_rows.LEASE, LEASE) | values
    with pytest.raises(StoreError, match=r"scan / current .*delete the row"):
        value_of(scan_rows.LEASE, Entity("scan", "current", "e", given))


_TOO_EARLY: Final = datetime(1, 1, 1, tzinfo=UTC)


@pytest.mark.parametrize(
    "status",
    [
        replace(STATUS, as_of=_TOO_EARLY),
        replace(STATUS, last_scan=LastScan(ID, ScanState.FAILED, Trigger.TIMER, NOON, _TOO_EARLY)),
        replace(STATUS, summary=replace(SUMMARY, gaps=(KnownGap(sub(1), "", GAP, _TOO_EARLY),))),
    ],
    ids=["of itself", "of what it holds", "in a list"],
)
def test_a_document_with_a_time_that_nothing_can_be_subtracted_from_is_broken(
    status: Status,
) -> None:
    """Every answer that shows an age would fail because of it."""
    values = document(scan_rows.STATUS, status)

    with pytest.raises(StoreError, match="delete the row"):
        value_of(scan_rows.STATUS, Entity("scan", "status", "e", values))


def _scan(seconds: int, suffix: str = "3fa9") -> Scan:
    started = NOON + timedelta(seconds=seconds)
    return Scan(build_scan_id(started, suffix), 1, Trigger.TIMER, started)


async def _table(*scans: Scan) -> tuple[RecordingStore, ScanTable]:
    store = RecordingStore()
    table = ScanTable(store)
    lease = Lease("", 1, NOON)
    await table.commit(
        lease=(lease, None), status=(STATUS, None), scans=[(scan, None) for scan in scans]
    )
    store.log.clear()
    return store, table


async def test_the_history_is_newest_first_and_a_row_that_cannot_be_read_makes_room(
    caplog: pytest.LogCaptureFixture,
) -> None:
    """P7: the log names it; lease, status and outbox stand in the same partition."""
    store, table = await _table(_scan(0), _scan(3600))
    row = table_keys.scan_row(_scan(7200).started_at, _scan(7200).id)
    await store.commit(Table.SCANS, "scan", [Insert(row, {"schema": 4})])

    assert await table.history(1) == [_scan(3600)]
    assert await table.history(10) == [_scan(3600), _scan(0)]
    assert [row in record.getMessage() for record in caplog.records] == [True, True]


async def test_scans_of_one_second_are_kept_apart() -> None:
    """A failed one and its follower; neither may hide the other between two pages."""
    scans = [_scan(0, suffix) for suffix in ("aaaa", "bbbb", "cccc")]
    _, table = await _table(*scans)

    first = [entry async for entry in table.read_listed(None, 2)]
    (_, row), _ = first[1]
    second = [scan async for _, scan in table.read_listed(row, 2)]

    assert [*(scan for _, scan in first[:2]), *second] == scans


async def test_neither_a_page_nor_the_outbox_reads_the_whole_history() -> None:
    """A year of hours is nine thousand rows, and each scan looks into its outbox twice."""
    store, table = await _table(*(_scan(seconds) for seconds in range(20)))

    assert len(await table.history(3)) == 3
    assert await table.outbox() == Outbox()

    assert [(operation.name, operation.rows) for operation in store.log] == [
        ("query", 3),
        ("query", 0),
    ]


@pytest.mark.parametrize(
    ("first", "last", "expected"),
    [(0, 120, [120, 60, 0]), (1, 119, [60]), (60, 60, [60]), (61, 119, []), (121, 999, [])],
)
async def test_those_that_started_within_a_time_are_read_alone(
    first: int, last: int, expected: list[int]
) -> None:
    """Both ends count; the rest of the history is not gone through, nor what is not ours."""
    store, table = await _table(*(_scan(seconds) for seconds in (0, 60, 120)))
    row = table_keys.scan_row(_scan(60).started_at, _scan(60).id)
    copied = await store.get(Table.SCANS, "scan", row)
    assert copied is not None
    await store.commit(Table.SCANS, "theirs", [Insert(row, copied.values)])

    found = await table.read_started_between(_scan(first).started_at, _scan(last).started_at)

    assert found == [_scan(seconds) for seconds in expected]
