"""Keys in a scan: looked at behind compliant accounts alone, and never at a verdict's expense."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta

import pytest

from cmk_check.core.account import Account
from cmk_check.core.comparison.judge_accounts import judge_all
from cmk_check.core.comparison.updates import Known
from cmk_check.core.enums import KeyState, Trigger
from cmk_check.core.keys.facts import KeyFacts
from cmk_check.ports import Table
from cmk_check.scan.aspect_reader import KeyReader
from cmk_check.store.scan_rows import Scan
from cmk_check.store.table_keys import COVERAGE, partition_of
from tests.fakes.keys import (
    DISABLED,
    HEALTHY,
    VAULT,
    ScriptedKeys,
    expiring,
)
from tests.fakes.recording_store import RecordingStore
from tests.fakes.world import BEGINNING, good
from tests.unit.scan.scan_world import ONE, TWO, ScanWorld

DAY = timedelta(days=1)
SCAN = Scan("one", 1, Trigger.TIMER, BEGINNING)
JUDGED = judge_all([good(ONE)], {})


@pytest.fixture
def world(world_with_keys: ScanWorld) -> ScanWorld:
    """Return a program with key health."""
    return world_with_keys


def let(keys: ScriptedKeys, facts: KeyFacts, *accounts: Account) -> None:
    """Let the keys of these accounts be so from now on."""
    keys.facts |= {str(account.id): facts for account in accounts or (good(ONE),)}


async def states(world: ScanWorld) -> dict[str, str | None]:
    """Return how the key of each finding is, by the account's name."""
    found = (await world.findings()).values()
    return {
        each.id.name: each.key_health.state.value if each.key_health else None for each in found
    }


def writes_of_findings(store: RecordingStore, since: int) -> int:
    """Count the transactions in the findings table."""
    return sum(
        entry.name == "commit" and entry.table is Table.FINDINGS for entry in store.log[since:]
    )


async def test_p4_a_steady_scan_writes_nothing_and_knows_where_the_vaults_are(
    world: ScanWorld, keys: ScriptedKeys, store: RecordingStore
) -> None:
    """Nor does one of tomorrow: days pass, and no key has changed."""
    let(keys, expiring(world.clock.now() + 99 * DAY))
    await world.scan()
    before, told = len(store.log), len(world.teller.told)

    for _ in range(2):
        world.clock.advance(DAY)
        await world.scan()

    assert writes_of_findings(store, before) == 0
    assert len(world.teller.told) == told
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


async def test_p8_keys_for_which_no_time_is_left_are_unknown_and_cost_no_verdict(
    world: ScanWorld, keys: ScriptedKeys
) -> None:
    """Vaults that answer slowly must leave time for the accounts that come last."""
    world.options = replace(world.options, reading_deadline=timedelta(seconds=1))
    reader = KeyReader(keys.open, world.options, SCAN)
    late = KeyReader(keys.open, replace(world.options, reading_deadline=timedelta()), SCAN)

    found = [await each.read(JUDGED, Known(), BEGINNING) for each in (reader, late)]

    assert len(keys.asked) == 1
    in_time, unread = [entry.key_health for each in found for entry in each.values()]
    assert in_time is not None
    assert unread is not None
    assert (in_time.state, unread.state) == (KeyState.HEALTHY, KeyState.UNKNOWN)
    assert "CMK_SLICE_SIZE" in unread.concerns[0].message


async def test_p8_keys_get_a_part_of_the_time_and_no_more_than_a_subscription_does(
    world: ScanWorld, keys: ScriptedKeys
) -> None:
    """Five of the eight minutes of a slice, if a person allows one subscription that much."""
    for timeout in (120, 900):
        options = replace(world.options, subscription_timeout=timeout)
        await KeyReader(keys.open, options, SCAN).read(JUDGED, Known(), BEGINNING)

    assert keys.seconds[0] == 120
    assert 299 < keys.seconds[1] <= 300


async def test_switching_key_health_off_forgets_it_once(
    world: ScanWorld, keys: ScriptedKeys, store: RecordingStore
) -> None:
    """A state that nobody keeps up to date must not stand there, nor be written again (P4)."""
    let(keys, DISABLED)
    await world.scan()
    world.keys = None
    await world.scan()
    before = len(store.log)

    await world.scan()

    assert await states(world) == {"chat": None}
    assert world.told_types()[-1] == "account.updated"
    assert writes_of_findings(store, before) == 0
    status = await world.known_status()
    assert status.summary.accounts.by_key_health == {}


async def test_who_was_overtaken_while_recording_looks_at_the_keys_again(
    world: ScanWorld, keys: ScriptedKeys
) -> None:
    """What was read before another one wrote may be older than what that one wrote (P9)."""
    await world.scan()
    let(keys, DISABLED)

    async def overtake(_accounts: Sequence[Account]) -> None:
        keys.before_read = recover
        await world.overwrite(Table.FINDINGS, partition_of(ONE), COVERAGE)

    async def recover(_accounts: Sequence[Account]) -> None:
        let(keys, HEALTHY)

    keys.before_read = overtake
    await world.scan()

    assert await states(world) == {"chat": "healthy"}
    assert await world.told_of(ONE) == [(1, "account.discovered", "chat")]
