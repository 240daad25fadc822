"""The sums by owner and key in a coverage row: a scan writes them with the findings."""

import pytest

from cmk_check.core.account_groups import group_by_key, group_by_owner, write_groups
from cmk_check.ports import Table
from cmk_check.store.table_keys import COVERAGE
from tests.fakes.world import bad, good
from tests.unit.scan.scan_world import ONE, ScanWorld


async def _is_written_again(world: ScanWorld) -> bool:
    before = await world.store.get(Table.FINDINGS, ONE, COVERAGE)
    await world.scan()
    return await world.store.get(Table.FINDINGS, ONE, COVERAGE) != before


async def test_a_row_gets_its_sums_without_a_change(world: ScanWorld) -> None:
    """An earlier version wrote none."""
    world.azure_has(good(ONE, "a"), bad(ONE, "b"))
    await world.scan()
    told = list(world.teller.told)
    await world.overwrite(Table.FINDINGS, ONE, COVERAGE, owners=None, keys=None)

    is_written = await _is_written_again(world)

    findings = (await world.findings()).values()
    row = await world.coverage_of(ONE)
    assert row.owners == write_groups(group_by_owner(findings))
    assert row.keys == write_groups(group_by_key(findings))
    assert (is_written, await _is_written_again(world)) == (True, False)
    assert world.teller.told == told


async def test_sums_that_do_not_fit_are_not_tried_again(
    world: ScanWorld, monkeypatch: pytest.MonkeyPatch
) -> None:
    """P4: otherwise each scan would write the row."""
    monkeypatch.setattr("cmk_check.core.account_groups.MAX_ACCOUNT_GROUPS_CHARS", 10)
    world.azure_has(good(ONE))
    await world.scan()

    row = await world.coverage_of(ONE)
    assert (row.owners, row.keys) == (None, None)
    assert not await _is_written_again(world)
