"""Recording: lower before worse, one change per transition, however often it dies on the way."""

import pytest

from cmk_check.core.enums import ScanState, Verdict
from cmk_check.limits import SLICE_CLAIM
from cmk_check.ports import Table
from tests.fakes.faults import Fault, Place
from tests.fakes.world import bad, good
from tests.unit.scan.scan_world import ONE, RECORD, ScanWorld

# 120 accounts are 240 writes: three transactions of at most 98.
MANY = [f"a{number:03d}" for number in range(120)]


@pytest.fixture
async def green(world: ScanWorld) -> ScanWorld:
    """Return a program whose estate is compliant."""
    world.azure_has(good(ONE))
    await world.scan()
    return world


@pytest.mark.parametrize("fault", [Fault.DEATH_BEFORE, Fault.DEATH_AFTER])
@pytest.mark.parametrize("number", range(5))
async def test_a_recording_in_parts_goes_on_where_it_died(
    world: ScanWorld, number: int, fault: Fault
) -> None:
    """A subscription with more accounts than fit a transaction gets the same rows, told once."""
    world.listed(ONE)
    world.read(ONE, *(bad(ONE, name) for name in MANY))
    (message,) = await world.planned()
    place = Place("commit", Table.FINDINGS, number)  # mark, three parts, and the outbox
    await world.dies(message, place, fault)
    world.clock.advance(SLICE_CLAIM)

    await world.deliver(message)

    assert await world.verdicts() == dict.fromkeys(MANY, "non_compliant")
    assert await world.told_of(ONE) == [
        (number, "account.violated", name) for number, name in enumerate(MANY, 1)
    ]
    assert (await world.mark_of(ONE), await world.outbox_of(ONE)) == (None, [])
    assert (await world.scan_row(message.scan_id)).state is ScanState.COMPLETE


async def test_a_sleeper_between_two_parts_writes_no_second_one(world: ScanWorld) -> None:
    """Every part is guarded by the coverage row: who takes over ends the recording."""
    world.listed(ONE)
    world.read(ONE, *(good(ONE, name) for name in MANY))
    (message,) = await world.planned()
    slow = await world.asleep(message, Place("commit", Table.FINDINGS, 2))
    world.clock.advance(SLICE_CLAIM)
    world.read(ONE, bad(ONE, MANY[0]))
    await world.deliver(message)
    before = await world.findings()

    await slow.wake()

    assert [entry.judgement.verdict for entry in before.values()] == [Verdict.NON_COMPLIANT]
    assert await world.findings() == before
    assert [entry[0] for entry in await world.told_of(ONE)] == list(range(1, 99))


async def test_what_was_found_twice_in_the_outbox_is_still_published(green: ScanWorld) -> None:
    """A subscription that starts over twice meets its own changes twice."""
    green.read(ONE, bad(ONE))
    (message,) = await green.planned()

    async def grows(_subscription_id: str) -> None:
        if len(green.inventory.reads) == 3:
            green.read(ONE, bad(ONE), bad(ONE, "new"))

    green.inventory.before_read = grows
    second_mark = Place("commit", Table.FINDINGS, 2)
    faults = {RECORD: Fault.LOST_ANSWER, second_mark: Fault.NO_ANSWER}
    await green.deliver(message, green.faulty(faults))

    assert await green.outbox_of(ONE) == []
    assert [entry[0] for entry in await green.told_of(ONE)] == [1, 2, 3]
