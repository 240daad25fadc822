"""Plan: the whole key space, cut once, handed out until every slice is done."""

import re
from dataclasses import replace

import pytest

from cmk_check.core.account import Subscription
from cmk_check.core.enums import Disposition, PostureReason, PostureVerdict, ScanState
from cmk_check.core.scope import Scope
from cmk_check.ports import InventoryError, SliceMessage, StoreUnavailable, Table
from tests.fakes.faults import Fault, Place
from tests.fakes.world import bad, good, sub
from tests.unit.scan.scan_world import FORBIDDEN, ONE, THREE, TWO, ScanWorld

WRITE_SLICES = Place("commit", Table.SCANS, 0)
WRITE_SCAN = Place("commit", Table.SCANS, 1)


async def test_of_two_planners_one_plan_counts_and_the_other_is_dropped_in_the_end(
    world: ScanWorld,
) -> None:
    """A message comes twice now and then; two plans would read every subscription twice."""
    message = await world.started(ONE, TWO)
    slow = await world.asleep(message, WRITE_SCAN)
    await world.deliver(message)
    winner = (await world.scan_row(message.scan_id)).plan_id

    await slow.wake()

    assert (await world.scan_row(message.scan_id)).plan_id == winner
    assert {entry.plan_id for entry in await world.slices_of(message.scan_id)} == {winner}
    assert await world.count_slice_rows(message.scan_id) == 4
    await world.drain()
    assert (await world.scan_row(message.scan_id)).state is ScanState.COMPLETE
    assert sorted(world.inventory.reads) == [ONE, TWO]
    assert await world.count_slice_rows(message.scan_id) == 0


@pytest.mark.parametrize("fault", [Fault.DEATH_BEFORE, Fault.DEATH_AFTER])
@pytest.mark.parametrize("number", [0, 1, 2])
async def test_a_planner_that_dies_while_writing_slices_is_followed_by_another(
    world: ScanWorld, number: int, fault: Fault
) -> None:
    """Slices without a scan row that names their plan count for nothing."""
    # 102 slices take two transactions; the third write is the scan row's.
    message = await world.started(*(sub(number) for number in range(1, 103)))
    await world.dies(message, Place("commit", Table.SCANS, number), fault)

    await world.deliver(message)

    assert [entry.slice for entry in world.sent()] == list(range(102))
    assert len(await world.slices_of(message.scan_id)) == 102


async def test_a_plan_that_loses_every_race_is_delivered_again(world: ScanWorld) -> None:
    """Who writes the row of its scan is no planner: there is no other plan to go on with."""
    message = await world.started(ONE)
    faults = {Place("commit", Table.SCANS, None, "scan"): Fault.CONFLICT}

    with pytest.raises(StoreUnavailable, match=f"{message.scan_id} could not be recorded"):
        await world.deliver(message, world.faulty(faults))

    assert not world.queue.messages


async def test_a_plan_delivered_again_when_all_is_done_finishes(world: ScanWorld) -> None:
    """The worker of the last slice may have died before it could."""
    message = await world.started(ONE)
    await world.deliver(message)
    (only,) = world.sent()
    await world.dies(only, Place("commit", Table.SCANS, 2))
    assert (await world.scan_row(message.scan_id)).state is ScanState.RUNNING

    await world.deliver(message)

    assert (await world.scan_row(message.scan_id)).state is ScanState.COMPLETE


async def test_a_plan_of_a_scan_that_ended_is_dropped_with_its_slices(world: ScanWorld) -> None:
    """A planner that slept through its scan must not leave rows that nobody deletes."""
    message = await world.started(ONE)
    slow = await world.asleep(message, WRITE_SLICES)
    await world.deliver(message)
    await world.drain()

    await slow.wake()

    assert await world.count_slice_rows(message.scan_id) == 0
    assert not world.queue.messages


@pytest.mark.parametrize(
    ("answer", "reason", "lowered"),
    [
        (InventoryError(FORBIDDEN), "forbidden", PostureReason.SCAN_FAILED),
        ((), "Reader", PostureReason.NO_SUBSCRIPTION_VISIBLE),
        (
            tuple(sub(number) for number in range(1, 10_002)),
            "10001 slices",
            PostureReason.SCAN_FAILED,
        ),
    ],
    ids=["refused", "empty", "more than slices have names"],
)
async def test_a_list_that_cannot_be_planned_fails_the_scan_and_touches_no_finding_p1_p2_p11(
    world: ScanWorld, answer: InventoryError | tuple[str, ...], reason: str, lowered: PostureReason
) -> None:
    """Unreadable is not empty: half a list would call the other half gone; the reason helps."""
    world.azure_has(good(ONE))
    await world.scan()
    before, as_of = await world.findings(), (await world.known_status()).as_of
    assert await world.verdict() is PostureVerdict.COMPLIANT
    if isinstance(answer, InventoryError):
        world.inventory.list_error = answer
    else:
        world.listed(*answer)

    scan_id = await world.scan()

    status, row = await world.known_status(), await world.scan_row(scan_id)
    assert row.state is ScanState.FAILED
    assert re.search(reason, row.reason or "")
    assert await world.findings() == before
    assert (status.as_of, status.lowered) == (as_of, lowered)
    assert await world.verdict() is PostureVerdict.UNKNOWN
    assert await world.scan_changes() == ["scan.baseline", "scan.failed"]
    assert await world.count_slice_rows(scan_id) == 0


async def test_each_subscription_gets_what_scope_and_state_say(world: ScanWorld) -> None:
    """Excluding, including and deleting are decisions; none of them may read as a gap."""
    included = frozenset({ONE, TWO, THREE, sub(9)})
    world.options = replace(world.options, slice_size=10, scope=Scope(included, frozenset({TWO})))
    world.listed(ONE, TWO, sub(4))
    world.inventory.listed += (Subscription(THREE, "gone", "t", "Deleted"),)

    messages = await world.planned()

    (only,) = await world.slices_of(messages[0].scan_id)
    assert {entry.subscription.id: entry.disposition for entry in only.subscriptions} == {
        ONE: Disposition.READ,
        TWO: Disposition.EXCLUDED,
        THREE: Disposition.RETIRED,
        sub(4): Disposition.EXCLUDED,
        sub(9): Disposition.NOT_VISIBLE,
    }
    assert (await world.scan_row(messages[0].scan_id)).visible == 3


async def test_changes_are_of_the_baseline_until_a_scan_has_finished(world: ScanWorld) -> None:
    """A scan that failed is none; and it must not depend on which slice runs when."""
    await world.scan()
    world.azure_has(bad(ONE, "first"))
    await world.scan()
    world.read(ONE, bad(ONE, "first"), bad(ONE, "second"))

    await world.scan()

    flags = {
        change.subject.rpartition("/")[2]: change.data["baseline"]
        for change in await world.feed()
        if change.source.endswith(ONE)
    }
    assert flags == {"first": True, "second": False}


async def test_a_reading_is_told_what_is_listed_and_what_is_on_record(world: ScanWorld) -> None:
    """What a refusal means rests on the offer, and an account that a list lacks may be there."""
    world.azure_has(bad(ONE, "a"))
    await world.scan()
    (listed,) = world.inventory.listed
    world.inventory.listed = (replace(listed, quota_id="AAD_2015-09-01"),)

    await world.scan()

    assert world.inventory.asked == {ONE: (world.inventory.listed[0], {"a"})}


async def test_a_plan_delivered_again_sends_what_is_not_done(world: ScanWorld) -> None:
    """It must neither forget a slice nor have a done one worked through again."""
    first, *_ = await world.planned(ONE, TWO, THREE)
    await world.deliver(first)

    await world.deliver(SliceMessage(first.scan_id, None))

    assert [message.slice for message in world.sent()] == [1, 2]
