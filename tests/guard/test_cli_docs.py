"""The command line as its document shows it: help, exit codes, picture."""

import os
import re
from collections.abc import Iterator, Mapping

import pytest
import typer

from cmk_check.cli import app
from local.simulator import Simulator
from local.terminal import left_on_screen, run_at_terminal
from tests.guard.documents import ROOT, codes, section, table
from tools.terminal import COLUMNS, PICTURE, drawn

DOCUMENT = (ROOT / "docs/cli.md").read_text()
GROUP = typer.main.get_group(app)
COMMANDS = sorted(GROUP.commands)


@pytest.fixture
def environment() -> Iterator[Mapping[str, str]]:
    """A shell of somebody who installed the command and signed in to the sample estate."""
    with Simulator("sample") as simulator:
        path = f"{ROOT / 'local/bin'}{os.pathsep}{os.environ['PATH']}"
        yield {"PATH": path, "LC_ALL": "C.UTF-8", **simulator.environment()}


@pytest.mark.parametrize("command", COMMANDS)
def test_the_help_of_every_command_is_shown(command: str) -> None:
    """Whoever reads the page must not find other options than whoever asks the command."""
    context = typer.Context(GROUP, info_name="cmk-check", **GROUP.context_settings)
    help_ = GROUP.commands[command].get_help(
        typer.Context(GROUP.commands[command], context, command, terminal_width=78)
    )

    shown = re.findall(r"(?s)```text\n(Usage: .*?)\n```", section(DOCUMENT, command))
    assert shown == [help_]


def test_every_command_stands_in_both_tables() -> None:
    """A command that is missing there is not looked for."""
    named = [re.sub(r"\[`(.*)`\].*", r"\1", row[0]) for row in table(DOCUMENT, "command")]
    (head,) = re.findall(r"(?m)^\| code \|(.*)\|$", DOCUMENT)

    assert sorted(named) == COMMANDS
    assert re.findall(r"`([\w-]+)`", head) == named
    assert codes(table(DOCUMENT, "code")) == ["0", "1", "2", "3", "130", "143"]


def test_the_picture_is_what_a_scan_shows_today(environment: Mapping[str, str]) -> None:
    """`make terminal` draws it anew."""
    _, written = run_at_terminal(
        ["cmk-check", "scan"], environment=environment, columns=COLUMNS, seconds=60
    )

    assert drawn(left_on_screen(written)) == PICTURE.read_text()


def test_the_picture_asks_nobody_and_names_no_machine() -> None:
    """A page that shows it must not make its readers' browsers call anybody."""
    picture = PICTURE.read_text()

    assert not re.search(r"font-face|href|url\(\W?http|/tmp|/home", picture)
