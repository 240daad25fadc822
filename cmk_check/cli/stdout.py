"""Write to standard output, whose reader may be gone and whose disk may be full."""

import io
import os
import sys
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager, suppress
from functools import partial
from typing import TextIO, override

from cmk_check.errors import NotUsable


class _Guarded(io.TextIOWrapper):
    """A stream for libraries that print: typer prints help, rich prints tables."""

    guard: Callable[[], AbstractContextManager[object]]

    @override
    def write(self, text: str, /) -> int:
        with self.guard():
            super().write(text)
        return len(text)

    @override
    def flush(self) -> None:
        with self.guard():
            super().flush()


def guard_streams() -> None:
    """Make the standard streams report their failures as the functions below do.

    Python sets a stream that the caller closed to None, and printed text would be lost without an
    error. A closed standard output is replaced with a stream that fails. Failures of standard error
    are ignored, because they cannot be reported.
    """
    if sys.stdin is None:
        sys.stdin = open(os.devnull)  # noqa: SIM115, PTH123 - as long as the process
    sys.stdout = _guard_stream(sys.stdout, os.O_RDONLY)
    sys.stdout.guard = _reader_may_go
    sys.stderr = _guard_stream(sys.stderr, os.O_WRONLY)
    sys.stderr.guard = partial(suppress, OSError)


def _guard_stream(stream: TextIO | None, mode_if_closed: int) -> _Guarded:
    if stream is None:
        file = os.open(os.devnull, mode_if_closed)
        return _Guarded(open(file, "wb"), encoding="utf-8")  # noqa: PTH123 - as above
    return _Guarded(
        stream.buffer, stream.encoding, stream.errors, line_buffering=bool(stream.line_buffering)
    )


def write(text: str) -> None:
    """Write text to standard output at once.

    Raises:
        NotUsable: the text could not be written; a closed pipe is not an error.
    """
    with _reader_may_go():
        print(text, flush=True)


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
        # Discard the data that Python flushes at exit.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        if not isinstance(error, BrokenPipeError):
            raise NotUsable(
                f"the output cannot be written ({error.strerror}); it is incomplete."
            ) from error
