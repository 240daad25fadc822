"""The command line as a person runs it: a process on a pseudo-terminal, or on pipes."""

import fcntl
import os
import pty
import re
import select
import signal
import struct
import subprocess
import sys
import termios
import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from typing import Final

from local.simulator import Fault, Hold, Simulator
from tests.functional.estate_kit import accounts_of

_COMMAND: Final = [sys.executable, "-m", "cmk_check"]
_SECONDS: Final = 30.0
_CODES: Final = re.compile(r"\x1b\[[0-9;?]*[A-Za-z]")


@dataclass(frozen=True, slots=True)
class Ended:
    """A command that has ended: its exit code, and what it wrote."""

    code: int
    out: str
    err: str = ""


def start(
    *arguments: str, environment: Mapping[str, str], stderr: int = subprocess.PIPE
) -> subprocess.Popen[bytes]:
    """Start the command with this environment, PATH and HOME, and nothing else."""
    own = {name: os.environ[name] for name in ("PATH", "HOME") if name in os.environ}
    return subprocess.Popen(
        [*_COMMAND, *arguments],
        env=own | dict(environment),
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
    """Run the command on pipes to its end."""
    return end(start(*arguments, environment=environment))


def hold_at(simulator: Simulator, number: int) -> Hold:
    """Let whoever lists the accounts of this subscription wait."""
    hold = Hold()
    simulator.faults.add(Fault(path=accounts_of(number), hold=hold))
    return hold


def interrupted(process: subprocess.Popen[bytes], hold: Hold) -> Ended:
    """Press Ctrl-C when it has come so far, and wait for its end."""
    hold.wait_until_reached()
    process.send_signal(signal.SIGINT)
    return end(process)


def run_at_terminal(
    *arguments: str,
    environment: Mapping[str, str],
    columns: int = 100,
    meanwhile: Callable[[str], None] = lambda _: None,
) -> Ended:
    """Run the command on a terminal of its own; ``meanwhile`` gets all that is written so far."""
    ours, theirs = pty.openpty()
    fcntl.ioctl(theirs, termios.TIOCSWINSZ, struct.pack("HHHH", 40, columns, 0, 0))
    own = {name: os.environ[name] for name in ("PATH", "HOME") if name in os.environ}
    process = subprocess.Popen(
        [*_COMMAND, *arguments],
        env={"TERM": "xterm-256color"} | own | dict(environment),
        stdin=theirs,
        stdout=theirs,
        stderr=theirs,
    )
    os.close(theirs)
    try:
        out = _read_all(ours, meanwhile)
        return Ended(process.wait(_SECONDS), out)
    finally:
        process.kill()
        process.wait()
        os.close(ours)


def without_codes(text: str) -> str:
    """Return what a terminal was told, without the codes for colours and cursor."""
    return _CODES.sub("", text)


def _read_all(terminal: int, meanwhile: Callable[[str], None]) -> str:
    data, deadline = b"", time.monotonic() + _SECONDS
    # Linux reports the other end's closing as an input/output error.
    with suppress(OSError):
        while time.monotonic() < deadline:
            if select.select([terminal], [], [], 0.05)[0]:
                piece = os.read(terminal, 65_536)
                if not piece:
                    break
                data += piece
            meanwhile(data.decode(errors="replace"))
    return data.decode(errors="replace")
