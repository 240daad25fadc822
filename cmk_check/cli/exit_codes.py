"""How a command ends: its exit codes, and its complaints on standard error."""

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
    """Say on standard error what is wrong and what to do, under the program's name."""
    print(f"cmk-check: {message}", file=sys.stderr)


def ended(work: Callable[[], int], failed: str) -> int:
    """Do the work of a command and return its exit code; complain of whatever ends it otherwise.

    ``failed`` says what did not come of it. No failure is exit code 1, which would be an answer.
    """
    from cmk_check.cli.console import shown
    from cmk_check.errors import CmkCheckError, SettingsError

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
        fault = f"a fault of this program: {type(error).__name__}: {error}"
        complain(shown(f"{failed}, {fault}"))
        return UNKNOWN


def leave_at_once() -> NoReturn:
    """End where it stands, as Ctrl-C pressed twice asks; a bar may have hidden the cursor."""
    if sys.stderr.isatty():
        sys.stderr.write("\x1b[?25h\n")
    sys.stderr.flush()
    os._exit(INTERRUPTED)
