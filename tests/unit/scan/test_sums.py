"""Owners, and what Azure's built-in policy says, in the sums of scans."""

import json
from dataclasses import replace

from cmk_check.core.account import Account
from cmk_check.core.model import PolicyCounts
from cmk_check.ports import Table
from cmk_check.store import table_keys
from tests.fakes.recording_store import RecordingStore
from tests.fakes.world import bad, good
from tests.unit.scan.scan_world import ONE, THREE, TWO, ScanWorld


async def counts(world: ScanWorld) -> PolicyCounts | None:
    """Return the counts of the status."""
    status = await world.status()
    assert status
    return status.summary.accounts.azure_policy


async def forget(world: ScanWorld, *ids: str) -> None:
    """Let the rows of subscriptions be those of an earlier version."""
    for subscription_id in ids:
        row = await world.store.get(Table.FINDINGS, subscription_id, table_keys.COVERAGE)
        assert row
        accounts = json.loads(str(row.values["accounts"]))
        del accounts["policy"]
        place = Table.FINDINGS, subscription_id, table_keys.COVERAGE
        await world.overwrite(*place, accounts=json.dumps(accounts))


async def test_rows_without_counts_make_no_number_until_a_scan_has_counted_them(
    world: ScanWorld, store: RecordingStore
) -> None:
    """A sum without them would say that the policy leaves out fewer accounts than it does."""
    world.listed(ONE, TWO, THREE)
    world.read(ONE, replace(good(ONE), kind="AIServices"), bad(ONE, "plain"))
    world.read(TWO, replace(bad(TWO), kind="AIServices"))
    await world.scan()
    counted, told = await counts(world), await world.feed()
    await forget(world, ONE, TWO)

    await world.partial_scan(ONE)
    in_part = await counts(world)
    await world.scan()
    in_full, at = await counts(world), len(store.log)
    await world.scan()

    assert (counted, in_part, in_full) == (PolicyCounts(2, 2), None, PolicyCounts(2, 2))
    assert not store.findings_commits(at)
    changes = [change.type for change in await world.feed()][len(told) :]
    assert not [each for each in changes if each.startswith("account.")]


def _owned(account: Account, owner: str) -> Account:
    return replace(account, owner=owner)


async def _counted(world: ScanWorld) -> tuple[int, int]:
    status = await world.known_status()
    return len(status.summary.accounts.owners), status.summary.accounts.unowned


async def test_the_status_counts_owners_and_the_row_of_a_scan_keeps_none(world: ScanWorld) -> None:
    """Scans are kept for a year, and each would hold the hashes of all owners."""
    world.azure_has(
        _owned(bad(ONE, "a"), "ai"),
        _owned(good(ONE, "b"), "ops"),
        bad(ONE, "c"),
        _owned(bad(TWO), "ai"),
        bad(THREE),
    )
    *others, third = world.inventory.listed
    world.inventory.listed = (*others, replace(third, owner="its tag"))

    row = await world.scan_row(await world.scan())

    assert await _counted(world) == (3, 1)
    assert row.summary is not None
    assert row.summary.accounts.owners == ()
