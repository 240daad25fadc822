"""Start the command line, ``cmk-check`` or ``python -m cmk_check``."""

import os
import signal
import sys


def main(prog_name: str = "cmk-check") -> None:
    """Run the command that the arguments name, and exit; Ctrl-C never shows a traceback.

    Imports take a second, and an interrupted import would show a traceback, so Ctrl-C ends the
    process at once unless a command is waiting for Azure. After a command has a result, Ctrl-C no
    longer changes the exit code.
    """
    if signal.getsignal(signal.SIGINT) is signal.default_int_handler:
        signal.signal(signal.SIGINT, lambda *_: os._exit(128 + signal.SIGINT))
    from cmk_check.cli import main as run  # noqa: PLC0415 - after the line above

    try:
        run(prog_name)
    finally:
        signal.signal(signal.SIGINT, signal.SIG_IGN)


if __name__ == "__main__":
    main("python -m cmk_check")
    sys.exit()
