"""What people type first, because other commands have taught them: it works, or is told better."""

import subprocess
import sys

import pytest
from typer.testing import CliRunner

from cmk_check import VERSION
from cmk_check.cli import app


@pytest.mark.parametrize(
    ("line", "told"),
    [
        ("scan --output-format sarif", "No such option: --output-format; use --format."),
        ("scan -f json", "No such option: -f; use --format."),
        ("scan --output json", "must be a file; the option for the format is --format json"),
        ("scan -o result.json", "to write a file: --output result.json"),
        ("scan --json -o csv", "--json: must be used without --format"),
        ("plan chat --json", "No such option: --json; use --format."),
        ("check --json=yes accounts.json", "No such option: --json; use --format."),
        ("doctor -o json", "No such option: -o; the output has one format."),
        ("help nosuch", "No such command 'nosuch'."),
        ("resend --url https://x.test --from x --to 3", "must be a whole number, 1 or more"),
        ("resend --url https://x.test --from 0 --to 3", "must be a whole number, 1 or more"),
        ("resend --url https://x.test --from 2 --to 1", "--to"),
        ("resend --url https://x.test --from 1 --to 10001", "--to"),
        ("doctor --report /nowhere/file.json", "--report"),
        ("doctor --settings /nope", "/nope cannot be read (No such file or directory); save the"),
    ],
)
def test_an_option_of_other_tools_is_answered_with_the_right_one(line: str, told: str) -> None:
    """The library knows only letters, and would name an option that does something else."""
    result = CliRunner().invoke(app, line.split())

    assert (result.exit_code, result.stdout) == (2, "")
    assert told in result.stderr


@pytest.mark.parametrize(
    ("line", "same"),
    [
        *(("help", "--help"), ("help scan", "scan --help")),
        *(("version", "--version"), ("version", "-V")),
    ],
)
def test_help_and_version_are_also_commands(line: str, same: str) -> None:
    """As `git help` and `gh version` are."""
    given, expected = (CliRunner().invoke(app, each.split()) for each in (line, same))

    assert (given.exit_code, given.stdout) == (0, expected.stdout)
    assert line != "version" or given.stdout == f"cmk-check {VERSION}\n"


_RUN = """
import sys
sys.argv[1:] = {words}
from cmk_check.cli import main
try: main()
except SystemExit: print(*sys.modules, file=sys.stderr)
"""
_SCAN_IN_MEMORY = """
import asyncio, sys
import cmk_check.cli.scan_report
from cmk_check.composition_root import App
from cmk_check.config.settings import Settings

print(asyncio.run(App(Settings.load_for_scan(environ={})).scan_context()))
print(*sys.modules, file=sys.stderr)
"""
_COMPLETE = {
    "_CMK_CHECK_COMPLETE": "complete_bash",
    "COMP_WORDS": "cmk-check scan -o s",
    "COMP_CWORD": "3",
}


def test_the_causes_of_a_failure_are_completed_one_after_another() -> None:
    """They are a list, and a shell knows only the whole word."""
    environment = {**_COMPLETE, "COMP_WORDS": "cmk-check scan --fail-on unknown,b"}

    run = subprocess.run(
        [sys.executable, "-c", _RUN.format(words=[])],
        env=environment,
        capture_output=True,
        text=True,
        check=True,
    )

    assert run.stdout.split() == ["unknown,broken_key"]


@pytest.mark.parametrize(
    ("program", "environment", "written", "not_loaded"),
    [
        pytest.param(
            *(_RUN.format(words=["check", "-", "-o", "json"]), {}, '"verdict": "unknown"'),
            {"azure", "aiohttp", "fastapi", "securesystemslib"},
            id="check, on a laptop where nothing but the command line is installed",
        ),
        pytest.param(
            *(_RUN.format(words=[]), _COMPLETE, "sarif"),
            {"azure", "aiohttp", "rich"},
            id="a key pressed in a shell, where a person waits",
        ),
        pytest.param(
            *(_SCAN_IN_MEMORY, {}, "ScanContext"),
            {"fastapi", "starlette", "azure.data.tables", "azure.storage.queue"},
            id="a scan in memory, of whose libraries these would be a third",
        ),
    ],
)
def test_no_library_is_loaded_that_is_not_needed(
    program: str, environment: dict[str, str], written: str, not_loaded: set[str]
) -> None:
    """They take seconds, or may be missing."""
    run = subprocess.run(
        [sys.executable, "-c", program],
        env=environment,
        input='[{"kind": "OpenAI"}]',
        capture_output=True,
        text=True,
        check=True,
    )

    loaded = set(run.stderr.split())
    assert written in run.stdout
    assert "cmk_check.cli" in loaded
    assert not loaded & not_loaded
