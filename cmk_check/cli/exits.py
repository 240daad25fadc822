"""How a command ends: its exit codes, and its complaints on standard error."""

import signal
import sys
from typing import Final

VIOLATED: Final = 1
USAGE: Final = 2
UNKNOWN: Final = 3
INTERRUPTED: Final = 128 + signal.SIGINT


def complain(message: str) -> None:
    """Say on standard error what is wrong and what to do, under the program's name."""
    print(f"cmk-check: {message}", file=sys.stderr)
