"""One bad apple costs only itself (P7), is never called good (P1), and has a way out (P11).

What used up its tries is given up, shown, and costs nothing else.
"""

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from cmk_check.core.enums import GapReason, PostureVerdict, ScanState
from cmk_check.core.gap import Gap
from cmk_check.core.scope import Scope
from cmk_check.ports import SliceMessage, StoreError, StoreRefused, Table, TableQuery
from cmk_check.store import table_keys
from cmk_check.store.memory import MemoryStore
from tests.fakes.faults import Fault, FaultyStore, Place
from tests.fakes.recording_store import RecordingStore
from tests.fakes.world import account, bad, good
from tests.unit.scan.scan_world import CLAIM_ENDS, ONE, PUBLISH, TWO, ScanWorld

FINDING = table_keys.finding_row("rg", "chat")


async def test_what_no_row_can_hold_is_a_gap_of_its_subscription_alone(world: ScanWorld) -> None:
    """Else one account would cost its whole slice, at every scan."""
    world.options = replace(world.options, slice_size=2)
    world.azure_has(account(ONE, "chat", key_name="x" * 40_000), good(TWO))

    await world.scan()

    assert [await world.coverage(each) for each in (ONE, TWO)] == ["gap", "read"]
    (gap,) = (await world.known_status()).summary.gaps
    assert (gap.subscription_id, gap.gap.reason) == (ONE, GapReason.SLICE_FAILED)
    assert "keyName" in (gap.gap.detail or "")


async def test_a_refusal_of_the_store_is_raised_plain() -> None:
    """The trigger logs it; a group of errors would carry the service's own words with it."""
    refusing = False

    async def before(name: str, table: Table, _partition: str) -> None:
        if refusing and table is Table.FINDINGS and name == "commit":
            raise StoreRefused("no role") from RuntimeError("?sig=secret")

    world = ScanWorld(RecordingStore(before=before))
    world.azure_has(good(ONE))
    (message,) = await world.planned()
    refusing = True

    with pytest.raises(StoreError) as raised:
        await world.deliver(message)

    assert isinstance(raised.value, StoreRefused)


async def test_a_lease_of_a_clock_that_ran_ahead_stops_no_scan(world: ScanWorld) -> None:
    """Else nothing would be scanned until that time comes."""
    world.listed(ONE)
    world.clock.advance(timedelta(days=30))
    await world.planned()
    world.clock.advance(-timedelta(days=30))

    scan_id = await world.scan()

    assert (await world.scan_row(scan_id)).state is ScanState.COMPLETE


async def test_a_forged_slice_number_costs_the_running_scan_nothing(world: ScanWorld) -> None:
    """Whoever may write to the queue must not be able to end a scan."""
    (message,) = await world.planned(ONE)

    await world.deliver(SliceMessage(message.scan_id, 99))
    await world.deliver(message)

    assert (await world.scan_row(message.scan_id)).state is ScanState.COMPLETE


async def test_what_a_dead_worker_left_is_told_though_nothing_is_listed_any_more(
    world: ScanWorld,
) -> None:
    """A violation must not wait until the list can be read again (P3)."""
    last = "ffffffff-ffff-4fff-bfff-ffffffffffff"
    world.azure_has(good(last))
    await world.scan()
    world.azure_has(bad(last))
    (message,) = await world.planned()
    await world.dies(message, PUBLISH)
    world.clock.advance(timedelta(hours=1))
    world.listed()

    await world.scan()

    assert "account.violated" in world.told_types()


async def test_a_broken_change_in_the_feed_stops_no_pruning(world: ScanWorld) -> None:
    """Everything beside it is deleted when its time comes."""
    world.azure_has(good(ONE))
    await world.scan()
    world.read(ONE, bad(ONE))
    await world.scan()
    await world.overwrite(Table.CHANGES, "feed", table_keys.feed_row(1), data="oops")
    world.clock.advance(timedelta(days=500))
    await world.scan()

    await world.scan()

    feed = TableQuery(partition="feed", row_from="0", row_to="9")
    left = [entity.row async for entity in world.store.query(Table.CHANGES, feed)]
    assert left == [table_keys.feed_row(1)]


@pytest.mark.parametrize(
    ("options", "is_slices"),
    [
        ({"reading_deadline": timedelta()}, True),
        ({"subscription_timeout": 1e9}, True),
        ({"subscription_timeout": 60}, False),
    ],
    ids=["no time is left", "the rest of the slice's", "its own"],
)
async def test_a_reading_says_which_time_was_up(
    world: ScanWorld, options: dict[str, Any], *, is_slices: bool
) -> None:
    """What helps a slow subscription cannot help where the slice's time was shorter."""
    world.options = replace(world.options, **options)
    world.listed(ONE)
    world.read(ONE, gap=Gap(GapReason.TIMEOUT, detail="Its own time was up."))

    await world.scan()

    (known,) = (await world.known_status()).summary.gaps
    assert known.gap.reason is GapReason.TIMEOUT
    assert ("CMK_MAX_IN_FLIGHT" in (known.gap.detail or "")) == is_slices
    assert (world.inventory.reads == []) == ("reading_deadline" in options)


@pytest.fixture
def pair() -> ScanWorld:
    """Return a program with two compliant subscriptions in one slice."""
    world = ScanWorld(FaultyStore(MemoryStore()), slice_size=2)
    world.azure_has(good(ONE), good(TWO, "other"))
    return world


async def test_a_subscription_whose_rows_cannot_be_written_is_a_gap_and_the_scan_finishes(
    pair: ScanWorld,
) -> None:
    """The other one was read and recorded: nothing happened to it, and nobody is told so."""
    assert isinstance(pair.store, FaultyStore)
    await pair.scan()
    pair.read(ONE, bad(ONE))
    (message,) = await pair.planned()
    pair.store.places = {Place("commit", Table.FINDINGS, None, ONE): Fault.NO_ANSWER}

    await pair.deliver_as_the_host_does(message)

    status = await pair.known_status()
    assert (await pair.scan_row(message.scan_id)).state is ScanState.INCOMPLETE
    assert [(gap.subscription_id, gap.gap.reason) for gap in status.summary.gaps] == [
        (ONE, GapReason.SLICE_FAILED)
    ]
    assert "rejected every attempt" in (status.summary.gaps[0].gap.detail or "")
    assert (status.summary.accounts.total, status.summary.accounts.unread) == (2, 1)
    assert await pair.verdict() is PostureVerdict.UNKNOWN
    assert await pair.told_of(TWO) == [(1, "account.discovered", "other")]


async def test_a_slice_that_is_given_up_ends_though_the_table_takes_nothing(
    pair: ScanWorld,
) -> None:
    """Its message would come again for ever, and the scan never end."""
    assert isinstance(pair.store, FaultyStore)
    (message,) = await pair.planned()
    pair.store.places = {Place("commit", Table.FINDINGS, None): Fault.NO_ANSWER}

    await pair.poison(message)

    assert (await pair.scan_row(message.scan_id)).state is ScanState.INCOMPLETE


@pytest.mark.parametrize("times", [1, 99])
async def test_an_error_nobody_foresaw_costs_only_its_subscription(
    pair: ScanWorld, times: int
) -> None:
    """Once it is tried again; if it stays, it is a gap, and its slice goes on."""
    left = [times]

    async def fail(subscription_id: str) -> None:
        if subscription_id == ONE and left[0]:
            left[0] -= 1
            raise RuntimeError("nobody thought of this")

    pair.inventory.before_read = fail

    scan_id = await pair.scan()

    assert await pair.coverage(TWO) == "read"
    assert await pair.coverage(ONE) == ("read" if times == 1 else "gap")
    state = (await pair.scan_row(scan_id)).state
    assert state is (ScanState.COMPLETE if times == 1 else ScanState.INCOMPLETE)


async def test_an_error_nobody_foresaw_in_recording_costs_only_its_subscription() -> None:
    """Not even its gap can be written: it counts as one, and its slice goes on."""

    async def fail(name: str, _table: Table, partition: str) -> None:
        if (name, partition) == ("commit", ONE):
            raise RuntimeError("nobody thought of this")

    world = ScanWorld(RecordingStore(before=fail), slice_size=2)
    world.listed(ONE, TWO)

    scan_id = await world.scan()

    status = await world.known_status()
    assert await world.coverage(TWO) == "read"
    assert [known.subscription_id for known in status.summary.gaps] == [ONE]
    assert (await world.scan_row(scan_id)).state is ScanState.INCOMPLETE


async def test_a_poisoned_slice_becomes_gaps_and_the_scan_finishes_incomplete(
    world: ScanWorld,
) -> None:
    """The other slices' answers count; what was not read is said."""
    world.azure_has(good(ONE), good(TWO))
    await world.scan()
    first, second = await world.planned()
    await world.deliver(second)
    world.inventory.reads.clear()

    await world.poison(first)

    status = await world.known_status()
    row = await world.scan_row(first.scan_id)
    assert row.state is ScanState.INCOMPLETE
    assert world.inventory.reads == []
    assert [(gap.subscription_id, gap.gap.reason) for gap in status.summary.gaps] == [
        (ONE, GapReason.SLICE_FAILED)
    ]
    assert await world.told_of(ONE) == [
        (1, "account.discovered", "chat"),
        (2, "coverage.lost", ONE),
    ]
    assert len(await world.findings()) == 2
    assert await world.verdict() is PostureVerdict.UNKNOWN


async def test_a_poisoned_slice_without_any_gap_still_makes_the_scan_incomplete(
    world: ScanWorld,
) -> None:
    """Of what is excluded nothing is unread: only the slice's own flag tells that it failed."""
    world.options = replace(world.options, scope=Scope(exclude=frozenset({ONE})))
    (message,) = await world.planned(ONE)

    await world.poison(message)

    assert (await world.scan_row(message.scan_id)).state is ScanState.INCOMPLETE
    assert await world.coverage(ONE) == "excluded"


async def test_a_poisoned_slice_publishes_what_its_dead_worker_recorded(world: ScanWorld) -> None:
    """Giving a slice up must not lose the changes that stand already."""
    world.azure_has(bad(ONE))
    (message,) = await world.planned()
    await world.dies(message, PUBLISH)
    world.clock.advance(CLAIM_ENDS)

    await world.poison(message)

    assert [entry[:2] for entry in await world.told_of(ONE)] == [
        (1, "account.violated"),
        (2, "coverage.lost"),
    ]
    assert (await world.scan_row(message.scan_id)).state is ScanState.INCOMPLETE


async def test_a_poisoned_plan_fails_the_scan_and_says_nothing_of_the_estate(
    world: ScanWorld,
) -> None:
    """What the last scan read still holds until it is too old."""
    world.azure_has(good(ONE))
    await world.scan()
    message = await world.started()

    await world.poison(message)
    await world.poison(message)  # it is delivered at least once, too

    row = await world.scan_row(message.scan_id)
    status = await world.known_status()
    assert row.state is ScanState.FAILED
    assert row.reason == "The scan could not be planned in four tries."
    assert status.last_scan is not None
    assert status.last_scan.state is ScanState.FAILED
    assert status.lowered is None
    assert await world.verdict() is PostureVerdict.COMPLIANT
    assert await world.scan_changes() == ["scan.baseline", "scan.failed"]
    assert await world.context.scans.holder() is None


async def test_a_poison_message_of_a_scan_that_is_overtaken_does_nothing(world: ScanWorld) -> None:
    """It must not close, or speak for, the scan that runs now."""
    old = await world.started(ONE)
    newer = await world.started()

    await world.poison(old)
    await world.poison(SliceMessage(old.scan_id, 0))

    assert (await world.scan_row(newer.scan_id)).state is ScanState.RUNNING
    assert await world.context.scans.holder() == newer.scan_id
    assert await world.status() is None


@pytest.mark.parametrize("number", [None, 0])
@pytest.mark.parametrize("poisoned", [False, True])
async def test_a_message_of_a_scan_that_never_was_does_nothing(
    world: ScanWorld, store: RecordingStore, number: int | None, *, poisoned: bool
) -> None:
    """It may outlive the row of its scan, which retention deletes."""
    handle = world.poison if poisoned else world.deliver

    await handle(SliceMessage("20260101T000000Z-0000", number))

    assert store.written(0) == []
    assert not world.queue.messages
    assert not world.teller.ended
