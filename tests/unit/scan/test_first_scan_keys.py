"""The report of the first scan names the broken keys, because no alert of their own ever will."""

from collections.abc import Mapping

import pytest

from cmk_check.core.account import Account
from cmk_check.core.enums import ChangeType
from cmk_check.ports import Table
from tests.fakes.keys import DISABLED, ScriptedKeys
from tests.fakes.world import good
from tests.unit.scan.scan_world import FORBIDDEN, ONE, TWO, ScanWorld


@pytest.fixture
def world(world_with_keys: ScanWorld) -> ScanWorld:
    """Return a program with key health."""
    return world_with_keys


def break_keys(keys: ScriptedKeys, *accounts: Account) -> None:
    """Break the keys of these accounts from now on."""
    keys.facts |= {str(account.id): DISABLED for account in accounts}


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
    first = (await world.planned())[0]
    await world.deliver(first)  # this scan dies, and its successor finds nothing new in ONE
    world.queue.messages.clear()

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
    world.listed(ONE, TWO)
    break_keys(keys, good(ONE))
    await world.deliver((await world.planned())[0])  # and not that of TWO
    world.queue.messages.clear()
    if why == "unread":
        world.read(ONE, gap=FORBIDDEN)
    else:
        await world.overwrite(Table.FINDINGS, ONE, "coverage", schema=99)

    await world.scan()

    data = report(world)
    assert data["keys"] == {"healthy": 0, "atRisk": 0, "broken": 1, "unknown": 0}
    assert data["brokenKeys"] == [{"accountId": str(good(ONE).id), "reasons": ["key_disabled"]}]
