"""The examples of the documents, followed beside `make up` with nothing but what it prints."""

import json
import os
import re
import shutil
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Final, Self

import pytest

from local.child_process import ChildProcess
from local.stack import APP
from tests.functional.az_kit import AzServer
from tests.functional.estate_kit import wait_until
from tests.guard.documents import ROOT, section

_DIRECT: Final = urllib.request.build_opener(urllib.request.ProxyHandler({}))
_START_SECONDS: Final = 60.0
_STOP_SECONDS: Final = 20.0
_COMMAND_SECONDS: Final = 300.0
_READY: Final = "Ctrl-C stops it."


def skip_without(*commands: str) -> None:
    """Skip where a command is missing, but never where nobody would see it."""
    if missing := [name for name in commands if shutil.which(name) is None]:
        reason = f"NO EXAMPLE WAS RUN: install {', '.join(missing)}"
        if os.environ.get("CI") == "true":
            pytest.fail(reason)
        pytest.skip(reason)


class PrintedTerminal:
    """`make up` in a ``with`` block, and commands beside it, which run in ``folder``.

    ``settings`` are variables of the shell in which it is started. ``printed`` is what it printed
    before the app's log. Once ``az`` has signed in as a process, it is a function of the shell that
    asks a server: each process would load for a second.
    """

    def __init__(self, folder: Path, **settings: str) -> None:
        self._folder = folder
        self._az = ExitStack()
        self._own = {"PATH": os.environ["PATH"], "HOME": str(folder), "LC_ALL": "C.UTF-8"}
        self._settings = settings
        self.printed = ""

    def __enter__(self) -> Self:
        self._up = ChildProcess(
            [sys.executable, "-m", "local.up"],
            environment={**self._own, "PORT": "7171", **self._settings},
            folder=APP,
        )
        try:
            lines = self._up.wait_for(
                lambda lines: list(lines) if any(_READY in line for line in lines) else None,
                _START_SECONDS,
            )
        except BaseException:
            self._up.kill()
            raise
        self.printed = "\n".join(lines)
        return self

    def __exit__(self, *_: object) -> None:
        self._az.close()
        self._up.terminate(_STOP_SECONDS)

    def block(self, word: str) -> str:
        """Return the printed lines that begin with a word: ``export`` or ``az``."""
        return "\n".join(re.findall(rf"(?m)^{word} .*$", self.printed))

    def run(self, command: str) -> subprocess.CompletedProcess[str]:
        """Run a command in a shell that ran the block of exports; its errors go to its output."""
        return subprocess.run(
            ["bash", "-c", f"{self.block('export')}\n{command}"],  # noqa: S607 - the reader's own
            cwd=self._folder,
            env=self._own,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            timeout=_COMMAND_SECONDS,
            check=False,
        )

    def sign_in(self) -> None:
        """Run the block for az."""
        ended = self.run(f"set -e\n{self.block('az')}")
        assert ended.returncode == 0, ended.stdout
        dump = "import json, os; print(json.dumps(dict(os.environ)))"
        environment = json.loads(self.run(f"{sys.executable} -c '{dump}'").stdout)
        self._own |= self._az.enter_context(AzServer(self._folder, environment)).as_function()

    def follow(self, command: str) -> str:
        """Run a command of a document, and wait for the scan that it started; return its output."""
        before = self._last_scan() if "/api/scan" in command else None
        ended = self.run(command)
        if "/api/scan" in command:
            wait_until(
                lambda: self._last_scan() not in (None, before), f"a scan after {ended.stdout}"
            )
        return ended.stdout

    def _last_scan(self) -> str | None:
        exports = dict(re.findall(r"\b(APP_URL|KEY_FILE)=(\S+)", self.block("export")))
        name, _, key = Path(exports["KEY_FILE"]).read_text().strip().partition(": ")
        request = urllib.request.Request(  # noqa: S310 - our own URL
            f"{exports['APP_URL']}/api/v1/status", headers={name: key}
        )
        with _DIRECT.open(request, timeout=_STOP_SECONDS) as answer:
            last = json.load(answer)["lastScan"]
        return last and str(last["id"])


pytestmark = pytest.mark.tools("az")

QUARTER_OF_AN_HOUR: Final = 15 * 60


def shown(page: str, part: str | None = None) -> list[tuple[str, str | None]]:
    """Return the commands of a page or a part, block by block, and what each prints if shown."""
    text = (ROOT / "docs" / page).read_text()
    text = text if part is None else section(text, part)
    blocks = re.findall(r"(?ms)^```sh\n(.*?)^```\n(?:\n```text\n(.*?)^```\n)?", text)
    return [(command, answer or None) for command, answer in blocks]


def examples(page: str) -> list[tuple[str, str]]:
    """Return the commands of a page that stand behind a ``$``, and what each prints."""
    text = (ROOT / "docs" / page).read_text()
    return [
        example
        for block in re.findall(r"(?ms)^```console\n(.*?)^```", text)
        for example in re.findall(r"(?m)^\$ (.*)\n((?:[^$].*\n|\n)*)", block)
    ]


@pytest.fixture(autouse=True)
def _commands_are_installed() -> None:
    skip_without("bash", "curl", "jq")


@pytest.fixture(scope="module")
def terminal(tmp_path_factory: pytest.TempPathFactory) -> Iterator[PrintedTerminal]:
    """The terminal beside the sample estate, with az signed in."""
    with PrintedTerminal(tmp_path_factory.mktemp("beside"), CMK_CHANGES_QUEUE="on") as terminal:
        terminal.sign_in()
        yield terminal


@pytest.mark.parametrize(
    ("command", "answer"),
    [
        *examples("cli.md"),
        *shown("dashboards.md"),
        *(each for each in shown("alerts.md") if "az storage" in each[0]),
    ],
    ids=lambda text: text and text[:60],
)
def test_each_command_of_a_page_prints_what_is_shown(
    terminal: PrintedTerminal, command: str, answer: str
) -> None:
    """What is copied from a page is believed before it is read."""
    assert terminal.follow(command) == answer


def test_an_operator_looks_into_a_queue_of_the_app_as_the_page_shows(
    terminal: PrintedTerminal,
) -> None:
    """The one moment in which the command is needed is a bad one to find out how it is meant."""
    ((command, _),) = [each for each in shown("operations.md") if "message peek" in each[0]]
    queue = "--queue-name cmk-tell-poison"

    before = terminal.run(command)
    terminal.run(f"az storage queue create --name {queue.split()[1]}")
    terminal.run(f"az storage message put {queue} --content gone")

    assert "QueueNotFound" in before.stdout
    assert '"content": "gone"' in terminal.follow(command)


def test_a_scan_is_started_and_a_pipeline_gated_as_the_pages_show(
    terminal: PrintedTerminal,
) -> None:
    """A second scan right after one is refused, and says so; a gate that cannot ask stays shut."""
    commands = [command for command, _ in shown("http-api.md") if "/api/scan" in command]
    full, some = [command for command in commands if "/resend" not in command]
    (gate,) = [command for command, _ in shown("dashboards.md") if "jq -e" in command]

    assert re.search(r"(?m)^HTTP/1.1 (202|429) ", terminal.run(full).stdout)
    assert re.search(r"(?m)^HTTP/1.1 (202|409|429) ", terminal.run(some).stdout)
    for key in ("", "echo x-functions-key: wrong >wrong; KEY_FILE=wrong\n"):
        assert terminal.run(key + gate).returncode != 0, key


def test_p6_keys_are_in_files_and_nothing_but_this_machine_is_reached(
    terminal: PrintedTerminal,
) -> None:
    """What is pasted stays in the history of the shell; a fix is not tried on a company's Azure."""
    keys = re.findall(r"(?m)^(?:read|start) key +(\S+)$", terminal.printed)
    pasted = terminal.block("export") + terminal.block("curl")

    files = terminal.run('cat "$KEY_FILE" "$START_FILE"; stat -c %a "${KEY_FILE%/*}"').stdout
    azure = terminal.run("curl -sS https://management.azure.com; az account list --output tsv")

    assert len(keys) == 2
    assert not [key for key in keys if key in pasted]
    assert files == "".join(f"x-functions-key: {key}\n" for key in keys) + "700\n"
    assert re.search(r'"id": ?"|ScanRunning|TooMany', terminal.run(terminal.block("curl")).stdout)
    assert "CONNECT tunnel failed, response 403" in azure.stdout
    assert "cmk-check-local" in azure.stdout


def test_a_newcomer_gets_from_the_first_finding_to_the_fix(tmp_path: Path) -> None:
    """The page is followed from its first block to its last, as it stands there."""
    (start, _), *steps = shown("first-hour.md", "Without Azure")
    began = time.monotonic()

    with PrintedTerminal(tmp_path) as terminal:
        terminal.sign_in()
        for command, answer in steps:
            printed = terminal.follow(command)
            assert answer is None or printed == answer, command

    assert start.splitlines()[-1] == "make up"
    assert len([answer for _, answer in steps if answer]) == 9
    assert time.monotonic() - began < QUARTER_OF_AN_HOUR
