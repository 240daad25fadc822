"""How a command ends: its exit codes, and its complaints on standard error."""

import os
import signal
import sys
from typing import Final, NoReturn

VIOLATED: Final = 1
USAGE: Final = 2
UNKNOWN: Final = 3
INTERRUPTED: Final = 128 + signal.SIGINT


def complain(message: str) -> None:
    """Say on standard error what is wrong and what to do, under the program's name."""
    print(f"cmk-check: {message}", file=sys.stderr)


def leave_at_once() -> NoReturn:
    """End where it stands, as Ctrl-C pressed twice asks; a bar may have hidden the cursor."""
    if sys.stderr.isatty():
        sys.stderr.write("\x1b[?25h\n")
    sys.stderr.flush()
    os._exit(INTERRUPTED)
