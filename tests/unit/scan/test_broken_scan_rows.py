"""Rows of the scans table that somebody broke or deleted cost no scan, and heal (P7, P11)."""

import pytest

from cmk_check.ports import Delete, Insert, Table
from cmk_check.store import table_keys
from cmk_check.store.feed import FeedTable
from tests.fakes.world import KEPT, World, good
from tests.unit.scan.faulty_processes import ONE

BROKEN_OUTBOX = table_keys.outbox_row(1, "broken")


@pytest.fixture
async def scanned(world: World) -> World:
    """An estate that was scanned and is compliant."""
    world.listed(ONE)
    world.read(ONE, good(ONE))
    await world.scan()
    return world


async def delete(world: World, row: str) -> None:
    """Delete a row of the scans as a person does."""
    found = await world.store.get(Table.SCANS, "scan", row)
    assert found is not None
    await world.store.commit(Table.SCANS, "scan", [Delete(row, found.etag)])


async def test_a_broken_change_of_a_scan_holds_up_no_other_and_no_pruning(scanned: World) -> None:
    """It stopped every later change of a scan, and the tables grew for ever."""
    broken = Insert(BROKEN_OUTBOX, {"schema": 1, "id": "broken"})
    await scanned.store.commit(Table.SCANS, "scan", [broken])
    scanned.clock.advance(2 * KEPT)
    scanned.listed()

    await scanned.scan()
    await scanned.scan()

    assert scanned.told_types()[-2:] == ["scan.failed", "scan.failed"]
    feed = [change.type.value for _, change in await FeedTable(scanned.store).read(0, 99)]
    assert feed == ["cmkcheck.scan.failed"] * 2
    assert await scanned.store.get(Table.SCANS, "scan", BROKEN_OUTBOX) is not None
