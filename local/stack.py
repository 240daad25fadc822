"""Runs everything on this machine: Azurite, a simulated Azure, and the app in a Functions host."""

import json
import time
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Callable, Mapping
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, Self

from local.azurite import Azurite
from local.functions_host.process import FunctionsHost
from local.simulator import Estate, Simulator

APP: Final = Path(__file__).resolve().parents[1]
HOURLY: Final = "0 0 * * * *"
EVERY_TWO_MINUTES: Final = "0 1/2 * * * *"
_DIRECT: Final = urllib.request.build_opener(urllib.request.ProxyHandler({}))
_SECONDS: Final = 30.0
_ENDED: Final = frozenset({"complete", "incomplete", "failed"})


@dataclass(frozen=True, slots=True)
class Answer:
    """An answer of the API; ``body`` is its JSON, its text if it is not JSON, or None if empty."""

    status: int
    headers: Mapping[str, str]
    body: Any


class ScanTimeoutError(Exception):
    """A scan did not end in time; the message has the last lines of the host's output."""


class Stack:
    """The stack in a ``with`` block, on free ports.

    ``settings`` override the app's environment. A given ``azurite`` is used as it is and keeps its
    content. ``announce`` is called with the name of each part before it starts.
    """

    def __init__(  # noqa: PLR0913 - each has a user
        self,
        estate: Estate | str = "sample",
        *,
        settings: Mapping[str, str] | None = None,
        azurite: Azurite | None = None,
        timers: bool = False,
        port: int = 0,
        announce: Callable[[str], None] = lambda _: None,
    ) -> None:
        self._estate = estate
        self._settings = dict(settings or {})
        self._azurite = azurite
        self._timers = timers
        self._port = port
        self._announce = announce
        self._stack = ExitStack()
        self.simulator: Simulator
        self.azurite: Azurite
        self.host: FunctionsHost

    def __enter__(self) -> Self:
        with ExitStack() as stack:
            if self._azurite is None:
                self._announce("Azurite, the storage emulator")
                self.azurite = stack.enter_context(Azurite())
            else:
                self.azurite = self._azurite
            self._announce("Azure Resource Manager, simulated")
            self.simulator = stack.enter_context(Simulator(self._estate))
            self._announce("the app, in a Functions host")
            self.host = stack.enter_context(self.new_host())
            self._stack = stack.pop_all()
        return self

    def __exit__(self, *_: object) -> None:
        self._stack.close()

    def new_host(self) -> FunctionsHost:
        """Return one more host of the app over the same storage and estate, not started yet."""
        return FunctionsHost(APP, self.environment(), timers=self._timers, port=self._port)

    def environment(self) -> dict[str, str]:
        """Return the app's settings."""
        return {
            "CMK_SCAN_SCHEDULE": HOURLY,
            "CMK_WATCH_SCHEDULE": EVERY_TWO_MINUTES,
            "CMK_STORAGE": self.azurite.connection_string,
            **self.simulator.environment(),
            # On Azure a longer interval saves money; here it would only make people wait.
            "AzureFunctionsJobHost__extensions__queues__maxPollingInterval": "00:00:01",
            **self._settings,
        }

    def get(
        self,
        path: str,
        *,
        key: str | None = None,
        headers: Mapping[str, str] | None = None,
        **query: str,
    ) -> Answer:
        """Send a GET to the API as a dashboard does; ``key`` defaults to that of ``api``."""
        text = f"?{urllib.parse.urlencode(query)}" if query else ""
        used_key = self.host.keys.functions["api"] if key is None else key
        return _send(
            urllib.request.Request(  # noqa: S310 - our own URL
                f"{self.host.url}/api/{path}{text}",
                headers={"x-functions-key": used_key, **(headers or {})},
            )
        )

    def post_scan(self, key: str | None = None) -> Answer:
        """Ask for a scan; ``key`` defaults to that of ``scan_now``."""
        used_key = self.host.keys.functions["scan_now"] if key is None else key
        return _send(
            urllib.request.Request(  # noqa: S310 - our own URL
                f"{self.host.url}/api/scan", headers={"x-functions-key": used_key}, method="POST"
            )
        )

    def last_scan(self) -> str | None:
        """Return the id of the last scan that ended, or None."""
        last = self.get("v1/status").body["lastScan"]
        return str(last["id"]) if last else None

    def scan(self, seconds: float = _SECONDS, tick: Callable[[], None] = lambda: None) -> str:
        """Fire the timer and wait until its scan has ended; return the scan's id.

        Raises:
            ScanTimeoutError: The scan did not end within ``seconds``.

        """
        before = self.last_scan()
        self.host.fire("scan_on_schedule")
        deadline = time.monotonic() + seconds
        while time.monotonic() < deadline:
            last = self.get("v1/status").body["lastScan"]
            if last and last["id"] != before and last["state"] in _ENDED:
                return str(last["id"])
            tick()
            time.sleep(0.05)
        tail = "\n".join(self.host.output()[-20:])
        raise ScanTimeoutError(f"no scan ended within {seconds:g} s; the host wrote:\n{tail}")


def _send(request: urllib.request.Request) -> Answer:
    try:
        with _DIRECT.open(request, timeout=_SECONDS) as answer:
            return _answer(answer.status, dict(answer.headers), answer.read())
    except urllib.error.HTTPError as error:
        return _answer(error.code, dict(error.headers), error.read())


def _answer(status: int, headers: Mapping[str, str], body: bytes) -> Answer:
    try:
        document = json.loads(body) if body else None
    except ValueError:
        document = body.decode(errors="replace")
    return Answer(status, {name.lower(): value for name, value in headers.items()}, document)
