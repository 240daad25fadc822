"""Writing to standard output, whose reader may be gone and whose disk may be full."""

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager


class NotUsable(Exception):
    """The input or output cannot be used; ``str()`` says what is wrong and what to do."""


def write(text: str, end: str = "\n") -> None:
    """Write text to standard output at once.

    Raises:
        NotUsable: the text could not be written; a closed pipe is not an error.

    """
    with _reader_may_go():
        print(text, end=end, flush=True)


def write_bytes(data: bytes) -> None:
    """Write bytes unchanged; see ``write``."""
    with _reader_may_go():
        sys.stdout.buffer.write(data)
        sys.stdout.buffer.flush()


@contextmanager
def _reader_may_go() -> Iterator[None]:
    try:
        yield
    except OSError as error:
        # Discard what Python flushes at its exit.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        if not isinstance(error, BrokenPipeError):
            raise NotUsable(
                f"the output cannot be written ({error.strerror}); it is incomplete."
            ) from error
