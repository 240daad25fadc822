"""The watch names what to read; it never tells twice, and never makes a full scan late."""

from contextlib import suppress
from dataclasses import dataclass, field, replace
from datetime import timedelta
from typing import Final

import pytest

from cmk_check.core.enums import ScanState, Trigger, WatchState
from cmk_check.core.scope import Scope
from cmk_check.core.watch_state import Watch
from cmk_check.errors import CmkCheckError
from cmk_check.limits import (
    CLOCK_TOLERANCE,
    PARTIAL_SCAN_SPACING,
    WATCH_BLIND_REPEATED,
    WATCH_OVERLAP,
    WATCH_VAULTS_PER_LOOK,
    WATCH_VAULTS_REMEMBERED,
)
from cmk_check.ports import InventoryError, Store, Table
from cmk_check.scan.watch_for_changes import look
from cmk_check.store.codec import RowUnusable
from cmk_check.store.scans import ScanTable
from tests.fakes.changes import ScriptedChanges
from tests.fakes.faults import MOST_OPERATIONS, DeathError, Fault, FaultyStore, Place
from tests.fakes.keys import DISABLED, VAULT, ScriptedKeys
from tests.fakes.recording_store import RecordingStore
from tests.fakes.world import bad, good, sub
from tests.unit.scan.scan_world import FORBIDDEN, ONE, THREE, TWO, ScanWorld

SECOND: Final = timedelta(seconds=1)
EVERY: Final = timedelta(minutes=2)


@dataclass
class Watched:
    """A world, what Resource Graph tells of it, and the watch."""

    world: ScanWorld
    graph: ScriptedChanges = field(init=False)

    def __post_init__(self) -> None:
        self.graph = ScriptedChanges(self.world.clock)

    async def look(
        self, after: timedelta = EVERY, store: Store | None = None, *, drained: bool = True
    ) -> list[str]:
        """Let a look happen after a pause; return which subscriptions were read because of it."""
        self.world.clock.advance(after)
        self.world.inventory.reads.clear()
        scans = ScanTable(store or self.world.store)
        await look(replace(self.world.context, scans=scans), self.graph)
        if drained:
            await self.world.drain()
        return list(self.world.inventory.reads)

    async def state(self) -> Watch:
        """Return what the watch remembers."""
        return (await self.world.context.scans.watch()).value


@pytest.fixture
async def watched(scanned: ScanWorld) -> Watched:
    """A watch over two compliant subscriptions that a full scan has read."""
    scanned.clock.advance(WATCH_OVERLAP)
    return Watched(scanned)


@pytest.fixture
async def keyed(world_with_keys: ScanWorld) -> Watched:
    """A watch over a subscription whose key lies in ``VAULT``."""
    await world_with_keys.scan()
    world_with_keys.clock.advance(EVERY)
    return Watched(world_with_keys)


async def test_a_change_is_read_and_told_at_the_next_look(watched: Watched) -> None:
    """Only its own subscription is read, by a partial scan."""
    watched.world.read(ONE, bad(ONE))
    at = watched.graph.add(ONE)

    read = await watched.look()

    assert read == [ONE]
    assert watched.world.told_types()[-1] == "account.violated"
    (scan,) = await watched.world.context.scans.history(1)
    assert (scan.trigger, scan.named) == (Trigger.WATCH, (ONE,))
    assert (await watched.state()).last_change == at
    assert await watched.look(PARTIAL_SCAN_SPACING) == []


async def test_rows_that_come_again_start_no_second_scan(watched: Watched) -> None:
    """Twice, late and out of order: only what changed after a reading began is read again."""
    minute = timedelta(minutes=1)
    watched.graph.add(ONE, timedelta(), 3 * minute, 9 * minute)
    watched.graph.add(TWO, 7 * minute)

    reads = [await watched.look() for _ in range(8)]
    watched.world.clock.advance(SECOND)
    watched.graph.add(ONE)

    assert reads == [[ONE], [], [], [TWO], *[[]] * 4]
    assert [await watched.look() for _ in range(2)] == [[ONE], []]


async def test_the_oldest_change_is_read_first_and_the_last_one_shown(
    watched: Watched, monkeypatch: pytest.MonkeyPatch
) -> None:
    """If there are too many for one scan, none may wait for ever."""
    monkeypatch.setattr("cmk_check.scan.watch_for_changes.MAX_SUBSCRIPTIONS_NAMED", 1)
    watched.graph.add(TWO)
    watched.world.clock.advance(SECOND)
    at = watched.graph.add(ONE)

    reads = [await watched.look() for _ in range(10)]

    state = await watched.state()
    assert reads == [[TWO], [ONE], *[[]] * 8]
    assert state.last_change == at
    assert state.since is not None


async def test_the_cursor_stays_until_the_scan_has_finished(watched: Watched) -> None:
    """A scan that runs is not disturbed, and one that dies is made anew."""
    at = watched.graph.add(ONE)
    await watched.look(drained=False)
    asleep = [await watched.look(after, drained=False) for after in (EVERY, WATCH_OVERLAP)]
    stayed = (await watched.state()).cursor
    await watched.world.drain()
    await watched.look()
    after = await watched.state()

    assert asleep == [[], []]
    assert stayed is not None
    assert stayed <= at
    assert after.cursor == watched.world.clock.now() - WATCH_OVERLAP


async def test_a_change_during_a_scan_is_read_again(watched: Watched) -> None:
    """The scan may have read the subscription before it changed."""
    watched.graph.add(ONE)
    await watched.look(drained=False)
    watched.world.clock.advance(SECOND)
    watched.graph.add(ONE)
    watched.world.clock.advance(SECOND)
    await watched.world.drain()

    assert [await watched.look() for _ in range(2)] == [[ONE], []]


async def test_a_scan_that_fails_leaves_its_changes_to_the_next_look_and_a_gap_does_not(
    watched: Watched,
) -> None:
    """A subscription that cannot be read is not asked for every two minutes."""
    watched.graph.add(ONE)
    watched.world.read(ONE, gap=FORBIDDEN)
    watched.world.inventory.list_error = InventoryError(FORBIDDEN)
    failed = await watched.look()
    watched.world.inventory.list_error = None

    assert (failed, await watched.look(), await watched.look()) == ([], [ONE], [])


@pytest.mark.parametrize(
    "fault", [Fault.DEATH_BEFORE, Fault.DEATH_AFTER, Fault.NO_ANSWER, Fault.LOST_ANSWER], ids=str
)
async def test_p3_p9_a_look_that_fails_anywhere_costs_no_change_and_tells_none_twice(
    watched: Watched, fault: Fault
) -> None:
    """The next looks find the same rows, and the scan that it started may run or not."""
    watched.world.read(ONE, bad(ONE))
    operations = 0
    for number in range(MOST_OPERATIONS):
        again = Watched(watched.world.copy())
        again.graph.add(ONE)
        store = FaultyStore(again.world.store, {number: fault})
        with suppress(DeathError, CmkCheckError):
            await look(again.world.process(store), again.graph)
        operations = max(operations, store.operations)
        if number >= store.operations:
            break
        await again.world.drain()
        for _ in range(4):
            await again.look(WATCH_OVERLAP / 2)

        assert again.world.told_types().count("account.violated") == 1
        assert (await again.world.findings())[str(bad(ONE).id)].judgement.verdict == "non_compliant"
    assert operations > 5


async def test_a_row_later_than_the_overlap_waits_for_the_full_scan(watched: Watched) -> None:
    """The watch asks for a bounded time; a lag of hours costs only its own advantage."""
    watched.graph.add(ONE, WATCH_OVERLAP + 5 * EVERY)

    reads = [await watched.look() for _ in range(20)]

    assert not any(reads)
    assert watched.graph.asked[-1] == watched.world.clock.now() - WATCH_OVERLAP - EVERY


async def test_nothing_is_asked_before_the_first_full_scan(world: ScanWorld) -> None:
    """There is nothing to compare with."""
    watched = Watched(world)

    await watched.look()

    assert watched.graph.asked == []
    assert not (await world.context.scans.watch()).etag


async def test_p4_a_quiet_look_writes_one_row(watched: Watched) -> None:
    """P4: thirty an hour must cost nothing."""
    await watched.look()
    store = watched.world.store
    assert isinstance(store, RecordingStore)
    store.log.clear()

    await watched.look()

    writes = [entry for entry in store.log if entry.name == "commit"]
    assert [(one.table, one.partition) for one in writes] == [(Table.SCANS, "watch")]
    assert [write.row for write in writes[0].writes] == ["state"]
    assert len(store.log) == 3


async def test_the_watch_says_when_it_turns_blind_and_when_it_sees_again(watched: Watched) -> None:
    """Once each, and every hour that it lasts, so that an alert does not end by itself."""
    await watched.look()
    watched.graph.gap = FORBIDDEN
    before = await watched.state()
    for _ in range(WATCH_BLIND_REPEATED // EVERY + 1):
        await watched.look()
    blind = await watched.state()
    watched.graph.gap = None
    await watched.look()

    states = [(watch.state, gap) for watch, gap in watched.world.teller.watch]
    turned = (WatchState.BLIND, FORBIDDEN)
    assert states == [(WatchState.SEEING, None), turned, turned, (WatchState.SEEING, None)]
    assert watched.world.teller.watch[1][0].since == watched.world.teller.watch[2][0].since
    assert (blind.cursor, (await watched.state()).state) == (before.cursor, WatchState.SEEING)
    assert blind.last_look == before.last_look  # only an answer counts as a look


async def test_excluded_subscriptions_are_not_named(watched: Watched) -> None:
    """Whatever changes in them is worth no scan."""
    watched.world.options = replace(watched.world.options, scope=Scope(exclude=frozenset({ONE})))
    await watched.world.scan()
    watched.world.clock.advance(EVERY)
    watched.graph.add(ONE)

    await watched.look()

    (scan,) = await watched.world.context.scans.history(1)
    assert scan.trigger is Trigger.TIMER


async def test_p11_a_subscription_that_nobody_ever_saw_becomes_no_gap(watched: Watched) -> None:
    """P11: it was deleted before anybody read it; no action would end that unknown."""
    watched.graph.add(THREE)

    await watched.look()

    assert await watched.world.coverage(THREE) is None
    assert await watched.world.verdict() == "compliant"
    (scan,) = await watched.world.context.scans.history(1)
    assert scan.state is ScanState.COMPLETE


async def test_more_changes_than_a_page_come_in_the_next_looks(watched: Watched) -> None:
    """The oldest go first, and the cursor moves to where the page ended."""
    ids = [sub(number) for number in range(1, 6)]
    watched.world.listed(*ids)
    watched.graph.page = 2
    for subscription_id in ids:
        watched.graph.add(subscription_id)
        watched.world.clock.advance(SECOND)

    reads = [await watched.look() for _ in range(10)]

    assert [each for each in reads if each] == [ids[:2], ids[2:3], ids[3:4], ids[4:]]


async def test_a_date_in_the_future_is_left_out(watched: Watched) -> None:
    """No scan could ever be newer than it."""
    watched.world.clock.advance(2 * CLOCK_TOLERANCE)
    watched.graph.add(ONE, -2 * CLOCK_TOLERANCE)
    watched.world.clock.advance(-2 * CLOCK_TOLERANCE)

    assert await watched.look(SECOND) == []


async def test_another_look_that_wrote_first_is_no_failure(watched: Watched) -> None:
    """The host may run two for a moment."""
    faults = {Place("commit", Table.SCANS): Fault.CONFLICT}
    watched.graph.add(ONE)

    assert await watched.look(store=FaultyStore(watched.world.store, places=faults)) == [ONE]


async def test_a_broken_row_is_replaced_and_a_newer_one_is_not(watched: Watched) -> None:
    """Whoever can write the table cannot switch the watch off for good; an update comes first."""
    await watched.look()
    await watched.world.overwrite(Table.SCANS, "watch", "state", document0="{")
    await watched.look()
    assert (await watched.state()).state is WatchState.SEEING
    await watched.world.overwrite(Table.SCANS, "watch", "state", schema=9)

    with pytest.raises(RowUnusable, match="newer version"):
        await watched.look()


async def test_a_change_of_a_vault_reads_those_whose_keys_lie_in_it(
    keyed: Watched, keys: ScriptedKeys
) -> None:
    """A key can break without a change of its account."""
    keys.facts[str(good(ONE).id)] = DISABLED
    keyed.graph.add(VAULT)

    reads = [await keyed.look() for _ in range(3)]

    assert reads == [[ONE], [], []]
    assert keyed.world.told_types()[-1] == "key.degraded"


async def test_vaults_are_not_asked_for_without_key_health(watched: Watched) -> None:
    """Their changes would say nothing."""
    watched.graph.add(VAULT)

    assert await watched.look() == []
    assert (await watched.state()).last_change is None


async def test_a_vault_that_concerns_nobody_is_looked_up_once(keyed: Watched) -> None:
    """Most vaults of a company have nothing to do with these accounts, and many change often."""
    store = keyed.world.store
    assert isinstance(store, RecordingStore)
    keyed.graph.add(f"{VAULT}-other")
    store.log.clear()

    reads = [await keyed.look() for _ in range(3)]

    searches = [each for each in store.log if each.name == "query" and not each.partition]
    assert (reads, [each.table for each in searches]) == ([[], [], []], [Table.FINDINGS])


async def test_more_vaults_than_a_look_takes_come_in_the_next_ones(keyed: Watched) -> None:
    """A policy can change them all at once; none is left out, also where a page ends later."""
    keyed.graph.page = WATCH_VAULTS_PER_LOOK + 2
    names = [f"{VAULT}-{number}" for number in range(WATCH_VAULTS_PER_LOOK + 2)]
    for name in (*names[:-2], VAULT, *names[-2:]):
        keyed.graph.add(name)
        keyed.world.clock.advance(SECOND)
    keyed.world.clock.advance(WATCH_OVERLAP)

    assert (await keyed.look(), await keyed.look()) == ([], [ONE])


async def test_vaults_are_remembered_while_their_rows_may_come_again(keyed: Watched) -> None:
    """The row of the watch does not grow."""
    for number in range(WATCH_VAULTS_REMEMBERED + 1):
        keyed.graph.add(f"{VAULT}-{number}")
        keyed.world.clock.advance(SECOND)
    for _ in range(WATCH_VAULTS_REMEMBERED // WATCH_VAULTS_PER_LOOK + 1):
        await keyed.look(SECOND)
    full = len((await keyed.state()).vaults)
    await keyed.look(WATCH_OVERLAP)
    await keyed.look()

    assert (full, (await keyed.state()).vaults) == (WATCH_VAULTS_REMEMBERED, ())
