"""The management group names subscriptions that nobody sees: they are gaps until somebody acts."""

from collections.abc import Awaitable, Callable
from dataclasses import replace

import pytest

from cmk_check.core.account import Subscription
from cmk_check.core.enums import CoverageState, PostureReason
from cmk_check.core.gap import Gap
from cmk_check.core.model import Coverage
from cmk_check.core.reasons.gap_sentences import KNOWN_FROM_GROUP
from cmk_check.core.scope import Scope
from cmk_check.core.status import Status
from cmk_check.ports import InventoryError
from cmk_check.scan.finish import fail_scan
from tests.fakes.faults import Fault, Place
from tests.fakes.recording_store import RecordingStore
from tests.fakes.world import World, bad, good, sub
from tests.unit.scan.faulty_processes import (
    CLAIM_ENDS,
    FORBIDDEN,
    LEASE_ENDS,
    MARK,
    ONE,
    RECORD,
    TWO,
    delivery,
    dies,
    findings_commits,
)
from tests.unit.scan.partial_scans import partial_scan, verdict

HIDDEN = Subscription(TWO, "Acquisitions")


def under(world: World, group: str | None, *excluded: str) -> None:
    """Let the settings name this group from now on, and exclude these subscriptions."""
    scope = Scope(exclude=frozenset(excluded))
    options = replace(world.options, management_group=group, scope=scope)
    expect = replace(options.expectations, scope=options.recorded_scope)
    world.options = replace(options, expectations=expect)


async def coverage(world: World, subscription_id: str) -> Coverage | None:
    """Return what is recorded of a subscription."""
    return await world.context.findings_table.coverage(subscription_id)


async def status(world: World) -> Status:
    """Return the stored status, which there is."""
    found = await world.status()
    assert found is not None
    return found


@pytest.fixture
async def grouped(world: World) -> World:
    """Return a program that sees one of the two subscriptions in its group, and has scanned."""
    under(world, "mg-ai")
    world.listed(ONE)
    world.read(ONE, good(ONE))
    world.inventory.in_group = (Subscription(ONE, "seen"), HIDDEN)
    await world.scan()
    return world


async def test_one_that_was_never_seen_is_a_gap_with_its_name_p1(grouped: World) -> None:
    """P1: nobody may call an estate compliant that has a subscription which nobody reads."""
    found = await coverage(grouped, TWO)

    assert found is not None
    assert (found.subscription.name, found.gap) == ("Acquisitions", KNOWN_FROM_GROUP)
    assert found.gap is not None
    assert "known from the management group" in str(found.gap.detail)
    assert "CMK_EXCLUDE_SUBSCRIPTIONS" in str(found.gap.detail)
    assert await verdict(grouped) == "unknown"
    assert grouped.inventory.groups_asked == ["mg-ai"]
    assert grouped.told_types()[-2:] == ["coverage.lost", "scan.baseline"]
    # It stands in a row, so partial scans need no full one to count it.
    assert (await status(grouped)).summary.unwritten == 0


async def test_one_that_is_excluded_from_the_start_is_no_gap(world: World) -> None:
    """Excluding it is how it is accepted, also before the first scan."""
    under(world, "mg-ai", TWO)
    world.listed(ONE)
    world.read(ONE, good(ONE))
    world.inventory.in_group = (HIDDEN,)

    await world.scan()

    assert (await coverage(world, TWO), await verdict(world)) == (None, "compliant")


async def test_a_new_one_lowers_the_posture_before_the_scan_ends_p1(scanned: World) -> None:
    """P1: what is recorded and what is answered must agree at every moment."""
    under(scanned, "mg-ai")
    first = sub(0)
    scanned.inventory.in_group = (Subscription(first, "Acquisitions"),)
    await scanned.start()
    await scanned.deliver(scanned.queue.messages.pop(0))  # the plan
    await scanned.deliver(scanned.queue.messages.pop(0))  # the first of three slices

    assert await scanned.coverage(first) == "gap"
    assert (await status(scanned)).lowered is PostureReason.RUNNING_SCAN_FOUND_WORSE


async def test_a_second_scan_writes_and_tells_nothing(
    grouped: World, store: RecordingStore
) -> None:
    """A gap of every hour is not news of every hour (P4)."""
    before, told = len(store.log), len(grouped.teller.told)

    await grouped.scan()

    written = findings_commits(store, before)
    assert (written, len(grouped.teller.told)) == ([], told)


async def test_it_is_read_once_it_is_visible(grouped: World) -> None:
    """The role was assigned: that is the way out that the gap names (P11)."""
    grouped.listed(ONE, TWO)
    grouped.read(TWO, bad(TWO))

    await grouped.scan()

    assert await grouped.coverage(TWO) == "read"
    assert await verdict(grouped) == "non_compliant"


async def test_excluding_it_accepts_it(grouped: World) -> None:
    """The other way out, also for one that was deleted and lingers in the tree (P11)."""
    under(grouped, "mg-ai", TWO)

    await grouped.scan()

    assert await grouped.coverage(TWO) == "excluded"
    assert await verdict(grouped) == "compliant"


@pytest.mark.parametrize("group", ["mg-ai", None], ids=["left the group", "no group any more"])
async def test_nobody_expects_one_that_the_group_no_longer_has(
    grouped: World, group: str | None
) -> None:
    """A wrong group would leave thousands of gaps, each to be excluded by hand (P11)."""
    under(grouped, group)
    grouped.inventory.in_group = (Subscription(ONE, "seen"),)

    await grouped.scan()
    await grouped.scan()

    assert await grouped.coverage(TWO) == "excluded"
    assert await verdict(grouped) == "compliant"
    _, change = grouped.teller.told[-1]
    assert (change.type, change.source) == ("cmkcheck.coverage.removed", f"/subscriptions/{TWO}")
    assert change.data["removed"] == "not_in_management_group"
    assert change.data["after"] == {
        "coverage": "excluded",
        "reason": None,
        "missingAction": None,
    }


@pytest.mark.parametrize("in_group", [(), (Subscription(ONE, "seen"),)], ids=["empty", "short"])
async def test_one_short_answer_of_the_group_ends_no_gap_p1(
    grouped: World, in_group: tuple[Subscription, ...]
) -> None:
    """P1: Azure may leave out of one answer what it names in the next."""
    told = len(grouped.teller.told)
    grouped.inventory.in_group = in_group
    await grouped.scan()
    once = (await grouped.coverage(TWO), await verdict(grouped))
    grouped.inventory.in_group = (HIDDEN,)
    await grouped.scan()
    grouped.inventory.in_group = in_group
    await grouped.scan()
    again = (await grouped.coverage(TWO), await verdict(grouped))

    assert once == again == ("gap", "unknown")
    assert len(grouped.teller.told) == told


async def _without_group(world: World) -> None:
    world.inventory.group_error = InventoryError(FORBIDDEN)
    await world.scan()
    world.inventory.group_error = None


async def _without_list(world: World) -> None:
    world.inventory.list_error = InventoryError(FORBIDDEN)
    await world.scan()
    world.inventory.list_error = None


async def _abandoned(world: World) -> None:
    world.clock.advance(LEASE_ENDS)
    await world.start()
    world.queue.messages.clear()


@pytest.mark.parametrize("between", [_without_group, _without_list, _abandoned])
async def test_only_two_scans_in_a_row_end_a_gap_p1(
    grouped: World, between: Callable[[World], Awaitable[None]]
) -> None:
    """P1: what the scan in between would have been told, nobody knows."""
    grouped.inventory.in_group = ()
    await grouped.scan()
    await between(grouped)
    await grouped.scan()
    first = await grouped.coverage(TWO)
    await grouped.scan()

    assert (first, await grouped.coverage(TWO)) == ("gap", "excluded")


@pytest.mark.parametrize("place", [MARK, RECORD])
async def test_a_slice_that_comes_again_was_told_once_p1(grouped: World, place: Place) -> None:
    """P1: a worker that dies makes no second answer of the first; the next scan brings it."""
    grouped.inventory.in_group = ()
    grouped.clock.advance(LEASE_ENDS)
    await grouped.start()
    await grouped.deliver(grouped.queue.messages.pop(0))
    (message,) = grouped.queue.messages
    await dies(grouped, delivery(grouped, message), place, Fault.DEATH_AFTER)
    grouped.clock.advance(CLAIM_ENDS)
    await grouped.drain()
    first = await grouped.coverage(TWO)
    await partial_scan(grouped, TWO)
    await grouped.scan()

    assert (first, await grouped.coverage(TWO)) == ("gap", "excluded")


async def test_a_scan_that_fails_midway_was_told_nothing_p1(grouped: World) -> None:
    """P1: it says nothing of the estate, so neither of the group."""
    grouped.inventory.in_group = ()
    grouped.clock.advance(LEASE_ENDS)
    started = await grouped.start()
    await grouped.deliver(grouped.queue.messages.pop(0))
    await dies(grouped, delivery(grouped, grouped.queue.messages.pop()), RECORD, Fault.DEATH_AFTER)
    await fail_scan(grouped.context, started.scan_id, "The settings changed.")
    await grouped.scan()
    first = await grouped.coverage(TWO)
    await grouped.scan()

    assert (first, await grouped.coverage(TWO)) == ("gap", "excluded")


async def test_it_is_a_gap_again_when_the_group_has_it_again(grouped: World) -> None:
    """It may have been moved out of the group by mistake."""
    grouped.inventory.in_group = ()
    await grouped.scan()
    await grouped.scan()
    left = await grouped.coverage(TWO)
    grouped.inventory.in_group = (HIDDEN,)
    await grouped.scan()

    assert (left, await grouped.coverage(TWO)) == ("excluded", "gap")
    assert await verdict(grouped) == "unknown"


async def test_an_unread_group_ends_no_gap_and_is_a_reason_p1(grouped: World) -> None:
    """P1: what the group said must not be forgotten because it cannot be asked."""
    grouped.inventory.group_error = InventoryError(FORBIDDEN)

    scan = await grouped.scan_row(await grouped.scan())
    answer = await grouped.posture()

    found = await coverage(grouped, TWO)
    assert found is not None
    assert (found.state, found.gap) == (CoverageState.GAP, KNOWN_FROM_GROUP)
    (reason,) = (r for r in answer.reasons if r[0] is PostureReason.MANAGEMENT_GROUP_UNREAD)
    assert "missing Microsoft.CognitiveServices/accounts/read" in reason[1]
    assert scan.group_unread == FORBIDDEN


async def test_one_that_left_the_group_is_no_gap_while_the_group_is_unread(grouped: World) -> None:
    """What the group said last stands; that it is unread is a reason of its own."""
    grouped.inventory.in_group = ()
    await grouped.scan()
    await grouped.scan()
    grouped.inventory.group_error = InventoryError(FORBIDDEN)
    await grouped.scan()

    assert await grouped.coverage(TWO) == "excluded"
    assert await verdict(grouped) == "unknown"


@pytest.mark.parametrize(
    ("listed", "gap"),
    [
        (Subscription(TWO, "two"), None),
        (Subscription(TWO, "two", "t", "Enabled"), FORBIDDEN),
    ],
    ids=["read, without tenant and state", "never read"],
)
async def test_one_that_azure_has_listed_stays_a_gap_p1(
    grouped: World, listed: Subscription, gap: Gap | None
) -> None:
    """P1: only what the group alone ever named may go without a person."""
    grouped.inventory.listed = (*grouped.inventory.listed, listed)
    grouped.read(TWO, gap=gap)
    await grouped.scan()
    grouped.listed(ONE)
    grouped.inventory.in_group = ()
    await grouped.scan()
    await grouped.scan()

    assert await grouped.coverage(TWO) == "gap"


async def test_a_group_that_was_never_asked_is_a_changed_scope_p1(scanned: World) -> None:
    """P1: until the next full scan nobody knows whether the group has hidden subscriptions."""
    under(scanned, "mg-ai")

    answer = await scanned.posture()

    assert [code for code, _ in answer.reasons] == [PostureReason.SCOPE_CHANGED]


async def test_a_partial_scan_asks_for_no_group_and_keeps_what_is_known(grouped: World) -> None:
    """It says nothing of the estate, whether it names the hidden subscription or another one."""
    grouped.inventory.groups_asked.clear()
    grouped.inventory.in_group = ()
    grouped.inventory.group_error = InventoryError(FORBIDDEN)
    before = (await coverage(grouped, TWO), await coverage(grouped, ONE))

    await partial_scan(grouped, TWO)
    await partial_scan(grouped, ONE)

    assert (await coverage(grouped, TWO), await coverage(grouped, ONE)) == before
    assert grouped.inventory.groups_asked == []
    assert (await status(grouped)).summary.subscriptions.gap == 1
    assert await verdict(grouped) == "unknown"


async def test_one_that_azure_called_deleted_stays_retired(scanned: World) -> None:
    """The tree goes on naming it for months, and nobody could make it visible."""
    under(scanned, "mg-ai")
    scanned.inventory.in_group = (HIDDEN,)
    scanned.inventory.listed = (
        Subscription(ONE, "one", "t", "Enabled"),
        Subscription(TWO, "two", "t", "Deleted"),
    )
    await scanned.scan()
    scanned.listed(ONE)
    await scanned.scan()

    assert await scanned.coverage(TWO) == "retired"
    assert await verdict(scanned) == "compliant"


async def test_one_that_was_seen_before_stays_a_gap_whatever_the_group_says_p1(
    scanned: World,
) -> None:
    """P1: it was read once, so that only a person can say that it need not be read."""
    under(scanned, "mg-ai")
    scanned.listed(ONE)
    scanned.inventory.in_group = (HIDDEN,)
    await scanned.scan()
    in_group = await coverage(scanned, TWO)
    scanned.inventory.in_group = ()
    await scanned.scan()
    outside = await coverage(scanned, TWO)

    assert in_group is not None
    assert outside is not None
    assert (in_group.gap, outside.state) == (KNOWN_FROM_GROUP, CoverageState.GAP)
    assert "management group" not in str(outside.gap)


async def test_an_include_list_leaves_out_the_rest_of_the_group(world: World) -> None:
    """Whoever names what is read has said that the rest is not."""
    under(world, "mg-ai")
    world.options = replace(world.options, scope=Scope(include=frozenset({ONE})))
    world.listed(ONE)
    world.inventory.in_group = (HIDDEN,)

    await world.scan()

    assert await world.coverage(TWO) is None
