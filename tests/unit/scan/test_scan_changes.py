"""What a scan tells of itself: the first one, those that failed, and the one that recovered."""

from collections import Counter
from dataclasses import replace
from datetime import timedelta

import pytest

from cmk_check.ports import QueueError
from tests.fakes.world import bad, good, odd
from tests.unit.scan.scan_world import ONE, ScanWorld


async def test_the_first_scan_is_told_by_its_sums_and_each_change_links_to_its_finding(
    world: ScanWorld,
) -> None:
    """The sums stand for all the changes that are not told one by one."""
    world.azure_has(bad(ONE, "a"), good(ONE, "b"), odd(ONE, "c"))
    world.options = replace(world.options, hostname="app.example")

    scan_id = await world.scan()

    told = {entry.type.rpartition(".")[2]: entry for entry in await world.feed()}
    baseline = told["baseline"]
    assert baseline.source == f"/scans/{scan_id}"
    assert baseline.data["statusUrl"] == "https://app.example/api/v1/status"
    assert baseline.data["accounts"] == {
        "total": 3,
        "compliant": 1,
        "nonCompliant": 1,
        "unknown": 1,
    }
    link = f"https://app.example/api/v1/findings{bad(ONE, 'a').id}"
    assert told["violated"].data["findingUrl"] == link


async def test_a_failed_scan_tells_why_and_the_next_one_that_it_recovered(world: ScanWorld) -> None:
    """Whoever was woken hears that it is over, once; scans are put in order by their epochs."""
    world.listed(ONE)
    await world.scan()
    world.listed()
    failed = await world.scan()
    row, failure = await world.scan_row(failed), (await world.feed())[-1]
    assert row.finished_at == failure.time == world.clock.now()
    world.listed(ONE)

    recovered = await world.scan()
    await world.scan()

    assert await world.scan_changes() == ["scan.baseline", "scan.failed", "scan.recovered"]
    recovery = (await world.feed())[-1]
    assert [failure.source, recovery.source] == [f"/scans/{failed}", f"/scans/{recovered}"]
    assert failure.data["reason"] == row.reason
    assert [failure.sequence, recovery.sequence] == [2, 3]


async def test_recovery_is_told_once_however_many_scans_were_lost(world: ScanWorld) -> None:
    """Two abandoned, one failed, and then one that finishes."""
    world.listed(ONE)
    await world.scan()
    await world.planned()
    await world.planned()
    world.queue.is_down = True
    world.clock.advance(timedelta(hours=1))
    with pytest.raises(QueueError):
        await world.start()
    world.queue.is_down = False

    await world.scan()
    await world.scan()

    assert Counter(await world.scan_changes()) == {
        "scan.baseline": 1,
        "scan.abandoned": 2,
        "scan.failed": 1,
        "scan.recovered": 1,
    }
