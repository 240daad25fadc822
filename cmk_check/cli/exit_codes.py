"""The exit codes of the commands, and their error messages on standard error."""

import logging
import os
import signal
import sys
from collections.abc import Callable
from typing import Final, NoReturn

from cmk_check.cli.stdout import NotUsable

VIOLATED: Final = 1
USAGE: Final = 2
UNKNOWN: Final = 3
INTERRUPTED: Final = 128 + signal.SIGINT


def complain(message: str) -> None:
    """Print an error message on standard error, with the program's name in front."""
    print(f"cmk-check: {message}", file=sys.stderr)


def ended(work: Callable[[], int], failed: str) -> int:
    """Run a command and return its exit code; print a message if it fails.

    ``failed`` says what was not achieved. A failure never returns 1, which means non-compliant.
    """
    from cmk_check.cli.console import shown
    from cmk_check.errors import CmkCheckError, SettingsError

    # Silence the libraries: the result or the message below reports the failure.
    logging.getLogger().addHandler(logging.NullHandler())
    try:
        return work()
    except SettingsError as error:
        for name, fault in error.faults:
            complain(f"{name} {fault}.")
        return USAGE
    except NotUsable as error:
        complain(str(error))
        return USAGE
    except KeyboardInterrupt:
        return INTERRUPTED
    except CmkCheckError as error:
        complain(shown(f"{failed}: {error}"))
        return UNKNOWN
    except Exception as error:  # noqa: BLE001 - the last resort of a command
        fault = f"because of a bug in this program: {type(error).__name__}: {error}"
        complain(shown(f"{failed} {fault}"))
        return UNKNOWN


def leave_at_once() -> NoReturn:
    """Exit immediately, after a second Ctrl-C; show the cursor, which a bar may have hidden."""
    if sys.stderr.isatty():
        sys.stderr.write("\x1b[?25h\n")
    sys.stderr.flush()
    os._exit(INTERRUPTED)
