"""The result of ``scan`` as a table: what it shows, its colours, and names that would steer it."""

import io
import re
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.console import Console

from cmk_check.cli.output_options import Format, OutputOptions
from cmk_check.cli.scan_report import report
from cmk_check.cli.scan_result import ScanResult
from cmk_check.cli.table import summarise
from cmk_check.config.settings import Settings
from cmk_check.core.account import Subscription
from cmk_check.core.cross_check import KnownAccount
from cmk_check.core.enums import GapReason
from cmk_check.core.gap import Gap
from cmk_check.core.text import escape_invisible
from cmk_check.limits import SCAN_SPACING
from cmk_check.ports import InventoryError
from tests.fakes.world import BEGINNING, bad, good, sub
from tests.unit.cli.scan_kit import SETTINGS, scan, world_of

LOST = Gap(GapReason.UNREACHABLE, detail="Gone.")
type Output = pytest.CaptureFixture[str]


@pytest.mark.parametrize(
    ("error", "reason"),
    [
        (None, "no_subscription_visible: Your identity cannot see any subscription"),
        (
            InventoryError(LOST),
            "scan_failed: The subscriptions could not be listed. unreachable: Gone",
        ),
    ],
)
@pytest.mark.parametrize("result_format", [Format.TABLE, Format.CSV])
async def test_p1_why_a_scan_failed_is_said_once(
    error: InventoryError | None, reason: str, result_format: Format, capsys: Output, tmp_path: Path
) -> None:
    """Nothing is counted of which nothing is known; a table in a file has the reason, too."""
    world = world_of()
    world.inventory.list_error = error
    file = tmp_path / "result"

    assert await scan(world, OutputOptions(result_format)) == 3
    shown = "".join(capsys.readouterr())
    await scan(world, OutputOptions(file=file))

    _, _, why, posture = file.read_text().splitlines()
    assert why.startswith(reason)
    assert posture == "posture: unknown"
    assert shown.count(reason.partition(": ")[2]) == 1
    assert "posture: unknown" in shown
    assert "accounts: 0" not in shown


async def test_a_store_also_knows_when_an_account_was_first_seen(capsys: Output) -> None:
    """Beside the date of the account; and without exemptions, no column speaks of them."""
    world = world_of("bad")
    dated = replace(bad(sub(1), "a"), created_at="2024-05-01T22:00:00Z")
    world.read(sub(1), dated, bad(sub(1), "b"))
    settings = Settings.load_for_scan("UseDevelopmentStorage=true", environ={})

    await report(world.context, settings, OutputOptions())

    head, _, *rows = capsys.readouterr().out.split("\n\n")[0].splitlines()
    assert head.endswith("  created     first seen  kind")
    assert "exception" not in head
    day = f"{BEGINNING:%Y-%m-%d}"
    assert [row.split()[-3:-1] for row in rows] == [["2024-05-01", day], ["-", day]]


@pytest.mark.parametrize(
    ("counts", "said"),
    [
        # The word "compliant" alone would be read as good news.
        (
            {"total": 0, "compliant": 0},
            "posture: compliant (nothing to judge: no account of a kind in sc",
        ),
        # Whoever adds up the rows comes to other numbers.
        (
            {"overdue": 2, "unread": 3, "ignored_by_kind": {"Speech": 4}},
            "; 2 overdue; 3 of them not read, as last known; 4 of other kinds ignored\n",
        ),
    ],
)
async def test_the_sums_name_what_is_not_judged(counts: dict[str, object], said: str) -> None:
    """They are what most people read."""
    world = world_of("good")
    await world.scan()
    status = await ScanResult(world.context, SETTINGS).status()
    accounts = status.accounts.model_copy(update=counts)
    stream = io.StringIO()

    summarise(Console(file=stream, width=200), status.model_copy(update={"accounts": accounts}))

    assert said in stream.getvalue()


@pytest.fixture
def terminal_colors(monkeypatch: pytest.MonkeyPatch) -> pytest.MonkeyPatch:
    """An environment in which rich takes a pipe for a terminal with colours."""
    for name in ("NO_COLOR", "TTY_COMPATIBLE", "TTY_INTERACTIVE", "COLORTERM"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("TERM", "xterm-256color")
    monkeypatch.setenv("FORCE_COLOR", "1")
    return monkeypatch


@pytest.mark.parametrize(
    ("variable", "option", "wanted"),
    [
        (("FORCE_COLOR", "1"), True, True),
        (("FORCE_COLOR", "1"), False, False),
        (("NO_COLOR", "1"), True, False),
        (("TERM", "dumb"), True, False),
        (("FORCE_COLOR", ""), True, False),
    ],
    ids=["wanted", "--no-color", "NO_COLOR", "TERM=dumb", "piped"],
)
async def test_not_one_control_code_where_none_is_wanted(
    terminal_colors: pytest.MonkeyPatch,
    capsys: Output,
    variable: tuple[str, str],
    *,
    option: bool,
    wanted: bool,
) -> None:
    """Whatever reads it would have to strip them again."""
    terminal_colors.setenv(*variable)

    await scan(world_of("bad", "gap"), OutputOptions(color=option))

    written = capsys.readouterr()
    assert ("\x1b[31mnon_compliant" in written.out) == wanted
    assert ("\x1b" in written.out + written.err) == wanted
    assert "non_compliant" in written.out


@pytest.mark.usefixtures("terminal_colors")
async def test_p10_hostile_names_are_text_in_the_table(capsys: Output) -> None:
    """A name that clears the screen or turns the line round would show another verdict."""
    world = world_of("bad", "gap")
    name = "a\x1b[2J\u202egpj\u2028[red]x[/red]:smile:\x07"
    world.inventory.listed = (Subscription(sub(1), name), Subscription(sub(2), name))
    world.read(sub(2), gap=Gap(GapReason.FORBIDDEN, detail=name))

    await scan(world)

    out = re.sub(r"\x1b\[[0-9;]*m", "", capsys.readouterr().out)
    assert out.count(r"a\x1b[2J\u202egpj\u2028[red]x[/red]:smile:\x07") == 3
    assert all(char.isprintable() or char == "\n" for char in out)


class _Search:
    def __init__(self, *known: KnownAccount) -> None:
        self._known = known

    async def accounts(self, _subscription_ids: Sequence[str]) -> tuple[KnownAccount, ...]:
        return self._known


async def test_what_resource_graph_knows_beyond_the_lists_is_said(capsys: Output) -> None:
    """Beside the result, which programs parse; and where both agree there is nothing to say."""
    world = world_of("good")
    known = [KnownAccount(good(sub(1), name).id, None) for name in ("chat", "search")]
    world.account_search = _Search(*known)

    await scan(world)
    difference = capsys.readouterr().err
    world.clock.advance(SCAN_SPACING)
    world.account_search = _Search(known[0])
    await scan(world)

    assert difference.replace(" \n", "\n") == (
        "cmk-check: cross-check with Resource Graph: checked, "
        "and 1 account missing from Azure's lists\n"
    )
    assert capsys.readouterr().err == ""


@given(st.text())
def test_p10_whatever_is_shown_can_be_seen_and_stays_in_its_line(text: str) -> None:
    """Every code point there is, not those somebody thought of."""
    line = escape_invisible(text)

    assert all(char.isprintable() or char == "\u3000" or char.isspace() for char in line)
    assert len(line.splitlines()) <= 1
    assert not set(line) & set("\x1b\x9b\u200f\u202e\u2066\u2028")
