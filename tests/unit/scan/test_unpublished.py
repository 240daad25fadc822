"""Changes that cannot be published: whoever reads the status or the scan's line learns of them."""

from dataclasses import replace
from datetime import timedelta
from random import Random

import pytest

from cmk_check.core.enums import PostureReason
from cmk_check.core.status import ALL_PUBLISHED, Undelivered, Unpublished
from cmk_check.ports import InventoryError, QueueError, Table, TableQuery
from cmk_check.store import table_keys
from cmk_check.store.table_keys import get_partition
from tests.fakes.faults import Fault, FaultyStore, Place
from tests.fakes.recording_store import RecordingStore
from tests.fakes.world import BEGINNING, bad, good
from tests.unit.scan.scan_world import FINISH, FORBIDDEN, ONE, TWO, ScanWorld

HOUR = timedelta(hours=1)


async def mute(world: ScanWorld) -> None:
    """Let the head of the feed come from a newer version, which publishes nothing."""
    await world.overwrite(Table.CHANGES, "feed", "head", schema=5)


async def unmute(world: ScanWorld) -> None:
    """Let the head of the feed be of this version again."""
    await world.overwrite(Table.CHANGES, "feed", "head", schema=4)


async def unpublished(world: ScanWorld) -> Unpublished:
    """Return what the status says, which the line of the scan must say too."""
    found = (await world.known_status()).unpublished
    assert found == world.teller.unpublished
    codes = {code for code, _ in (await world.posture()).reasons}
    assert (PostureReason.CHANGES_UNPUBLISHED in codes) == bool(found.changes)
    return found


async def test_what_a_muted_feed_holds_back_is_counted_until_it_is_published(
    scanned: ScanWorld,
) -> None:
    """The one alert that matters is the one that nothing else notices is missing."""
    await mute(scanned)
    scanned.read(ONE, bad(ONE))
    await scanned.scan()
    first = await unpublished(scanned)
    scanned.read(TWO, bad(TWO), bad(TWO, "b"))
    await scanned.scan()
    second = await unpublished(scanned)
    await unmute(scanned)
    await scanned.scan()

    begun = BEGINNING + 2 * HOUR
    assert first == Unpublished(1, begun)
    assert second == Unpublished(3, begun)
    assert await unpublished(scanned) == ALL_PUBLISHED
    assert scanned.told_types().count("account.violated") == 3


async def test_a_queue_that_refuses_changes_is_noticed_too(
    scanned: ScanWorld, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The feed has them, and yet nobody is alerted."""

    async def refuse(_published: object) -> None:
        raise QueueError("cmk-tell: refused")

    monkeypatch.setattr(scanned.teller, "accept", refuse)
    scanned.read(ONE, bad(ONE))

    await scanned.scan()

    assert (await unpublished(scanned)).changes == 1


async def test_a_failed_scan_whose_own_change_is_held_back_says_so(scanned: ScanWorld) -> None:
    """It counts none of the subscriptions, but what was counted before is still there."""
    await mute(scanned)
    scanned.read(ONE, bad(ONE))
    await scanned.scan()
    scanned.inventory.list_error = InventoryError(FORBIDDEN)

    await scanned.scan()

    assert await unpublished(scanned) == Unpublished(2, BEGINNING + 2 * HOUR)


async def test_p3_a_scan_that_ends_keeps_what_waits_and_was_refused(scanned: ScanWorld) -> None:
    """Its worker may die before it looks into the outbox, and nobody else would count them."""
    await mute(scanned)
    scanned.inventory.list_error = InventoryError(FORBIDDEN)
    await scanned.scan()
    scanned.inventory.list_error = None
    refused = Undelivered(1, 2, BEGINNING)
    await scanned.put_status(replace(await scanned.known_status(), undelivered=refused))
    first, last = await scanned.planned()
    await scanned.deliver(first)

    await scanned.dies(last, FINISH, Fault.DEATH_AFTER)

    status = await scanned.known_status()
    assert (status.unpublished_of_scans.changes, status.undelivered) == (1, refused)
    assert PostureReason.CHANGES_UNPUBLISHED in dict((await scanned.posture()).reasons)


async def test_a_change_that_cannot_be_read_counts_without_a_time(scanned: ScanWorld) -> None:
    """A newer version wrote it, or somebody by hand: nobody is alerted either way."""
    await mute(scanned)
    scanned.read(ONE, bad(ONE))
    await scanned.scan()
    (entry,) = (await scanned.context.findings_table.read_one(get_partition(ONE))).outbox.entries
    await scanned.overwrite(*entry.place, type="cmkcheck.account.renamed")
    await scanned.scan()
    dated = await unpublished(scanned)
    await scanned.overwrite(*entry.place, time="soon")
    await unmute(scanned)

    await scanned.scan()

    assert dated == Unpublished(1, BEGINNING + 2 * HOUR)
    assert await unpublished(scanned) == Unpublished(1)


async def test_partial_scans_count_for_all_subscriptions(scanned: ScanWorld) -> None:
    """One that publishes its own must not hide what waits elsewhere, nor keep what is told."""
    await mute(scanned)
    scanned.read(ONE, bad(ONE))
    scanned.read(TWO, bad(TWO))
    await scanned.partial_scan(ONE)
    muted = await unpublished(scanned)
    await scanned.scan()
    await unmute(scanned)
    await scanned.partial_scan(TWO)
    left = await unpublished(scanned)

    await scanned.partial_scan(ONE)

    assert (muted.changes, left.changes) == (1, 1)
    assert await unpublished(scanned) == ALL_PUBLISHED


async def test_nothing_is_read_or_written_for_it_while_everything_is_published(
    scanned: ScanWorld, store: RecordingStore
) -> None:
    """A scan of an unchanged estate costs what it did (P4)."""
    before = len(store.log)
    await scanned.scan()
    full = store.log[before:]
    before = len(store.log)

    await scanned.partial_scan(ONE)

    partial = store.log[before:]
    # Start, plan (its slices, their number), claim and end of each slice, finish, tidy up.
    assert [sum(bool(each.writes) for each in log) for log in (full, partial)] == [9, 7]
    read = [each for each in partial if each.name == "query" and each.table is Table.FINDINGS]
    assert len(read) == 2, "the subscription, and all coverage rows"


async def test_a_status_that_changes_meanwhile_is_counted_again(scanned: ScanWorld) -> None:
    """A worker of another scan may lower it at the same time."""
    await mute(scanned)
    scanned.inventory.list_error = InventoryError(FORBIDDEN)
    message = await scanned.started()
    correction = Place("commit", Table.SCANS, 1)
    store = FaultyStore(scanned.store, places={correction: Fault.CONFLICT})

    await scanned.deliver(message, scanned.process(store))

    assert (await unpublished(scanned)).changes == 1


def test_one_change_without_a_time_leaves_the_age_of_all_unknown() -> None:
    """It may be the oldest, and the rule takes what is not known for long ago."""
    dated, later = Unpublished(2, BEGINNING), Unpublished(1, BEGINNING + HOUR)

    assert Unpublished.add((later, ALL_PUBLISHED, dated)) == Unpublished(3, BEGINNING)
    assert Unpublished.add((dated, Unpublished(1))) == Unpublished(3)
    assert Unpublished.of([BEGINNING, None]) == Unpublished(2)


async def _waiting(world: ScanWorld) -> int:
    rows = TableQuery(row_from=table_keys.OUTBOX_FROM, row_to=table_keys.OUTBOX_TO)
    tables = (Table.FINDINGS, Table.SCANS)
    return len([row for each in tables async for row in world.store.query(each, rows)])


@pytest.mark.parametrize(
    "seed", [0, *(pytest.param(seed, marks=pytest.mark.long) for seed in range(1, 10))]
)
async def test_whatever_happens_each_scan_counts_what_waits_and_nothing_is_lost(
    scanned: ScanWorld, seed: int
) -> None:
    """P3: mute, unmute, fail, read all or one, in any order: silence is seen within a scan."""
    chance = Random(seed)
    verdict = {ONE: good, TWO: good}
    for _ in range(25):
        await chance.choice((mute, unmute))(scanned)
        where = chance.choice((ONE, TWO))
        verdict[where] = bad if verdict[where] is good else good
        scanned.read(where, verdict[where](where))
        scanned.inventory.list_error = InventoryError(FORBIDDEN) if chance.random() < 0.2 else None
        failed = scanned.inventory.list_error is not None
        await (scanned.scan() if failed or chance.random() < 0.5 else scanned.partial_scan(where))

        left, waiting = await unpublished(scanned), await _waiting(scanned)
        # A scan that fails publishes what earlier ones left, but reads nothing.
        assert left.changes == waiting or (failed and left.changes > waiting), (left, waiting)

    scanned.inventory.list_error = None
    await unmute(scanned)
    await scanned.scan()

    assert await unpublished(scanned) == ALL_PUBLISHED
    ids = [change.id for change in await scanned.feed()]
    assert len(set(ids)) == len(ids)
    for where in (ONE, TWO):
        sequences = [number for number, _, _ in await scanned.told_of(where)]
        assert sequences == list(range(1, len(sequences) + 1))
