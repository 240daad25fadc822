"""What a partial scan leaves of the status: never better than what is recorded (P1)."""

from collections.abc import Callable
from dataclasses import replace

import pytest

from cmk_check.core.account import Account
from cmk_check.core.enums import GapReason, PostureReason, ScanState
from cmk_check.core.requirements import REQUIREMENTS, Requirement
from cmk_check.core.status import Status, Summary
from cmk_check.ports import InventoryError, Table, TableQuery
from cmk_check.scan.partial_scan import status_after
from cmk_check.store import table_keys
from cmk_check.store.codec import is_too_new
from cmk_check.store.scans import ScanTable
from tests.fakes.faults import DeathError, Fault, Place
from tests.fakes.world import World, bad, good, odd
from tests.unit.scan.faulty_processes import (
    CLAIM_ENDS,
    FORBIDDEN,
    LEASE_ENDS,
    MARK,
    ONE,
    RECORD,
    THREE,
    TWO,
    asleep_at,
    delete,
    delivery,
    dies,
    overwrite,
    scan_changes,
    sent,
    status_of,
)
from tests.unit.scan.partial_scans import asked, partial_scan, verdict

type Maker = Callable[[str], Account]

# After the claim.
LOWER = Place("commit", Table.SCANS, 1)


async def put_status(world: World, status: Status) -> None:
    """Let the status say something else."""
    scans = ScanTable(world.store)
    await scans.commit(status=status, current=await scans.lease_and_status())


async def delete_coverage(world: World, subscription_id: str) -> None:
    """Delete a coverage row, as a person may."""
    await delete(world, Table.FINDINGS, subscription_id, table_keys.COVERAGE)


async def test_what_spoke_against_compliant_when_it_began_still_does(scanned: World) -> None:
    """Only a full scan lists the estate again."""
    scanned.inventory.list_error = InventoryError(FORBIDDEN)
    await scanned.scan()
    scanned.inventory.list_error = None

    await partial_scan(scanned, ONE)

    assert await verdict(scanned) == "unknown"
    assert PostureReason.SCAN_FAILED in dict((await scanned.posture()).reasons)
    assert (await scan_changes(scanned))[-1] == "scan.failed"


async def test_a_mark_elsewhere_keeps_it_from_saying_compliant(scanned: World) -> None:
    """The worker of an older scan lowers the status, and may yet record what it has read.

    older: mark TWO, check ..(sleeps)........ lower ................... (record TWO)
    newer:                            lease ........ finish: compliant?
    """
    scanned.read(TWO, bad(TWO))
    await asked(scanned, TWO)
    await scanned.deliver(scanned.queue.messages.pop(0))
    places = {LOWER: Fault.SLEEP, RECORD: Fault.DEATH_BEFORE}
    worker = await asleep_at(scanned, delivery(scanned, sent(scanned)[0]), places)
    scanned.clock.advance(LEASE_ENDS)
    newer = await asked(scanned, ONE)
    with pytest.raises(DeathError):
        await worker.wake()

    await scanned.drain()

    assert (await scanned.scan_row(newer.scan_id)).state is ScanState.COMPLETE
    assert PostureReason.RUNNING_SCAN_FOUND_WORSE in dict((await scanned.posture()).reasons)
    # What it found may count against a key or data alone.
    status = await status_of(scanned)
    assert all(requirement.is_lowered(status) for requirement in REQUIREMENTS)
    await scanned.scan()
    assert await verdict(scanned) == "non_compliant"


async def test_a_gap_that_stands_in_no_row_is_not_forgotten(scanned: World) -> None:
    """An earlier version counted it, and did not say which: the row says that it was read."""
    status = await status_of(scanned)
    summary = replace(status.summary, unwritten=1)
    await put_status(scanned, replace(status, summary=summary))

    for _ in range(2):
        await partial_scan(scanned, ONE)

    assert await verdict(scanned) == "unknown"
    await scanned.scan()
    assert await verdict(scanned) == "compliant"


async def test_gaps_in_no_row_add_up(scanned: World) -> None:
    """Of the full scan and of its own: one must not stand for the other."""
    answer = await asked(scanned, ONE)
    status = await status_of(scanned)
    one = replace(status, summary=replace(status.summary, unwritten=1))
    scan = await scanned.scan_row(answer.scan_id)

    after = await status_after(scanned.context, scan, one.summary, one, scanned.clock.now())

    assert after.summary.unwritten == 2
    assert after.lowered is PostureReason.SUBSCRIPTIONS_UNREAD


@pytest.mark.parametrize("requirement", REQUIREMENTS, ids=lambda each: each.name)
@pytest.mark.parametrize("was_lowered", [False, True])
async def test_each_requirement_that_was_lowered_when_it_began_still_is(
    scanned: World, requirement: Requirement, *, was_lowered: bool
) -> None:
    """What it lowered itself ends with it, and nothing else."""
    status = await status_of(scanned)
    lowered = requirement.lower(status)
    await put_status(scanned, lowered if was_lowered else status)
    answer = await asked(scanned, ONE)
    scan = await scanned.scan_row(answer.scan_id)

    after = await status_after(scanned.context, scan, Summary(), lowered, scanned.clock.now())

    still = [each for each in REQUIREMENTS if each.is_lowered(after)]
    assert still == ([requirement] if was_lowered else [])


@pytest.mark.parametrize("deaths", [0, 1], ids=["alive", "its first worker dies"])
async def test_a_row_that_somebody_deleted_is_missed_beside_a_new_one(
    scanned: World, deaths: int
) -> None:
    """There are as many rows as before: what the scan has added must not stand for it."""
    scanned.read(TWO, bad(TWO))
    await scanned.scan()
    await delete_coverage(scanned, TWO)
    scanned.listed(ONE, TWO, THREE)
    scanned.read(THREE, good(THREE))
    await asked(scanned, THREE)
    await scanned.deliver(scanned.queue.messages.pop(0))
    (message,) = sent(scanned)
    for _ in range(deaths):
        await dies(scanned, delivery(scanned, message), MARK, Fault.DEATH_AFTER)
        scanned.clock.advance(CLAIM_ENDS)

    await scanned.deliver(message)

    assert await scanned.coverage(THREE) == "read"
    assert await verdict(scanned) == "unknown"


async def test_a_row_that_somebody_broke_counts_as_a_gap(scanned: World) -> None:
    """With the accounts that stand beside it."""
    scanned.read(TWO, bad(TWO))
    await scanned.scan()
    await overwrite(scanned, Table.FINDINGS, TWO, table_keys.COVERAGE, coverage="nonsense")

    await partial_scan(scanned, ONE)

    status = await status_of(scanned)
    assert (status.summary.subscriptions.gap, status.summary.accounts.non_compliant) == (1, 1)
    (known,) = status.summary.gaps
    assert (known.subscription_id, known.gap.reason) == (TWO, GapReason.SLICE_FAILED)
    assert "coverage is missing" in str(known.gap.detail)


async def test_an_earlier_version_does_not_understand_its_row(scanned: World) -> None:
    """It would finish it as a scan of the whole estate."""
    answer = await asked(scanned, ONE)

    (row,) = [
        entity
        async for entity in scanned.store.query(Table.SCANS, TableQuery(partition="scan"))
        if entity.row.endswith(answer.scan_id)
    ]
    assert is_too_new(row)


@pytest.mark.parametrize(
    ("one", "two", "counts"),
    [
        (odd, good, '{"by_kind":{"OpenAI":{"compliant":1,"unknown":-1}},"by_reason":{}}'),
        (good, bad, "{}"),
        (good, bad, '{"by_kind":{},"by_reason":{"key_not_named":1}}'),
    ],
    ids=["below zero", "nothing", "no kind"],
)
async def test_broken_counts_make_a_gap_and_hide_nothing(
    world: World, one: Maker, two: Maker, counts: str
) -> None:
    """A partial scan sums the rows of all subscriptions (P1); the next full one rebuilds them."""
    world.listed(ONE, TWO, THREE)
    for make, subscription_id in ((one, ONE), (two, TWO), (good, THREE)):
        world.read(subscription_id, make(subscription_id))
    await world.scan()
    reasons = (await world.posture()).reasons
    await overwrite(world, Table.FINDINGS, TWO, table_keys.COVERAGE, accounts=counts)

    await partial_scan(world, THREE)

    assert await verdict(world) != "compliant"
    assert dict((await world.posture()).reasons).keys() >= {
        PostureReason.SUBSCRIPTIONS_UNREAD,
        *dict(reasons),
    }
    world.clock.advance(LEASE_ENDS)
    await world.scan()
    assert (await world.posture()).reasons == reasons
