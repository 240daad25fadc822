"""Ids that exist nowhere: asking for them records nothing, and says that they were not found."""

from dataclasses import replace

import pytest

from cmk_check.core.account import Subscription
from cmk_check.core.enums import ChangeType, CoverageState, GapReason, ScanState
from cmk_check.core.model import Coverage
from cmk_check.core.reasons.gap_sentences import make_gap
from cmk_check.core.scope import Scope
from cmk_check.ports import Insert, Table
from cmk_check.store import codec, table_keys
from cmk_check.store.table_keys import COVERAGE
from tests.fakes.faults import Fault
from tests.fakes.world import bad
from tests.unit.scan.scan_world import LEASE_ENDS, MARK, ONE, THREE, TWO, ScanWorld


async def test_an_id_that_exists_nowhere_makes_no_gap_p11(scanned: ScanWorld) -> None:
    """P11: a typing error would be an alert, and an estate that stays unknown for ever."""
    told = len(scanned.teller.told)

    scan = await scanned.scan_row(await scanned.partial_scan(ONE, THREE))

    assert (await scanned.coverage(THREE), await scanned.verdict()) == (None, "compliant")
    assert len(scanned.teller.told) == told
    assert (scan.state, scan.not_found) == (ScanState.INCOMPLETE, (THREE,))
    assert scan.summary is not None
    assert scan.summary.subscriptions.read == 1


async def test_a_scan_of_nothing_that_exists_fails_and_says_so(scanned: ScanWorld) -> None:
    """It has read nothing, so that its end must not look like an answer."""
    before = await scanned.status()

    scan = await scanned.scan_row(await scanned.partial_scan(THREE))

    assert (scan.state, scan.not_found) == (ScanState.FAILED, (THREE,))
    assert str(scan.reason).startswith(f"Subscriptions not found: {THREE}. Azure does not list")
    assert await scanned.status() == before


async def test_a_scan_that_fails_after_its_plan_still_names_what_was_not_found(
    scanned: ScanWorld,
) -> None:
    """Whoever asked must correct the id as well, whatever else went wrong."""
    (message,) = await scanned.planned(named=[ONE, THREE])
    scanned.within(scope=Scope(exclude=frozenset({TWO})))

    await scanned.deliver(message)

    scan = await scanned.scan_row(message.scan_id)
    assert (scan.state, scan.not_found) == (ScanState.FAILED, (THREE,))


def choose(
    world: ScanWorld, *include: str, exclude: tuple[str, ...] = (), group: str | None = None
) -> None:
    """Let the settings name these subscriptions and this group from now on."""
    scope = Scope(frozenset(include), frozenset(exclude))
    world.options = replace(world.options, scope=scope, management_group=group)


@pytest.mark.parametrize("group", [None, "mg"])
@pytest.mark.parametrize("earlier", [False, True])
@pytest.mark.parametrize("between", [(), (ONE,)], ids=["at once", "left out first"])
async def test_what_the_include_list_named_stays_a_gap_p1(
    scanned: ScanWorld, group: str | None, between: tuple[str, ...], *, earlier: bool
) -> None:
    """P1: it was never visible, and whoever reads all from now on has not said that it may go."""
    scanned.listed(ONE)
    choose(scanned, ONE, TWO, THREE, exclude=(TWO,))
    if earlier:
        await rows_of_an_earlier_version(scanned, THREE)
        await wrote_the_scope(scanned)
    else:
        await scanned.scan()
    if between:
        choose(scanned, *between, exclude=(TWO,))
        await scanned.scan()
    scanned.inventory.in_group = (Subscription(ONE, "seen"),)
    choose(scanned, exclude=(TWO,), group=group)

    for _ in range(3):
        await scanned.scan()
    stayed = (await scanned.coverage(THREE), await scanned.verdict())
    choose(scanned, exclude=(TWO, THREE), group=group)
    await scanned.scan()

    assert stayed == ("gap", "unknown")
    assert (await scanned.coverage(THREE), await scanned.verdict()) == ("excluded", "compliant")


@pytest.mark.parametrize(
    ("row", "scope", "is_known", "stays"),
    [
        ((CoverageState.EXCLUDED, 1), Scope(frozenset({ONE, TWO})), True, True),
        ((CoverageState.EXCLUDED, 0), Scope(frozenset({ONE, TWO})), True, False),
        ((CoverageState.EXCLUDED, 1), Scope(exclude=frozenset({THREE})), True, False),
        ((CoverageState.GAP, 1), Scope(frozenset({ONE, TWO})), True, False),
        ((CoverageState.GAP, 1), Scope(frozenset({ONE, TWO})), False, True),
    ],
    ids=["left out by a list", "never a gap", "excluded as the way out", "requested", "unknown"],
)
async def test_a_row_of_an_earlier_version_that_a_list_may_have_named_stays_p1_p11(
    scanned: ScanWorld, row: tuple[CoverageState, int], scope: Scope, *, is_known: bool, stays: bool
) -> None:
    """P1: they did not write down what named it, and nobody ever excluded it.

    P11: whoever takes back an exclusion that was its way out gets no new alert, and no gap.
    """
    await rows_of_an_earlier_version(scanned, THREE, *row)
    scanned.options = replace(scanned.options, scope=scope)
    await wrote_the_scope(scanned, is_known=is_known)
    choose(scanned)
    for _ in range(3):
        await scanned.scan()

    expected = ("gap", "unknown") if stays else (None, "compliant")
    assert (await scanned.coverage(THREE), await scanned.verdict()) == expected


async def wrote_the_scope(world: ScanWorld, *, is_known: bool = True) -> None:
    """Let the status say that the last full scan was made under the present settings."""
    status = await world.known_status()
    scope = world.options.recorded_scope if is_known else None
    await world.put_status(replace(status, scope=scope))


@pytest.mark.parametrize("why", ["recorded", "broken", "accounts alone", "on the include list"])
async def test_one_that_ought_to_be_there_is_a_gap_p1(scanned: ScanWorld, why: str) -> None:
    """P1: what was recorded, or is named by the settings, is missing if it is not listed."""
    if why == "on the include list":
        scanned.read(TWO)
        choose(scanned, ONE, TWO)
        await scanned.scan()
    scanned.listed(ONE)
    if why == "broken":
        await scanned.overwrite(Table.FINDINGS, TWO, COVERAGE, coverage="nonsense")
    elif why != "recorded":
        await scanned.delete(Table.FINDINGS, TWO, COVERAGE)

    scan = await scanned.scan_row(await scanned.partial_scan(TWO))

    assert (await scanned.coverage(TWO), scan.not_found) == ("gap", ())
    assert await scanned.verdict() == "unknown"


async def rows_of_an_earlier_version(
    world: ScanWorld,
    subscription_id: str,
    state: CoverageState = CoverageState.GAP,
    sequence: int = 1,
) -> None:
    """Record an id that existed nowhere, as earlier versions did."""
    gap = make_gap(GapReason.NOT_VISIBLE) if state is CoverageState.GAP else None
    found = Coverage(
        Subscription(subscription_id), state, world.clock.now(), gap, sequence=sequence
    )
    row = Insert(COVERAGE, codec.coverage_values(found))
    await world.store.commit(Table.FINDINGS, subscription_id, [row])


async def test_the_next_full_scan_removes_what_only_a_request_named_p11(scanned: ScanWorld) -> None:
    """P11: the only way out was to exclude them for good."""
    await rows_of_an_earlier_version(scanned, THREE)
    await scanned.partial_scan(ONE)
    before = await scanned.verdict()

    await scanned.scan()

    assert (before, await scanned.verdict()) == ("unknown", "compliant")
    assert await scanned.coverage(THREE) is None
    status = await scanned.known_status()
    assert (status.summary.subscriptions.total, status.summary.gaps) == (2, ())
    _, change = scanned.teller.told[-1]
    assert (change.type, change.sequence) == (ChangeType.COVERAGE_REMOVED, 2)
    assert change.data["removed"] == "subscription_not_found"
    again = await scanned.scan_row(await scanned.partial_scan(ONE, THREE))
    await scanned.scan()
    assert (again.not_found, await scanned.verdict()) == ((THREE,), "compliant")
    assert scanned.teller.told[-1][1] == change


async def test_one_that_was_removed_and_is_there_is_read_p1(scanned: ScanWorld) -> None:
    """P1: it existed, and the identity did not see it; its changes are numbered on."""
    await rows_of_an_earlier_version(scanned, THREE)
    await scanned.scan()
    scanned.listed(ONE, TWO, THREE)
    scanned.read(THREE, bad(THREE))

    scan = await scanned.scan_row(await scanned.partial_scan(THREE))

    assert (await scanned.coverage(THREE), await scanned.verdict()) == ("read", "non_compliant")
    assert scan.summary is not None
    assert scan.summary.new == 1  # the last full scan did not count it
    _, change = scanned.teller.told[-1]
    assert (change.type, change.sequence) == (ChangeType.ACCOUNT_VIOLATED, 3)


@pytest.mark.parametrize("also", [(), ("tenantId", "state"), ("tenantId", "state", "name")])
async def test_a_broken_row_of_one_without_accounts_is_not_removed_p1(
    scanned: ScanWorld, also: tuple[str, ...]
) -> None:
    """P1: its row was lost, not only made by a request; it was listed once."""
    scanned.listed(ONE, TWO, THREE)
    scanned.read(THREE)
    await scanned.scan()
    scanned.listed(ONE, TWO)
    values = {"coverage": "nonsense"} | dict.fromkeys(also, 5)
    await scanned.overwrite(Table.FINDINGS, THREE, COVERAGE, **values)
    for _ in range(3):
        await scanned.scan()

    assert (await scanned.coverage(THREE), await scanned.verdict()) == ("gap", "unknown")


async def test_a_row_that_was_deleted_by_hand_is_not_removed_p1(scanned: ScanWorld) -> None:
    """P1: what is left of it says that it was recorded once, also when that is gone, too."""
    scanned.listed(ONE)
    await scanned.delete(Table.FINDINGS, TWO, COVERAGE)
    await scanned.scan()
    (finding,) = [row for row in await scanned.findings() if TWO in row]
    row = table_keys.finding_row("rg", finding.rpartition("/")[2])
    await scanned.delete(Table.FINDINGS, TWO, row)
    await scanned.scan()
    await scanned.scan()

    assert (await scanned.coverage(TWO), await scanned.verdict()) == ("gap", "unknown")


@pytest.mark.parametrize("is_forgotten", [False, True])
async def test_an_exclusion_that_is_taken_back_brings_no_mistyped_id_p11(
    scanned: ScanWorld, *, is_forgotten: bool
) -> None:
    """P11: excluding it was its way out; it must not be the only one for good."""
    await rows_of_an_earlier_version(scanned, THREE)
    if is_forgotten:
        await scanned.scan()
    choose(scanned, exclude=(THREE,))
    await scanned.scan()
    excluded = await scanned.verdict()
    choose(scanned)
    for _ in range(2):
        await scanned.scan()

    assert (excluded, await scanned.verdict()) == ("compliant", "compliant")
    assert await scanned.coverage(THREE) is None
    assert [kind for kind in scanned.told_types() if "coverage" in kind] == ["coverage.removed"]


async def test_a_worker_that_died_had_found_it_p1(scanned: ScanWorld) -> None:
    """P1: it was there for a moment, so that somebody has to say what became of it."""
    await rows_of_an_earlier_version(scanned, THREE)
    await scanned.scan()
    scanned.listed(ONE, TWO, THREE)
    (message,) = await scanned.planned(named=[THREE])
    await scanned.dies(message, MARK, Fault.DEATH_AFTER)
    scanned.clock.advance(LEASE_ENDS)
    scanned.listed(ONE, TWO)
    await scanned.scan()

    assert (await scanned.coverage(THREE), await scanned.verdict()) == ("gap", "unknown")
