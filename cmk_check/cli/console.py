"""Create the two consoles, and escape text that could control the terminal.

Results are written to standard output, everything else to standard error. No control codes are
written if colours are switched off or the terminal does not support them.
"""

import io
import logging
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from textwrap import wrap
from typing import IO, override

from rich.console import Console
from rich.text import Text

from cmk_check.core.text import escape_invisible
from cmk_check.limits import PIPE_WIDTH_CHARS


def say(console: Console, text: str, *, indent: str = "", styled: int = 0, style: str = "") -> None:
    """Print a text that breaks only at spaces; ``indent`` begins the lines after the first.

    The first ``styled`` characters get the style. The terminal itself wraps a word that is longer
    than a line, so that copying the word keeps it in one piece.
    """
    lines = wrap(
        text,
        console.width,
        subsequent_indent=indent,
        break_long_words=False,
        break_on_hyphens=False,
    )
    for number, line in enumerate(lines):
        printed = Text(line)
        if number == 0:
            printed.stylize(style, 0, styled)
        console.print(printed, soft_wrap=True)


def open_console(stream: IO[str], *, color: bool) -> Console:
    """Return a console for a stream; if ``color`` is False, it never uses colours."""
    if isinstance(stream, io.TextIOWrapper):
        stream.reconfigure(errors="backslashreplace")  # for characters outside its encoding
    make = partial(Console, file=stream, highlight=False, markup=False, emoji=False)
    console = make()
    plain = not color or console.no_color or not console.is_terminal or console.is_dumb_terminal
    return make(
        color_system=None if plain else "auto",
        # FORCE_COLOR switches on colours in a pipe, but a progress bar makes no sense in a pipe.
        force_interactive=None if stream.isatty() else False,
        width=None if stream.isatty() else PIPE_WIDTH_CHARS,
    )


@contextmanager
def show_warnings(console: Console, *, quiet: bool = False) -> Iterator[None]:
    """Print the program's warnings as lines, above the progress bar if there is one.

    If ``quiet``, warnings are hidden, because the result or the error message reports the failure.
    """
    handler = logging.NullHandler() if quiet else Lines(console)
    logger = logging.getLogger("cmk_check")
    propagate, logger.propagate = logger.propagate, False
    logger.addHandler(handler)
    try:
        yield
    finally:
        logger.removeHandler(handler)
        logger.propagate = propagate


class Lines(logging.Handler):
    """Prints log records of one level as lines."""

    def __init__(self, console: Console, level: int = logging.WARNING) -> None:
        super().__init__(level)
        self._console = console
        # Omit the log lines for alert rules, because the result contains the same information.
        self.addFilter(lambda record: record.name != "cmk_check.lines")

    @override
    def emit(self, record: logging.LogRecord) -> None:
        say(self._console, f"cmk-check: {escape_invisible(record.getMessage())}")


def remarks(*, color: bool) -> Console:
    """Return the console for everything except results."""
    return open_console(sys.stderr, color=color)
