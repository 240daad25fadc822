"""SARIF and JUnit XML beside the exit code: a document without errors is no other answer."""

import json
from collections.abc import Callable
from datetime import timedelta
from functools import partial
from xml.etree import ElementTree as ET

import pytest

from cmk_check.cli.output_options import Format, OutputOptions
from cmk_check.cli.problems import collect
from cmk_check.cli.scan_result import ScanResult
from cmk_check.core.account import Reading
from cmk_check.core.enums import ExceptionMode, PostureReason
from cmk_check.core.posture import Expectations
from cmk_check.core.scope import Scope
from cmk_check.web import models
from tests.fakes.world import BEGINNING, World, good, sub
from tests.unit.cli.scan_kit import SETTINGS, scan, world_of, world_of_exceptions, world_of_keys

type Output = pytest.CaptureFixture[bytes]
ACCEPT, SHOW = ExceptionMode.ACCEPT, ExceptionMode.SHOW
TWO_BAD = partial(world_of_exceptions, "bad", "bad")
KEYS = partial(world_of_keys, required=True)
WORLDS: dict[str, Callable[[], World]] = {
    "all compliant": partial(world_of, "good", "empty"),
    "no account": partial(world_of, "empty"),
    "violation": partial(world_of, "good", "bad"),
    "unknown": partial(world_of, "good", "odd"),
    "gap": partial(world_of, "good", "gap"),
    "read in part": partial(world_of, "part"),
    "nothing listed": world_of,
    "key at risk": partial(KEYS, "healthy", "at_risk"),
    "key broken": partial(KEYS, "healthy", "broken"),
    "key unknown": partial(KEYS, "healthy", "unknown"),
    "one of two accepted": partial(TWO_BAD, accepted=(1,), mode=ACCEPT),
    "both accepted": partial(TWO_BAD, accepted=(1, 2), mode=ACCEPT),
    "exceptions are shown": partial(TWO_BAD, accepted=(1, 2), mode=SHOW),
    "fewer visible": partial(world_of, "good", expectations=Expectations(timedelta(hours=3), 2)),
    "asked for, not listed": partial(world_of, "good", scope=Scope(include=frozenset({sub(9)}))),
}


@pytest.mark.parametrize("make", WORLDS.values(), ids=WORLDS)
async def test_p1_errors_are_there_if_and_only_if_the_exit_code_is_not_zero(
    capsysbinary: Output, make: Callable[[], World]
) -> None:
    """Whoever looks at the document alone must not see green where the pipeline would stop."""
    code = await scan(make(), OutputOptions(Format.SARIF, quiet=True))
    (run,) = json.loads(capsysbinary.readouterr().out)["runs"]
    assert await scan(make(), OutputOptions(Format.JUNIT, quiet=True)) == code
    suites = ET.fromstring(capsysbinary.readouterr().out)  # noqa: S314 - our own

    errors = [
        result
        for result in run["results"]
        if result["level"] == "error" and not result.get("suppressions")
    ]
    assert bool(errors) == (code != 0)
    assert (suites.get("failures"), suites.get("errors")) != ("0", "0") or code == 0
    assert bool(list(suites.iter("failure")) + list(suites.iter("error"))) == (code != 0)


async def test_what_the_settings_leave_out_is_said_and_is_no_error(capsysbinary: Output) -> None:
    """A green document would else be all that is seen of accounts that nobody has judged."""
    world = world_of("good", "bad", scope=Scope(exclude=frozenset({sub(2)})))
    world.inventory.readings[sub(1)] = Reading((good(sub(1)),), {"AIServices": 1})

    assert await scan(world, OutputOptions(Format.SARIF, quiet=True)) == 0
    (run,) = json.loads(capsysbinary.readouterr().out)["runs"]
    assert await scan(world, OutputOptions(Format.JUNIT, quiet=True)) == 0
    suites = ET.fromstring(capsysbinary.readouterr().out)  # noqa: S314 - our own

    notes = run["invocations"][0]["toolConfigurationNotifications"]
    rules = [run["tool"]["driver"]["rules"][each["associatedRule"]["index"]] for each in notes]
    assert [rule["id"] for rule in rules] == ["kinds_excluded", "subscriptions_excluded"]
    assert {each["level"] for each in notes} == {"note"}
    assert "(AIServices: 1)" in notes[0]["message"]["text"]
    assert run["results"] == []
    said = suites.findtext(".//testcase[@name='scan']/system-out") or ""
    assert [line.split(":")[0] for line in said.splitlines()] == [rule["id"] for rule in rules]
    assert (suites.get("failures"), suites.get("errors")) == ("0", "0")


async def test_p1_a_gap_that_is_not_recorded_is_still_a_problem() -> None:
    """It is counted, and no row says which subscription it is."""
    world = world_of("good", "good")
    await world.scan()
    answer = ScanResult(world.context, SETTINGS)
    status = await answer.status()
    reason = models.ReasonOfPosture(code=PostureReason.SUBSCRIPTIONS_UNREAD, message="One.")
    counts = status.subscriptions.model_copy(update={"gap": 1})
    status = status.model_copy(update={"subscriptions": counts, "reasons": [reason]})

    collected = await collect(answer, status)

    assert [problem.code for problem in collected.of_scan] == ["subscriptions_unread"]


async def test_p1_a_violation_that_is_counted_as_not_accepted_is_still_a_problem() -> None:
    """Only so many times of expiry are counted, so the status may accept fewer than are listed."""
    world = world_of_exceptions("bad", "bad", accepted=[1, 2])
    await world.scan()
    answer = ScanResult(world.context, SETTINGS)
    status = await answer.status()
    reason = models.ReasonOfPosture(code=PostureReason.ACCOUNTS_NON_COMPLIANT, message="One.")
    counts = status.accounts.model_copy(update={"excepted": 1})
    fewer = status.model_copy(update={"accounts": counts, "reasons": [reason]})

    assert (await collect(answer, status)).of_scan == []
    assert [each.code for each in (await collect(answer, fewer)).of_scan] == [reason.code]


async def test_p1_an_exemption_that_has_expired_accepts_nothing() -> None:
    """Else the test of its account would be skipped, and its alert be closed."""
    world = world_of_exceptions("bad", accepted=[1], until=BEGINNING)
    await world.scan()
    answer = ScanResult(world.context, SETTINGS)

    ((_, (problem,)),) = (await collect(answer, await answer.status())).accounts

    assert problem.accepted is None


async def test_p1_a_scan_that_another_one_overtook_is_no_success() -> None:
    """The status that it reads may be green, and is that of the other scan."""
    world: World = world_of("good")
    await world.scan()
    answer = ScanResult(world.context, SETTINGS, failure="Another scan took over.")

    collected = await collect(answer, await answer.status())

    assert [problem.message for problem in collected.of_scan] == ["Another scan took over."]
