"""The exit code of ``scan``, at which pipelines look, and the remark that people read last."""

import re
from functools import partial

import pytest
from typer.testing import CliRunner

from cmk_check.cli import app
from cmk_check.cli.local_scan import LocalScanOutcome
from cmk_check.cli.output_options import FailOn, Format, OutputOptions
from cmk_check.cli.scan_report import exit_code, report
from cmk_check.cli.scan_result import ScanResult
from cmk_check.core.enums import ExceptionMode, PostureReason, PostureVerdict, ScanState
from cmk_check.limits import SCAN_SPACING
from cmk_check.web import models
from tests.fakes.world import World, sub
from tests.unit.cli.scan_kit import SETTINGS, scan, world_of, world_of_exceptions, world_of_keys

type Output = pytest.CaptureFixture[str]
FIX = "cmk-check: fix them: cmk-check plan --all --out fixes\n"
# An id with letters, whose case does not matter.
CASED = "8d3c0000-0000-4000-8000-00000000000a"
LOOK = "cmk-check: find out what is missing: cmk-check doctor\n"


@pytest.mark.parametrize("found", [True, False])
async def test_an_id_that_was_not_found_is_named_and_unknown(
    capsys: Output, *, found: bool
) -> None:
    """A pipeline that names the wrong subscription must not be green."""
    world = world_of("good")
    await scan(world)
    world.clock.advance(SCAN_SPACING)
    named = [sub(1), sub(9)] if found else [sub(9)]

    code = await report(world.context, SETTINGS, OutputOptions(Format.JSON), named)

    assert code == 3
    assert f"Subscriptions not found: {sub(9)}. Azure does not list" in capsys.readouterr().err


V, U, B, E, _ = FailOn
SHOW = ExceptionMode.SHOW
_accepted = partial(world_of_exceptions, accepted=[1])


@pytest.mark.parametrize(
    ("fail_on", "world", "expected"),
    [
        pytest.param([V], world_of("good", "odd", "gap"), 0, id="unknown passes"),
        pytest.param([V], world_of("bad", "odd"), 1, id="violated all the same"),
        pytest.param([U], world_of("good", "bad"), 0, id="violated passes"),
        pytest.param([U], world_of("bad", "odd"), 3, id="unknown beside a violation that passes"),
        pytest.param([U], world_of("bad", "gap"), 3, id="not read, beside a violation that passes"),
        pytest.param([V], world_of(), 3, id="a scan that failed has no answer"),
        pytest.param([B], world_of("bad", "odd"), 0, id="keys alone"),
        pytest.param([V, U], world_of_keys("unknown", "broken"), 0, id="keys beside the answer"),
        pytest.param([B], world_of_keys("unknown", "broken"), 1, id="a broken key"),
        pytest.param([B], world_of_keys("unknown", "at_risk"), 0, id="no broken key"),
        pytest.param([V, U], _accepted("bad", "good"), 0, id="accepted"),
        pytest.param([V, U, E], _accepted("bad", "good"), 1, id="accepted, and fails"),
        pytest.param([E], _accepted("good", "bad"), 0, id="not accepted"),
        pytest.param([V, U], _accepted("bad", "bad"), 1, id="one of two is accepted"),
        pytest.param([V, U], _accepted("bad", "odd"), 3, id="unknown beside it"),
        pytest.param([V, U], _accepted("bad", "good", mode=SHOW), 1, id="shown"),
        pytest.param([E], _accepted("bad", "good", mode=SHOW), 1, id="shown, and fails"),
    ],
)
async def test_p1_what_fails_can_be_chosen(
    fail_on: list[FailOn], world: World, expected: int
) -> None:
    """A pipeline that may go on without an answer says so; one that saw nothing may not."""
    assert await scan(world, OutputOptions(fail_on=fail_on)) == expected


BAD_CODE, EXCEPTED = PostureReason.ACCOUNTS_NON_COMPLIANT, PostureReason.ACCOUNTS_EXCEPTED


@pytest.mark.parametrize(
    ("posture", "violated", "excepted", "codes", "expected"),
    [
        ("compliant", 1, 0, [], 1),
        ("compliant_with_exceptions", 1, 1, [EXCEPTED], 0),
        ("compliant_with_exceptions", 1, 1, [BAD_CODE, EXCEPTED], 1),
        ("compliant_with_exceptions", 1, 1, [], 1),
        ("compliant_with_exceptions", 2, 1, [EXCEPTED], 1),
        ("non_compliant", 0, 0, [], 1),
        ("unknown", 0, 0, [], 3),
    ],
)
async def test_p1_no_other_end_is_zero(
    posture: str, violated: int, excepted: int, codes: list[PostureReason], expected: int
) -> None:
    """Also where the posture and its numbers do not fit together, nothing odd passes."""
    status = await ScanResult(world_of().context, SETTINGS).status()
    counts = {"non_compliant": violated, "excepted": excepted}
    update = {
        "posture": PostureVerdict(posture),
        "accounts": status.accounts.model_copy(update=counts),
        "reasons": [models.ReasonOfPosture(code=code, message="") for code in codes],
    }

    code = exit_code(
        LocalScanOutcome("id", ScanState.COMPLETE, None, interrupted=False),
        status.model_copy(update=update),
    )

    assert code == expected


@pytest.mark.parametrize(
    ("line", "setting", "said"),
    [
        (f"--subscription {sub(1)} --subscription {sub(2)[:-1]}", "", f"{sub(2)[:-1]}'"),
        (
            "--fail-on everything",
            "",
            "must be a list of non_compliant, unknown, broken_key, excepted, new, separated",
        ),
        ("--output /dev/full", "", "must be a regular file, because it is replaced"),
        ("--output /nowhere/result", "", "must be in an existing folder"),
        (f"--output /tmp/{'n' * 250}", "", "cannot be written (File name too long)"),
        ("--store somewhere", "", "--store"),
        ("--store=", "", "--store"),
        ("--store https://mine.test", "", "CMK_STORAGE__queueServiceUri"),
        (
            f"--subscription {sub(1)} --store UseDevelopmentStorage=true --change-scope",
            "",
            "--change-scope",
        ),
        ("--change-scope", "", "must be used with --store"),
        # The answer for the other subscription would pass for both.
        (
            f"--subscription {sub(1)} --subscription {CASED.upper()}",
            f"CMK_EXCLUDE_SUBSCRIPTIONS={CASED}",
            f"must not name {CASED}, which CMK_EXCLUDE_SUBSCRIPTIONS or CMK_INCLUDE_SUBSCRIPTIONS",
        ),
        (
            f"--subscription {sub(2)} --store UseDevelopmentStorage=true",
            f"CMK_INCLUDE_SUBSCRIPTIONS={sub(1)}",
            f"must not name {sub(2)}, which CMK_EXCLUDE_SUBSCRIPTIONS or CMK_INCLUDE_SUBSCRIPTIONS",
        ),
        # What is not read cannot fail: the exit code would be 0 whatever became of it.
        (
            "--fail-on broken_key",
            "CMK_KEY_HEALTH=off",
            "CMK_KEY_HEALTH must be on for --fail-on broken_key",
        ),
        (
            "--fail-on excepted",
            "CMK_EXCEPTIONS=off",
            "CMK_EXCEPTIONS must be show or accept for --fail-on excepted",
        ),
    ],
)
def test_p1_what_cannot_be_done_is_refused_as_usage(line: str, setting: str, said: str) -> None:
    """Before anything is asked of Azure; of twenty ids, the one that was cut has to be found."""
    name, _, value = setting.partition("=")

    result = CliRunner().invoke(app, ["scan", *line.split()], env={name: value} if name else {})

    assert (result.exit_code, result.stdout) == (2, "")
    assert said in result.stderr


@pytest.mark.parametrize("command", ["scan", "plan"])
def test_an_unknown_format_is_refused_in_the_words_of_this_program(command: str) -> None:
    """Typer puts the words of the library below it in front of its message."""
    result = CliRunner().invoke(app, [command, "--format", "xml"])

    assert result.exit_code == 2
    assert re.search("Invalid value for '--format' / '-o': must be one of [a-z, ]+$", result.stderr)


@pytest.mark.parametrize(
    "command", [["scan"], ["scan", "--quiet"], ["plan", "chat"], ["plan", "--all", "--out", "new"]]
)
def test_what_is_probably_a_mistake_is_named_before_the_scan(command: list[str]) -> None:
    """The scan would ignore it in silence; a pipeline that is quiet must hear of it, too."""
    environ = {"CMK_SKIP_THESE": "1", "CMK_KINDS": "OpenAI,Foundry", "CMK_MAX_IN_FLIGHT": "many"}

    result = CliRunner().invoke(app, command, env=environ)

    skip, kinds, refused = result.stderr.splitlines()
    assert skip.startswith(
        "cmk-check: CMK_SKIP_THESE is not a setting; see docs/reference/settings.md"
    )
    assert kinds.startswith("cmk-check: CMK_KINDS names a kind of account")
    assert refused.startswith("cmk-check: CMK_MAX_IN_FLIGHT ")


@pytest.mark.parametrize(
    ("world", "said"),
    [
        pytest.param(world_of("good"), "", id="nothing is wrong"),
        pytest.param(world_of("odd"), "", id="unknown, which no command ends"),
        pytest.param(world_of("bad", "gap"), FIX, id="a violation"),
        pytest.param(world_of("good", "gap"), LOOK, id="a subscription was not read"),
        pytest.param(world_of(), LOOK, id="nothing is visible"),
        pytest.param(world_of_keys("healthy", "broken"), FIX, id="a broken key"),
        pytest.param(world_of_keys("at_risk"), "", id="a key at risk"),
        pytest.param(_accepted("bad"), "", id="all accepted"),
        pytest.param(_accepted("bad", "bad"), FIX, id="one not accepted"),
    ],
)
async def test_a_scan_says_what_to_run_next(capsys: Output, world: World, said: str) -> None:
    """Who sees it for the first time does not know the other commands."""
    await scan(world)

    lines = capsys.readouterr().err.splitlines(keepends=True)
    assert lines[-1:] == ([said] if said else [])


async def test_a_scan_of_some_subscriptions_goes_on_with_them(capsys: Output) -> None:
    """A plan of the whole estate would read, and change, more than was asked for."""
    await scan(world_of("bad"), OutputOptions(subscriptions=[sub(1), sub(2)]))

    chosen = f"--subscription {sub(1)} --subscription {sub(2)}"
    assert capsys.readouterr().err == FIX.replace("--all", chosen)
