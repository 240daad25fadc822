"""The history of scans: newest first by construction, read a page at a time."""

from datetime import UTC, datetime, timedelta
from typing import Final

import pytest

from cmk_check.core.enums import Trigger
from cmk_check.ports import Insert, Table
from cmk_check.store import table_keys
from cmk_check.store.scan_rows import Lease, Scan
from cmk_check.store.scans import ScanTable, scan_id_of
from tests.fakes.recording_store import RecordingStore

NOON: Final = datetime(2026, 11, 25, 12, tzinfo=UTC)
SECOND: Final = timedelta(seconds=1)


def _scan(seconds: int, suffix: str = "3fa9") -> Scan:
    started = NOON + seconds * SECOND
    return Scan(scan_id_of(started, suffix), 1, Trigger.TIMER, started)


async def _table(*scans: Scan) -> tuple[RecordingStore, ScanTable]:
    store = RecordingStore()
    table = ScanTable(store)
    lease = Lease("", 1, NOON)
    await table.commit(lease=lease, scans=[(scan, None) for scan in scans])
    store.log.clear()
    return store, table


async def test_the_history_is_newest_first_and_holds_scans_alone() -> None:
    """Lease, status and outbox stand in the same partition."""
    scans = [_scan(seconds) for seconds in (0, 3600, 7200)]
    _, table = await _table(*scans)

    assert await table.history(10) == scans[::-1]


async def test_scans_of_one_second_are_kept_apart() -> None:
    """A failed one and its follower; neither may hide the other between two pages."""
    scans = [_scan(0, suffix) for suffix in ("aaaa", "bbbb", "cccc")]
    _, table = await _table(*scans)

    first = [entry async for entry in table.listed(None, 2)]
    (_, row), _ = first[1]
    second = [scan async for _, scan in table.listed(row, 2)]

    assert [*(scan for _, scan in first[:2]), *second] == scans


async def test_a_page_costs_one_query_that_brings_no_more() -> None:
    """A year of hours is nine thousand rows."""
    store, table = await _table(*(_scan(seconds) for seconds in range(20)))

    found = await table.history(3)

    assert len(found) == 3
    assert [operation.name for operation in store.log] == ["query"]


async def test_more_than_the_service_brings_at_once_is_read_on() -> None:
    """A page of a thousand asks for one row more, to know whether there is another page."""
    _, table = await _table()
    for first in range(0, 1100, 100):
        rows = [(_scan(seconds), None) for seconds in range(first, first + 100)]
        await table.commit(scans=rows)

    assert len(await table.history(1001)) == 1001


async def test_rows_that_cannot_be_read_make_room_for_others(
    caplog: pytest.LogCaptureFixture,
) -> None:
    """And the log names them."""
    store, table = await _table(_scan(0), _scan(1))
    row = table_keys.scan_row(_scan(2).started_at, _scan(2).id)
    await store.commit(Table.SCANS, "scan", [Insert(row, {"schema": 1})])

    found = await table.history(1)

    assert found == [_scan(1)]
    assert row in caplog.text


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

    found = await table.started_between(NOON + first * SECOND, NOON + last * SECOND)

    assert found == [_scan(seconds) for seconds in expected]
