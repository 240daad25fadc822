"""What a scan does with rows of earlier versions, which lack the accounts' dates of creation."""

from dataclasses import replace

from cmk_check.ports import Replace
from tests.fakes.recording_store import RecordingStore
from tests.fakes.world import World, bad, good
from tests.unit.scan.faulty_processes import ONE

NAMES = [f"a{number:03d}" for number in range(120)]
DAY = "2026-03-19T21:34:59Z"


async def test_the_next_scan_fills_them_in_and_tells_nobody(
    world: World, store: RecordingStore
) -> None:
    """A new version must not be an alert of every account, nor write each at every scan."""
    accounts = [good(ONE), *(bad(ONE, name) for name in NAMES)]
    world.listed(ONE)
    world.read(ONE, *accounts)
    await world.scan()
    feed, before = await world.feed(), await world.findings()
    told = list(world.teller.told)
    world.read(ONE, *(replace(account, created_at=DAY) for account in accounts))
    at = len(store.log)

    scans = [await world.scan_row(await world.scan()) for _ in range(2)]

    written = [write for entry in store.log[at:] for write in entry.writes]
    rewritten = [write.row for write in written if isinstance(write, Replace)]
    assert sum(row.startswith("finding|") for row in rewritten) == len(accounts)
    assert not [write.row for write in written if write.row.startswith(("outbox|", "feed"))]
    assert (await world.feed(), world.teller.told) == (feed, told)
    assert [scan.summary and scan.summary.changes for scan in scans] == [0, 0]
    for account_id, finding in (await world.findings()).items():
        was = before[account_id]
        evidence = replace(was.judgement.evidence, created_at=DAY)
        assert finding == replace(was, judgement=replace(was.judgement, evidence=evidence))
