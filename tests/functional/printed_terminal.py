"""The terminal beside `make up`: a shell that ran the lines which that command printed."""

import json
import os
import re
import shutil
import subprocess
import sys
import urllib.request
from contextlib import ExitStack
from pathlib import Path
from typing import Final, Self

import pytest

from local.child_process import ChildProcess
from local.stack import APP
from tests.functional.az_kit import AzServer
from tests.functional.estate_kit import wait_until

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
