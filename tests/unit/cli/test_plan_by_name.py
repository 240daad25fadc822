"""``plan`` for an account that is given by its name."""

import pytest

from cmk_check.cli.account_plan import report
from cmk_check.cli.plans_of_scan import PlanChoice
from cmk_check.cli.subscription_names import find_similar_names
from cmk_check.core.account import Reading, Subscription
from cmk_check.core.scope import Scope
from tests.fakes.inventory import ScriptedInventory
from tests.fakes.world import World, bad, good, sub
from tests.unit.cli.scan_kit import FORBIDDEN, SETTINGS

type Output = pytest.CaptureFixture[str]


async def _plan(name: str, *readings: Reading, exclude: str = "") -> int:
    """Plan in an estate that has a subscription for each reading."""
    ids = [sub(number) for number in range(1, len(readings) + 1)]
    world = World(scope=Scope(exclude=frozenset({exclude})))
    world.inventory = ScriptedInventory(
        map(Subscription, ids), dict(zip(ids, readings, strict=True))
    )
    return await report(world.context, SETTINGS, name, PlanChoice())


@pytest.mark.parametrize("name", ["Chat-1", "chat-1", "CHAT-1"])
async def test_a_name_that_one_account_has_is_enough(capsys: Output, name: str) -> None:
    """The table shows names, and nobody can copy an id from it."""
    code = await _plan(
        name, Reading((good(sub(1), "chat"),)), Reading((bad(sub(2), "Chat-1"), bad(sub(2), "b")))
    )

    written = capsys.readouterr()
    assert code == 1
    assert written.out.startswith("#!/usr/bin/env bash\n")
    assert "Chat-1" in written.out
    assert written.err.splitlines()[0] == f"cmk-check: {name} is {bad(sub(2), 'chat-1').id}"


async def test_a_name_that_several_accounts_have_is_answered_with_their_ids(capsys: Output) -> None:
    """A plan for the wrong one would change it for ever."""
    twins = [bad(sub(1), "chat"), good(sub(2), "CHAT")]

    code = await _plan("chat", *(Reading((twin, twin)) for twin in twins))

    written = capsys.readouterr()
    assert (code, written.out) == (2, "")
    assert written.err.splitlines() == [
        "cmk-check: 2 accounts have the name chat; use the ARM id of one of them:",
        *(f"cmk-check: {twin.id}" for twin in twins),
    ]
    await _plan("chat", *(Reading((bad(sub(number), "chat"),)) for number in range(1, 13)))
    lines = capsys.readouterr().err.splitlines()
    assert (len(lines), lines[-1]) == (12, "cmk-check: and 2 more.")


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("chat-prd", "no account has the name chat-prd; similar names: chat-prod."),
        ("Voice", "Voice is not judged, because its kind is not one of OpenAI, AIServices."),
    ],
    ids=["misspelt", "of another kind"],
)
async def test_why_a_name_was_not_found_is_said(capsys: Output, name: str, said: str) -> None:
    """Most are misspelt; an account of another kind is there, and needs no plan."""
    voice = frozenset({bad(sub(1), "voice").id.text})
    reading = Reading((bad(sub(1), "chat-prod"), bad(sub(1), "search")), ignored_ids=voice)

    code = await _plan(name, reading)

    written = capsys.readouterr()
    assert (code, written.out, written.err) == (3, "", f"cmk-check: {said}\n")


async def test_p1_what_could_not_be_read_may_have_it(capsys: Output) -> None:
    """Unreadable is not empty: neither "none" nor "this one" is said for sure."""
    unread = Reading(gap=FORBIDDEN)

    assert await _plan("chat", unread, Reading()) == 3
    assert "1 of 2 subscriptions could not be read completely" in capsys.readouterr().err
    assert await _plan("chat", unread, Reading((good(sub(2), "chat"),))) == 3
    assert "may contain another account with this name" in capsys.readouterr().err
    assert await _plan("chat", Reading(), Reading((good(sub(2), "chat"),))) == 0
    assert await _plan("chat", unread, Reading((bad(sub(2), "chat"),))) == 1


async def test_an_excluded_subscription_is_left_alone(capsys: Output) -> None:
    """Its accounts are none of the estate, for a scan as for a plan."""
    here, excluded = Reading((bad(sub(1), "chat"),)), Reading((bad(sub(2), "chat"),))

    assert await _plan("chat", here, excluded, exclude=sub(2)) == 1

    assert str(bad(sub(1), "chat").id) in capsys.readouterr().err


async def test_p10_a_name_cannot_steer_the_terminal(capsys: Output) -> None:
    """Those of candidates are out of Azure, and the one asked for is somebody's text."""
    reading = Reading((bad(sub(1), "chat\u202e"),))

    await _plan("chat\u202d", reading)
    await _plan("chat\u202e", reading, Reading((bad(sub(2), "chat\u202e"),)))

    assert all(line.isprintable() for line in capsys.readouterr().err.splitlines())


NAMES = ["Fraud-Analytics", "payments", "research", "Research", "fraud-ops", "rd"]


@pytest.mark.parametrize(
    ("wanted", "expected"),
    [
        ("fraud", ["fraud-ops", "Fraud-Analytics"]),
        ("RESAERCH", ["Research", "research"]),
        ("fraud-analitycs", ["Fraud-Analytics"]),
        ("ops", ["fraud-ops"]),
        ("payroll", []),
        ("", []),
        (" ", []),
    ],
)
def test_it_is_spelled_like_the_name_or_contains_it(wanted: str, expected: list[str]) -> None:
    """Whoever remembers the beginning of a name must not have to guess the rest."""
    assert find_similar_names(wanted, NAMES) == expected


def test_the_best_come_first_and_of_many_only_some_are_named() -> None:
    """A message must stay one."""
    found = find_similar_names("team-1", [f"team-{number}" for number in range(200)])

    assert (found[0], len(found)) == ("team-1", 10)
