"""A slice: one worker's run, beside others that sleep, wake and take over."""

import asyncio
from collections.abc import Sequence
from dataclasses import replace

import pytest

from cmk_check.core.account import Account
from cmk_check.core.enums import KeyState, PostureVerdict, ScanState
from cmk_check.limits import ATTEMPTS_PER_STEP, SLICE_CLAIM
from cmk_check.ports import Table
from cmk_check.scan.slice import SliceIncomplete
from cmk_check.store import table_keys
from tests.fakes.faults import Fault, Place
from tests.fakes.keys import ScriptedKeys
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


@pytest.mark.parametrize("slow", ["accounts", "keys"])
async def test_the_time_of_a_slice_begins_when_its_first_subscription_does(
    crowd: ScanWorld, keys: ScriptedKeys, monkeypatch: pytest.MonkeyPatch, slow: str
) -> None:
    """While it waited for another slice of its process, healthy subscriptions became gaps."""
    crowd.keys, crowd.places = keys, 1
    crowd.azure_has(good(ONE), good(TWO))
    first, second = await crowd.planned()
    context = crowd.context

    waits, loop = asyncio.Event(), asyncio.get_running_loop()
    passed, time = crowd.options.reading_deadline.total_seconds(), loop.time

    async def wait(of: str | Sequence[Account]) -> None:
        if of == ONE or (not isinstance(of, str) and of[0].id.subscription_id == ONE):
            await waits.wait()
            monkeypatch.setattr(loop, "time", lambda: time() + passed)
            crowd.clock.advance(SLICE_CLAIM / 2)

    if slow == "accounts":
        crowd.inventory.before_read = wait
    else:
        keys.before_read = wait
    async with asyncio.TaskGroup() as group:
        for message in (first, second):
            group.create_task(crowd.deliver(message, context))
            await let_others_go_on()
        waits.set()

    assert await crowd.coverage(TWO) == "read"
    (finding,) = [found for key, found in (await crowd.findings()).items() if TWO in key]
    assert finding.key_health is not None
    assert finding.key_health.state is KeyState.HEALTHY
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
    crowd.places = places
    context = crowd.context
    async with asyncio.TaskGroup() as group:
        for message in messages:
            group.create_task(crowd.deliver(message, context))
        await let_others_go_on()
        most = len(waiting)
        answers.set()

    assert most == places
    assert (await crowd.scan_row(messages[0].scan_id)).state is ScanState.COMPLETE


@pytest.mark.parametrize("places", [1, 2])
async def test_lists_go_on_while_keys_of_others_wait(
    crowd: ScanWorld, keys: ScriptedKeys, places: int
) -> None:
    """A vault that answers slowly held up accounts whose keys are in other vaults."""
    crowd.options = replace(crowd.options, slice_size=3)
    crowd.keys, crowd.places = keys, places
    crowd.azure_has(good(ONE), good(TWO), good(THREE))
    (message,) = await crowd.planned()
    answers = asyncio.Event()

    async def wait(_accounts: object) -> None:
        await answers.wait()

    keys.before_read = wait
    async with asyncio.TaskGroup() as group:
        group.create_task(crowd.deliver(message))
        await let_others_go_on()
        listed, at_keys = list(crowd.inventory.reads), len(keys.asked)
        answers.set()

    assert (listed, at_keys) == ([ONE, TWO, THREE], places)
    assert await crowd.verdicts() == {"chat": "compliant"}
    assert (await crowd.scan_row(message.scan_id)).state is ScanState.COMPLETE


@pytest.mark.parametrize("places", [1, 2])
async def test_p8_only_so_many_subscriptions_are_recorded_at_once(places: int) -> None:
    """All of a slice may be listed and wait: the storage must not get them in one burst."""
    writing: list[str] = []
    answers = asyncio.Event()

    async def wait(operation: str, table: Table, *_: object) -> None:
        await asyncio.sleep(0)
        if (operation, table) == ("commit", Table.FINDINGS):
            writing.append(operation)
            await answers.wait()

    world = ScanWorld(RecordingStore(before=wait), slice_size=3)
    world.places = places
    world.azure_has(bad(ONE), bad(TWO), bad(THREE))
    (message,) = await world.planned()
    async with asyncio.TaskGroup() as group:
        group.create_task(world.deliver(message))
        await let_others_go_on()
        most = len(writing)
        answers.set()

    assert most == places
    assert (await world.scan_row(message.scan_id)).state is ScanState.COMPLETE


async def let_others_go_on() -> None:
    """Let the other tasks go on as far as they get."""
    for _ in range(100):
        await asyncio.sleep(0)
