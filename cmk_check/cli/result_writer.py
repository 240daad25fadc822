"""Write a result to standard output or a file, and return the exit code."""

import io
import sys
from collections.abc import AsyncIterator, Callable

from rich.console import Console

from cmk_check.cli.console import open_console
from cmk_check.cli.exit_codes import complain
from cmk_check.cli.output_options import OutputOptions
from cmk_check.cli.stdout import write_bytes
from cmk_check.cli.whole_output import replace_file, write_elsewhere
from cmk_check.errors import NotUsable


async def write_result(
    options: OutputOptions, document: Callable[[Console], AsyncIterator[bytes]]
) -> None:
    """Write a document, which is created for a console.

    Raises:
        NotUsable: the result cannot be written; it is in a new file, if that could be written.
    """
    plain = open_console(io.StringIO(), color=False)
    try:
        if options.file is None:
            async for piece in document(open_console(sys.stdout, color=options.color)):
                write_bytes(piece)
            return
        with replace_file(options.file) as write:
            async for piece in document(plain):
                write(piece)
    except NotUsable as error:
        rescue = write_elsewhere(error, f"result.{options.format}", "The result is")
        with rescue as place, replace_file(place) as write:
            async for piece in document(plain):
                write(piece)


def capture_output(console: Console, show: Callable[[], object]) -> bytes:
    """Return the output of a function that prints, in the console's encoding."""
    with console.capture() as captured:
        show()
    return captured.get().encode(console.encoding, "backslashreplace")


def override_exit_code(code: int, other: int, option: str = "--exit-zero") -> int:
    """Return the exit code that an option sets, and print a remark if it differs."""
    if code != other:
        complain(f"{option} changes the exit code from {code} to {other}.")
    return other
