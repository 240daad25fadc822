"""A slice: one worker's run, beside others that sleep, wake and take over."""

import asyncio
from dataclasses import replace

import pytest

from cmk_check.core.enums import PostureVerdict, ScanState
from cmk_check.limits import ATTEMPTS_PER_STEP, SLICE_CLAIM
from cmk_check.ports import Table
from cmk_check.scan.slice import SliceIncomplete
from cmk_check.store import table_keys
from cmk_check.store.outbox import Outbox
from tests.fakes.faults import Fault, Place
from tests.fakes.recording_store import RecordingStore
from tests.fakes.world import bad, good
from tests.unit.scan.scan_world import (
    CLAIM_ENDS,
    LEASE_ENDS,
    MARK,
    ONE,
    RECORD,
    THREE,
    TWO,
    ScanWorld,
)


@pytest.fixture
async def known(world: ScanWorld) -> ScanWorld:
    """Return a program whose one subscription has a non-compliant account on record."""
    world.azure_has(bad(ONE))
    await world.scan()
    return world


async def test_a_subscription_never_read_costs_a_mark_and_one_transaction(
    world: ScanWorld, store: RecordingStore
) -> None:
    """Nothing else keeps an overtaken worker from adding it; unchanged, it costs no write (P4)."""
    world.azure_has(bad(ONE, "a"), good(ONE, "b"))
    (message,) = await world.planned()
    before = len(store.log)

    await world.deliver(message)

    commits = store.findings_commits(before)
    # The mark; coverage and twice two; the outbox.
    assert [len(writes) for writes in commits] == [1, 5, 2]
    assert await world.mark_of(ONE) is None
    before, told = len(store.log), world.told_types()
    await world.scan()
    assert (store.findings_commits(before), world.told_types()) == ([], told)


async def test_a_foreign_mark_is_cleared_before_azure_is_read(known: ScanWorld) -> None:
    """Cleared later, its owner could still write what it read before we did."""
    known.read(ONE, good(ONE))
    (message,) = await known.planned()
    await known.dies(message, RECORD)
    assert await known.mark_of(ONE) is not None
    known.clock.advance(CLAIM_ENDS)
    marks: list[str | None] = []

    async def look(subscription_id: str) -> None:
        marks.append(await known.mark_of(subscription_id))

    known.inventory.before_read = look
    await known.deliver(message)

    assert marks == [None]
    assert await known.verdicts() == {"chat": "compliant"}


async def test_who_took_over_reads_again_when_the_sleeper_was_faster(known: ScanWorld) -> None:
    """The older reading may land first; it must not be the last word."""
    known.read(ONE, good(ONE))
    (message,) = await known.planned()
    slow = await known.asleep(message, RECORD)
    known.clock.advance(CLAIM_ENDS)
    known.read(ONE, bad(ONE))
    clears_mark = Place("commit", Table.FINDINGS, 0)
    second = await known.asleep(message, clears_mark)

    await slow.wake()
    await second.wake()

    assert await known.verdicts() == {"chat": "non_compliant"}
    assert [entry[:2] for entry in await known.told_of(ONE)] == [
        (1, "account.violated"),
        (2, "account.resolved"),
        (3, "account.violated"),
    ]
    assert (await known.scan_row(message.scan_id)).state is ScanState.COMPLETE
    assert await known.verdict() is PostureVerdict.NON_COMPLIANT


@pytest.mark.parametrize("meanwhile", ["newer scan", "other worker", "start that dies"])
async def test_an_older_reading_is_not_written_though_no_row_has_changed_meanwhile(
    known: ScanWorld, meanwhile: str
) -> None:
    """P9: the worker slept before its mark, and what was read since is what stands there."""
    known.listed(ONE, TWO)  # a second slice keeps the scan, and its rows, alive
    known.read(ONE, good(ONE))
    message, _ = await known.planned()
    slow = await known.asleep(message, MARK)
    known.read(ONE, bad(ONE))
    known.clock.advance(CLAIM_ENDS if meanwhile == "other worker" else LEASE_ENDS)
    match meanwhile:
        case "newer scan":
            await known.scan()
        case "other worker":  # only the claim tells the two workers apart
            await known.deliver(message)
        case _:  # only the lease says that a newer scan has begun
            await known.dies(known.start, Place("commit", Table.SCANS, 0), Fault.DEATH_AFTER)

    await slow.wake()

    assert await known.verdicts() == {"chat": "non_compliant"}
    assert len(await known.told_of(ONE)) == 1
    known.queue.messages.clear()
    known.clock.advance(LEASE_ENDS)
    await known.scan()
    assert await known.mark_of(ONE) is None


async def test_a_lost_race_starts_over_with_azure(known: ScanWorld) -> None:
    """The reading is as old as the table it was compared with: both are read again."""
    (message,) = await known.planned()
    reads = 0

    async def overtaken_once(subscription_id: str) -> None:
        nonlocal reads
        reads += 1
        known.read(ONE, *([good(ONE)] if reads == 1 else [bad(ONE), bad(ONE, "new")]))
        if reads == 1:
            await known.overwrite(Table.FINDINGS, subscription_id, table_keys.COVERAGE)

    known.inventory.before_read = overtaken_once
    await known.deliver(message)

    assert reads == 2
    assert await known.verdicts() == {"chat": "non_compliant", "new": "non_compliant"}
    assert [kind for _, kind, _ in await known.told_of(ONE)] == ["account.violated"] * 2


@pytest.mark.parametrize("place", [MARK, RECORD], ids=["mark", "record"])
@pytest.mark.parametrize("fault", [Fault.LOST_ANSWER, Fault.NO_ANSWER])
async def test_a_lost_answer_starts_over_and_tells_once(
    known: ScanWorld, place: Place, fault: Fault
) -> None:
    """Whether it was written only the table knows."""
    known.read(ONE, good(ONE))
    (message,) = await known.planned()

    await known.deliver(message, known.faulty({place: fault}))

    assert known.inventory.reads == [ONE] * 3
    assert [entry[:2] for entry in await known.told_of(ONE)] == [
        (1, "account.violated"),
        (2, "account.resolved"),
    ]
    assert (await known.context.findings_table.read_one(ONE)).outbox == Outbox()
    assert await known.mark_of(ONE) is None


async def test_three_lost_races_leave_the_slice_to_the_queue_and_the_others_recorded(
    world: ScanWorld,
) -> None:
    """One subscription that never comes to rest costs itself a delivery, not the others."""
    world.options = replace(world.options, slice_size=2)
    world.listed(ONE, TWO)
    world.read(ONE, bad(ONE, "first"))
    await world.scan()
    world.read(ONE, good(ONE, "first"))
    world.read(TWO, bad(TWO, "second"))
    (message,) = await world.planned()
    world.inventory.reads.clear()

    async def always_overtaken(subscription_id: str) -> None:
        assert len(world.inventory.reads) < 10
        if subscription_id == ONE:
            await world.overwrite(Table.FINDINGS, ONE, table_keys.COVERAGE)

    world.inventory.before_read = always_overtaken
    with pytest.raises(SliceIncomplete):
        await world.deliver(message)

    assert world.inventory.reads.count(ONE) == ATTEMPTS_PER_STEP == 3
    assert await world.verdicts() == {"first": "non_compliant", "second": "non_compliant"}
    assert (await world.scan_row(message.scan_id)).state is ScanState.RUNNING
    assert await world.told_of(TWO) == [(1, "account.violated", "second")]


async def test_the_time_of_a_slice_begins_when_its_first_subscription_does(
    crowd: ScanWorld, monkeypatch: pytest.MonkeyPatch
) -> None:
    """While it waited for another slice of its process, healthy subscriptions became gaps."""
    crowd.options = replace(crowd.options, slice_size=1)
    crowd.azure_has(good(ONE), good(TWO))
    first, second = await crowd.planned()
    context = replace(crowd.context, subscription_limit=asyncio.Semaphore(1))

    waits, loop = asyncio.Event(), asyncio.get_running_loop()
    passed, time = crowd.options.reading_deadline.total_seconds(), loop.time

    async def slow(subscription_id: str) -> None:
        if subscription_id == ONE:
            await waits.wait()
            monkeypatch.setattr(loop, "time", lambda: time() + passed)
            crowd.clock.advance(SLICE_CLAIM / 2)

    crowd.inventory.before_read = slow
    async with asyncio.TaskGroup() as group:
        for message in (first, second):
            group.create_task(crowd.deliver(message, context))
            for _ in range(100):
                await asyncio.sleep(0)
        waits.set()

    assert await crowd.coverage(TWO) == "read"
    assert (await crowd.scan_row(first.scan_id)).state is not ScanState.RUNNING


@pytest.mark.parametrize("places", [1, 2])
async def test_p8_slices_at_once_ask_no_more_of_azure_than_one(
    crowd: ScanWorld, places: int
) -> None:
    """The bound on requests is that of the process, however many slices the host gives it."""
    crowd.azure_has(bad(ONE), bad(TWO), bad(THREE))
    messages = await crowd.planned()
    waiting: list[str] = []
    answers = asyncio.Event()

    async def wait(subscription_id: str) -> None:
        waiting.append(subscription_id)
        await answers.wait()

    crowd.inventory.before_read = wait
    context = replace(crowd.context, subscription_limit=asyncio.Semaphore(places))
    async with asyncio.TaskGroup() as group:
        for message in messages:
            group.create_task(crowd.deliver(message, context))
        for _ in range(100):  # as far as they get
            await asyncio.sleep(0)
        most = len(waiting)
        answers.set()

    assert most == places
    assert (await crowd.scan_row(messages[0].scan_id)).state is ScanState.COMPLETE
