"""Encryption scopes in a scan: read once a day, and at once where something speaks for it."""

from collections import Counter
from datetime import timedelta
from typing import Final

import pytest

from cmk_check.core.enums import PostureVerdict
from cmk_check.core.requirements import HEALTHY_KEYS
from cmk_check.ports import Table
from cmk_check.store.codec import Values
from cmk_check.store.table_keys import COVERAGE, finding_row, partition_of
from tests.fakes.keys import ScriptedKeys
from tests.fakes.recording_store import RecordingStore
from tests.fakes.world import good
from tests.unit.scan.scan_world import ONE, TWO, ScanWorld

NAMES: Final = [f"chat-{number}" for number in range(48)]
ACCOUNTS: Final = [good(ONE, name) for name in NAMES]
HOURS: Final = 24
FINDING: Final = finding_row(good(TWO).id.resource_group, good(TWO).id.name)


@pytest.fixture
async def world(world_with_keys: ScanWorld, keys: ScriptedKeys) -> ScanWorld:
    """Return a program that has read many accounts once."""
    world_with_keys.read(ONE, *ACCOUNTS)
    await world_with_keys.scan()
    keys.scopes_read.clear()
    return world_with_keys


def read(keys: ScriptedKeys) -> list[str]:
    """Return the accounts whose scopes were read since this was asked last."""
    found = [account_id for ids in keys.scopes_read for account_id in ids]
    keys.scopes_read.clear()
    return found


async def test_a_day_of_scans_reads_each_accounts_scopes_once_and_writes_nothing(
    world: ScanWorld, keys: ScriptedKeys, store: RecordingStore
) -> None:
    """P4: when a list was read follows from the account's id, and no row has to keep it."""
    before = len(store.log)
    hours = []
    for _ in range(HOURS):
        await world.scan()
        hours.append(read(keys))

    assert Counter(account for hour in hours for account in hour) == {
        str(account.id): 1 for account in ACCOUNTS
    }
    assert max(map(len, hours)) < len(ACCOUNTS) / 4
    written = store.findings_commits(before)
    assert not written


@pytest.mark.parametrize(
    ("name", "unusable", "usable"),
    [
        (COVERAGE, {"schema": 99}, {"schema": 1}),
        (FINDING, {"schema": 99}, {"schema": 1}),
        (FINDING, {"changes": "?"}, {"changes": 0}),
    ],
)
async def test_p1_what_a_scan_could_not_write_down_is_read_again(
    world: ScanWorld, keys: ScriptedKeys, name: str, unusable: Values, usable: Values
) -> None:
    """The one reading of the day may have been among it, and the row may come back as it was."""
    world.listed(ONE, TWO)
    world.read(TWO, good(TWO))
    await world.scan()
    row = Table.FINDINGS, partition_of(TWO), name
    await world.overwrite(*row, **unusable)
    await world.scan()
    await world.overwrite(*row, **usable)
    read(keys)
    await world.scan()

    assert len(read(keys)) == len(ACCOUNTS) + 1


@pytest.mark.parametrize("required", [True, False])
async def test_p1_where_keys_count_every_scan_reads_all_scopes(
    world: ScanWorld, keys: ScriptedKeys, *, required: bool
) -> None:
    """A posture counts for ``CMK_MAX_AGE_MINUTES``: what is older than it would outlive that."""
    world.require(*[HEALTHY_KEYS] * required)

    await world.scan()
    status = await world.known_status()
    assert (len(read(keys)) == len(ACCOUNTS)) is required
    assert status.daily_carried is not required
    world.require(HEALTHY_KEYS)
    assert await world.verdict() is (
        PostureVerdict.COMPLIANT if required else PostureVerdict.UNKNOWN
    )


async def test_p1_a_partial_scan_reads_all_scopes_and_changes_no_time(
    world: ScanWorld, keys: ScriptedKeys
) -> None:
    """Whoever has changed something checks it again by one."""
    await world.scan()
    before = await world.status()
    read(keys)
    world.clock.advance(timedelta(minutes=1))
    await world.start_partial([ONE])
    await world.drain()
    after = await world.status()

    assert len(read(keys)) == len(ACCOUNTS)
    assert before is not None
    assert after is not None
    assert (before.daily_until, before.daily_carried) == (after.daily_until, after.daily_carried)
