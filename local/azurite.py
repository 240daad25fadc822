"""Runs Azurite, the storage emulator, as a separate process on free ports of this machine."""

import os
import re
import shutil
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final, Self

from local.child_process import ChildProcess

_SCRIPT: Final = (
    Path(__file__).resolve().parents[1] / "node_modules" / "azurite" / "dist" / "src" / "azurite.js"
)
# Azurite ends when its parent ends, even by SIGKILL, because its standard input then closes.
# SIGTERM makes it save its data. Without unref() the open stream would keep it running.
# More than half of the time to start would go into loading the client of its telemetry, which stays
# off and so is not used.
_START: Final = (
    "process.stdin.resume().on('end', () => process.kill(process.pid, 'SIGTERM')).unref();"
    "const modules = require('node:module'); const load = modules._load;"
    "modules._load = (name, ...rest) => name === 'applicationinsights' ? {} : load(name, ...rest);"
    "require(process.argv[1]);"
)
_HOST: Final = "127.0.0.1"
_LISTENS: Final = re.compile(
    r"Azurite (Blob|Queue|Table) service is successfully listening at https?://[^:]+:(\d+)"
)
_SERVICES: Final = ("Blob", "Queue", "Table")
_PORTS: Final = {"Blob": 10000, "Queue": 10001, "Table": 10002}
_START_SECONDS: Final = 60.0
_STOP_SECONDS: Final = 5.0

ACCOUNT: Final = "devstoreaccount1"
# The well-known key from Azurite's documentation. It works for Azurite only.
# https://learn.microsoft.com/azure/storage/common/storage-connect-azurite
KEY: Final = (
    "Eby8vdM02xNOcqFlqUwJPLlmEtlCDXJ1OUzFT50uSRZ6IFsuFq2UVErCz4I6tq/K1SZFPTOtr/KBHBeksoGMGw=="
)


class AzuriteMissingError(Exception):
    """Azurite is not installed here; the message says how to install it."""


@dataclass(frozen=True, slots=True)
class Certificate:
    """PEM files of a certificate for 127.0.0.1 and of its key."""

    certificate: Path
    key: Path


def development_connection_string() -> str:
    """Return what ``UseDevelopmentStorage=true`` stands for; the Python SDK does not know it."""
    return _connection_string("http", _PORTS)


class Azurite:
    """Azurite in a ``with`` block; in memory unless a folder is given.

    With a certificate it uses HTTPS and accepts tokens too: from the issuer
    ``https://sts.windows.net/<tenant>/``, for ``https://storage.azure.com``. It does not check
    their signature. Starting takes about a second: share one, and clear its tables and queues
    between tests. It stops at the end of the block, and also if this process dies.

    Raises:
        AzuriteMissingError: Azurite is not installed.
        ChildFailedError: Azurite did not start.
    """

    def __init__(
        self, *, folder: Path | None = None, certificate: Certificate | None = None
    ) -> None:
        self._folder = folder
        self._certificate = certificate
        self._ports: dict[str, int] = {}
        self._stack = ExitStack()

    def __enter__(self) -> Self:
        command = [*_command(), *self._arguments()]
        with ExitStack() as stack:
            folder = self._folder or Path(stack.enter_context(TemporaryDirectory()))
            environment = {
                name: os.environ[name] for name in ("PATH", "HOME") if name in os.environ
            }
            process = ChildProcess(command, environment=environment, folder=folder)
            stack.callback(process.terminate, _STOP_SECONDS)
            self._ports = process.wait_for(_ports, _START_SECONDS)
            self._stack = stack.pop_all()
        return self

    def __exit__(self, *_: object) -> None:
        self._stack.close()

    @property
    def connection_string(self) -> str:
        """The development account with explicit endpoints on 127.0.0.1."""
        return _connection_string(self._scheme, self._ports)

    @property
    def table_url(self) -> str:
        """URL of the table service, for clients with a token."""
        return _endpoint(self._scheme, self._ports["Table"])

    @property
    def queue_url(self) -> str:
        """URL of the queue service, for clients with a token."""
        return _endpoint(self._scheme, self._ports["Queue"])

    @property
    def _scheme(self) -> str:
        return "http" if self._certificate is None else "https"

    def _arguments(self) -> list[str]:
        arguments = ["--silent", "--disableTelemetry", "--skipApiVersionCheck"]
        for service in _SERVICES:
            # With port 0 Azurite picks a free port itself, so no other process can take it first.
            arguments += [f"--{service.lower()}Host", _HOST, f"--{service.lower()}Port", "0"]
        if self._folder is None:
            arguments.append("--inMemoryPersistence")
        else:
            self._folder.mkdir(parents=True, exist_ok=True)
            arguments += ["--location", str(self._folder.resolve())]
        if self._certificate is not None:
            arguments += ["--oauth", "basic"]
            arguments += ["--cert", str(self._certificate.certificate.resolve())]
            arguments += ["--key", str(self._certificate.key.resolve())]
        return arguments


def _command() -> list[str]:
    node = shutil.which("node")
    if node is None:
        raise AzuriteMissingError(
            "Azurite needs Node.js 20 or later; install it and run make install"
        )
    if not _SCRIPT.is_file():
        raise AzuriteMissingError("Azurite is not installed: run make install (it needs Node.js)")
    # Not the link in .bin: the process we start must be the process we stop.
    return [node, "--eval", _START, str(_SCRIPT)]


def _ports(lines: list[str]) -> dict[str, int] | None:
    """Return the ports once every service has reported that it listens."""
    found = [match for line in lines if (match := _LISTENS.search(line))]
    ports = {match[1]: int(match[2]) for match in found}
    return ports if len(ports) == len(_SERVICES) else None


def _endpoint(scheme: str, port: int) -> str:
    # An IP address, because azure-data-tables mistakes localhost for Cosmos DB.
    return f"{scheme}://{_HOST}:{port}/{ACCOUNT}"


def _connection_string(scheme: str, ports: dict[str, int]) -> str:
    endpoints = (f"{name}Endpoint={_endpoint(scheme, ports[name])}" for name in _SERVICES)
    account = (f"DefaultEndpointsProtocol={scheme}", f"AccountName={ACCOUNT}", f"AccountKey={KEY}")
    return ";".join([*account, *endpoints])
