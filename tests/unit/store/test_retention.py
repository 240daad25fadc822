"""Retention: what is old goes with the scans, a little at each, and costs nothing before."""

from datetime import timedelta

import pytest

from cmk_check.limits import MAX_TRANSACTION_WRITES, RETENTION_GRACE
from cmk_check.ports import Entity, Insert, Table, TableQuery
from cmk_check.scan import finish
from cmk_check.store.change_feed import FeedTable
from tests.fakes.faults import Fault, FaultyStore, Place
from tests.fakes.world import KEPT, World, bad, good, sub


@pytest.fixture
async def world() -> World:
    """An estate scanned twice, an account of it having changed."""
    world = World()
    world.listed(sub(1))
    for account in (good, bad):
        world.read(sub(1), account(sub(1)))
        await world.scan()
    return world


async def feed_rows(world: World) -> int:
    """Count what stands in the feed, markers and head too."""
    return len(
        [entry async for entry in world.store.query(Table.CHANGES, TableQuery(partition="feed"))]
    )


async def scan_rows(world: World) -> list[Entity]:
    """Return the scans that stand in the history, newest first."""
    query = TableQuery(partition="scan", row_from="scan|", row_to="scan}")
    return [entry async for entry in world.store.query(Table.SCANS, query)]


async def scans(world: World) -> list[str]:
    """Return their ids."""
    return [entry.row.rpartition("|")[2] for entry in await scan_rows(world)]


async def test_what_is_older_than_the_retention_goes_with_the_next_scan(world: World) -> None:
    """The tables hold what was asked for, not all there ever was; what is not ours stays."""
    copied = [Insert(row.row, row.values) for row in await scan_rows(world)]
    await world.store.commit(Table.SCANS, "theirs", copied)
    world.clock.advance(KEPT + RETENTION_GRACE)
    first = await world.scan()

    last = await world.scan()

    assert await feed_rows(world) == 1
    assert await scans(world) == [last, first]
    assert await world.store.get(Table.SCANS, "theirs", copied[0].row)
    assert await world.status() is not None
    assert await world.verdicts() == {"chat": "non_compliant"}


@pytest.mark.parametrize("pause", [timedelta(), 2 * KEPT], ids=["steady", "after a pause"])
async def test_a_clock_that_runs_ahead_prunes_nothing(world: World, pause: timedelta) -> None:
    """One host with a wrong clock would delete the feed, for readers and for evidence."""
    world.clock.advance(pause)
    feed, before = await feed_rows(world), await scans(world)

    world.clock.advance(timedelta(days=3650))
    ahead = await world.scan()
    world.clock.advance(-timedelta(days=3650))

    assert await feed_rows(world) == feed
    assert await scans(world) == [ahead, *before]


async def test_a_change_recorded_long_ago_is_told_before_it_may_go(world: World) -> None:
    """Its outbox row stood while nobody scanned; it is kept from its publication on (P3)."""
    world.read(sub(1), good(sub(1)))
    silent = Place("commit", Table.CHANGES, None)
    store = FaultyStore(world.store, places={silent: Fault.NO_ANSWER})
    await world.start(world.process(store))
    while world.queue.messages:
        await world.deliver(world.queue.messages.pop(0), world.process(store))
    world.clock.advance(KEPT + RETENTION_GRACE)
    await world.scan()

    await world.scan()

    feed = await FeedTable(world.store).read(0, 9)
    assert [change.type.value for _, change in feed] == ["cmkcheck.account.resolved"]


async def test_a_long_history_goes_in_bounded_parts(monkeypatch: pytest.MonkeyPatch) -> None:
    """A scan does not stop for a clean-up (P8); here a part is larger than a transaction."""
    most = MAX_TRANSACTION_WRITES + 10
    monkeypatch.setattr(finish, "SCANS_PRUNED_PER_SCAN", most)
    world = World()
    world.listed(sub(1))
    for _ in range(most + 20):
        await world.scan()
    world.clock.advance(KEPT + RETENTION_GRACE)
    await world.scan()

    await world.scan()
    assert len(await scans(world)) == 22
    await world.scan()

    assert len(await scans(world)) == 3


@pytest.mark.parametrize("table", [Table.CHANGES, Table.SCANS])
async def test_a_clean_up_that_fails_fails_no_scan(
    world: World, table: Table, caplog: pytest.LogCaptureFixture
) -> None:
    """The next one does it."""
    world.clock.advance(KEPT + RETENTION_GRACE)
    started = await world.start()
    await world.deliver(world.queue.messages.pop(0))
    silent = Place("query", table, 1, "feed" if table is Table.CHANGES else "scan")
    store = FaultyStore(world.store, places={silent: Fault.NO_ANSWER})

    await world.deliver(world.queue.messages.pop(0), world.process(store))

    assert (await world.scan_row(started.scan_id)).state == "complete"
    assert "past the retention" in caplog.text
    last = await world.scan()
    assert await scans(world) == [last, started.scan_id]
