"""A child process: started with exactly the given environment, its output read, ended by its id."""

import subprocess
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import IO, Final

_TAIL_LINES: Final = 40
_READERS_SECONDS: Final = 5.0


class ChildFailedError(Exception):
    """The process ended or was not ready in time; the message has the last lines of its output."""


class ChildProcess:
    """A running process; its standard input stays open until the process is ended."""

    def __init__(
        self, arguments: Sequence[str], *, environment: Mapping[str, str], folder: Path
    ) -> None:
        self._name = Path(arguments[0]).name
        self._lines: list[str] = []
        self._changed = threading.Condition()
        self._process = self._start(arguments, environment, folder)
        self._readers = [
            threading.Thread(target=self._read, args=(stream,), daemon=True)
            for stream in (self._process.stdout, self._process.stderr)
            if stream is not None
        ]
        for reader in self._readers:
            reader.start()

    @property
    def pid(self) -> int:
        """The process id."""
        return self._process.pid

    @property
    def exit_code(self) -> int | None:
        """The exit code, negative for a signal; None while the process runs."""
        return self._process.poll()

    def lines(self) -> list[str]:
        """Return the lines written so far to standard output and standard error."""
        with self._changed:
            return list(self._lines)

    def wait_for[T](self, find: Callable[[list[str]], T | None], seconds: float) -> T:
        """Call ``find`` with the lines until it returns something other than None; return that.

        Raises:
            ChildFailedError: The process ended first, or did not write the lines in time.
        """
        deadline = time.monotonic() + seconds
        while True:
            ended = self.exit_code is not None
            if ended:
                self._join_readers()
            with self._changed:
                found = find(self._lines)
                if found is not None:
                    return found
                left = deadline - time.monotonic()
                if ended or left <= 0:
                    raise ChildFailedError(self._failure(seconds))
                # Every new line wakes us; without one, check whether the process still runs.
                self._changed.wait(min(left, 0.1))

    def kill(self) -> None:
        """Kill it without warning, as if the machine had crashed."""
        self._process.kill()
        self._settle()

    def terminate(self, seconds: float) -> int:
        """Ask it to end, kill it after ``seconds``, and return its exit code."""
        self._process.terminate()
        return self.wait(seconds)

    def close_input(self) -> None:
        """Close its standard input."""
        if self._process.stdin is not None:
            self._process.stdin.close()

    def wait(self, seconds: float) -> int:
        """Wait for its end, kill it after ``seconds``, and return its exit code."""
        try:
            self._process.wait(seconds)
        except subprocess.TimeoutExpired:
            self._process.kill()
        self._settle()
        return self._process.returncode

    def _start(
        self, command: Sequence[str], environment: Mapping[str, str], folder: Path
    ) -> subprocess.Popen[str]:
        return subprocess.Popen(
            command,
            cwd=folder,
            env=dict(environment),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            encoding="utf-8",
            errors="replace",
        )

    def _settle(self) -> None:
        self._process.wait()
        self.close_input()
        self._join_readers()

    def _join_readers(self) -> None:
        for reader in self._readers:
            reader.join(_READERS_SECONDS)

    def _read(self, stream: IO[str]) -> None:
        with stream:
            for line in stream:
                with self._changed:
                    self._lines.append(line.rstrip("\n"))
                    self._changed.notify_all()

    def _failure(self, seconds: float) -> str:
        code = self.exit_code
        what = f"was not ready after {seconds:g} s" if code is None else f"ended with code {code}"
        return "\n".join([f"{self._name} {what}:", *self._lines[-_TAIL_LINES:]])
