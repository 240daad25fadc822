"""Ids that exist nowhere: asking for them records nothing, and says that they were not found."""

from dataclasses import replace

import pytest

from cmk_check.core.account import Subscription
from cmk_check.core.enums import ScanState
from cmk_check.core.scope import Scope
from cmk_check.ports import Table
from cmk_check.store import table_keys
from cmk_check.store.table_keys import COVERAGE
from tests.unit.scan.scan_world import ONE, THREE, TWO, ScanWorld


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
@pytest.mark.parametrize("between", [(), (ONE,)], ids=["at once", "left out first"])
async def test_what_the_include_list_named_stays_a_gap_p1(
    scanned: ScanWorld, group: str | None, between: tuple[str, ...]
) -> None:
    """P1: it was never visible, and whoever reads all from now on has not said that it may go."""
    scanned.listed(ONE)
    choose(scanned, ONE, TWO, THREE, exclude=(TWO,))
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
