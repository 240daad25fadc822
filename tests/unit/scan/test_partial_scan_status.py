"""What a partial scan leaves of the status: never better than what is recorded (P1)."""

from collections.abc import Callable
from dataclasses import replace

import pytest

from cmk_check.core.account import Account
from cmk_check.core.enums import GapReason, PostureReason, ScanState
from cmk_check.core.requirements import REQUIREMENTS, Requirement
from cmk_check.core.status import Summary
from cmk_check.ports import InventoryError, Table
from cmk_check.scan.partial_scan import build_status
from cmk_check.store import table_keys
from tests.fakes.faults import DeathError, Fault, Place
from tests.fakes.world import bad, good, odd
from tests.unit.scan.scan_world import (
    CLAIM_ENDS,
    FORBIDDEN,
    LEASE_ENDS,
    MARK,
    ONE,
    THREE,
    TWO,
    ScanWorld,
)

type Maker = Callable[[str], Account]

# After the claim.
LOWER = Place("commit", Table.SCANS, 1)


async def test_what_spoke_against_compliant_when_it_began_still_does(scanned: ScanWorld) -> None:
    """Only a full scan lists the estate again."""
    scanned.inventory.list_error = InventoryError(FORBIDDEN)
    await scanned.scan()
    scanned.inventory.list_error = None

    await scanned.partial_scan(ONE)

    assert await scanned.verdict() == "unknown"
    assert PostureReason.SCAN_FAILED in dict((await scanned.posture()).reasons)
    assert (await scanned.scan_changes())[-1] == "scan.failed"


async def test_a_mark_elsewhere_keeps_it_from_saying_compliant(scanned: ScanWorld) -> None:
    """The worker of an older scan lowers the status, and may yet record what it has read.

    older: mark TWO, check ..(sleeps)........ lower ................... (record TWO)
    newer:                            lease ........ finish: compliant?
    """
    scanned.read(TWO, bad(TWO))
    (message,) = await scanned.planned(named=[TWO])
    worker = await scanned.asleep(message, LOWER)
    worker.store.places = {Place("commit", Table.FINDINGS): Fault.DEATH_BEFORE}
    scanned.clock.advance(LEASE_ENDS)
    newer = await scanned.asked(ONE)
    with pytest.raises(DeathError):
        await worker.wake()

    await scanned.drain()

    assert (await scanned.scan_row(newer.scan_id)).state is ScanState.COMPLETE
    assert PostureReason.RUNNING_SCAN_FOUND_WORSE in dict((await scanned.posture()).reasons)
    # What it found may count against a key or data alone.
    status = await scanned.known_status()
    assert all(requirement.is_lowered(status) for requirement in REQUIREMENTS)
    await scanned.scan()
    assert await scanned.verdict() == "non_compliant"


async def test_a_gap_that_stands_in_no_row_is_not_forgotten(scanned: ScanWorld) -> None:
    """There are more than the status names, and the row says that it was read."""
    status = await scanned.known_status()
    summary = replace(status.summary, unwritten=1)
    await scanned.put_status(replace(status, summary=summary))

    for _ in range(2):
        await scanned.partial_scan(ONE)

    assert await scanned.verdict() == "unknown"
    await scanned.scan()
    assert await scanned.verdict() == "compliant"


async def test_a_status_that_changes_while_all_rows_are_read_is_read_again(
    scanned: ScanWorld,
) -> None:
    """A late worker may lower it then: the end must not write over what it has not seen."""
    (message,) = await scanned.planned(named=[ONE])
    ending = await scanned.asleep(message, Place("query", Table.FINDINGS, 1))
    status = await scanned.known_status()
    await scanned.put_status(replace(status, finished_scans=41))

    await ending.wake()

    assert (await scanned.known_status()).finished_scans == 41


async def test_gaps_in_no_row_add_up(scanned: ScanWorld) -> None:
    """Of the full scan and of its own: one must not stand for the other."""
    answer = await scanned.asked(ONE)
    status = await scanned.known_status()
    one = replace(status, summary=replace(status.summary, unwritten=1))
    scan = await scanned.scan_row(answer.scan_id)

    after = await build_status(scanned.context, scan, one.summary, one, scanned.clock.now())

    assert after.summary.unwritten == 2
    assert after.lowered is PostureReason.SUBSCRIPTIONS_UNREAD


@pytest.mark.parametrize("requirement", REQUIREMENTS, ids=lambda each: each.name)
@pytest.mark.parametrize("was_lowered", [False, True])
async def test_each_requirement_that_was_lowered_when_it_began_still_is(
    scanned: ScanWorld, requirement: Requirement, *, was_lowered: bool
) -> None:
    """What it lowered itself ends with it, and nothing else."""
    status = await scanned.known_status()
    lowered = requirement.lower(status)
    await scanned.put_status(lowered if was_lowered else status)
    answer = await scanned.asked(ONE)
    scan = await scanned.scan_row(answer.scan_id)

    after = await build_status(scanned.context, scan, Summary(), lowered, scanned.clock.now())

    still = [each for each in REQUIREMENTS if each.is_lowered(after)]
    assert still == ([requirement] if was_lowered else [])


@pytest.mark.parametrize("deaths", [0, 1], ids=["alive", "its first worker dies"])
async def test_a_row_that_somebody_deleted_is_missed_beside_a_new_one(
    scanned: ScanWorld, deaths: int
) -> None:
    """There are as many rows as before: what the scan has added must not stand for it."""
    scanned.read(TWO, bad(TWO))
    await scanned.scan()
    await scanned.delete(Table.FINDINGS, TWO, table_keys.COVERAGE)
    scanned.listed(ONE, TWO, THREE)
    scanned.read(THREE, good(THREE))
    (message,) = await scanned.planned(named=[THREE])
    for _ in range(deaths):
        await scanned.dies(message, MARK, Fault.DEATH_AFTER)
        scanned.clock.advance(CLAIM_ENDS)

    await scanned.deliver(message)

    assert await scanned.coverage(THREE) == "read"
    assert await scanned.verdict() == "unknown"


@pytest.mark.parametrize(
    ("one", "two", "broken"),
    [
        (odd, good, {"accounts": '{"by_kind":{"OpenAI":{"unknown":-1}},"by_reason":{}}'}),
        (good, bad, {"accounts": "{}"}),
        (good, bad, {"accounts": '{"by_kind":{},"by_reason":{"key_not_named":1}}'}),
        (good, bad, {"coverage": "nonsense"}),
    ],
    ids=["counts below zero", "no counts", "counts without a kind", "no state"],
)
async def test_a_row_that_somebody_broke_makes_a_gap_and_hides_nothing(
    world: ScanWorld, one: Maker, two: Maker, broken: dict[str, str]
) -> None:
    """A partial scan sums the rows of all subscriptions (P1); the next full one rebuilds them."""
    world.azure_has(one(ONE), two(TWO), good(THREE))
    await world.scan()
    reasons = (await world.posture()).reasons
    await world.overwrite(Table.FINDINGS, TWO, table_keys.COVERAGE, **broken)

    await world.partial_scan(THREE)

    assert await world.verdict() != "compliant"
    assert dict((await world.posture()).reasons).keys() >= {
        PostureReason.SUBSCRIPTIONS_UNREAD,
        *dict(reasons),
    }
    (known,) = (await world.known_status()).summary.gaps
    assert (known.subscription_id, known.gap.reason) == (TWO, GapReason.SLICE_FAILED)
    world.clock.advance(LEASE_ENDS)
    await world.scan()
    assert (await world.posture()).reasons == reasons
