"""Where the posture asks for healthy keys: lowered before a bad one stands, and raised after it."""

from typing import Final

import pytest

from cmk_check.core.enums import PostureVerdict
from cmk_check.core.keys.facts import KeyFacts
from cmk_check.core.requirements import HEALTHY_KEYS
from tests.fakes.faults import Fault
from tests.fakes.keys import DISABLED, UNREAD, VAULT_GONE, ScriptedKeys
from tests.fakes.recording_store import RecordingStore
from tests.fakes.world import bad, good
from tests.unit.scan.scan_world import ONE, RECORD, ScanWorld

ACCOUNT: Final = str(good(ONE).id)


@pytest.fixture
def world(world_with_keys: ScanWorld) -> ScanWorld:
    """Return a program with key health."""
    return world_with_keys


@pytest.mark.parametrize("required", [True, False])
@pytest.mark.parametrize("facts", [DISABLED, UNREAD, VAULT_GONE], ids=["off", "unread", "gone"])
async def test_p1_the_status_is_marked_before_a_bad_key_stands_and_lower_where_keys_count(
    world: ScanWorld, keys: ScriptedKeys, store: RecordingStore, facts: KeyFacts, *, required: bool
) -> None:
    """In between, the API would call an estate compliant that is recorded otherwise.

    The mark stands whatever the setting is: it may be another one when the status is asked for.
    """
    if required:
        world.require(HEALTHY_KEYS)
    await world.scan()
    assert await world.verdict() is PostureVerdict.COMPLIANT
    keys.facts[ACCOUNT] = facts
    (message,) = await world.planned()
    before = len(store.log)

    await world.dies(message, RECORD, Fault.DEATH_AFTER)

    rows = store.written(before)
    verdict = await world.verdict()
    assert rows.count("status") == 1
    assert rows.index("status") < rows.index("outbox")
    assert verdict is (PostureVerdict.UNKNOWN if required else PostureVerdict.COMPLIANT)
    world.require(HEALTHY_KEYS)
    assert await world.verdict() is PostureVerdict.UNKNOWN


async def test_p1_an_account_that_is_worse_counts_when_keys_no_longer_do(
    world: ScanWorld, keys: ScriptedKeys
) -> None:
    """A key kept the status from saying compliant, and would no longer."""
    world.require(HEALTHY_KEYS)
    keys.facts[ACCOUNT] = DISABLED
    await world.scan()
    before = await world.posture()
    world.read(ONE, bad(ONE))
    (message,) = await world.planned()
    await world.dies(message, RECORD, Fault.DEATH_AFTER)

    world.require()

    assert before.verdict is PostureVerdict.NON_COMPLIANT
    assert await world.verdict() is PostureVerdict.UNKNOWN
