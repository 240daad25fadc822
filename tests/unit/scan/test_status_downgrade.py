"""A status is lowered before anything worse is recorded, against all who write it (P1)."""

from dataclasses import replace
from typing import Final

import pytest

from cmk_check.core.account import Reading
from cmk_check.core.enums import ExceptionMode, PostureVerdict
from cmk_check.core.exceptions.facts import ExemptionFacts
from cmk_check.core.keys.facts import KeyFacts
from cmk_check.core.recorded_scope import RecordedScope
from cmk_check.core.requirements import HEALTHY_KEYS, Requirement
from cmk_check.ports import Table
from cmk_check.scan.slice import SliceIncomplete
from cmk_check.store import table_keys
from tests.fakes import exemptions, keys
from tests.fakes.faults import DeathError, Fault, Place
from tests.fakes.keys import DISABLED, ScriptedKeys
from tests.fakes.recording_store import RecordingStore
from tests.fakes.world import BEGINNING, bad, good, odd
from tests.unit.scan.scan_world import FORBIDDEN, LEASE_ENDS, ONE, RECORD, TWO, ScanWorld

# Only the claim comes before it.
LOWER = Place("commit", Table.SCANS, 1)
ACCOUNT: Final = good(ONE)
WAIVED: Final = bad(ONE, "waived")
LATER: Final = BEGINNING.replace(year=2027)


def let(world: ScanWorld, fact: Reading | KeyFacts | ExemptionFacts) -> None:
    """Let Azure answer so from now on."""
    assert world.keys
    assert world.exemptions
    match fact:
        case Reading():
            world.inventory.readings[ONE] = fact
        case KeyFacts():
            world.keys.facts[str(ACCOUNT.id)] = fact
        case ExemptionFacts():
            world.exemptions.facts[ONE] = fact


@pytest.mark.parametrize(
    ("worse", "requires"),
    [
        (Reading((bad(ONE), WAIVED)), None),
        (Reading((odd(ONE), WAIVED)), None),
        (Reading((ACCOUNT, WAIVED, bad(ONE, "new"))), None),
        (Reading(gap=FORBIDDEN), None),
        (keys.DISABLED, HEALTHY_KEYS),
        (keys.UNREAD, HEALTHY_KEYS),
        (keys.VAULT_GONE, HEALTHY_KEYS),
        (exemptions.NONE, None),
        (exemptions.DENIED, None),
        (exemptions.exempted(ONE, None), None),
        (exemptions.exempted(ONE, LATER.replace(month=1)), None),
    ],
    ids=[
        *("violated", "unverifiable", "new and bad", "gap"),
        *("key off", "key unread", "vault gone"),
        *("no exemption", "exemptions unread", "never ends", "ends earlier"),
    ],
)
@pytest.mark.parametrize("others", [False, True], ids=["same settings", "other settings"])
async def test_p1_the_status_is_lowered_before_anything_worse_stands(
    store: RecordingStore,
    worse: Reading | KeyFacts | ExemptionFacts,
    requires: Requirement | None,
    *,
    others: bool,
) -> None:
    """In between, the API would call an estate compliant that is recorded otherwise."""
    world = ScanWorld(store, keys=ScriptedKeys())
    world.exemptions = exemptions.ScriptedExemptions({ONE: exemptions.exempted(ONE, LATER)})
    world.azure_has(ACCOUNT, WAIVED)
    world.expect(exceptions=ExceptionMode.ACCEPT, requires=frozenset(filter(None, [requires])))
    await world.scan()
    assert await world.verdict() is PostureVerdict.COMPLIANT_WITH_EXCEPTIONS
    asked = world.options
    if others:
        scope = RecordedScope.of(["other"], [], [])
        world.expect(exceptions=ExceptionMode.OFF, requires=frozenset(), scope=scope)
    let(world, worse)
    (message,) = await world.planned()
    before = len(store.log)

    await world.dies(message, RECORD, Fault.DEATH_AFTER)

    rows = store.written(before)
    assert rows.count("status") == 1
    assert rows.index("status") == rows.index("coverage") + 1  # right after the mark
    world.options = asked
    assert await world.verdict() is PostureVerdict.UNKNOWN


@pytest.fixture
async def green(store: RecordingStore) -> ScanWorld:
    """Return a program whose two subscriptions are compliant, with keys that do not count."""
    world = ScanWorld(store, keys=ScriptedKeys(), slice_size=1)
    world.azure_has(good(ONE, "one"), good(TWO, "two"))
    await world.scan()
    return world


async def test_p1_an_account_that_is_worse_counts_when_keys_no_longer_do(green: ScanWorld) -> None:
    """A key kept the status from saying compliant, and would no longer."""
    assert green.keys is not None
    green.require(HEALTHY_KEYS)
    green.keys.facts[str(good(ONE, "one").id)] = DISABLED
    await green.scan()
    before = await green.verdict()
    green.read(TWO, bad(TWO, "two"))
    _, second = await green.planned()
    await green.dies(second, RECORD, Fault.DEATH_AFTER)

    green.require()

    assert before is PostureVerdict.NON_COMPLIANT
    assert await green.verdict() is PostureVerdict.UNKNOWN


async def test_p1_a_row_that_becomes_unusable_lowers_the_status(green: ScanWorld) -> None:
    """It makes its account unknown, and no step of a comparison says so."""
    row = table_keys.finding_row("rg", "one")
    await green.overwrite(Table.FINDINGS, ONE, row, schema=999)
    first, _ = await green.planned()

    await green.dies(first, RECORD, Fault.DEATH_AFTER)

    assert await green.verdict() is PostureVerdict.UNKNOWN


async def test_p1_a_status_that_another_worker_wrote_is_looked_at_again(green: ScanWorld) -> None:
    """A lost race says nothing about what stands there now."""
    green.read(ONE, bad(ONE, "one"))
    first, _ = await green.planned()
    worker = await green.asleep(first, LOWER)
    await green.overwrite(Table.SCANS, "scan", "status")

    await worker.wake()

    assert (await green.verdicts())["one"] == "non_compliant"
    assert await green.verdict() is PostureVerdict.UNKNOWN


async def test_p1_nothing_worse_is_recorded_under_a_status_that_cannot_be_lowered(
    green: ScanWorld,
) -> None:
    """It is left to the next delivery rather than recorded beside compliant."""
    green.read(ONE, bad(ONE, "one"))
    first, _ = await green.planned()
    faults = {Place("commit", Table.SCANS, None, "scan"): Fault.CONFLICT}

    with pytest.raises(SliceIncomplete):
        await green.deliver(first, green.faulty(faults))

    assert set((await green.verdicts()).values()) == {"compliant"}
    assert await green.verdict() is PostureVerdict.COMPLIANT


async def test_p1_a_worker_that_lowered_for_a_key_lowers_for_an_account_as_well(
    green: ScanWorld,
) -> None:
    """Keys do not count here, so what was lowered for one of them lowers nothing."""
    assert green.keys is not None
    green.options, green.places = replace(green.options, slice_size=2), 1
    green.keys.facts[str(good(ONE, "one").id)] = DISABLED
    green.read(TWO, bad(TWO, "two"))
    (message,) = await green.planned()
    recorded = Place("commit", Table.FINDINGS, 1, partition=TWO)
    context = green.faulty({recorded: Fault.DEATH_AFTER})

    with pytest.raises(DeathError):
        await green.deliver(message, context)

    assert (await green.verdicts())["two"] == "non_compliant"
    assert await green.verdict() is PostureVerdict.UNKNOWN


async def test_p1_what_lowered_the_status_stays_when_the_next_scan_fails(green: ScanWorld) -> None:
    """A failed scan has read nothing, so it cannot know better."""
    green.read(ONE, bad(ONE, "one"))
    first, _ = await green.planned()
    await green.dies(first, RECORD, Fault.DEATH_AFTER)
    green.clock.advance(LEASE_ENDS)
    plan = await green.started()

    await green.poison(plan)

    assert await green.verdict() is PostureVerdict.UNKNOWN


@pytest.mark.parametrize("required", [(HEALTHY_KEYS,), ()])
async def test_the_end_of_a_scan_raises_what_a_key_lowered(
    green: ScanWorld, required: tuple[Requirement, ...]
) -> None:
    """An estate in order would be unknown for ever, once keys count."""
    assert green.keys is not None
    green.keys.facts[str(good(ONE, "one").id)] = DISABLED
    first, _ = await green.planned()
    await green.dies(first, RECORD, Fault.DEATH_AFTER)
    green.keys.facts.clear()
    green.clock.advance(LEASE_ENDS)
    green.require(*required)

    await green.scan()

    assert await green.verdict() is PostureVerdict.COMPLIANT
