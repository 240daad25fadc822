"""What people type first, because other commands have taught them: it works, or is told better."""

import re
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
        ("explain -ojson accounts.json", "No such option: -o; the output is always JSON."),
        ("explain --json=yes accounts.json", "No such option: --json; the output is always JSON."),
        ("doctor -o json", "No such option: -o; the output has one format."),
    ],
)
def test_an_option_of_other_tools_is_answered_with_the_right_one(line: str, told: str) -> None:
    """The library knows only letters, and would name an option that does something else."""
    result = CliRunner().invoke(app, line.split())

    assert (result.exit_code, result.stdout) == (2, "")
    assert told in result.stderr


def test_the_version_is_also_a_command() -> None:
    """As `gh version` and `az version` are."""
    results = [CliRunner().invoke(app, [word]) for word in ("version", "--version")]

    assert [(each.exit_code, each.stdout) for each in results] == [
        (0, f"cmk-check {VERSION}\n")
    ] * 2


def test_a_shell_completes_words_without_the_libraries_of_a_scan() -> None:
    """Whoever presses the key waits for it. In real shells: tests/functional/test_completion.py."""
    code = (
        "import sys\nfrom cmk_check.cli import main\n"
        "try: main()\nexcept SystemExit: print(*sys.modules, file=sys.stderr)"
    )
    run = subprocess.run(
        [sys.executable, "-c", code],
        env={
            "_CMK_CHECK_COMPLETE": "complete_bash",
            "COMP_WORDS": "cmk-check scan -o s",
            "COMP_CWORD": "3",
        },
        capture_output=True,
        text=True,
        check=True,
    )

    loaded = {name.partition(".")[0] for name in run.stderr.split()}
    assert re.findall(r"[a-z]+", run.stdout)[-1] == "sarif"
    assert "table" not in run.stdout
    assert "typer" in loaded
    assert not loaded & {"azure", "aiohttp", "rich"}


_SCAN_IN_MEMORY = """
import asyncio, os, sys
import cmk_check.cli.scan_report
from cmk_check.composition_root import App
from cmk_check.config.settings import Settings

app = App(Settings.load_for_scan(environ={}))
asyncio.run(app.scan_context())
print(*sys.modules)
"""


def test_a_scan_in_memory_loads_neither_a_web_framework_nor_clients_of_a_storage() -> None:
    """They are a third of what it would load."""
    run = subprocess.run(
        [sys.executable, "-c", _SCAN_IN_MEMORY], capture_output=True, text=True, check=True
    )
    loaded = set(run.stdout.split())

    assert {"cmk_check.web.views.findings", "azure.mgmt.cognitiveservices"} <= loaded
    assert not {"fastapi", "starlette", "azure.data.tables", "azure.storage.queue"} & loaded
