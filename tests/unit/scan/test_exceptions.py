"""Exceptions over whole scans: when they end, and what is told of them."""

import json
from datetime import timedelta
from typing import Final

import pytest

from cmk_check.core.account import Reading
from cmk_check.core.enums import ChangeType, ExceptionMode, PostureReason, PostureVerdict
from tests.fakes.exemptions import NONE, ScriptedExemptions, exempted
from tests.fakes.world import BEGINNING, bad, good, odd
from tests.unit.scan.scan_world import FORBIDDEN, ONE, TWO, ScanWorld

END: Final = BEGINNING + timedelta(days=100)
SOON: Final = BEGINNING + timedelta(hours=2)


@pytest.fixture
def exemptions() -> ScriptedExemptions:
    """Return the exemption of the second subscription."""
    return ScriptedExemptions({TWO: exempted(TWO, END)})


@pytest.fixture
def estate(world: ScanWorld, exemptions: ScriptedExemptions) -> ScanWorld:
    """Return a program that accepts exceptions, over a good subscription and an exempted one."""
    world.exemptions = exemptions
    world.expect(exceptions=ExceptionMode.ACCEPT)
    world.azure_has(good(ONE), bad(TWO))
    return world


async def test_an_exception_that_ends_in_mid_scan_ends_no_later(
    estate: ScanWorld, exemptions: ScriptedExemptions
) -> None:
    """P1: the scan read it as honoured, and finishes after its end."""
    exemptions.facts[TWO] = exempted(TWO, SOON)
    first, second = await estate.planned()
    await estate.deliver(second)
    estate.clock.time = SOON + timedelta(seconds=1)

    await estate.deliver(first)

    assert (await estate.scan_row(first.scan_id)).posture is PostureVerdict.NON_COMPLIANT
    assert await estate.verdict() is PostureVerdict.NON_COMPLIANT


async def test_the_first_scan_leaves_a_reminder_to_the_next(
    estate: ScanWorld, exemptions: ScriptedExemptions
) -> None:
    """What the first scan finds is sent to nobody: a reminder that it notes would be lost."""
    exemptions.facts[TWO] = exempted(TWO, BEGINNING + timedelta(days=2))
    await estate.scan()
    first = {change.type for change in await estate.feed()}
    estate.teller.told.clear()

    await estate.scan()
    await estate.scan()

    assert ChangeType.EXCEPTION_EXPIRING not in first
    assert estate.told_types() == ["exception.expiring"]


async def test_no_name_of_a_person_is_told_with_an_exception(
    estate: ScanWorld, exemptions: ScriptedExemptions
) -> None:
    """Feeds, chats and logs go to people who may not see who approved what."""
    exemptions.facts[TWO] = NONE
    await estate.scan()
    secrets = {"ticket": "T-1", "approved_by": "Board", "created_by": "me@example.com"}
    exemptions.facts[TWO] = exempted(TWO, END, **secrets)

    await estate.scan()

    started = (await estate.feed())[-1]
    assert started.type is ChangeType.EXCEPTION_STARTED
    assert started.data["exception"] == {
        "id": f"/subscriptions/{TWO}/providers/microsoft.authorization/policyexemptions/accepted",
        "category": "Waiver",
        "displayName": "Until the move",
        "expiresOn": f"{END:%Y-%m-%dT%H:%M:%SZ}",
    }
    written = json.dumps([dict(change.data) for change in await estate.feed()])
    assert not any(secret in written for secret in secrets.values())


async def ended(world: ScanWorld) -> list[object]:
    """Return why exceptions ended, in order."""
    changes = [change for change in await world.feed() if change.type.endswith("exception.ended")]
    return [change.data["ended"] for change in changes]


@pytest.mark.parametrize(
    ("reading", "at_once"),
    [
        (Reading((bad(TWO),)), True),
        (Reading(gap=FORBIDDEN), False),
        (Reading((bad(TWO),), gap=FORBIDDEN), True),
        (Reading((odd(TWO),), gap=FORBIDDEN), False),
    ],
    ids=["complete", "nothing read", "read in part", "not judged"],
)
@pytest.mark.parametrize("named", [(), (TWO,)], ids=["full scan", "partial scan"])
async def test_a_setting_that_reads_no_exceptions_any_more_ends_them_once(
    estate: ScanWorld, reading: Reading, named: tuple[str, ...], *, at_once: bool
) -> None:
    """P2, P4: who was told that a violation is accepted is told that it no longer is."""
    await estate.scan()
    estate.expect(exceptions=ExceptionMode.OFF)
    estate.exemptions = None
    answer = await estate.posture()
    estate.inventory.readings[TWO] = reading

    await (estate.partial_scan(*named) if named else estate.scan())
    before = await ended(estate)
    estate.read(TWO, bad(TWO))
    await estate.scan()

    assert [code for code, _ in answer.reasons] == [PostureReason.ACCOUNTS_NON_COMPLIANT]
    assert before == ["not_honoured"] * at_once
    assert await ended(estate) == ["not_honoured"]
