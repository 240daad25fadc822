"""A subscription that cannot be recorded, or breaks the program, costs only itself (P7)."""

import asyncio
from dataclasses import replace
from datetime import timedelta

import pytest

from cmk_check.core.enums import GapReason, PostureVerdict, ScanState
from cmk_check.limits import SLICE_CLAIM
from cmk_check.ports import SliceMessage, Table
from cmk_check.scan.slice import SliceIncomplete, run_slice
from cmk_check.store.memory import MemoryStore
from tests.fakes.faults import Fault, FaultyStore, Place
from tests.fakes.recording_store import RecordingStore
from tests.fakes.world import MAX_DELIVERIES, bad, good
from tests.unit.scan.scan_world import ONE, TWO, ScanWorld


@pytest.fixture
def pair() -> ScanWorld:
    """Return a program with two compliant subscriptions in one slice."""
    world = ScanWorld(FaultyStore(MemoryStore()), slice_size=2)
    world.azure_has(good(ONE), good(TWO, "other"))
    return world


async def deliver_as_the_host_does(world: ScanWorld, message: SliceMessage) -> None:
    """Deliver a message until it is taken, each time five minutes later."""
    for number in range(1, MAX_DELIVERIES + 1):
        try:
            last = number == MAX_DELIVERIES
            await run_slice(world.context, message.scan_id, message.slice or 0, last=last)
        except SliceIncomplete:
            world.clock.advance(timedelta(minutes=5))
        else:
            return
    await world.poison(message)


async def test_a_subscription_whose_rows_cannot_be_written_is_a_gap_and_the_scan_finishes(
    pair: ScanWorld,
) -> None:
    """The other one was read and recorded: nothing happened to it, and nobody is told so."""
    assert isinstance(pair.store, FaultyStore)
    await pair.scan()
    pair.read(ONE, bad(ONE))
    (message,) = await pair.planned()
    pair.store.places = {Place("commit", Table.FINDINGS, None, ONE): Fault.NO_ANSWER}

    await deliver_as_the_host_does(pair, message)

    status = await pair.known_status()
    assert (await pair.scan_row(message.scan_id)).state is ScanState.INCOMPLETE
    assert [(gap.subscription_id, gap.gap.reason) for gap in status.summary.gaps] == [
        (ONE, GapReason.SLICE_FAILED)
    ]
    assert "did not accept it" in (status.summary.gaps[0].gap.detail or "")
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


async def test_the_time_of_a_slice_begins_when_its_first_subscription_does(
    crowd: ScanWorld,
) -> None:
    """While it waited for another slice of its process, healthy subscriptions became gaps."""
    crowd.options = replace(crowd.options, slice_size=1, reading_deadline=timedelta(seconds=0.2))
    crowd.azure_has(good(ONE), good(TWO))
    first, second = await crowd.planned()
    context = replace(crowd.context, subscription_limit=asyncio.Semaphore(1))

    async def slow(subscription_id: str) -> None:
        if subscription_id == ONE:
            await asyncio.sleep(0.3)
            crowd.clock.advance(SLICE_CLAIM / 2)

    crowd.inventory.before_read = slow
    async with asyncio.TaskGroup() as group:
        group.create_task(crowd.deliver(first, context))
        await asyncio.sleep(0.05)
        group.create_task(crowd.deliver(second, context))

    assert await crowd.coverage(TWO) == "read"
    assert (await crowd.scan_row(first.scan_id)).state is not ScanState.RUNNING
