"""A scan under another scope must not be taken for an answer about this one (P1)."""

from datetime import timedelta

import pytest

from cmk_check.cli.scan_report import check_scope
from cmk_check.config.settings_error import SettingsError
from cmk_check.core.enums import ExceptionMode, PostureReason, PostureVerdict, ScanState
from cmk_check.core.exceptions.judge_exception import ExceptionRules
from cmk_check.core.recorded_scope import RecordedScope
from cmk_check.core.scope import Scope
from tests.fakes.world import account, good
from tests.unit.scan.scan_world import ONE, TWO, ScanWorld

FOUNDRY = {"kind": "AIServices", "key_source": "Microsoft.CognitiveServices"}


def under(world: ScanWorld, *kinds: str, exclude: str | None = None) -> None:
    """Let the settings of the program be others from now on."""
    scope = Scope(exclude=frozenset({exclude} if exclude else ()))
    world.within(kinds={kind.lower(): kind for kind in kinds}, scope=scope)


@pytest.fixture
async def app(world: ScanWorld) -> ScanWorld:
    """Return an app that judges both kinds, whose estate has one violated Foundry account."""
    under(world, "OpenAI", "AIServices")
    world.listed(ONE, TWO)
    world.read(ONE, good(ONE))
    world.read(TWO, account(TWO, "foundry", **FOUNDRY))
    await world.scan()
    return world


@pytest.mark.parametrize(
    ("kinds", "exclude", "setting"),
    [(("OpenAI",), None, "CMK_KINDS"), (("OpenAI", "AIServices"), TWO, "CMK_EXCLUDE")],
    ids=["kinds", "excluded"],
)
async def test_an_app_says_unknown_after_a_scan_under_another_scope(
    app: ScanWorld, kinds: tuple[str, ...], exclude: str | None, setting: str
) -> None:
    """The other scan removed what this app judges; P11: the next one of its own ends that."""
    own = app.options
    under(app, *kinds, exclude=exclude)
    app.read(TWO)
    await app.scan()
    other = await app.posture()
    app.options = own

    answer = await app.posture()

    assert other.verdict is PostureVerdict.COMPLIANT
    assert answer.verdict is PostureVerdict.UNKNOWN
    (text,) = [text for code, text in answer.reasons if code is PostureReason.SCOPE_CHANGED]
    assert setting in text
    app.read(TWO, good(TWO))
    await app.scan()
    assert await app.verdict() is PostureVerdict.COMPLIANT


async def test_a_scan_whose_scope_changes_while_it_runs_fails(app: ScanWorld) -> None:
    """One half of it would judge what the other half does not."""
    first, _ = await app.planned()
    under(app, "OpenAI", exclude=TWO)

    await app.deliver(first)

    row = await app.scan_row(first.scan_id)
    assert row.state is ScanState.FAILED
    assert "(CMK_KINDS, CMK_EXCLUDE_SUBSCRIPTIONS)" in (row.reason or "")
    assert "foundry" in await app.verdicts()


async def test_the_command_line_takes_only_a_store_of_its_own_scope_or_without_one(
    app: ScanWorld,
) -> None:
    """It would remove findings of the app; the difference is named."""
    await check_scope(app.context)
    await check_scope(ScanWorld().context)
    under(app, "OpenAI")

    with pytest.raises(
        SettingsError, match=r"CMK_KINDS: must be .* \(aiservices,openai\), or pass --change-scope"
    ):
        await check_scope(app.context)


def honouring(world: ScanWorld, days: int, mode: ExceptionMode = ExceptionMode.ACCEPT) -> None:
    """Let the settings honour exceptions for so many days from now on."""
    world.expect(exceptions=mode)
    world.within(exception_rules=ExceptionRules(timedelta(days=days)))


async def test_exceptions_that_others_rules_honoured_do_not_count(world: ScanWorld) -> None:
    """An exemption of ten years would be accepted until the app's own next scan."""
    world.azure_has(good(ONE))
    honouring(world, 365)
    own = world.options
    honouring(world, 3650)
    await world.scan()
    world.options = own

    answer = await world.posture()

    (text,) = [text for code, text in answer.reasons if code is PostureReason.SCOPE_CHANGED]
    assert "(CMK_EXCEPTION_MAX_DAYS)" in text
    with pytest.raises(SettingsError, match=r"CMK_EXCEPTION_MAX_DAYS: must be .* \(3650\)"):
        await check_scope(world.context)


@pytest.mark.parametrize("then", [ExceptionMode.OFF, ExceptionMode.SHOW])
async def test_rules_count_only_where_exceptions_do(world: ScanWorld, then: ExceptionMode) -> None:
    """Without them nothing is honoured, before or now: switching them on or off is no trouble."""
    world.azure_has(good(ONE))
    honouring(world, 365, ExceptionMode.OFF)
    await world.scan()

    honouring(world, 30, then)

    assert await world.verdict() is PostureVerdict.COMPLIANT


def test_settings_differ_by_what_they_mean_and_are_told_by_their_names() -> None:
    """Rules for exceptions differ only where both scans honour some."""
    of = RecordedScope.of
    now = of([], [], [], exceptions=ExceptionRules().list_for_scope())

    assert of(["OpenAI", "b"], ["X"], []) == of(["B", "openai"], "x", [])
    assert of([], [], [], "mg-ai").differences(of([], [], [])) == {
        "CMK_MANAGEMENT_GROUP": ("mg-ai",)
    }
    assert of([], [], [], exceptions=["cmk_exception_max_days=9"]).differences(now) == {
        "CMK_EXCEPTION_MAX_DAYS": ("9",)
    }
    rules = ExceptionRules(policies=frozenset({"/p"}), assignments=frozenset({"/a"}))
    assert of([], [], [], exceptions=rules.list_for_scope()).differences(now) == {
        "CMK_EXCEPTION_POLICIES": ("/p",),
        "CMK_EXCEPTION_ASSIGNMENTS": ("/a",),
    }
    assert of([], [], []).differences(now) == {}
