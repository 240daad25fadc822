"""What a person sees: two consoles, and texts from elsewhere that cannot steer a terminal.

Results go to standard output, everything else to standard error. Where the terminal cannot show
colours, or nobody wants them, not a single control code is written.
"""

import io
import logging
import sys
import unicodedata
from collections.abc import Iterator
from contextlib import contextmanager
from typing import IO, Final

from rich.console import Console
from rich.text import Text

from cmk_check.limits import PIPE_WIDTH_CHARS

_INVISIBLE: Final = frozenset({"Cc", "Cf", "Cn", "Co", "Cs", "Zl", "Zp"})


def shown(text: str) -> str:
    """Write what cannot be seen, or moves what can, as Python's escapes do."""
    if text.isascii() and text.isprintable():
        return text
    return "".join(
        ascii(char)[1:-1] if unicodedata.category(char) in _INVISIBLE else char for char in text
    )


def open_console(stream: IO[str], *, color: bool) -> Console:
    """Return a console on a stream; ``color`` False is without any, whatever the terminal can."""
    if isinstance(stream, io.TextIOWrapper):
        stream.reconfigure(errors="backslashreplace")  # a name may hold what its encoding has not
    console = Console(file=stream, highlight=False, markup=False, emoji=False)
    plain = not color or console.no_color or not console.is_terminal or console.is_dumb_terminal
    return Console(
        file=stream,
        highlight=False,
        markup=False,
        emoji=False,
        color_system=None if plain else "auto",
        # FORCE_COLOR makes a pipe take colours, but nobody sees a bar move there.
        force_interactive=None if stream.isatty() else False,
        width=None if stream.isatty() else PIPE_WIDTH_CHARS,
    )


@contextmanager
def warnings_shown(console: Console) -> Iterator[None]:
    """Show warnings of the program as lines, above a progress bar if there is one."""
    handler = _Lines(console)
    logger = logging.getLogger("cmk_check")
    propagate, logger.propagate = logger.propagate, False
    logger.addHandler(handler)
    try:
        yield
    finally:
        logger.removeHandler(handler)
        logger.propagate = propagate


class _Lines(logging.Handler):
    def __init__(self, console: Console) -> None:
        super().__init__(logging.WARNING)
        self._console = console
        # Lines for alert rules: what they say is in the result.
        self.addFilter(lambda record: record.name != "cmk_check.lines")

    def emit(self, record: logging.LogRecord) -> None:
        line = f"cmk-check: {shown(record.getMessage())}"
        self._console.print(Text(line), soft_wrap=True)


def results(*, color: bool) -> Console:
    """Return the console of the results."""
    return open_console(sys.stdout, color=color)


def remarks(*, color: bool) -> Console:
    """Return the console of everything that is no result."""
    return open_console(sys.stderr, color=color)
