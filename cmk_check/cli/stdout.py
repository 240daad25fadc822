"""Standard output: whoever reads it may have gone, and the disk behind it may be full."""

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager


class NotUsable(Exception):
    """Input or output is not what it should be; says what is wrong, where, and what to do."""


def write(text: str, end: str = "\n") -> None:
    """Write text to standard output at once.

    Raises:
        NotUsable: it could not be written; a reader that closed the pipe has read enough.

    """
    with _reader_may_go():
        print(text, end=end, flush=True)


def write_bytes(data: bytes) -> None:
    """Write what has an encoding and line ends of its own; see ``write``."""
    with _reader_may_go():
        sys.stdout.buffer.write(data)
        sys.stdout.buffer.flush()


@contextmanager
def _reader_may_go() -> Iterator[None]:
    try:
        yield
    except OSError as error:
        # What Python still flushes at its end goes nowhere.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        if not isinstance(error, BrokenPipeError):
            raise NotUsable(
                f"the output cannot be written ({error.strerror}): what stands there is not whole."
            ) from error
