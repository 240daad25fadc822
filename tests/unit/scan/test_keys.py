"""Keys in a scan: when they are read, what is written of them, and what the first scan reports."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import timedelta
from typing import Final

import pytest

from cmk_check.core.account import Account
from cmk_check.core.enums import ChangeType
from cmk_check.ports import Table
from cmk_check.store.table_keys import COVERAGE, finding_row
from tests.fakes.keys import DISABLED, VAULT, ScriptedKeys, expiring
from tests.fakes.recording_store import RecordingStore
from tests.fakes.world import good
from tests.unit.scan.scan_world import FORBIDDEN, ONE, TWO, ScanWorld

DAY: Final = timedelta(days=1)
ACCOUNTS: Final = [good(ONE, f"chat-{number}") for number in range(48)]
FINDING: Final = finding_row(good(TWO).id.resource_group, good(TWO).id.name)


@pytest.fixture
def world(world_with_keys: ScanWorld) -> ScanWorld:
    """Return a program with key health."""
    return world_with_keys


def break_keys(keys: ScriptedKeys, *accounts: Account) -> None:
    """Break the keys of these accounts from now on."""
    keys.facts |= {str(account.id): DISABLED for account in accounts}


async def test_p4_a_steady_scan_writes_nothing_and_knows_where_the_vaults_are(
    world: ScanWorld, keys: ScriptedKeys, store: RecordingStore
) -> None:
    """Nor does one of tomorrow: days pass, and no key has changed."""
    keys.facts[str(good(ONE).id)] = expiring(world.clock.now() + 99 * DAY)
    await world.scan()
    before, told = len(store.log), len(world.teller.told)

    for _ in range(2):
        world.clock.advance(DAY)
        await world.scan()

    assert (store.findings_commits(before), len(world.teller.told)) == ([], told)
    assert keys.asked == [{"chat": None}, {"chat": VAULT}, {"chat": VAULT}]


@pytest.mark.parametrize(("slice_size", "opened"), [(1, 2), (2, 1)])
async def test_keys_are_opened_for_each_slice_and_never_before_its_claim(
    world: ScanWorld, keys: ScriptedKeys, slice_size: int, opened: int
) -> None:
    """What accounts share is kept: older than the claim, it could go over newer facts (P9)."""
    world.options = replace(world.options, slice_size=slice_size)
    world.listed(ONE, TWO)
    world.read(TWO, good(TWO))
    claims: list[bool] = []

    async def look(accounts: Sequence[Account]) -> None:
        number = [ONE, TWO].index(accounts[0].id.subscription_id) // slice_size
        claims.append((await world.slices_of(scan_id))[number].claim is not None)

    keys.before_read = look
    messages = await world.planned()
    scan_id = messages[0].scan_id

    assert keys.opened == 0
    for message in messages:
        await world.deliver(message)

    assert (keys.opened, claims) == (opened, [True, True])


async def test_switching_key_health_off_forgets_it_once(
    world: ScanWorld, keys: ScriptedKeys, store: RecordingStore
) -> None:
    """A state that nobody keeps up to date must not stand there, nor be written again (P4)."""
    break_keys(keys, good(ONE))
    await world.scan()
    world.keys = None
    await world.scan()
    before = len(store.log)

    await world.scan()

    (finding,) = (await world.findings()).values()
    assert finding.key_health is None
    assert world.told_types()[-1] == "account.updated"
    assert store.findings_commits(before) == []
    assert (await world.known_status()).summary.accounts.by_key_health == {}


def report(world: ScanWorld) -> Mapping[str, object]:
    """Return the data of the one report of the first scan."""
    (data,) = (
        change.data for _, change in world.teller.told if change.type is ChangeType.SCAN_BASELINE
    )
    return data


async def test_the_first_scan_names_the_broken_keys_of_all_slices_and_tries(
    world: ScanWorld, keys: ScriptedKeys
) -> None:
    """A key that was broken before the app existed is told of once, and then or never."""
    world.listed(ONE, TWO)
    world.read(TWO, good(TWO, "a"), good(TWO, "b"))
    break_keys(keys, good(ONE), good(TWO, "b"))
    first, _ = await world.planned()
    await world.deliver(first)  # this scan dies, and its successor finds nothing new in ONE

    await world.scan()

    data = report(world)
    assert data["keys"] == {"healthy": 1, "atRisk": 0, "broken": 2, "unknown": 0}
    assert data["brokenKeys"] == [
        {"accountId": str(account.id), "reasons": ["key_disabled"]}
        for account in (good(ONE), good(TWO, "b"))
    ]
    await world.scan()
    summary = (await world.known_status()).summary
    assert (summary.broken_keys, summary.accounts.by_key_health["broken"]) == ((), 2)


@pytest.mark.parametrize("why", ["unread", "newer row"])
async def test_a_broken_key_that_is_not_read_is_named_as_it_is_counted(
    world: ScanWorld, keys: ScriptedKeys, why: str
) -> None:
    """What is known of it is from a first scan that never finished."""
    break_keys(keys, good(ONE))
    first, _ = await world.planned(ONE, TWO)
    await world.deliver(first)
    if why == "unread":
        world.read(ONE, gap=FORBIDDEN)
    else:
        await world.overwrite(Table.FINDINGS, ONE, COVERAGE, schema=99)

    await world.scan()

    data = report(world)
    assert data["keys"] == {"healthy": 0, "atRisk": 0, "broken": 1, "unknown": 0}
    assert data["brokenKeys"] == [{"accountId": str(good(ONE).id), "reasons": ["key_disabled"]}]
