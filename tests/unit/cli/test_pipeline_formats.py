"""SARIF and JUnit XML: a document without errors is no other answer than the exit code.

Whole ones: golden/result.sarif and golden/result.junit. The form of SARIF:
tests/functional/test_sarif.py.
"""

import json
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from functools import partial
from pathlib import Path
from typing import Any, Final
from xml.etree import ElementTree as ET

import pytest
import xmlschema

from cmk_check.cli.entries import Entry, Problem
from cmk_check.cli.output_options import Format, OutputOptions
from cmk_check.cli.problems import collect
from cmk_check.cli.sarif import render_sarif
from cmk_check.cli.scan_result import ScanResult
from cmk_check.core.account import Reading, Subscription
from cmk_check.core.enums import ExceptionMode, GapReason, PostureReason, Reason, ReasonSeverity
from cmk_check.core.gap import Gap
from cmk_check.core.keys.facts import Vault
from cmk_check.core.reasons.catalogue import VERDICT_REASONS
from cmk_check.core.rule_text import RULE_TEXT
from cmk_check.core.scope import Scope
from cmk_check.web import models
from tests.fakes.hostile import NAMES
from tests.fakes.keys import HEALTHY
from tests.fakes.world import BEGINNING, World, bad, good, sub
from tests.unit.cli.scan_kit import (
    FORBIDDEN,
    SETTINGS,
    scan,
    world_of,
    world_of_exceptions,
    world_of_keys,
    world_of_unread_group,
)

# That of Jenkins, by Gregory Boissinot (MIT; the file has the licence), as pytest's tests use it.
SCHEMA: Final = xmlschema.XMLSchema(Path(__file__).with_name("junit-10.xsd"))
type Output = pytest.CaptureFixture[bytes]
ACCEPT, SHOW = ExceptionMode.ACCEPT, ExceptionMode.SHOW
TWO_BAD = partial(world_of_exceptions, "bad", "bad")
KEYS = partial(world_of_keys, required=True)
# Each with its exit code.
WORLDS: Final[dict[str, tuple[int, Callable[[], World]]]] = {
    "all compliant": (0, partial(world_of, "good", "good")),
    "no account in one": (0, partial(world_of, "good", "empty")),
    "no account": (0, partial(world_of, "empty")),
    "violation": (1, partial(world_of, "good", "bad")),
    "violation beside unknowns": (1, partial(world_of, "odd", "bad", "gap")),
    "unknown": (3, partial(world_of, "good", "odd")),
    "gap": (3, partial(world_of, "good", "gap")),
    "none read": (3, partial(world_of, "gap")),
    "violation before the gap": (1, partial(world_of, "part")),
    "nothing listed": (3, world_of),
    "key at risk": (0, partial(KEYS, "healthy", "at_risk")),
    "key broken": (1, partial(KEYS, "healthy", "broken")),
    "key unknown": (3, partial(KEYS, "healthy", "unknown")),
    "one of two accepted": (1, partial(TWO_BAD, accepted=(1,), mode=ACCEPT)),
    "both accepted": (0, partial(TWO_BAD, accepted=(1, 2), mode=ACCEPT)),
    "exceptions are shown": (1, partial(TWO_BAD, accepted=(1, 2), mode=SHOW)),
    "group unread": (3, partial(world_of_unread_group, "good")),
    "all excluded": (3, partial(world_of, "good", scope=Scope(exclude=frozenset({sub(1)})))),
    "asked for, not listed": (
        3,
        partial(world_of, "good", scope=Scope(include=frozenset({sub(9)}))),
    ),
}


async def _sarif(world: World, capsysbinary: Output, code: int | None = None) -> Any:  # noqa: ANN401
    """Scan and return the run; ``code`` is the exit code to expect, if any."""
    assert await scan(world, OutputOptions(Format.SARIF, quiet=True)) == code or code is None
    out = capsysbinary.readouterr().out
    assert out.isascii()
    (run,) = json.loads(out)["runs"]
    return run


async def _junit(world: World, capsysbinary: Output, code: int | None = None) -> ET.Element:
    assert await scan(world, OutputOptions(Format.JUNIT, quiet=True)) == code or code is None
    out = capsysbinary.readouterr().out
    SCHEMA.validate(out.decode())
    (suite,) = ET.fromstring(out)  # noqa: S314 - our own
    return suite


@pytest.mark.parametrize(("code", "make"), WORLDS.values(), ids=WORLDS)
async def test_p1_the_exit_code_and_errors_are_there_unless_all_is_known_and_compliant(
    capsysbinary: Output, code: int, make: Callable[[], World]
) -> None:
    """A pipeline looks at nothing but the code; a person may look at the document alone."""
    assert await scan(make(), OutputOptions(quiet=True)) == code
    capsysbinary.readouterr()
    run = await _sarif(make(), capsysbinary, code)
    suite = await _junit(make(), capsysbinary, code)

    errors = [
        result
        for result in run["results"]
        if result["level"] == "error" and not result.get("suppressions")
    ]
    assert bool(errors) == (code != 0)
    assert ((suite.get("failures"), suite.get("errors")) != ("0", "0")) == (code != 0)
    assert bool(list(suite.iter("failure")) + list(suite.iter("error"))) == (code != 0)


async def test_what_the_settings_leave_out_is_said_and_is_no_error(capsysbinary: Output) -> None:
    """A green document would else be all that is seen of accounts that nobody has judged."""
    world = world_of("good", "bad", scope=Scope(exclude=frozenset({sub(2)})))
    world.inventory.readings[sub(1)] = Reading((good(sub(1)),), {"AIServices": 1})

    run = await _sarif(world, capsysbinary, 0)
    suite = await _junit(world, capsysbinary, 0)

    notes = run["invocations"][0]["toolConfigurationNotifications"]
    rules = [run["tool"]["driver"]["rules"][each["associatedRule"]["index"]] for each in notes]
    assert [rule["id"] for rule in rules] == ["kinds_excluded", "subscriptions_excluded"]
    assert {each["level"] for each in notes} == {"note"}
    assert "(AIServices: 1)" in notes[0]["message"]["text"]
    assert run["results"] == []
    said = suite.findtext("testcase[@name='scan']/system-out") or ""
    assert [line.split(":")[0] for line in said.splitlines()] == [rule["id"] for rule in rules]


@pytest.mark.parametrize(
    ("world", "sums", "count", "code"),
    [
        (world_of("good"), "subscriptions", {"gap": 1}, PostureReason.SUBSCRIPTIONS_UNREAD),
        # Only so many times of expiry are counted: fewer may be accepted than are listed.
        (
            TWO_BAD(accepted=[1, 2]),
            "accounts",
            {"excepted": 1},
            PostureReason.ACCOUNTS_NON_COMPLIANT,
        ),
    ],
    ids=["gap", "not accepted"],
)
async def test_p1_what_is_counted_and_not_listed_is_still_a_problem(
    world: World, sums: str, count: dict[str, int], code: PostureReason
) -> None:
    """No row says which subscription or account it is."""
    await world.scan()
    answer = ScanResult(world.context, SETTINGS)
    status = await answer.status()
    counts = getattr(status, sums).model_copy(update=count)
    reasons = [models.ReasonOfPosture(code=code, message="One.")]
    counted = status.model_copy(update={sums: counts, "reasons": reasons})

    assert (await collect(answer, status)).of_scan == []
    assert [each.code for each in (await collect(answer, counted)).of_scan] == [code]


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


async def test_a_problem_keeps_a_fingerprint_of_its_own(capsysbinary: Output) -> None:
    """An alert that somebody closed must not be opened anew by the next scan."""
    runs = [await _sarif(world_of("bad", "odd", "part"), capsysbinary) for _ in range(2)]

    first, second = (
        [result["partialFingerprints"]["primaryLocationLineHash"] for result in run["results"]]
        for run in runs
    )
    assert first == second
    assert len(set(first)) == len(first) == 4
    # Of a run either all results have suppressions or none has: these settings accept nothing.
    assert not any("suppressions" in result for result in runs[0]["results"])


async def test_the_rules_are_those_in_use(capsysbinary: Output) -> None:
    """GitHub makes an alert of security of a rule with a severity, whose level it then ignores."""
    run = await _sarif(world_of("bad", "gap", "odd"), capsysbinary)

    rules = run["tool"]["driver"]["rules"]
    used = [result["ruleId"] for result in run["results"]]
    assert sorted(rule["id"] for rule in rules) == sorted(set(used))
    assert used == [rules[result["ruleIndex"]]["id"] for result in run["results"]]
    by_id = {rule["id"]: rule for rule in rules}
    rule, entry = by_id["microsoft_managed_key"], VERDICT_REASONS[Reason.MICROSOFT_MANAGED_KEY]
    assert rule["shortDescription"]["text"] == entry.message
    assert rule["help"]["text"] == " ".join((entry.text(), *RULE_TEXT.why))
    assert rule["defaultConfiguration"] == {"level": "error"}
    assert rule["properties"]["security-severity"] == "5.5"
    assert "security" in rule["properties"]["tags"]
    assert "properties" not in by_id["forbidden"]


def test_a_rule_links_to_the_page_of_reasons_once_it_is_published() -> None:
    """An owner of this project fills in the address, and no rule leads anywhere before."""
    problem = Problem("key_not_named", ReasonSeverity.ERROR, "It names no key.")
    entry, page = Entry("/a", "a", [problem], ("", "", "")), "https://pages.test/reasons"
    logs = [
        json.loads(render_sarif([entry], {}, failed=False, page=address)) for address in ("", page)
    ]
    without, linked = (log["runs"][0]["tool"]["driver"]["rules"][0] for log in logs)

    assert "helpUri" not in without
    assert linked["helpUri"] == f"{page}#key_not_named"


async def test_a_scan_that_did_not_finish_says_so(capsysbinary: Output) -> None:
    """Whoever closes what is no longer listed would close everything."""
    well = await _sarif(world_of("good"), capsysbinary)
    failed = await _sarif(world_of(), capsysbinary)

    assert well["invocations"][0]["executionSuccessful"] is True
    assert failed["invocations"][0]["executionSuccessful"] is False
    (result,) = failed["results"]
    assert (result["ruleId"], result["level"]) == ("scan_failed", "error")
    assert "cannot see any subscription" in result["message"]["text"]


async def test_a_test_that_fails_and_has_an_error_counts_once(capsysbinary: Output) -> None:
    """CI servers subtract both sums from that of the tests."""
    world = world_of_keys("broken", required=True)
    assert world.keys is not None
    assert isinstance(HEALTHY.vault, Vault)
    odd = replace(HEALTHY.vault, default_action="perhaps")
    for each, key in world.keys.facts.items():
        world.keys.facts[each] = replace(key, vault=odd)

    suite = await _junit(world, capsysbinary)

    tags = [element.tag for element in suite[1]]
    assert {"failure", "error"} <= set(tags)
    assert [suite.get(name) for name in ("tests", "failures", "errors")] == ["2", "1", "0"]


@pytest.mark.parametrize("case", ["gap", "stale"])
async def test_an_old_compliant_is_no_test_that_passes(capsysbinary: Output, case: str) -> None:
    """This scan has not read the account: what is recorded of it is as old as the last that has."""
    world = world_of("good", "bad")
    await _junit(world, capsysbinary)
    if case == "gap":
        world.read(sub(1), gap=FORBIDDEN)
    else:
        world.clock.advance(timedelta(days=7))
        world.inventory.listed = ()

    suite = await _junit(world, capsysbinary)

    reason = "subscriptions_unread" if case == "gap" else "stale"
    (skipped,), (failure,) = suite[-2:]
    assert (skipped.tag, skipped.get("type")) == ("skipped", reason)
    assert (failure.tag, failure.get("type")) == ("failure", "microsoft_managed_key")
    assert "2026-" in skipped.get("message", "")
    assert suite.get("skipped") == "1"


@pytest.mark.parametrize("name", [*NAMES, "{0} \\ [x](1)", "a\x01b\x0b\ufffe\uffffc"])
async def test_p10_a_hostile_name_is_text(capsysbinary: Output, name: str) -> None:
    """SARIF knows links and placeholders; XML has no place for most control characters."""
    world = world_of("gap", "bad")
    world.inventory.listed = (Subscription(sub(1), name), Subscription(sub(2), name))
    world.read(sub(1), gap=Gap(GapReason.FORBIDDEN, detail=name))
    world.read(sub(2), bad(sub(2)), good(sub(2), "b"))

    run = await _sarif(world, capsysbinary)
    suite = await _junit(world, capsysbinary)

    text = run["results"][0]["message"]["text"]
    assert text.isprintable()
    unescaped = text.replace("\\\\", "").replace("\\[", "").replace("\\]", "")
    assert not set(unescaped) & set("[]\\")
    assert not set(text.replace("{{", "").replace("}}", "")) & set("{}")
    assert (len(run["results"]), len(suite)) == (2, 4)
    assert all(text.strip().isprintable() for text in suite.itertext())
