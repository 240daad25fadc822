"""Finish: the last slice turns the sums into the status, once, and only for the scan that runs."""

from collections import Counter
from dataclasses import replace
from datetime import timedelta

import pytest

from cmk_check.core.account import Reading
from cmk_check.core.enums import PostureVerdict, ScanState, Verdict
from cmk_check.core.scope import Scope
from cmk_check.limits import ATTEMPTS_PER_STEP
from cmk_check.ports import StoreUnavailable, Table
from cmk_check.scan.finish import finish
from cmk_check.store.scan_rows import Lease
from tests.fakes.faults import DeathError, Fault, Place
from tests.fakes.recording_store import RecordingStore
from tests.fakes.world import bad, good, odd, sub
from tests.unit.scan.scan_world import FORBIDDEN, ONE, THREE, TWO, ScanWorld

# In a slice with nothing to record: the claim, done, the end of the scan.
DONE = Place("commit", Table.SCANS, 1)
END = Place("commit", Table.SCANS, 2)


async def test_the_last_slice_finishes_and_no_earlier_one(world: ScanWorld) -> None:
    """A status summed from a part of the estate would call that part the whole."""
    messages = await world.planned(ONE, TWO, THREE)
    scan_id = messages[0].scan_id
    states = []

    for number in (2, 0, 1):
        await world.deliver(messages[number])
        states.append((await world.scan_row(scan_id)).state)

    assert states == [ScanState.RUNNING, ScanState.RUNNING, ScanState.COMPLETE]
    assert (await world.known_status()).summary.subscriptions.read == 3
    assert await world.context.scans.holder() is None


@pytest.mark.parametrize("fault", [Fault.DEATH_AFTER, Fault.LOST_ANSWER])
async def test_a_done_slice_delivered_again_finishes_and_reads_nothing(
    world: ScanWorld, fault: Fault
) -> None:
    """Its worker may have ended between marking it done and finishing: nobody else comes."""
    (message,) = await world.planned(ONE)
    with pytest.raises((DeathError, StoreUnavailable)):
        await world.deliver(message, world.faulty({DONE: fault}))

    await world.deliver(message)

    assert (await world.scan_row(message.scan_id)).state is ScanState.COMPLETE
    assert world.inventory.reads == [ONE]


async def test_finishing_twice_is_once(world: ScanWorld, store: RecordingStore) -> None:
    """Two workers may see at the same time that all slices are done."""
    (message,) = await world.planned(ONE)
    slow = await world.asleep(message, END)
    await world.deliver(message)
    after = len(store.log)

    await slow.wake()

    assert [entry for entry in store.log[after:] if entry.writes] == []
    assert await world.scan_changes() == ["scan.baseline"]
    assert [state for _, state, _ in world.teller.ended] == ["complete"]


async def test_an_end_whose_answer_is_lost_is_not_written_again(world: ScanWorld) -> None:
    """The worker finds the scan closed, writes its log line, and tidies up."""
    (message,) = await world.planned(ONE)

    await world.deliver(message, world.faulty({END: Fault.LOST_ANSWER}))

    assert world.teller.ended == [(message.scan_id, "complete", None)]
    assert await world.count_slice_rows(message.scan_id) == 0
    assert await world.scan_changes() == ["scan.baseline"]


async def test_finish_is_void_without_the_lease(world: ScanWorld) -> None:
    """Even where its row says running: the lease alone says whose turn it is."""
    (message,) = await world.planned(ONE)
    await world.dies(message, DONE, Fault.DEATH_AFTER)
    lease = await world.context.scans.lease()
    other = replace(lease.value, scan_id="20261125T000000Z-ffff")
    await world.context.scans.commit(lease=(other, lease.etag))

    await finish(world.context, message.scan_id)

    assert (await world.scan_row(message.scan_id)).state is ScanState.RUNNING
    assert await world.status() is None


async def test_a_scan_leaves_its_date_its_posture_and_a_lease_that_is_free(
    world: ScanWorld,
) -> None:
    """What was read may be as old as the scan; the next one follows the epoch in the lease."""
    world.azure_has(bad(ONE))
    (message,) = await world.planned()
    began = world.clock.now()
    world.clock.advance(timedelta(minutes=7))

    await world.deliver(message)

    status, row = await world.known_status(), await world.scan_row(message.scan_id)
    assert status.as_of == began
    assert status.last_scan is not None
    assert status.last_scan.finished_at == row.finished_at == world.clock.now()
    assert row.posture is PostureVerdict.NON_COMPLIANT
    assert await world.lease() == Lease("", row.epoch, world.clock.now())


async def test_the_counts_of_the_status_equal_the_findings(world: ScanWorld) -> None:
    """The status is summed from slices and never counted: it must not drift from the rows."""
    ids = [sub(number) for number in range(1, 7)]
    world.options = replace(world.options, slice_size=2)
    world.listed(*ids)
    for number, each in enumerate(ids):
        world.read(each, *[bad(each, f"b{n}") for n in range(number)], good(each), odd(each, "o"))
    await world.scan()
    world.read(ids[0], odd(ids[0]), bad(ids[0], "new"))
    world.inventory.readings[ids[1]] = Reading((bad(ids[1]),), gap=FORBIDDEN)
    world.options = replace(world.options, scope=Scope(exclude=frozenset({ids[2]})))
    world.listed(*ids[:5])

    await world.scan()

    summary = (await world.known_status()).summary
    found = Counter(finding.judgement.verdict for finding in (await world.findings()).values())
    accounts = summary.accounts
    assert (accounts.compliant, accounts.non_compliant, accounts.unknown) == (
        found[Verdict.COMPLIANT],
        found[Verdict.NON_COMPLIANT],
        found[Verdict.UNKNOWN],
    )
    counts = summary.subscriptions
    assert (counts.read, counts.gap, counts.excluded, counts.retired) == (3, 2, 1, 0)
    assert {gap.subscription_id for gap in summary.gaps} == {ids[1], ids[5]}


async def test_an_end_that_was_not_written_is_written_by_the_next_delivery(
    world: ScanWorld,
) -> None:
    """Requests without an answer must not leave a scan open whose slices are all done."""
    (message,) = await world.planned(ONE)
    faults = {replace(END, number=2 + each): Fault.NO_ANSWER for each in range(ATTEMPTS_PER_STEP)}
    with pytest.raises(StoreUnavailable, match=f"{message.scan_id} was not recorded in 3 tries"):
        await world.deliver(message, world.faulty(faults))

    await world.deliver(message)

    assert (await world.scan_row(message.scan_id)).state is ScanState.COMPLETE


async def test_the_first_scan_is_told_by_its_sums_and_each_change_links_to_its_finding(
    world: ScanWorld,
) -> None:
    """The sums stand for all the changes that are not told one by one."""
    world.azure_has(bad(ONE, "a"), good(ONE, "b"), odd(ONE, "c"))
    world.options = replace(world.options, hostname="app.example")

    await world.scan()

    violated, *_, baseline = await world.feed()
    path = f"/api/v1/findings{bad(ONE, 'a').id}"
    assert violated.data["findingUrl"] == f"https://app.example{path}"
    assert baseline.data["statusUrl"] == "https://app.example/api/v1/status"
    numbers = {"total": 3, "compliant": 1, "nonCompliant": 1, "unknown": 1}
    assert baseline.data["accounts"] == numbers


async def test_a_failed_scan_tells_why_and_the_next_one_that_it_recovered(world: ScanWorld) -> None:
    """Whoever was woken hears that it is over, once; scans are put in order by their epochs."""
    world.listed(ONE)
    await world.scan()
    world.listed()
    failed = await world.scan()
    row, failure = await world.scan_row(failed), (await world.feed())[-1]
    assert row.finished_at == failure.time == world.clock.now()
    world.listed(ONE)

    recovered = await world.scan()
    await world.scan()

    assert await world.scan_changes() == ["scan.baseline", "scan.failed", "scan.recovered"]
    recovery = (await world.feed())[-1]
    assert [failure.source, recovery.source] == [f"/scans/{failed}", f"/scans/{recovered}"]
    assert failure.data["reason"] == row.reason
    assert [failure.sequence, recovery.sequence] == [2, 3]


async def test_the_status_counts_owners_and_the_row_of_a_scan_keeps_none(world: ScanWorld) -> None:
    """Scans are kept for a year, and each would hold the hashes of all owners."""
    accounts = (bad(ONE, "a"), good(ONE, "b"), bad(TWO))
    owned = (replace(each, owner=name) for each, name in zip(accounts, "xyx", strict=True))
    world.azure_has(*owned, bad(ONE, "c"), bad(THREE))
    *others, third = world.inventory.listed
    world.inventory.listed = (*others, replace(third, owner="its tag"))

    row = await world.scan_row(await world.scan())

    counted = (await world.known_status()).summary.accounts
    assert (len(counted.owners), counted.unowned) == (3, 1)
    assert row.summary is not None
    assert row.summary.accounts.owners == ()
