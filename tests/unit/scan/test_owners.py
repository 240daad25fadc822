"""Owners in the sums of scans: the status counts them, and the history keeps none."""

from dataclasses import replace

from cmk_check.core.account import Account
from tests.fakes.world import World, bad, good
from tests.unit.scan.faulty_processes import ONE, TWO, azure_has, status_of


def _owned(account: Account, owner: str) -> Account:
    return replace(account, owner=owner)


async def _counted(world: World) -> tuple[int, int]:
    status = await status_of(world)
    return len(status.summary.accounts.owners), status.summary.accounts.unowned


async def test_the_status_counts_owners_and_the_row_of_a_scan_keeps_none(world: World) -> None:
    """Scans are kept for a year, and each would hold the hashes of all owners."""
    azure_has(
        world,
        _owned(bad(ONE, "a"), "ai"),
        _owned(good(ONE, "b"), "ops"),
        bad(ONE, "c"),
        _owned(bad(TWO), "ai"),
    )

    row = await world.scan_row(await world.scan())

    assert await _counted(world) == (2, 1)
    assert row.summary is not None
    assert row.summary.accounts.owners == ()
