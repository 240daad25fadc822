"""Tables with rows of a build before the first schema: nothing is read from them, or written."""

from dataclasses import replace
from typing import Final

import pytest

from cmk_check.core.enums import ChangeType, PostureReason, PostureVerdict, Trigger
from cmk_check.core.reasons.catalogue import POSTURE_REASONS
from cmk_check.ports import EarlierBuild, Table
from cmk_check.scan.start import request, start, start_after, start_if_overdue
from cmk_check.scan.watch_for_changes import look
from cmk_check.store import table_keys
from tests.fakes import earlier_build
from tests.fakes.changes import ScriptedChanges
from tests.fakes.earlier_build import ROWS, Row
from tests.fakes.recording_store import RecordingStore
from tests.fakes.world import good
from tests.unit.scan.scan_world import ONE, TWO, ScanWorld
from tests.unit.scan.test_second_clock import Reminders

TEXT: Final = POSTURE_REASONS[PostureReason.EARLIER_BUILD].text()


@pytest.fixture
def world(store: RecordingStore) -> ScanWorld:
    """Return a program over an empty store, and two compliant subscriptions."""
    world = ScanWorld(store)
    world.azure_has(good(ONE), good(TWO))
    return world


def test_the_recorded_rows_are_the_worst_that_a_build_left() -> None:
    """A green status, a change in an outbox, and a type of change that nobody knows any more."""
    outbox = [values for *_, row, values in ROWS if row.startswith("outbox|")]
    (status,) = (values for *_, row, values in ROWS if row == "status")

    assert [values["type"] in ChangeType for values in outbox] == [False]
    assert '"non_compliant":0' in str(status["document0"])
    assert {values["schema"] for *_, values in ROWS} == {1}


@pytest.mark.parametrize(
    "rows",
    [ROWS, *([row] for row in ROWS)],
    ids=["all", *(f"{table} {partition} {row}" for table, partition, row, _ in ROWS)],
)
async def test_p1_p3_a_scan_over_any_such_row_fails_with_the_reason_and_writes_nothing(
    world: ScanWorld, store: RecordingStore, rows: list[Row]
) -> None:
    """Somebody may have deleted one table only; what is left must not be taken for an estate."""
    await earlier_build.put(store, *rows)
    before = store.content()
    reminders = Reminders(world)
    context = replace(world.context, overdue_queue=reminders)

    for _ in range(2):
        with pytest.raises(EarlierBuild):
            await start(context, Trigger.TIMER)

    assert store.content() == before
    assert [ended[1:] for ended in world.teller.ended] == [("failed", TEXT)] * 2
    assert (world.queue.messages, reminders.waiting, world.teller.told) == ([], [], [])


async def test_p1_neither_a_request_nor_the_watch_nor_the_second_clock_starts_a_scan(
    world: ScanWorld, store: RecordingStore
) -> None:
    """Each of them could be the first thing that runs after the deployment."""
    await earlier_build.put(store)
    before = store.content()
    reminders, changes = Reminders(world), ScriptedChanges(world.clock)
    context = replace(world.context, overdue_queue=reminders)
    changes.add(ONE)

    for begun in (
        request(context),
        request(context, [ONE]),
        start_after(context, "20261125T011500Z-1846"),
        start_if_overdue(context, "20261125T011500Z-1846"),
        look(context, changes),
    ):
        with pytest.raises(EarlierBuild):
            await begun

    assert store.content() == before
    assert (world.queue.messages, reminders.waiting) == ([], [])


async def test_p11_a_scan_begins_when_the_tables_are_deleted(world: ScanWorld) -> None:
    """That is what the reason says; messages of scans from before are then of nobody."""
    await earlier_build.put(world.store)
    with pytest.raises(EarlierBuild):
        await world.start()

    world.store = RecordingStore()
    await world.scan()

    assert await world.verdict() == "compliant"


@pytest.mark.parametrize("row", [row for row in ROWS if row[0] is Table.FINDINGS])
async def test_p1_such_a_row_that_comes_later_ends_the_scan_with_the_reason(
    world: ScanWorld, row: Row
) -> None:
    """A restored copy of one partition: the status must not stay compliant beside it."""
    await world.scan()
    table, partition, name, values = row
    if name.startswith(table_keys.OUTBOX_FROM):
        await earlier_build.put(world.store, row)
    else:
        await world.overwrite(table, partition, name, schema=values["schema"])

    await world.scan()

    assert world.teller.ended[-1][1:] == ("failed", TEXT)
    shown = await world.posture()
    assert shown.verdict is PostureVerdict.UNKNOWN
    assert PostureReason.EARLIER_BUILD in dict(shown.reasons)


async def test_p4_a_steady_scan_asks_no_table_whether_it_has_such_rows(
    world: ScanWorld, store: RecordingStore
) -> None:
    """The lease says so: it was taken over tables without them."""
    await world.scan()
    store.log.clear()
    await world.start()

    assert not [
        entry for entry in store.log if entry.name == "query" and entry.table is not Table.SCANS
    ]
