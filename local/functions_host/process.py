"""Runs the host as a process, for tests and the demo: each app needs a process of its own."""

import json
import os
import sys
import urllib.request
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import ClassVar, Final, Self

from local.child_process import ChildProcess

_REPOSITORY: Final = Path(__file__).resolve().parents[2]
_START_SECONDS: Final = 30.0
_STOP_SECONDS: Final = 15.0
_ACCEPTED: Final = 202
# Without a proxy: the host is on this machine.
_DIRECT: Final = urllib.request.build_opener(urllib.request.ProxyHandler({}))


@dataclass(frozen=True, slots=True)
class HostKeys:
    """The host's keys; ``functions`` has one for each HTTP function. No repr shows them."""

    master: str = field(repr=False)
    default: str = field(repr=False)
    functions: Mapping[str, str] = field(repr=False)


@dataclass(frozen=True, slots=True)
class _Ready:
    line: str
    url: str
    functions: tuple[str, ...]
    keys: HostKeys


class FunctionsHost:
    """``python -m local.functions_host`` in a ``with`` block.

    The app sees only ``environment`` and, unless it names them, PATH and HOME of this process. The
    host stops at the end of the block, and also if this process dies.

    Args:
        app: The folder with ``function_app.py`` and ``host.json``.
        environment: Every variable of the app.
        port: 0 takes a free port.
        timers: False to start timers by ``fire`` only.
        keys_file: JSON with keys; the rest are random.
        local_settings: Whether the app's local.settings.json supplies what is not set.
        lease_seconds: How long a received message is hidden; None for Azure's ten minutes.
        python: The interpreter, whose environment holds what the app imports.

    Raises:
        ChildFailedError: The host did not start; the message has the end of its output.
    """

    _child_type: ClassVar[type[ChildProcess]] = ChildProcess

    def __init__(  # noqa: PLR0913 - each is an option of the command
        self,
        app: Path,
        environment: Mapping[str, str],
        *,
        port: int = 0,
        timers: bool = True,
        keys_file: Path | None = None,
        local_settings: bool = False,
        lease_seconds: int | None = None,
        python: Path = Path(sys.executable),
    ) -> None:
        self._arguments = [str(python), "-m", "local.functions_host", "--exit-with-stdin"]
        self._arguments += ["--app", str(app.resolve()), "--port", str(port)]
        self._arguments += [] if timers else ["--no-timers"]
        self._arguments += ["--keys-file", str(keys_file.resolve())] if keys_file else []
        self._arguments += ["--local-settings"] if local_settings else []
        self._arguments += [] if lease_seconds is None else ["--lease-seconds", str(lease_seconds)]
        own = {name: os.environ[name] for name in ("PATH", "HOME") if name in os.environ}
        self._environment = own | dict(environment)
        self._process: ChildProcess | None = None
        self._ready: _Ready | None = None

    def __enter__(self) -> Self:
        process = self._child_type(
            self._arguments, environment=self._environment, folder=_REPOSITORY
        )
        self._process = process
        try:
            self._ready = process.wait_for(_find_ready, _START_SECONDS)
        except BaseException:
            process.kill()
            raise
        return self

    def __exit__(self, *_: object) -> None:
        self.terminate()

    @property
    def url(self) -> str:
        """The host's origin, without a slash at the end."""
        return self._started.url

    @property
    def functions(self) -> tuple[str, ...]:
        """The names of the app's functions, in alphabetical order."""
        return self._started.functions

    @property
    def keys(self) -> HostKeys:
        """The keys of this start."""
        return self._started.keys

    def fire(self, function: str, text: str = "") -> None:
        """Start a timer's or a queue's function at once, as an operator can, without waiting.

        Args:
            function: Its name.
            text: The message, for a queue's function.

        Raises:
            urllib.error.HTTPError: The host refused.
        """
        request = urllib.request.Request(  # noqa: S310 - our own URL
            f"{self.url}/admin/functions/{function}",
            data=json.dumps({"input": text}).encode(),
            headers={"x-functions-key": self.keys.master, "content-type": "application/json"},
        )
        with _DIRECT.open(request, timeout=_STOP_SECONDS) as answer:
            if answer.status != _ACCEPTED:
                raise RuntimeError(f"{function} was not accepted: {answer.status}")

    def output(self) -> list[str]:
        """Return the lines of the app and the host so far, without the keys."""
        ready = self._ready.line if self._ready else None
        return [line for line in self._child.lines() if line != ready]

    def kill(self) -> None:
        """Kill the host without warning (SIGKILL)."""
        self._child.kill()

    def terminate(self) -> int:
        """Stop the host, give running functions a few seconds, and return its exit code."""
        return self._child.terminate(_STOP_SECONDS)

    def close_input(self) -> int:
        """Stop the host as the death of this process would; return its exit code."""
        self._child.close_input()
        return self._child.wait(_STOP_SECONDS)

    @property
    def _child(self) -> ChildProcess:
        if self._process is None:
            raise RuntimeError("the host is started by a with block")
        return self._process

    @property
    def _started(self) -> _Ready:
        if self._ready is None:
            raise RuntimeError("the host is started by a with block")
        return self._ready


def _find_ready(lines: list[str]) -> _Ready | None:
    for line in lines:
        if line.startswith('{"url": '):
            document = json.loads(line)
            keys = HostKeys(**document["keys"])
            return _Ready(line, document["url"], tuple(document["functions"]), keys)
    return None
