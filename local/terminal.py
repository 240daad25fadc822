"""Runs a command in a terminal of its own, and returns what a person would see, as text."""

import fcntl
import os
import pty
import re
import select
import struct
import subprocess
import termios
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from typing import Final

_ROWS: Final = 40
_CODES: Final = re.compile(r"\x1b\[[0-9;?]*[A-Za-z]")
_LINE_ERASED: Final = "\x1b[2K"


def run_at_terminal(
    command: Sequence[str],
    *,
    environment: Mapping[str, str],
    columns: int,
    seconds: float,
    meanwhile: Callable[[str], None] = lambda _: None,
) -> tuple[int, str]:
    """Run a command; return its exit code and its whole output, with the codes for colours.

    It gets ``environment`` and TERM, nothing else. ``meanwhile`` is called repeatedly with the
    output so far.
    """
    ours, theirs = pty.openpty()
    fcntl.ioctl(theirs, termios.TIOCSWINSZ, struct.pack("HHHH", _ROWS, columns, 0, 0))
    process = subprocess.Popen(
        command,
        env={"TERM": "xterm-256color", **environment},
        stdin=theirs,
        stdout=theirs,
        stderr=theirs,
    )
    os.close(theirs)
    try:
        written = _read_all(ours, time.monotonic() + seconds, meanwhile)
        return process.wait(seconds), written.replace("\r\n", "\n")
    finally:
        process.kill()
        process.wait()
        os.close(ours)


def left_on_screen(written: str) -> str:
    """Return what is on the screen at the end, after the progress bar has erased itself."""
    return written.rpartition(_LINE_ERASED)[2]


def without_codes(written: str) -> str:
    """Return the text without the codes for colours and cursor."""
    return _CODES.sub("", written)


def _read_all(terminal: int, deadline: float, meanwhile: Callable[[str], None]) -> str:
    data = b""
    # Linux reports that the other end was closed as an input/output error.
    with suppress(OSError):
        while time.monotonic() < deadline:
            if select.select([terminal], [], [], 0.05)[0]:
                piece = os.read(terminal, 65_536)
                if not piece:
                    break
                data += piece
            meanwhile(data.decode(errors="replace"))
    return data.decode(errors="replace")
