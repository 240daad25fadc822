"""The exit codes and error messages of the commands, and their reaction to signals."""

import asyncio
import logging
import os
import signal
import sys
from collections.abc import Callable, Coroutine, Iterator
from contextlib import contextmanager, suppress
from functools import wraps
from typing import Any, Final, NoReturn

import typer

from cmk_check.core.text import escape_invisible
from cmk_check.errors import CmkCheckError, NotUsable

VIOLATED: Final = 1
USAGE: Final = 2
UNKNOWN: Final = 3
INTERRUPTED: Final = 128 + signal.SIGINT
TERMINATED: Final = 128 + signal.SIGTERM


class Written:
    """The exit code of a result that is already written, which a signal no longer changes."""

    code: int | None = None


WRITTEN: Final = Written()


def complain(message: str) -> None:
    """Print a message on standard error after the program's name."""
    from cmk_check.cli.console import remarks, say

    say(remarks(color=False), f"cmk-check: {message}")


type _Code = int | Coroutine[Any, Any, int]


def command[**P](failed: str) -> Callable[[Callable[P, _Code]], Callable[P, None]]:
    """Make a command from a function that returns its exit code; see ``compute_exit_code``."""

    def decorate(function: Callable[P, _Code]) -> Callable[P, None]:
        @wraps(function)
        def start(*arguments: P.args, **options: P.kwargs) -> None:
            raise typer.Exit(compute_exit_code(lambda: function(*arguments, **options), failed))

        return start

    return decorate


def compute_exit_code(work: Callable[[], _Code], failed: str) -> int:
    """Run a command and return its exit code; print a message if the command fails.

    See also ``run``. The message begins with ``failed``. A failure never returns 1, which means
    non-compliant.
    """
    from cmk_check.config.settings_error import SettingsError
    from cmk_check.core.reasons.command_line import address_person

    # Silence the libraries, because the result or the message below reports the failure.
    logging.getLogger().addHandler(logging.NullHandler())
    try:
        code = work()
        return code if isinstance(code, int) else run(code)
    except (typer.Exit, typer.BadParameter):
        raise
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
        complain(escape_invisible(f"{failed}: {address_person(str(error))}"))
        return UNKNOWN
    except Exception as error:  # noqa: BLE001 - the last resort of a command
        fault = f"because of a bug in this program: {type(error).__name__}: {error}"
        complain(escape_invisible(f"{failed} {fault}"))
        return UNKNOWN


def run(command: Coroutine[Any, Any, int]) -> int:
    """Run a command and return its exit code; SIGTERM cancels the command, as Ctrl-C does.

    A second signal, or a command that does not end when cancelled, ends the process immediately,
    because the runner would wait for tasks that wait for the network.
    """
    terminated, WRITTEN.code = asyncio.Event(), None
    try:
        with raise_interrupts(), asyncio.Runner() as runner:
            code = runner.run(_terminable(command, terminated))
    except (KeyboardInterrupt, asyncio.CancelledError):
        _leave_at_once(TERMINATED if terminated.is_set() else INTERRUPTED)
    return TERMINATED if code == INTERRUPTED and terminated.is_set() else code


@contextmanager
def raise_interrupts() -> Iterator[None]:
    """Let Ctrl-C raise KeyboardInterrupt in the block, so that a library can handle it."""
    own = signal.getsignal(signal.SIGINT)
    if own is not signal.SIG_IGN:
        signal.signal(signal.SIGINT, signal.default_int_handler)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, own)


async def _terminable(command: Coroutine[Any, Any, int], terminated: asyncio.Event) -> int:
    task = asyncio.create_task(command)

    def terminate() -> None:
        if terminated.is_set():
            _leave_at_once(TERMINATED)
        terminated.set()
        task.cancel()

    with suppress(NotImplementedError):  # Windows has no such signal
        asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, terminate)
    return await task


def _leave_at_once(code: int) -> NoReturn:
    """Exit immediately, and show the cursor if a progress bar has hidden it."""
    if sys.stderr.isatty():
        sys.stderr.write("\x1b[?25h\n")
    sys.stderr.flush()
    os._exit(code if WRITTEN.code is None else WRITTEN.code)
