"""A partial scan reads a few subscriptions; the status stays true for all of them (P1)."""

from dataclasses import replace
from datetime import timedelta

from cmk_check.core.enums import ScanState
from cmk_check.core.scan_request import StartAnswer, StartOutcome
from cmk_check.core.scope import Scope
from cmk_check.limits import PARTIAL_SCAN_SPACING, SCAN_SPACING
from cmk_check.ports import InventoryError
from cmk_check.scan.start import request
from tests.fakes.world import bad
from tests.unit.scan.scan_world import FORBIDDEN, LEASE_ENDS, ONE, THREE, TWO, ScanWorld


async def test_it_reads_what_it_names_and_tells_nothing_of_itself(scanned: ScanWorld) -> None:
    """What it did not read became no newer; rules that wait for a scan must not take it for one."""
    before = await scanned.status()
    ended, told = list(scanned.teller.ended), len(scanned.teller.told)
    scanned.inventory.reads.clear()

    scan = await scanned.scan_row(await scanned.partial_scan(TWO))

    assert scanned.inventory.reads == [TWO]
    assert await scanned.status() == before
    assert (scan.named, scan.state, scan.posture) == ((TWO,), ScanState.COMPLETE, "compliant")
    assert scan.summary is not None
    assert scan.summary.subscriptions.read == 1
    assert (scanned.teller.ended, len(scanned.teller.told)) == (ended, told)
    assert scanned.teller.partial_ended == [(scan.id, "complete", None)]


async def test_a_retired_subscription_stays_retired(scanned: ScanWorld) -> None:
    """It is no longer listed since Azure has deleted it."""
    scanned.listed(ONE, TWO, state="Deleted")
    await scanned.scan()
    scanned.listed(ONE)

    await scanned.partial_scan(TWO)

    assert await scanned.coverage(TWO) == "retired"


async def test_its_slices_are_no_larger_than_those_of_a_full_scan(scanned: ScanWorld) -> None:
    """A thousand subscriptions are more than one worker reads in time."""
    scanned.options = replace(scanned.options, slice_size=2)
    scanned.listed(ONE, TWO, THREE)

    scan = await scanned.scan_row(await scanned.partial_scan(ONE, TWO, THREE))

    assert scan.slices == 2
    assert sorted(scanned.inventory.reads[-3:]) == [ONE, TWO, THREE]


async def test_a_list_that_fails_costs_only_the_partial_scan(scanned: ScanWorld) -> None:
    """The next look or the next full scan says more; until then nothing has changed."""
    before = await scanned.status()
    scanned.inventory.list_error = InventoryError(FORBIDDEN)

    scan_id = await scanned.partial_scan(ONE)

    scan = await scanned.scan_row(scan_id)
    assert scan.state is ScanState.FAILED
    assert str(scan.reason).startswith("The subscriptions could not be listed. forbidden: ")
    assert await scanned.status() == before
    assert await scanned.scan_changes() == ["scan.baseline"]


async def test_an_empty_list_makes_no_gap_of_what_it_names_p2(scanned: ScanWorld) -> None:
    """P2: Azure lists nothing to an identity without rights; only a full scan says so."""
    before = await scanned.status()
    scanned.listed()

    scan = await scanned.scan_row(await scanned.partial_scan(ONE))

    assert (scan.state, await scanned.coverage(ONE)) == (ScanState.FAILED, "read")
    assert await scanned.status() == before


async def test_before_a_full_scan_there_is_none(world: ScanWorld) -> None:
    """Its sums would be those of an estate that nobody has listed."""
    assert await world.asked(ONE) == StartAnswer(StartOutcome.NO_SCAN_YET)


async def test_under_another_scope_there_is_none_also_where_it_changes_before_the_plan(
    scanned: ScanWorld,
) -> None:
    """Rows judged under two scopes would add up to one answer, whenever a deployment comes."""
    answer = await scanned.asked(ONE)
    scanned.options = replace(scanned.options, scope=Scope(exclude=frozenset({TWO})))
    await scanned.drain()

    assert await scanned.asked(ONE) == StartAnswer(StartOutcome.SCOPE_CHANGED)

    scan = await scanned.scan_row(answer.scan_id)
    assert (scan.state, scan.reason) == (
        ScanState.FAILED,
        "A full scan must finish under the current settings before a partial one.",
    )


async def test_while_any_scan_runs_nothing_is_queued(scanned: ScanWorld) -> None:
    """Not behind a full one, and not behind another partial one."""
    scanned.clock.advance(timedelta(hours=1))
    full = await scanned.start()
    behind_full = await scanned.asked(ONE)
    await scanned.drain()
    first = await scanned.asked(ONE)
    behind_partial = await scanned.asked(TWO)

    assert behind_full == StartAnswer(StartOutcome.RUNNING, full.scan_id)
    assert behind_partial == StartAnswer(StartOutcome.RUNNING, first.scan_id)


async def test_ten_seconds_after_the_last_start_it_may_come(scanned: ScanWorld) -> None:
    """Whoever has just mended an account wants to see it."""
    first = await scanned.partial_scan(ONE)
    early = await request(scanned.context, [ONE])
    scanned.clock.advance(PARTIAL_SCAN_SPACING)
    full = await request(scanned.context)
    later = await request(scanned.context, [ONE])

    assert early == StartAnswer(StartOutcome.TOO_SOON, first, PARTIAL_SCAN_SPACING)
    assert full == StartAnswer(StartOutcome.TOO_SOON, first, SCAN_SPACING - PARTIAL_SCAN_SPACING)
    assert later.outcome is StartOutcome.STARTED


async def test_a_full_scan_takes_the_lease_from_it(scanned: ScanWorld) -> None:
    """The hour's scan is never late by a partial one, and nobody is alarmed."""
    scanned.read(ONE, bad(ONE))
    (message,) = await scanned.planned(named=[ONE])
    scanned.clock.advance(timedelta(seconds=1))
    full = await scanned.start()
    await scanned.drain()
    without_its_worker = await scanned.slices_of(message.scan_id)
    await scanned.deliver(message)

    assert without_its_worker == []
    scan, newer = await scanned.scan_row(message.scan_id), await scanned.scan_row(full.scan_id)
    assert (full.new, scan.state, newer.state) == (True, ScanState.SUPERSEDED, ScanState.COMPLETE)
    assert await scanned.slices_of(message.scan_id) == []
    assert await scanned.scan_changes() == ["scan.baseline"]
    assert scanned.teller.partial_ended == []


async def test_it_waits_for_a_full_scan_whose_lease_has_ended(scanned: ScanWorld) -> None:
    """Only a full scan that follows tells that one was abandoned, and that scans run again."""
    lost = await scanned.planned()
    scanned.clock.advance(LEASE_ENDS)
    refused = await scanned.asked(ONE)
    await scanned.scan()

    assert refused == StartAnswer(StartOutcome.RUNNING, lost[0].scan_id)
    assert (await scanned.scan_changes())[-2:] == ["scan.abandoned", "scan.recovered"]
