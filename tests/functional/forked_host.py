"""Hosts and commands by fork: a server for each test worker imports everything once, and forks.

A host that is started as people start it needs two seconds of processor time for its imports, a
command one, and the long tests start several hundred. Python's own fork server has one thread and
no event loop, tells how its forks end, and ends itself once nobody is left who could ask it.
"""

import gc
import json
import multiprocessing
import os
import runpy
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from io import TextIOWrapper
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any, ClassVar, Final, override

from aiohttp import connector

from local.child_process import ChildProcess
from local.functions_host.process import FunctionsHost

if TYPE_CHECKING:
    from multiprocessing.connection import Connection

_SERVER: Final = multiprocessing.get_context("forkserver")
_SERVER.set_forkserver_preload(["tests.functional.preloaded"])
# Streams of a fork, which Python also keeps if something else takes their place.
_kept: list[IO[str]] = []


class _Fork(subprocess.Popen[str]):
    """``python -m module ...`` with pipes, forked and not executed."""

    def __init__(
        self, command: Sequence[str], environment: Mapping[str, str], folder: Path
    ) -> None:
        (stdin, ours_in), (ours_out, stdout), (ours_err, stderr) = (
            _SERVER.Pipe(duplex=False) for _ in range(3)
        )
        theirs = (stdin, stdout, stderr)
        arguments = (theirs, command[2], command[3:], dict(environment), folder)
        self._process = _SERVER.Process(target=_run, args=arguments, daemon=True)
        self._process.start()
        for connection in theirs:
            connection.close()
        assert self._process.pid is not None
        self.pid = self._process.pid
        self.args = command
        self.returncode = None
        self.stdin, self.stdout, self.stderr = _text(ours_in, "w"), _text(ours_out), _text(ours_err)

    @override
    def poll(self) -> int | None:
        if self.returncode is None:
            self.returncode = self._process.exitcode
        return self.returncode

    @override
    def wait(self, timeout: float | None = None) -> int:
        self._process.join(timeout)
        code = self.poll()
        if code is None:
            raise subprocess.TimeoutExpired(self.args, timeout or 0)
        return code


class ForkedChild(ChildProcess):
    """A child process that is a fork of the server."""

    @override
    def _start(
        self, command: Sequence[str], environment: Mapping[str, str], folder: Path
    ) -> subprocess.Popen[str]:
        return _Fork(command, environment, folder)


class ForkedHost(FunctionsHost):
    """A host of this repository's app and interpreter: what the server imported is theirs.

    A library of macOS that finds proxies may crash in a fork, so only Linux has forks. With
    ``scan_options``, the app's scans have these instead of the limits.
    """

    _child_type: ClassVar = ForkedChild if sys.platform == "linux" else ChildProcess

    def __init__(
        self,
        app: Path,
        environment: Mapping[str, str],
        *,
        timers: bool,
        lease_seconds: int | None = None,
        scan_options: Mapping[str, int] | None = None,
    ) -> None:
        super().__init__(app, environment, timers=timers, lease_seconds=lease_seconds)
        if scan_options:
            self._arguments[2:3] = ["tests.functional.limited_host", json.dumps(scan_options)]


def run_to_its_end(
    command: Sequence[str], environment: Mapping[str, str], folder: Path, seconds: float
) -> tuple[int, bytes, bytes]:
    """Run ``python -m module ...`` as a fork; return its exit code, its output and its errors.

    Raises:
        TimeoutExpired: it did not end.

    """
    fork = _Fork(command, environment, folder)
    stdin, stdout, stderr = fork.stdin, fork.stdout, fork.stderr
    assert stdin is not None
    stdin.close()
    with ThreadPoolExecutor() as readers:
        written = [readers.submit(_all_of, stream) for stream in (stdout, stderr)]
        try:
            code = fork.wait(seconds)
        finally:
            fork.kill()
    out, err = (each.result() for each in written)
    return code, out, err


def _all_of(stream: IO[str] | None) -> bytes:
    assert isinstance(stream, TextIOWrapper)
    with stream:
        written: bytes = stream.buffer.read()
        return written


def _text(connection: "Connection[Any, Any]", mode: str = "r") -> IO[str]:
    with connection:
        number = os.dup(connection.fileno())
    return os.fdopen(number, mode, encoding="utf-8", errors="replace")


def _run(
    standard: "Sequence[Connection[Any, Any]]",
    module: str,
    arguments: Sequence[str],
    environment: Mapping[str, str],
    folder: Path,
) -> None:
    for number, connection in enumerate(standard):
        with connection:
            os.dup2(connection.fileno(), number)
    # Those of the server know where they were in its own streams.
    sys.stdin = os.fdopen(0, encoding="utf-8", closefd=False)
    sys.stdout = os.fdopen(1, "w", encoding="utf-8", closefd=False)
    sys.stderr = os.fdopen(2, "w", 1, encoding="utf-8", errors="backslashreplace", closefd=False)
    _kept.extend((sys.stdout, sys.stderr))
    os.chdir(folder)
    os.environ.clear()
    os.environ.update(environment)
    time.tzset()
    # Made when aiohttp was imported, from the authorities that SSL_CERT_FILE named then.
    connector._SSL_CONTEXT_VERIFIED = connector._make_ssl_context(verified=True)  # noqa: SLF001 - as its import does
    # What was imported is never garbage; each search among it would copy its memory.
    gc.freeze()
    sys.argv[1:] = arguments
    runpy.run_module(module, run_name="__main__", alter_sys=True)
