"""Writes a result to standard output or a file, and sets the exit code that options change."""

import io
import sys
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractContextManager, nullcontext

from rich.console import Console

from cmk_check.cli.console import open_console
from cmk_check.cli.exit_codes import complain
from cmk_check.cli.output_options import OutputOptions
from cmk_check.cli.stdout import replaced, rescued, write_bytes
from cmk_check.errors import NotUsable


async def write_result(
    options: OutputOptions, document: Callable[[Console], AsyncIterator[bytes]]
) -> None:
    """Write a document, which is made for a console.

    Raises:
        NotUsable: the result cannot be written; it is in a new file, if that could be written.

    """

    async def write_to(
        place: AbstractContextManager[Callable[[bytes], object]], console: Console
    ) -> None:
        with place as write_piece:
            async for piece in document(console):
                write_piece(piece)

    plain = open_console(io.StringIO(), color=False)
    try:
        if options.file is not None:
            await write_to(replaced(options.file), plain)
        else:
            console = open_console(sys.stdout, color=options.color)
            await write_to(nullcontext(write_bytes), console)
    except NotUsable as error:
        await write_to(rescued(error, f".{options.format}"), plain)


def printed(console: Console, show: Callable[[], object]) -> bytes:
    """Return what a function prints, in the console's encoding."""
    with console.capture() as captured:
        show()
    return captured.get().encode(console.encoding, "backslashreplace")


def excuse(code: int, other: int, option: str = "--exit-zero") -> int:
    """Return the exit code that an option sets, and say so if it differs."""
    if code != other:
        complain(f"{option}: the exit code is {other} instead of {code}.")
    return other
