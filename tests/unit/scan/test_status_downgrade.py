"""A status is lowered against all who write it, for verdicts and for keys, and stays low (P1)."""

from asyncio import Semaphore
from dataclasses import replace

import pytest

from cmk_check.core.enums import PostureVerdict
from cmk_check.core.requirements import HEALTHY_KEYS, Requirement
from cmk_check.ports import Table
from cmk_check.scan.slice import SliceIncomplete
from tests.fakes.faults import DeathError, Fault, Place
from tests.fakes.keys import DISABLED, ScriptedKeys
from tests.fakes.recording_store import RecordingStore
from tests.fakes.world import bad, good
from tests.unit.scan.scan_world import LEASE_ENDS, ONE, RECORD, TWO, ScanWorld

# Only the claim comes before it.
LOWER = Place("commit", Table.SCANS, 1)


@pytest.fixture
async def green(store: RecordingStore) -> ScanWorld:
    """Return a program whose two subscriptions are compliant, with keys that do not count."""
    world = ScanWorld(store, keys=ScriptedKeys(), slice_size=1)
    world.azure_has(good(ONE, "one"), good(TWO, "two"))
    await world.scan()
    return world


async def test_p1_a_status_that_another_worker_wrote_is_looked_at_again(green: ScanWorld) -> None:
    """A lost race says nothing about what stands there now."""
    green.read(ONE, bad(ONE, "one"))
    first, _ = await green.planned()
    worker = await green.asleep(first, LOWER)
    await green.overwrite(Table.SCANS, "scan", "status")

    await worker.wake()

    assert (await green.verdicts())["one"] == "non_compliant"
    assert await green.verdict() is PostureVerdict.UNKNOWN


async def test_p1_nothing_worse_is_recorded_under_a_status_that_cannot_be_lowered(
    green: ScanWorld,
) -> None:
    """It is left to the next delivery rather than recorded beside compliant."""
    green.read(ONE, bad(ONE, "one"))
    first, _ = await green.planned()
    faults = {Place("commit", Table.SCANS, None, "scan"): Fault.CONFLICT}

    with pytest.raises(SliceIncomplete):
        await green.deliver(first, green.faulty(faults))

    assert set((await green.verdicts()).values()) == {"compliant"}
    assert await green.verdict() is PostureVerdict.COMPLIANT


async def test_p1_a_worker_that_lowered_for_a_key_lowers_for_an_account_as_well(
    green: ScanWorld,
) -> None:
    """Keys do not count here, so what was lowered for one of them lowers nothing."""
    assert green.keys is not None
    green.options = replace(green.options, slice_size=2)
    green.keys.facts[str(good(ONE, "one").id)] = DISABLED
    green.read(TWO, bad(TWO, "two"))
    (message,) = await green.planned()
    recorded = Place("commit", Table.FINDINGS, 1, partition=TWO)
    context = green.faulty({recorded: Fault.DEATH_AFTER})

    with pytest.raises(DeathError):
        await green.deliver(message, replace(context, subscription_limit=Semaphore(1)))

    assert (await green.verdicts())["two"] == "non_compliant"
    assert await green.verdict() is PostureVerdict.UNKNOWN


async def test_p1_what_lowered_the_status_stays_when_the_next_scan_fails(green: ScanWorld) -> None:
    """A failed scan has read nothing, so it cannot know better."""
    green.read(ONE, bad(ONE, "one"))
    first, _ = await green.planned()
    await green.dies(first, RECORD, Fault.DEATH_AFTER)
    green.clock.advance(LEASE_ENDS)
    await green.start_next()
    (plan,) = green.sent()

    await green.poison(plan)

    assert await green.verdict() is PostureVerdict.UNKNOWN


@pytest.mark.parametrize("required", [(HEALTHY_KEYS,), ()])
async def test_the_end_of_a_scan_raises_what_a_key_lowered(
    green: ScanWorld, required: tuple[Requirement, ...]
) -> None:
    """An estate in order would be unknown for ever, once keys count."""
    assert green.keys is not None
    green.keys.facts[str(good(ONE, "one").id)] = DISABLED
    first, _ = await green.planned()
    await green.dies(first, RECORD, Fault.DEATH_AFTER)
    green.keys.facts.clear()
    green.clock.advance(LEASE_ENDS)
    green.require(*required)

    await green.scan()

    assert await green.verdict() is PostureVerdict.COMPLIANT
