"""Recording: one change per transition, however often a worker dies or sleeps on the way (P1, P9).

A subscription that is recorded for the first time is marked like any other. Without a mark, a
worker of a scan that was overtaken adds a subscription that the newer scan does not list and
therefore never meets; each of those tests is one way in which "compliant" then stood beside it.
"""

from contextlib import suppress
from datetime import timedelta

import pytest

from cmk_check.core.account import Subscription
from cmk_check.core.enums import CoverageState, PostureVerdict, ScanState, Verdict
from cmk_check.ports import SliceMessage, Table
from tests.fakes.faults import DeathError, Fault, FaultyStore, Place
from tests.fakes.world import bad, good
from tests.unit.scan.scan_world import (
    CLAIM_ENDS,
    FINISH,
    LEASE_ENDS,
    MARK,
    ONE,
    RECORD,
    TWO,
    ScanWorld,
)

# 120 accounts are 240 writes: three transactions of at most 98.
MANY = [f"a{number:03d}" for number in range(120)]


async def check_no_false_green(world: ScanWorld) -> None:
    """Compare the answer with what is recorded."""
    recorded = set((await world.verdicts()).values())
    if await world.verdict() is PostureVerdict.COMPLIANT:
        assert recorded <= {"compliant"}


@pytest.fixture
async def green(world: ScanWorld) -> ScanWorld:
    """Return a program whose one subscription is compliant."""
    world.azure_has(good(ONE))
    await world.scan()
    return world


@pytest.mark.parametrize("write", [MARK, RECORD], ids=["mark", "record"])
async def test_a_sleeper_wakes_while_the_newer_scan_has_read_and_not_finished(
    green: ScanWorld, write: Place
) -> None:
    """No fault at all: the status was lowered before, so there was nothing to take back."""
    green.azure_has(bad(ONE), bad(TWO))
    first, second = await green.planned()
    await green.dies(first, RECORD, Fault.DEATH_AFTER)  # lowered
    sleeper = await green.asleep(second, write)
    green.clock.advance(LEASE_ENDS)
    green.azure_has(good(ONE))
    (newer,) = await green.planned()
    finishing = await green.asleep(newer, FINISH)

    await sleeper.wake()
    await finishing.wake()

    await check_no_false_green(green)


@pytest.mark.parametrize("poisoned", [False, True], ids=["its lease ends", "its plan was poison"])
async def test_a_sleeper_of_the_first_scan_ever_is_stopped(
    world: ScanWorld, *, poisoned: bool
) -> None:
    """A baseline has no status to take back, and the next scan soon has one."""
    world.azure_has(good(ONE), bad(TWO))
    _, second = await world.planned()
    sleeper = await world.asleep(second, MARK)
    if poisoned:
        await world.poison(SliceMessage(second.scan_id, None))
    world.clock.advance(timedelta(minutes=1 - 60) if poisoned else LEASE_ENDS)
    world.listed(ONE)
    await world.scan()  # an hour later

    await sleeper.wake()

    await check_no_false_green(world)


@pytest.mark.parametrize("write", [MARK, RECORD], ids=["mark", "record"])
@pytest.mark.parametrize("fault", [Fault.LOST_ANSWER, Fault.DEATH_AFTER], ids=["lost", "dead"])
async def test_a_sleeper_whose_write_is_its_last_or_gets_no_answer_is_stopped(
    green: ScanWorld, write: Place, fault: Fault
) -> None:
    """Nothing that a worker does after its write can be relied on."""
    green.listed(ONE, TWO)
    green.read(TWO, bad(TWO))
    _, second = await green.planned()
    whole, green.store = green.store, FaultyStore(green.store, places={write: fault})
    sleeper = await green.asleep(second, write)
    green.store = whole
    green.clock.advance(LEASE_ENDS)
    green.listed(ONE)
    await green.scan()

    with suppress(DeathError):
        await sleeper.wake()

    await check_no_false_green(green)


@pytest.mark.parametrize("accounts", [0, 1, 120], ids=["none", "one", "several transactions"])
async def test_a_subscription_whose_first_worker_died_is_pending_and_no_gap(
    green: ScanWorld, accounts: int
) -> None:
    """It counts as nothing until it is recorded, and the next scan that lists it completes it."""
    green.listed(ONE, TWO)
    green.read(TWO, *(good(TWO, f"a{number}") for number in range(accounts)))
    _, second = await green.planned()

    await green.dies(second, MARK, Fault.DEATH_AFTER)

    status = await green.known_status()
    assert await green.coverage(TWO) == CoverageState.PENDING
    assert await green.verdict() is PostureVerdict.COMPLIANT
    assert status.summary.subscriptions.gap == 0
    green.clock.advance(CLAIM_ENDS)
    await green.deliver(second)
    assert await green.coverage(TWO) == "read"
    assert len(await green.findings()) == 1 + accounts


async def test_a_retired_subscription_that_is_there_again_is_pending(green: ScanWorld) -> None:
    """A half recorded one that nobody sees any more must not be taken for retired still."""
    deleted = Subscription(TWO, state="Deleted")
    green.inventory.listed = (*green.inventory.listed, deleted)
    await green.scan()
    green.listed(ONE, TWO)
    green.read(TWO, *(bad(TWO, f"a{number}") for number in range(120)))
    _, second = await green.planned()
    await green.dies(second, RECORD, Fault.DEATH_AFTER)
    state = await green.coverage(TWO)
    green.listed(ONE)

    await green.scan()

    assert state == CoverageState.PENDING
    assert await green.coverage(TWO) == "gap"
    assert await green.verdict() is not PostureVerdict.COMPLIANT


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
    world.clock.advance(CLAIM_ENDS)

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
    world.clock.advance(CLAIM_ENDS)
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
