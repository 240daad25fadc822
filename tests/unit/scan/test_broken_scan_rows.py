"""Rows of the scans table that somebody broke or deleted cost no scan, and heal (P7, P11)."""

from collections.abc import Awaitable, Callable
from datetime import timedelta

import pytest

from cmk_check.core.enums import ChangeType, PostureVerdict, ScanState
from cmk_check.core.model import Change
from cmk_check.ports import Insert, Table
from cmk_check.store import table_keys
from cmk_check.store.change_feed import FeedTable
from cmk_check.store.codec import encode_change
from tests.fakes.world import KEPT, bad, good
from tests.unit.scan.scan_world import ONE, ScanWorld

BROKEN_OUTBOX = table_keys.outbox_row(1, "broken")

type Spoil = Callable[[ScanWorld, str], Awaitable[None]]


@pytest.fixture
async def scanned(world: ScanWorld) -> ScanWorld:
    """An estate that was scanned and is compliant."""
    world.azure_has(good(ONE))
    await world.scan()
    return world


async def delete_row(world: ScanWorld, row: str) -> None:
    """Delete a row of the scans as a person does."""
    await world.delete(Table.SCANS, "scan", row)


async def break_row(world: ScanWorld, row: str) -> None:
    """Make a row one that cannot be read."""
    await world.overwrite(Table.SCANS, "scan", row, document0="oops")


async def test_a_broken_change_of_a_scan_holds_up_no_other_and_no_pruning(
    scanned: ScanWorld,
) -> None:
    """It stopped every later change of a scan, and the tables grew for ever."""
    broken = Insert(BROKEN_OUTBOX, {"schema": 4, "id": "broken"})
    await scanned.store.commit(Table.SCANS, "scan", [broken])
    scanned.clock.advance(2 * KEPT)
    scanned.listed()

    await scanned.scan()
    await scanned.scan()

    assert scanned.told_types()[-2:] == ["scan.failed", "scan.failed"]
    feed = [change.type.value for _, change in await FeedTable(scanned.store).read(0, 99)]
    assert feed == ["cmkcheck.scan.failed"] * 2
    assert await scanned.store.get(Table.SCANS, "scan", BROKEN_OUTBOX) is not None


@pytest.mark.parametrize(
    ("source", "subject"),
    [
        (f"/subscriptions/{ONE}", f"/subscriptions/{ONE}"),
        ("/subscriptions/scan", "/subscriptions/scan"),
        ("/scans/1", str(good(ONE).id)),
    ],
)
async def test_a_change_of_a_subscription_among_those_of_scans_is_never_published(
    scanned: ScanWorld, source: str, subject: str
) -> None:
    """Only the partition of a subscription speaks for it, and holds up nothing else."""
    told = scanned.told_types()
    forged = Change("f", ChangeType.ACCOUNT_RESOLVED, scanned.clock.now(), source, subject, {}, 9)
    write = Insert(table_keys.outbox_row(9, "f"), encode_change(forged))
    await scanned.store.commit(Table.SCANS, "scan", [write])
    scanned.listed()

    await scanned.scan()

    assert scanned.told_types() == [*told, "scan.failed"]


@pytest.mark.parametrize("when", ["before the scan", "while it runs"])
async def test_a_broken_status_is_rebuilt_by_the_scan(scanned: ScanWorld, when: str) -> None:
    """It stopped every scan, and so its own repair."""
    if when == "before the scan":
        await break_row(scanned, "status")
        assert await scanned.verdict() is PostureVerdict.UNKNOWN
    (message,) = await scanned.planned()
    if when == "while it runs":
        await break_row(scanned, "status")
    scanned.read(ONE, bad(ONE))

    await scanned.deliver(message)

    assert (await scanned.scan_row(message.scan_id)).state is ScanState.COMPLETE
    assert await scanned.verdict() is PostureVerdict.NON_COMPLIANT
    assert "account.violated" in scanned.told_types()


@pytest.mark.parametrize("spoil", [delete_row, break_row])
async def test_a_scan_whose_lease_is_of_no_use_is_abandoned_by_the_next(
    world: ScanWorld, spoil: Spoil
) -> None:
    """It could neither finish nor be taken over, and was shown as running for ever."""
    world.azure_has(good(ONE))
    await world.scan()
    (message,) = await world.planned()
    lost = await world.scan_row(message.scan_id)
    await spoil(world, "current")

    scan_id = await world.scan()
    await world.deliver(message)

    scan = await world.scan_row(scan_id)
    assert (await world.scan_row(lost.id)).state is ScanState.ABANDONED
    assert (scan.state, scan.supersedes) == (ScanState.COMPLETE, lost.id)
    assert scan.epoch == lost.epoch + 1
    assert (await world.scan_changes())[-2:] == ["scan.abandoned", "scan.recovered"]
    assert not await world.count_slice_rows(lost.id)


@pytest.mark.parametrize("spoil", [delete_row, break_row])
async def test_a_lease_of_a_scan_whose_row_is_of_no_use_is_taken_over(
    world: ScanWorld, spoil: Spoil
) -> None:
    """There is nothing to abandon, and nothing to wait for but the end of the lease."""
    (message,) = await world.planned(ONE)
    row = await world.scan_row(message.scan_id)
    await spoil(world, table_keys.scan_row(row.started_at, row.id))

    scan_id = await world.scan()

    assert (await world.scan_row(scan_id)).state is ScanState.COMPLETE


@pytest.mark.parametrize("lost", ["status", "history"])
async def test_what_a_person_deletes_makes_no_new_baseline(scanned: ScanWorld, lost: str) -> None:
    """What heals a row must not silence what happens meanwhile (P3)."""
    (_, row), _ = await anext(scanned.context.scans.read_listed(None, 1))
    await delete_row(scanned, row if lost == "history" else "status")
    scanned.read(ONE, bad(ONE))

    await scanned.scan()

    (violated,) = [c for _, c in scanned.teller.told if c.type.value.endswith("account.violated")]
    assert violated.data["baseline"] is False


async def test_many_scans_that_lost_their_lease_are_abandoned_in_one_transaction(
    world: ScanWorld,
) -> None:
    """Whoever deletes the lease again and again must not make a start too big for the table."""
    world.listed(ONE)
    for _ in range(60):
        await world.started()
        await delete_row(world, "current")
        world.clock.advance(timedelta(minutes=1))

    scan_id = await world.scan()

    assert (await world.scan_row(scan_id)).state is ScanState.COMPLETE
