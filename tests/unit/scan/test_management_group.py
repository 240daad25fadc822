"""The management group names subscriptions that nobody sees: they are gaps until somebody acts."""

from collections.abc import Awaitable, Callable
from dataclasses import replace

import pytest

from cmk_check.core.account import Subscription
from cmk_check.core.enums import CoverageState, PostureReason
from cmk_check.core.gap import Gap
from cmk_check.core.reasons.gap_sentences import KNOWN_FROM_GROUP
from cmk_check.core.scope import Scope
from cmk_check.ports import InventoryError
from cmk_check.scan.finish import fail_scan
from tests.fakes.faults import Fault, Place
from tests.fakes.recording_store import RecordingStore
from tests.fakes.world import bad, good, sub
from tests.unit.scan.scan_world import (
    CLAIM_ENDS,
    FORBIDDEN,
    LEASE_ENDS,
    MARK,
    ONE,
    RECORD,
    TWO,
    ScanWorld,
)

HIDDEN = Subscription(TWO, "Acquisitions")
SEEN = Subscription(ONE, "seen")
EVERYTHING = Scope()
WITHOUT_TWO = Scope(exclude=frozenset({TWO}))


def under(world: ScanWorld, group: str | None, scope: Scope = EVERYTHING) -> None:
    """Let the settings name this group from now on, and choose these subscriptions."""
    options = replace(world.options, management_group=group, scope=scope)
    expect = replace(options.expectations, scope=options.recorded_scope)
    world.options = replace(options, expectations=expect)


@pytest.fixture
async def grouped(world: ScanWorld) -> ScanWorld:
    """Return a program that sees one of the two subscriptions in its group, and has scanned."""
    under(world, "mg-ai")
    world.azure_has(good(ONE))
    world.inventory.in_group = (SEEN, HIDDEN)
    await world.scan()
    return world


async def test_one_that_was_never_seen_is_a_gap_with_its_name_p1(
    grouped: ScanWorld, store: RecordingStore
) -> None:
    """P1, P4: nobody reads it, so nothing is compliant; and that is no news of every hour."""
    found = await grouped.coverage_of(TWO)

    assert (found.subscription.name, found.gap) == ("Acquisitions", KNOWN_FROM_GROUP)
    assert found.gap is not None
    assert "known from the management group" in str(found.gap.detail)
    assert "CMK_EXCLUDE_SUBSCRIPTIONS" in str(found.gap.detail)
    assert await grouped.verdict() == "unknown"
    assert grouped.inventory.groups_asked == ["mg-ai"]
    assert grouped.told_types()[-2:] == ["coverage.lost", "scan.baseline"]
    # It stands in a row, so partial scans need no full one to count it.
    assert (await grouped.known_status()).summary.unwritten == 0
    before, told = len(store.log), len(grouped.teller.told)
    await grouped.scan()
    assert (store.findings_commits(before), len(grouped.teller.told)) == ([], told)


@pytest.mark.parametrize("scope", [WITHOUT_TWO, Scope(include=frozenset({ONE}))])
async def test_one_that_is_left_out_from_the_start_is_no_gap(
    world: ScanWorld, scope: Scope
) -> None:
    """Excluding it is how it is accepted, as is naming all that is read."""
    under(world, "mg-ai", scope)
    world.azure_has(good(ONE))
    world.inventory.in_group = (HIDDEN,)

    await world.scan()

    assert (await world.coverage(TWO), await world.verdict()) == (None, "compliant")


async def test_a_new_one_lowers_the_posture_before_the_scan_ends_p1(scanned: ScanWorld) -> None:
    """P1: what is recorded and what is answered must agree at every moment."""
    under(scanned, "mg-ai")
    first = sub(0)
    scanned.inventory.in_group = (Subscription(first, "Acquisitions"),)
    await scanned.start()
    await scanned.deliver(scanned.queue.messages.pop(0))  # the plan
    await scanned.deliver(scanned.queue.messages.pop(0))  # the first of three slices

    assert await scanned.coverage(first) == "gap"
    assert (await scanned.known_status()).lowered is PostureReason.RUNNING_SCAN_FOUND_WORSE


@pytest.mark.parametrize("group", ["mg-ai", None], ids=["left the group", "no group any more"])
async def test_nobody_expects_one_that_the_group_no_longer_has(
    grouped: ScanWorld, group: str | None
) -> None:
    """A wrong group would leave thousands of gaps, each to be excluded by hand (P11)."""
    under(grouped, group)
    grouped.inventory.in_group = (SEEN,)

    await grouped.scan()
    await grouped.scan()

    assert await grouped.coverage(TWO) == "excluded"
    assert await grouped.verdict() == "compliant"
    _, change = grouped.teller.told[-1]
    assert (change.type, change.source) == ("cmkcheck.coverage.removed", f"/subscriptions/{TWO}")
    assert change.data["removed"] == "not_in_management_group"
    assert change.data["after"] == {
        "coverage": "excluded",
        "reason": None,
        "missingAction": None,
    }


async def _named(world: ScanWorld) -> None:
    world.inventory.in_group = (SEEN, HIDDEN)
    await world.scan()


async def _short(world: ScanWorld) -> None:
    world.inventory.in_group = (SEEN,)
    await world.scan()


async def _empty(world: ScanWorld) -> None:
    world.inventory.in_group = ()
    await world.scan()


async def _unread(world: ScanWorld) -> None:
    world.inventory.group_error = InventoryError(FORBIDDEN)
    await world.scan()
    world.inventory.group_error = None


async def _unlisted(world: ScanWorld) -> None:
    world.inventory.list_error = InventoryError(FORBIDDEN)
    await world.scan()
    world.inventory.list_error = None


async def _abandoned(world: ScanWorld) -> None:
    world.clock.advance(LEASE_ENDS)
    await world.start()
    world.queue.messages.clear()


async def _excluded(world: ScanWorld) -> None:
    under(world, "mg-ai", WITHOUT_TWO)
    await world.scan()


async def _visible(world: ScanWorld) -> None:
    world.listed(ONE, TWO)
    world.read(TWO, bad(TWO))
    await world.scan()


@pytest.mark.parametrize(
    ("scans", "states", "posture"),
    [
        ([_short, _named, _short], "gap gap gap", "unknown"),
        ([_empty, _named, _empty], "gap gap gap", "unknown"),
        ([_short, _unread, _short, _short], "gap gap gap excluded", "compliant"),
        ([_short, _unlisted, _short, _short], "gap gap gap excluded", "compliant"),
        ([_short, _abandoned, _short, _short], "gap gap gap excluded", "compliant"),
        ([_short, _short, _named], "gap excluded gap", "unknown"),
        ([_short, _short, _unread], "gap excluded excluded", "unknown"),
        ([_unread, _named, _visible], "gap gap read", "non_compliant"),
        ([_excluded], "excluded", "compliant"),
    ],
)
async def test_only_two_answers_in_a_row_a_person_or_azure_end_a_gap_p1_p11(
    grouped: ScanWorld,
    scans: list[Callable[[ScanWorld], Awaitable[None]]],
    states: str,
    posture: str,
) -> None:
    """P1: Azure may leave out of one answer what it names in the next; what others say is unknown.

    P11: the way out is the role, the exclusion, or the group.
    """
    found = []
    for scan in scans:
        await scan(grouped)
        found.append(await grouped.coverage(TWO))

    assert found == states.split()
    assert await grouped.verdict() == posture


@pytest.mark.parametrize("place", [MARK, RECORD])
async def test_a_slice_that_comes_again_was_told_once_p1(grouped: ScanWorld, place: Place) -> None:
    """P1: a worker that dies makes no second answer of the first; the next scan brings it."""
    grouped.inventory.in_group = ()
    grouped.clock.advance(LEASE_ENDS)
    await grouped.start()
    await grouped.deliver(grouped.queue.messages.pop(0))
    (message,) = grouped.queue.messages
    await grouped.dies(message, place, Fault.DEATH_AFTER)
    grouped.clock.advance(CLAIM_ENDS)
    await grouped.drain()
    first = await grouped.coverage(TWO)
    await grouped.partial_scan(TWO)
    await grouped.scan()

    assert (first, await grouped.coverage(TWO)) == ("gap", "excluded")


async def test_a_scan_that_fails_midway_was_told_nothing_p1(grouped: ScanWorld) -> None:
    """P1: it says nothing of the estate, so neither of the group."""
    grouped.inventory.in_group = ()
    grouped.clock.advance(LEASE_ENDS)
    started = await grouped.start()
    await grouped.deliver(grouped.queue.messages.pop(0))
    await grouped.dies(grouped.queue.messages.pop(), RECORD, Fault.DEATH_AFTER)
    await fail_scan(grouped.context, started.scan_id, "The settings changed.")
    await grouped.scan()
    first = await grouped.coverage(TWO)
    await grouped.scan()

    assert (first, await grouped.coverage(TWO)) == ("gap", "excluded")


async def test_an_unread_group_ends_no_gap_and_is_a_reason_p1(grouped: ScanWorld) -> None:
    """P1: what the group said must not be forgotten because it cannot be asked."""
    grouped.inventory.group_error = InventoryError(FORBIDDEN)

    scan = await grouped.scan_row(await grouped.scan())
    answer = await grouped.posture()

    found = await grouped.coverage_of(TWO)
    assert (found.state, found.gap) == (CoverageState.GAP, KNOWN_FROM_GROUP)
    (reason,) = (r for r in answer.reasons if r[0] is PostureReason.MANAGEMENT_GROUP_UNREAD)
    assert "missing Microsoft.CognitiveServices/accounts/read" in reason[1]
    assert scan.group_unread == FORBIDDEN


@pytest.mark.parametrize(
    ("listed", "gap"),
    [
        (Subscription(TWO, "two"), None),
        (Subscription(TWO, "two", "t"), FORBIDDEN),
        (Subscription(TWO, "two", state="Enabled"), FORBIDDEN),
    ],
    ids=["read, without tenant and state", "never read, with a tenant", "with a state"],
)
async def test_one_that_azure_has_listed_stays_a_gap_p1(
    grouped: ScanWorld, listed: Subscription, gap: Gap | None
) -> None:
    """P1: only what the group alone ever named may go without a person."""
    grouped.inventory.listed = (*grouped.inventory.listed, listed)
    grouped.read(TWO, gap=gap)
    await grouped.scan()
    grouped.listed(ONE)
    grouped.inventory.in_group = ()
    for _ in range(3):
        await grouped.scan()

    assert await grouped.coverage(TWO) == "gap"


async def test_a_group_that_was_never_asked_is_a_changed_scope_p1(scanned: ScanWorld) -> None:
    """P1: until the next full scan nobody knows whether the group has hidden subscriptions."""
    under(scanned, "mg-ai")

    answer = await scanned.posture()

    assert [code for code, _ in answer.reasons] == [PostureReason.SCOPE_CHANGED]


async def test_a_partial_scan_asks_for_no_group_and_keeps_what_is_known(grouped: ScanWorld) -> None:
    """It says nothing of the estate, whether it names the hidden subscription or another one."""
    grouped.inventory.groups_asked.clear()
    grouped.inventory.in_group = ()
    grouped.inventory.group_error = InventoryError(FORBIDDEN)
    before = (await grouped.coverage_of(TWO), await grouped.coverage_of(ONE))

    await grouped.partial_scan(TWO)
    await grouped.partial_scan(ONE)

    assert (await grouped.coverage_of(TWO), await grouped.coverage_of(ONE)) == before
    assert grouped.inventory.groups_asked == []
    assert (await grouped.known_status()).summary.subscriptions.gap == 1
    assert await grouped.verdict() == "unknown"


async def test_one_that_azure_called_deleted_stays_retired(scanned: ScanWorld) -> None:
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
    assert await scanned.verdict() == "compliant"


async def test_one_that_was_seen_before_stays_a_gap_whatever_the_group_says_p1(
    scanned: ScanWorld,
) -> None:
    """P1: it was read once, so that only a person can say that it need not be read."""
    under(scanned, "mg-ai")
    scanned.listed(ONE)
    scanned.inventory.in_group = (HIDDEN,)
    await scanned.scan()
    in_group = await scanned.coverage_of(TWO)
    scanned.inventory.in_group = ()
    await scanned.scan()
    outside = await scanned.coverage_of(TWO)

    assert (in_group.gap, outside.state) == (KNOWN_FROM_GROUP, CoverageState.GAP)
    assert "management group" not in str(outside.gap)
