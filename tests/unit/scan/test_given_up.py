"""Failed: what used up its tries is given up, shown, and costs nothing else."""

from dataclasses import replace

import pytest

from cmk_check.core.enums import GapReason, PostureVerdict, ScanState
from cmk_check.core.scope import Scope
from cmk_check.ports import SliceMessage
from tests.fakes.recording_store import RecordingStore
from tests.fakes.world import bad, good
from tests.unit.scan.scan_world import CLAIM_ENDS, ONE, PUBLISH, TWO, ScanWorld


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
    await world.start_next()
    (message,) = world.sent()

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
    world.listed(ONE)
    await world.start_next()
    (old,) = world.sent()
    newer = await world.start_next()

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
