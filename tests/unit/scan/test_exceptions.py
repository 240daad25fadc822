"""Exceptions from reading to posture: what they change, when they end, and what is told."""

import json
from datetime import timedelta
from typing import Final

import pytest

from cmk_check.core.account import Account, Reading
from cmk_check.core.enums import (
    ChangeType,
    ExceptionMode,
    PostureVerdict,
)
from tests.fakes.exemptions import NONE, ScriptedExemptions, exempted
from tests.fakes.faults import Fault
from tests.fakes.world import BEGINNING, bad, good, odd
from tests.unit.scan.scan_world import FORBIDDEN, ONE, RECORD, TWO, ScanWorld

END: Final = BEGINNING + timedelta(days=100)
ACCOUNT: Final = str(bad(TWO).id)
ACCEPTED: Final = PostureVerdict.COMPLIANT_WITH_EXCEPTIONS
BAD: Final = PostureVerdict.NON_COMPLIANT
UNKNOWN: Final = PostureVerdict.UNKNOWN
EARLIER: Final = END - timedelta(days=1)
SOON: Final = BEGINNING + timedelta(hours=2)


@pytest.fixture
def exemptions() -> ScriptedExemptions:
    """Return the exemption of the second subscription."""
    return ScriptedExemptions({TWO: exempted(TWO, END, ticket="T-1", approved_by="Board")})


@pytest.fixture
def estate(world: ScanWorld, exemptions: ScriptedExemptions) -> ScanWorld:
    """Return a program that accepts exceptions, over a good subscription and an exempted one."""
    world.exemptions = exemptions
    world.expect(exceptions=ExceptionMode.ACCEPT)
    world.listed(ONE, TWO)
    world.read(ONE, good(ONE))
    world.read(TWO, bad(TWO))
    return world


async def _excepted(world: ScanWorld) -> int:
    status = await world.known_status()
    return sum(count for _, count in status.summary.accounts.excepted)


async def test_an_exception_that_ends_in_mid_scan_ends_no_later(
    estate: ScanWorld, exemptions: ScriptedExemptions
) -> None:
    """P1: the scan read it as honoured, and finishes after its end."""
    exemptions.facts[TWO] = exempted(TWO, SOON)
    estate.clock.advance(timedelta(hours=1))
    started = await estate.start()
    await estate.deliver(estate.queue.messages.pop(0))
    while len(estate.queue.messages) > 1:
        await estate.deliver(estate.queue.messages.pop(0))
    estate.clock.time = SOON + timedelta(seconds=1)

    await estate.drain()

    assert (await estate.scan_row(started.scan_id)).posture is BAD
    assert await estate.verdict() is BAD


async def test_a_new_violation_takes_compliant_back_although_it_is_excepted(
    estate: ScanWorld,
) -> None:
    """P1: "compliant" is said of no estate with a violation, also while a scan runs."""
    estate.read(TWO, good(TWO))
    await estate.scan()
    assert await estate.verdict() is PostureVerdict.COMPLIANT
    estate.read(TWO, bad(TWO))
    messages = await estate.planned()

    await estate.dies(messages[1], RECORD, Fault.DEATH_AFTER)

    assert await estate.verdict() is UNKNOWN


def _of_exceptions(world: ScanWorld) -> list[str]:
    return [kind for kind in world.told_types() if kind.startswith("exception.")]


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
    assert _of_exceptions(estate) == ["exception.expiring"]


async def test_each_turn_is_told_once_and_no_name_of_a_person_with_it(
    estate: ScanWorld, exemptions: ScriptedExemptions
) -> None:
    """P4: feeds, chats and logs go to people who may not see who approved what."""
    exemptions.facts[TWO] = NONE
    await estate.scan()
    exemptions.facts[TWO] = exempted(
        TWO, END, ticket="T-1", approved_by="Board", created_by="me@example.com"
    )
    for day in (0, 1, 86, 87, 97, 98, 100, 101):
        estate.clock.time = BEGINNING + timedelta(days=day, hours=2)
        await estate.scan()

    assert _of_exceptions(estate) == [
        "exception.started",
        "exception.expiring",
        "exception.expiring",
        "exception.ended",
    ]
    changes = [change for change in await estate.feed() if ".exception." in change.type]
    assert changes[-1].data["ended"] == "expired"
    assert changes[0].data["exception"] == {
        "id": f"/subscriptions/{TWO}/providers/microsoft.authorization/policyexemptions/accepted",
        "category": "Waiver",
        "displayName": "Until the move",
        "expiresOn": f"{END:%Y-%m-%dT%H:%M:%SZ}",
    }
    written = json.dumps([dict(change.data) for change in await estate.feed()])
    assert not any(secret in written for secret in ("T-1", "Board", "me@example.com"))


async def _ended_by_a_switch(world: ScanWorld) -> list[object]:
    """Return why exceptions ended in the scans since the setting was switched off."""
    changes = [change for change in await world.feed() if change.type.endswith("exception.ended")]
    return [change.data["ended"] for change in changes]


@pytest.mark.parametrize("partly", [True, False], ids=["partial scan", "full scan"])
async def test_a_setting_that_reads_no_exceptions_any_more_ends_them(
    estate: ScanWorld, *, partly: bool
) -> None:
    """P4: who was told that a violation is accepted is told that it no longer is, and once."""
    await estate.scan()
    estate.expect(exceptions=ExceptionMode.OFF)
    estate.exemptions = None

    await (estate.partial_scan(TWO) if partly else estate.scan())
    await estate.scan()

    assert await _ended_by_a_switch(estate) == ["not_honoured"]


@pytest.mark.parametrize(
    ("accounts", "ended"),
    [((), []), ((bad(TWO),), ["not_honoured"]), ((odd(TWO),), [])],
    ids=["nothing read", "read", "not judged"],
)
async def test_an_incomplete_reading_ends_what_it_has_read(
    estate: ScanWorld, accounts: tuple[Account, ...], ended: list[str]
) -> None:
    """P2: an account that was not read or judged keeps what is known of it, until it is."""
    await estate.scan()
    estate.expect(exceptions=ExceptionMode.OFF)
    estate.exemptions = None
    estate.inventory.readings[TWO] = Reading(accounts, gap=FORBIDDEN)

    await estate.scan()
    before = await _ended_by_a_switch(estate)
    estate.read(TWO, bad(TWO))
    await estate.scan()

    assert before == ended
    assert await _ended_by_a_switch(estate) == ["not_honoured"]
