"""The command line as its document shows it: help, examples, exit codes, picture."""

import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path

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
# A block is commands and what each prints.
EXAMPLES = [
    (command, answer)
    for block in re.findall(r"(?ms)^```console\n(.*?)^```", DOCUMENT)
    for command, answer in re.findall(r"(?m)^\$ (.*)\n((?:[^$].*\n|\n)*)", block)
]
NEEDED = ("bash", "jq", "tail", "grep")


@pytest.fixture(scope="module")
def environment(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Mapping[str, str]]:
    """A shell of somebody who installed the command and signed in to the sample estate."""
    folder = tmp_path_factory.mktemp("bin")
    command = folder / "cmk-check"
    command.write_text(
        f"#!{sys.executable}\nimport sys\nsys.path.insert(0, {str(ROOT)!r})\n"
        "from cmk_check.cli import main\nmain()\n"
    )
    command.chmod(0o755)
    with Simulator("sample") as simulator:
        path = f"{folder}{os.pathsep}{os.environ['PATH']}"
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


@pytest.mark.long
@pytest.mark.parametrize(("command", "answer"), EXAMPLES, ids=lambda text: text[:60])
def test_each_example_prints_what_is_shown(
    environment: Mapping[str, str], tmp_path: Path, command: str, answer: str
) -> None:
    """What is copied from a page is believed before it is read."""
    if missing := [name for name in NEEDED if shutil.which(name) is None]:
        reason = f"NO EXAMPLE WAS RUN: install {', '.join(missing)}"
        if os.environ.get("CI") == "true":
            pytest.fail(reason)
        pytest.skip(reason)

    run = subprocess.run(
        ["bash", "-c", command],  # noqa: S607 - the reader's own shell
        env=dict(environment),
        cwd=tmp_path,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        timeout=60,
        check=False,
    )

    assert run.stdout == answer


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
