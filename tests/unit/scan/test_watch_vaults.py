"""The watch over vaults: a key can break without a change of its account."""

from cmk_check.limits import WATCH_OVERLAP, WATCH_VAULTS_PER_LOOK, WATCH_VAULTS_REMEMBERED
from cmk_check.ports import Table
from tests.fakes.keys import DISABLED, VAULT, ScriptedKeys
from tests.fakes.recording_store import RecordingStore
from tests.fakes.world import good
from tests.unit.scan.faulty_processes import ONE
from tests.unit.scan.watched import SECOND, Watched


async def test_a_change_of_a_vault_reads_those_whose_keys_lie_in_it(
    keyed: Watched, keys: ScriptedKeys
) -> None:
    """A key can break without a change of its account."""
    keys.facts[str(good(ONE).id)] = DISABLED
    keyed.graph.add(VAULT)

    reads = [await keyed.look() for _ in range(3)]

    assert reads == [[ONE], [], []]
    assert keyed.world.told_types()[-1] == "key.degraded"


async def test_vaults_are_not_asked_for_without_key_health(watched: Watched) -> None:
    """Their changes would say nothing."""
    watched.graph.add(VAULT)

    assert await watched.look() == []
    assert (await watched.state()).last_change is None


def _searches(store: RecordingStore) -> int:
    """Count the searches for those who use a vault."""
    return sum(
        entry.name == "query" and (entry.table, entry.partition) == (Table.FINDINGS, "")
        for entry in store.log
    )


async def test_a_vault_that_concerns_nobody_is_looked_up_once(keyed: Watched) -> None:
    """Most vaults of a company have nothing to do with these accounts, and many change often."""
    store = keyed.world.store
    assert isinstance(store, RecordingStore)
    keyed.graph.add(f"{VAULT}-other")
    store.log.clear()

    reads = [await keyed.look() for _ in range(3)]

    assert (reads, _searches(store)) == ([[], [], []], 1)


async def test_more_vaults_than_a_look_takes_come_in_the_next_ones(keyed: Watched) -> None:
    """A policy can change them all at once; none is left out."""
    for number in range(WATCH_VAULTS_PER_LOOK):
        keyed.graph.add(f"{VAULT}-{number}")
        keyed.world.clock.advance(SECOND)
    keyed.graph.add(VAULT)
    keyed.world.clock.advance(WATCH_OVERLAP)

    assert (await keyed.look(), await keyed.look()) == ([], [ONE])


async def test_vaults_are_remembered_while_their_rows_may_come_again(keyed: Watched) -> None:
    """The row of the watch does not grow."""
    for number in range(WATCH_VAULTS_REMEMBERED + 1):
        keyed.graph.add(f"{VAULT}-{number}")
        keyed.world.clock.advance(SECOND)
    for _ in range(WATCH_VAULTS_REMEMBERED // WATCH_VAULTS_PER_LOOK + 1):
        await keyed.look(SECOND)
    full = len((await keyed.state()).vaults)
    await keyed.look(WATCH_OVERLAP)
    await keyed.look()

    assert (full, (await keyed.state()).vaults) == (WATCH_VAULTS_REMEMBERED, ())
