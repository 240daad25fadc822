"""Compares a scan with Prowler and with the az command, on one estate: ``python -m bench.beside``.

Needs what `make az` installs, and installs Prowler with what the check needs, at the versions that
it asks for, into an environment of its own, once. Neither is part of the tests. No request leaves
this machine but those of pip.
"""

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
import venv
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import mean, median
from typing import Any, Final

from rich.console import Console
from rich.table import Table

from bench.processes import SimulatorProcess, Size

PROWLER: Final = "5.46.0"
# What it imports to list accounts and to judge them. All that it asks for is the software of a
# dozen clouds, some of it only as source: pip did not end within half an hour.
_IMPORTED: Final = (
    *("azure-identity", "azure-mgmt-cognitiveservices", "azure-mgmt-resource"),
    *("azure-mgmt-subscription", "colorama", "jsonschema", "msgraph-sdk", "packaging"),
    *("pydantic", "pyyaml", "requests"),
)
_ASKED_FOR: Final = "import importlib.metadata as m; print(*m.requires('prowler'), sep='\\n')"
_ROOT: Final = Path(__file__).resolve().parents[1]
_AZ: Final = _ROOT / ".venv/az/bin/python"
_COMMAND: Final = "import sys; from cmk_check.cli import main; main()"
_NOWHERE: Final = "http://127.0.0.1:9"
_AZ_COMMANDS: Final = 10


@dataclass(frozen=True, slots=True)
class Ended:
    """A process that has ended: its output, and its seconds and memory at most in MiB."""

    output: str
    seconds: float
    mib: float


def main() -> None:
    """Measure and print the table."""
    parser = argparse.ArgumentParser(prog="python -m bench.beside", description=__doc__)
    parser.add_argument("--subscriptions", type=int, default=20)
    parser.add_argument("--accounts", type=int, default=5, help="in each subscription")
    parser.add_argument("--delay-ms", type=int, default=100, help="of each answer of Azure")
    parser.add_argument("--prowler", type=Path, default=_ROOT / ".venv/prowler")
    parser.add_argument("--rounds", type=int, default=3)
    asked = parser.parse_args()
    python = _installed(asked.prowler)
    size = Size(asked.subscriptions, asked.accounts)
    with SimulatorProcess(size, asked.delay_ms) as simulator, tempfile.TemporaryDirectory() as home:
        environment = {
            "PATH": os.environ["PATH"],
            "HOME": home,
            **simulator.environment,
            "REQUESTS_CA_BUNDLE": simulator.environment["SSL_CERT_FILE"],
            # Whoever looks for news about themselves does without.
            "HTTPS_PROXY": _NOWHERE,
            "NO_PROXY": "127.0.0.1",
        }
        names = ("verdicts alone", "with all that is on by default", f"Prowler {PROWLER}")
        times: dict[str, list[Ended]] = {name: [] for name in names}
        for _ in range(asked.rounds):
            for name, ended in zip(names, _round(environment, python), strict=True):
                times[name].append(ended)
        az = _az({**environment, "AZURE_CONFIG_DIR": f"{home}/az"})
    _show(size, times, mean(az) * size.subscriptions)


def _installed(folder: Path) -> Path:
    """Return the Python of an environment with Prowler.

    Raises:
        RuntimeError: pip failed; the message has its output.

    """
    python, done = folder / "bin/python", folder / ".installed"
    if not done.exists():
        venv.create(folder, with_pip=True)
        options = ("--quiet", "--only-binary", ":all:")
        install: tuple[str | Path, ...] = (python, "-m", "pip", "install", *options)
        _call(*install, "--no-deps", f"prowler=={PROWLER}")
        versions = folder / "versions.txt"
        versions.write_text(_call(python, "-c", _ASKED_FOR))
        _call(*install, "--constraint", versions, *_IMPORTED)
        done.touch()
    return python


def _call(*command: str | Path) -> str:
    """Return what a command prints; what it says of success is of no use here."""
    ended = subprocess.run(command, capture_output=True, text=True, check=False)
    if ended.returncode:
        raise RuntimeError(f"{command} ended with {ended.returncode}: {ended.stderr}")
    return ended.stdout


def _round(environment: Mapping[str, str], prowler: Path) -> list[Ended]:
    scan = [sys.executable, "-c", _COMMAND, "scan", "--format", "json", "--quiet"]
    kinds = {"CMK_KINDS": "OpenAI,AIServices,SpeechServices"}
    alone = {f"CMK_{name}": "off" for name in ("KEY_HEALTH", "CROSS_CHECK", "EXCEPTIONS")}
    judge = [str(prowler), "-m", "bench.prowler_check"]
    found = [
        _run(scan, {**environment, **kinds, **alone}),
        _run(scan, {**environment, **kinds}),
        _run(judge, environment),
    ]
    ours, theirs = len(json.loads(found[0].output)["findings"]), json.loads(found[2].output)
    if ours != theirs["accounts"]:
        raise RuntimeError(f"{ours} accounts, and {theirs['accounts']} of Prowler's")
    return found


def _az(environment: Mapping[str, str]) -> list[float]:
    """Sign in, and return the seconds of each of ten commands."""

    def az(*words: str) -> Ended:
        return _run([str(_AZ), "-m", "azure.cli", *words, "--output", "json"], environment)

    url = environment["CMK_ARM_URL"]
    az("cloud", "register", "--name", "simulated", "--endpoint-resource-manager", url)
    az("cloud", "set", "--name", "simulated")
    listed: list[dict[str, Any]] = json.loads(az("login", "--identity").output)
    asked = [each["id"] for each in listed[:_AZ_COMMANDS]]
    words = ("cognitiveservices", "account", "list", "--subscription")
    return [az(*words, subscription).seconds for subscription in asked]


def _run(command: Sequence[str], environment: Mapping[str, str]) -> Ended:
    """Run a command to its end; a scan that finds violations ends with 1."""
    began = time.perf_counter()
    with tempfile.TemporaryFile("w+") as errors:
        process = subprocess.Popen(
            command, env=dict(environment), cwd=_ROOT, stdout=subprocess.PIPE, stderr=errors
        )
        assert process.stdout is not None  # noqa: S101 - asked for
        output = process.stdout.read().decode()
        _, status, used = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
        seconds = time.perf_counter() - began
        errors.seek(0)
        if process.returncode not in {0, 1}:
            raise RuntimeError(f"{command} ended with {process.returncode}: {errors.read()}")
    return Ended(output, seconds, used.ru_maxrss / 1024)


def _show(size: Size, times: Mapping[str, Sequence[Ended]], az: float) -> None:
    table = Table("what", "s", "times ours", "MiB", title=f"{size} accounts")
    (ours, *_), seconds = (
        times,
        {name: median(each.seconds for each in ended) for name, ended in times.items()},
    )
    for name, ended in times.items():
        memory = max(each.mib for each in ended)
        row = f"{seconds[name]:.1f}", f"{seconds[name] / seconds[ours]:.1f}", f"{memory:.0f}"
        table.add_row(name, *row)
    table.add_row("az, a command for each subscription", f"{az:.1f}", f"{az / seconds[ours]:.1f}")
    Console().print(table)


if __name__ == "__main__":
    main()
