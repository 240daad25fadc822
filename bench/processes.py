"""The processes of a measurement: the simulator, Azurite, and the measurement itself.

Each measurement is a separate process, so that it inherits no memory, caches or imports.
"""

import json
import os
import sys
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, Self

from local.azurite import Azurite
from local.child_process import ChildProcess
from local.functions_host.process import FunctionsHost

_ROOT: Final = Path(__file__).resolve().parents[1]
_START_SECONDS: Final = 120.0
_STOP_SECONDS: Final = 5.0
_MEASURE_SECONDS: Final = 3600.0

# As their floor: it reads nothing else.
_ACCOUNTS_ALONE: Final = {
    "CMK_KEY_HEALTH": "off",
    "CMK_EXCEPTIONS": "off",
    "CMK_CROSS_CHECK": "off",
}

BARE_STORAGE: Final = "BENCH_BARE_STORAGE"
API_URL: Final = "BENCH_API_URL"
API_KEY: Final = "BENCH_API_KEY"


@dataclass(frozen=True, slots=True)
class Size:
    """The size of an estate: subscriptions, and accounts per subscription.

    With ``keys``, the keys that accounts name exist.
    """

    subscriptions: int
    accounts: int = 5
    keys: bool = False

    def __str__(self) -> str:
        """Return it in the format of the simulator's option."""
        return f"{self.subscriptions}x{self.accounts}"


class SimulatorProcess:
    """The simulator of Azure in a ``with`` block; the same size always gives the same estate.

    Raises:
        ChildFailedError: The simulator did not start.
    """

    def __init__(self, size: Size, delay_ms: int) -> None:
        keys = ("--keys",) if size.keys else ()
        self._options = ("--generate", str(size), "--delay-ms", str(delay_ms), *keys)
        self.has_keys: Final = size.keys
        self._stack = ExitStack()
        self.environment: dict[str, str] = {}

    def __enter__(self) -> Self:
        """Start, and wait until it answers."""
        process = ChildProcess(
            [sys.executable, "-m", "local.simulator", *self._options],
            environment=_own_environment(),
            folder=_ROOT,
        )
        self._stack.callback(process.terminate, _STOP_SECONDS)
        with ExitStack() as stack:
            stack.push(self._stack)
            ready = process.wait_for(_json_line, _START_SECONDS)
            stack.pop_all()
        self.environment = {
            "CMK_ARM_URL": ready["armUrl"],
            "IDENTITY_ENDPOINT": ready["identityEndpoint"],
            "IDENTITY_HEADER": ready["identityHeader"],
            "SSL_CERT_FILE": ready["caFile"],
        }
        return self

    def __exit__(self, *_: object) -> None:
        """End it."""
        self._stack.close()


def measure(
    what: str,
    simulator: SimulatorProcess,
    storage: Azurite,
    *,
    bare: Azurite | None = None,
    host: FunctionsHost | None = None,
) -> dict[str, Any]:
    """Run ``python -m bench.worker what`` against them; return its result.

    Raises:
        ChildFailedError: It failed; the message has its output.

    """
    environment = {**_own_environment(), **_app_environment(simulator, storage)}
    if bare is not None:
        environment[BARE_STORAGE] = bare.connection_string
    if host is not None:
        environment |= {API_URL: host.url, API_KEY: host.keys.functions["api"]}
    process = ChildProcess(
        [sys.executable, "-m", "bench.worker", what], environment=environment, folder=_ROOT
    )
    try:
        return process.wait_for(_json_line, _MEASURE_SECONDS)
    finally:
        process.terminate(_STOP_SECONDS)


def host_of(simulator: SimulatorProcess, storage: Azurite) -> FunctionsHost:
    """Return a host of the app that uses the storage; it is not started yet."""
    settings = {**_app_environment(simulator, storage), "CMK_SCAN_SCHEDULE": "0 0 * * * *"}
    return FunctionsHost(_ROOT, settings, timers=False)


def _app_environment(simulator: SimulatorProcess, storage: Azurite) -> dict[str, str]:
    return {
        **simulator.environment,
        "CMK_STORAGE": storage.connection_string,
        "CMK_MAX_IN_FLIGHT": "64",
        # The estate's accounts have three kinds; with these, every account is a finding.
        "CMK_KINDS": "OpenAI,AIServices,SpeechServices",
        **({} if simulator.has_keys else _ACCOUNTS_ALONE),
    }


def _own_environment() -> dict[str, str]:
    return {name: os.environ[name] for name in ("PATH", "HOME") if name in os.environ}


def _json_line(lines: list[str]) -> dict[str, Any] | None:
    """Return the line of JSON that a process writes when it is ready."""
    for line in lines:
        if line.startswith("{"):
            found: dict[str, Any] = json.loads(line)
            return found
    return None
