"""Exemptions are read where there may be one, and of all other subscriptions in turn."""

from collections import Counter
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta

import pytest

from cmk_check.core.account import Reading
from cmk_check.core.enums import ExceptionMode, PostureVerdict
from cmk_check.limits import EXEMPTION_TURNS, EXEMPTION_TURNS_WITHIN
from cmk_check.ports import Table
from cmk_check.scan.start import request
from cmk_check.store.memory import MemoryStore
from tests.fakes.exemptions import DENIED, NONE, ScriptedExemptions, exempted
from tests.fakes.faults import Fault, FaultyStore, Place
from tests.fakes.world import BEGINNING, bad, good, odd
from tests.unit.scan.scan_world import FORBIDDEN, ONE, TWO, ScanWorld

END = BEGINNING + timedelta(days=100)


@pytest.fixture
def exemptions() -> ScriptedExemptions:
    """Return exemptions of no subscription, which Resource Graph confirms."""
    return ScriptedExemptions(shown=frozenset())


@pytest.fixture
async def estate(exemptions: ScriptedExemptions) -> ScanWorld:
    """Return a program that has scanned two violations; neither is in turn in the next scans."""
    world = ScanWorld(FaultyStore(MemoryStore()), slice_size=1)
    world.exemptions = exemptions
    world.expect(exceptions=ExceptionMode.ACCEPT)
    world.azure_has(bad(ONE), bad(TWO))
    await world.scan()
    exemptions.asked.clear()
    for _ in range(EXEMPTION_TURNS):
        await world.scan()
        if set(exemptions.asked) == {ONE, TWO}:
            break
    exemptions.asked.clear()
    return world


async def test_a_violation_without_exemption_is_asked_about_in_one_of_24_scans(
    estate: ScanWorld, exemptions: ScriptedExemptions
) -> None:
    """One query shows that there is nothing to read; what it omits is found within 24 scans."""
    estate.within(slice_size=2)
    exemptions.queries.clear()

    for _ in range(2 * EXEMPTION_TURNS):
        await estate.scan()

    assert Counter(exemptions.asked) == {ONE: 2, TWO: 2}
    assert set(map(tuple, exemptions.queries)) == {(ONE, TWO)}
    assert len(exemptions.queries) <= 2 * EXEMPTION_TURNS


async def test_an_exemption_that_is_omitted_is_found_in_turn_and_then_always_read(
    estate: ScanWorld, exemptions: ScriptedExemptions
) -> None:
    """P1: late, it leaves a violation a violation; and its end is seen by the next scan."""
    exemptions.facts[TWO] = exempted(TWO, END)
    for _ in range(EXEMPTION_TURNS):
        assert (await estate.findings())[str(bad(TWO).id)].exception is None
        await estate.scan()
        if TWO in exemptions.asked:
            break
    found = (await estate.findings())[str(bad(TWO).id)].exception
    assert found is not None
    assert found.is_honoured

    exemptions.facts[TWO] = NONE
    await estate.scan()

    assert (await estate.findings())[str(bad(TWO).id)].exception is None
    assert await estate.verdict() is PostureVerdict.NON_COMPLIANT


type Trouble = Callable[[ScanWorld, ScriptedExemptions], None]


def _new_account(world: ScanWorld, _: ScriptedExemptions) -> None:
    world.read(TWO, bad(TWO), bad(TWO, "other"))


def _shown(_: ScanWorld, exemptions: ScriptedExemptions) -> None:
    exemptions.shown = frozenset({TWO})


@pytest.mark.parametrize("change", [_new_account, _shown])
async def test_only_where_there_may_be_one_is_asked(
    estate: ScanWorld, exemptions: ScriptedExemptions, change: Trouble
) -> None:
    """A new violation may be exempted before Resource Graph shows it."""
    change(estate, exemptions)

    await estate.scan()

    assert exemptions.asked == [TWO]


async def test_an_account_that_becomes_a_violation_is_asked_about(
    estate: ScanWorld, exemptions: ScriptedExemptions
) -> None:
    """Its exemptions were never read: only those of violations are."""
    estate.read(TWO, good(TWO))
    await estate.scan()
    estate.read(TWO, bad(TWO))

    await estate.scan()

    assert exemptions.asked == [TWO]


@pytest.mark.parametrize(
    "reading",
    [Reading(gap=FORBIDDEN), Reading((bad(TWO),), gap=FORBIDDEN), Reading((odd(TWO),))],
    ids=["not read", "read in part", "not judged"],
)
async def test_what_the_last_scan_left_open_is_asked_again(
    estate: ScanWorld, exemptions: ScriptedExemptions, reading: Reading
) -> None:
    """P2: an incomplete reading decides nothing about the next one."""
    estate.inventory.readings[TWO] = reading
    await estate.scan()
    exemptions.asked.clear()
    estate.read(TWO, bad(TWO))

    await estate.scan()

    assert TWO in exemptions.asked


async def test_exemptions_that_could_not_be_read_are_asked_about_again(
    estate: ScanWorld, exemptions: ScriptedExemptions
) -> None:
    """P11: the unknown ends with the first scan that may read them."""
    exemptions.facts[TWO], exemptions.shown = DENIED, frozenset({TWO})
    await estate.scan()
    exemptions.facts[TWO], exemptions.shown = NONE, frozenset()
    exemptions.asked.clear()

    await estate.scan()

    assert TWO in exemptions.asked
    assert (await estate.findings())[str(bad(TWO).id)].exception is None


async def test_every_subscription_is_asked_about_if_resource_graph_does_not_answer(
    estate: ScanWorld, exemptions: ScriptedExemptions
) -> None:
    """It may be denied, cut off, or show no policy at all."""
    exemptions.shown = None

    await estate.scan()

    assert sorted(exemptions.asked) == [ONE, TWO]


async def test_a_person_who_asks_gets_an_answer_from_azure_itself(
    estate: ScanWorld, exemptions: ScriptedExemptions
) -> None:
    """Whoever just created an exemption and presses "Check again" sees it."""
    estate.clock.advance(timedelta(hours=1))
    await request(estate.context)
    await estate.drain()
    whole = sorted(exemptions.asked)
    exemptions.asked.clear()
    await estate.partial_scan(TWO)

    assert whole == [ONE, TWO]
    assert exemptions.asked == [TWO]


async def test_after_other_settings_or_a_longer_pause_all_are_asked_about(
    estate: ScanWorld, exemptions: ScriptedExemptions
) -> None:
    """Exemptions that earlier settings ignored may count now; a daily scan always reads all."""
    rules = replace(estate.options.exception_rules, longest=timedelta(days=7))
    estate.within(exception_rules=rules)
    await estate.scan()
    after_settings = sorted(exemptions.asked)
    exemptions.asked.clear()
    estate.clock.advance(EXEMPTION_TURNS_WITHIN)

    await estate.scan()

    assert after_settings == [ONE, TWO]
    assert sorted(exemptions.asked) == [ONE, TWO]


async def test_what_could_not_be_recorded_is_asked_about_again(
    estate: ScanWorld, exemptions: ScriptedExemptions
) -> None:
    """Its turn may have been lost with the scan that could not write it down."""
    both = (bad(TWO), bad(TWO, "other"))
    estate.read(TWO, *both)
    await estate.scan()
    estate.read(TWO, bad(TWO))
    assert isinstance(estate.store, FaultyStore)
    estate.store.places = {Place("commit", Table.FINDINGS, None, TWO): Fault.NO_ANSWER}
    for message in await estate.planned():
        await estate.deliver_as_the_host_does(message)
    estate.store.places = {}
    exemptions.asked.clear()
    estate.read(TWO, *both)

    await estate.scan()

    assert exemptions.asked == [TWO]


async def test_all_are_asked_about_if_the_last_scan_left_more_unwritten_than_it_names(
    estate: ScanWorld, exemptions: ScriptedExemptions
) -> None:
    """Any row may then be older than the last scan."""
    status = await estate.known_status()
    await estate.put_status(replace(status, summary=replace(status.summary, unwritten=1)))

    await estate.scan()

    assert set(exemptions.asked) == {ONE, TWO}
