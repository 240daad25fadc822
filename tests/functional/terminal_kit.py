"""The command line as a person runs it: a process on a pseudo-terminal, or on pipes."""

import os
import subprocess
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from local import terminal
from local.simulator import Fault, Hold, Simulator
from tests.functional.estate_kit import accounts_of
from tests.functional.forked_host import run_to_its_end

_COMMAND: Final = [sys.executable, "-m", "cmk_check"]
_SECONDS: Final = 30.0


@dataclass(frozen=True, slots=True)
class Ended:
    """A command that has ended: its exit code, and what it wrote."""

    code: int
    out: str
    err: str = ""


def _own() -> dict[str, str]:
    return {name: os.environ[name] for name in ("PATH", "HOME") if name in os.environ}


def start(
    *arguments: str, environment: Mapping[str, str], stderr: int = subprocess.PIPE
) -> subprocess.Popen[bytes]:
    """Start the command with this environment, PATH and HOME, and nothing else."""
    return subprocess.Popen(
        [*_COMMAND, *arguments],
        env={**_own(), **environment},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=stderr,
    )


def end(process: subprocess.Popen[bytes]) -> Ended:
    """Wait for the end of a command on pipes."""
    try:
        out, err = process.communicate(timeout=_SECONDS)
    finally:
        process.kill()
    return Ended(process.returncode, out.decode(), err.decode())


def run(*arguments: str, environment: Mapping[str, str]) -> Ended:
    """Run the command on pipes to its end; on Linux as a fork of what has imported it."""
    if sys.platform != "linux":
        return end(start(*arguments, environment=environment))
    whole = [*_COMMAND, *arguments]
    code, out, err = run_to_its_end(whole, {**_own(), **environment}, Path.cwd(), _SECONDS)
    return Ended(code, out.decode(), err.decode())


def hold_at(simulator: Simulator, number: int) -> Hold:
    """Let whoever lists the accounts of this subscription wait."""
    hold = Hold()
    simulator.faults.add(Fault(path=accounts_of(number), hold=hold))
    return hold


def run_at_terminal(
    *arguments: str,
    environment: Mapping[str, str],
    columns: int = 100,
    meanwhile: Callable[[str], None] = lambda _: None,
) -> Ended:
    """Run the command on a terminal of its own; ``meanwhile`` gets all that is written so far."""
    code, out = terminal.run_at_terminal(
        [*_COMMAND, *arguments],
        environment={**_own(), **environment},
        columns=columns,
        seconds=_SECONDS,
        meanwhile=meanwhile,
    )
    return Ended(code, out)
