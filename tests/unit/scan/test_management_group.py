"""The management group names subscriptions that nobody sees: they are gaps until somebody acts."""

import pytest

from cmk_check.core.account import Subscription
from cmk_check.core.enums import CoverageState, PostureReason
from cmk_check.core.gap import Gap
from cmk_check.core.reasons.gap_sentences import KNOWN_FROM_GROUP
from cmk_check.core.scope import Scope
from cmk_check.ports import InventoryError
from cmk_check.scan.finish import fail_scan
from tests.fakes.faults import Fault
from tests.fakes.recording_store import RecordingStore
from tests.fakes.world import bad, good
from tests.unit.scan.scan_world import CLAIM_ENDS, FORBIDDEN, ONE, RECORD, TWO, ScanWorld

HIDDEN = Subscription(TWO, "Acquisitions")
SEEN = Subscription(ONE, "seen")
WITHOUT_TWO = Scope(exclude=frozenset({TWO}))


@pytest.fixture
async def grouped(world: ScanWorld) -> ScanWorld:
    """Return a program that sees one of the two subscriptions in its group, and has scanned."""
    world.within(management_group="mg-ai")
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
    world.within(management_group="mg-ai", scope=scope)
    world.azure_has(good(ONE))
    world.inventory.in_group = (HIDDEN,)

    await world.scan()

    assert (await world.coverage(TWO), await world.verdict()) == (None, "compliant")


@pytest.mark.parametrize("group", ["mg-ai", None], ids=["left the group", "no group any more"])
async def test_nobody_expects_one_that_the_group_no_longer_has(
    grouped: ScanWorld, group: str | None
) -> None:
    """A wrong group would leave thousands of gaps, each to be excluded by hand (P11)."""
    grouped.within(management_group=group)
    grouped.inventory.in_group = (SEEN,)

    await grouped.scan()
    await grouped.scan()

    assert await grouped.coverage(TWO) == "excluded"
    assert await grouped.verdict() == "compliant"
    _, change = grouped.teller.told[-1]
    assert (change.type, change.source) == ("cmkcheck.coverage.removed", f"/subscriptions/{TWO}")
    assert change.data["removed"] == "not_in_management_group"
    after = {"coverage": "excluded", "reason": None, "missingAction": None}
    assert change.data["after"] == after


async def scan_while(world: ScanWorld, what: str) -> None:
    """Scan while Azure says this of the group, or a person has done this."""
    world.inventory.group_error = world.inventory.list_error = None
    match what:
        case "named":
            world.inventory.in_group = (SEEN, HIDDEN)
        case "short":
            world.inventory.in_group = (SEEN,)
        case "empty":
            world.inventory.in_group = ()
        case "unread":
            world.inventory.group_error = InventoryError(FORBIDDEN)
        case "unlisted":
            world.inventory.list_error = InventoryError(FORBIDDEN)
        case "abandoned":
            await world.started()
            return
        case "excluded":
            world.within(scope=WITHOUT_TWO)
        case "visible":
            world.azure_has(good(ONE), bad(TWO))
    await world.scan()


@pytest.mark.parametrize(
    ("scans", "states", "posture"),
    [
        ("short named short", "gap gap gap", "unknown"),
        ("empty named empty", "gap gap gap", "unknown"),
        ("short unread short short", "gap gap gap excluded", "compliant"),
        ("short unlisted short short", "gap gap gap excluded", "compliant"),
        ("short abandoned short short", "gap gap gap excluded", "compliant"),
        ("short short named", "gap excluded gap", "unknown"),
        ("short short unread", "gap excluded excluded", "unknown"),
        ("unread named visible", "gap gap read", "non_compliant"),
        ("excluded", "excluded", "compliant"),
    ],
)
async def test_only_two_answers_in_a_row_a_person_or_azure_end_a_gap_p1_p11(
    grouped: ScanWorld, scans: str, states: str, posture: str
) -> None:
    """P1, P11: Azure may leave out of one answer what it names in the next."""
    found = []
    for what in scans.split():
        await scan_while(grouped, what)
        found.append(await grouped.coverage(TWO))

    assert found == states.split()
    assert await grouped.verdict() == posture


@pytest.mark.parametrize("fails", [False, True], ids=["another worker", "scan fails"])
async def test_p1_a_worker_that_died_makes_no_second_answer_of_the_first(
    grouped: ScanWorld, *, fails: bool
) -> None:
    """P1: the next scan that finishes brings it; one that fails says nothing of the group."""
    grouped.inventory.in_group = ()
    (message,) = await grouped.planned()
    await grouped.dies(message, RECORD, Fault.DEATH_AFTER)
    if fails:
        await fail_scan(grouped.context, message.scan_id, "The settings changed.")
        await grouped.scan()
    else:
        grouped.clock.advance(CLAIM_ENDS)
        await grouped.deliver(message)
        await grouped.partial_scan(TWO)
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
    scanned.within(management_group="mg-ai")
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
