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
from tests.fakes.world import World, bad, good
from tests.unit.scan.faulty_processes import (
    LEASE_ENDS,
    ONE,
    RECORD,
    TWO,
    Contested,
    asleep,
    azure_has,
    delivery,
    dies,
    planned,
    sent,
    starting,
    touch,
    with_faults,
)
from tests.unit.scan.scan_settings import require

# Only the claim comes before it.
LOWER = Place("commit", Table.SCANS, 1)


@pytest.fixture
async def green(store: RecordingStore) -> World:
    """Return a program whose two subscriptions are compliant, with keys that do not count."""
    world = World(store, keys=ScriptedKeys(), slice_size=1)
    azure_has(world, good(ONE, "one"), good(TWO, "two"))
    await world.scan()
    return world


async def test_p1_a_status_that_another_worker_wrote_is_looked_at_again(green: World) -> None:
    """A lost race says nothing about what stands there now."""
    green.read(ONE, bad(ONE, "one"))
    first, _ = await planned(green)
    worker = await asleep(green, delivery(green, first), LOWER)
    await touch(green.store, Table.SCANS, "scan", "status")

    await worker.wake()

    assert (await green.verdicts())["one"] == "non_compliant"
    assert (await green.posture()).verdict is PostureVerdict.UNKNOWN


async def test_p1_nothing_worse_is_recorded_under_a_status_that_cannot_be_lowered(
    green: World,
) -> None:
    """It is left to the next delivery rather than recorded beside compliant."""
    green.read(ONE, bad(ONE, "one"))
    first, _ = await planned(green)

    with pytest.raises(SliceIncomplete):
        await green.deliver(first, green.process(Contested(green.store)))

    assert set((await green.verdicts()).values()) == {"compliant"}
    assert (await green.posture()).verdict is PostureVerdict.COMPLIANT


async def test_p1_a_worker_that_lowered_for_a_key_lowers_for_an_account_as_well(
    green: World,
) -> None:
    """Keys do not count here, so what was lowered for one of them lowers nothing."""
    assert green.keys is not None
    green.options = replace(green.options, slice_size=2)
    green.keys.facts[str(good(ONE, "one").id)] = DISABLED
    green.read(TWO, bad(TWO, "two"))
    (message,) = await planned(green)
    recorded = Place("commit", Table.FINDINGS, 1, partition=TWO)
    context = with_faults(green, {recorded: Fault.DEATH_AFTER})

    with pytest.raises(DeathError):
        await green.deliver(message, replace(context, subscription_limit=Semaphore(1)))

    assert (await green.verdicts())["two"] == "non_compliant"
    assert (await green.posture()).verdict is PostureVerdict.UNKNOWN


async def test_p1_what_lowered_the_status_stays_when_the_next_scan_fails(green: World) -> None:
    """A failed scan has read nothing, so it cannot know better."""
    green.read(ONE, bad(ONE, "one"))
    first, _ = await planned(green)
    await dies(green, delivery(green, first), RECORD, Fault.DEATH_AFTER)
    green.clock.advance(LEASE_ENDS)
    await starting(green)
    (plan,) = sent(green)

    await green.poison(plan)

    assert (await green.posture()).verdict is PostureVerdict.UNKNOWN


@pytest.mark.parametrize("required", [(HEALTHY_KEYS,), ()])
async def test_the_end_of_a_scan_raises_what_a_key_lowered(
    green: World, required: tuple[Requirement, ...]
) -> None:
    """An estate in order would be unknown for ever, once keys count."""
    assert green.keys is not None
    green.keys.facts[str(good(ONE, "one").id)] = DISABLED
    first, _ = await planned(green)
    await dies(green, delivery(green, first), RECORD, Fault.DEATH_AFTER)
    green.keys.facts.clear()
    green.clock.advance(LEASE_ENDS)
    require(green, *required)

    await green.scan()

    assert (await green.posture()).verdict is PostureVerdict.COMPLIANT
