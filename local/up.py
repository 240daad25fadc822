"""Keeps the stack running until Ctrl-C, to try the page and the API: `make up`.

It scans once, and opens the page signed in. The shell's environment sets PORT, ESTATE and the app's
own settings.
"""

import errno
import os
import shlex
import signal
import socket
import sys
import threading
import urllib.parse
import webbrowser
from collections.abc import Iterator, Mapping
from contextlib import suppress
from http import HTTPStatus
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final

from local.azurite import AzuriteMissingError
from local.child_process import ChildFailedError
from local.functions_host.process import FunctionsHost
from local.simulator import Estate, load_estate
from local.simulator.load import estate_names
from local.stack import APP, ScanTimeoutError, Stack

_PORT: Final = 7071
_LAST_PORT: Final = 65_535
_LOOK_SECONDS: Final = 0.1
_SCAN_SECONDS: Final = 10.0
# One of these is set where a Linux program can open a window.
_SCREENS: Final = {"DISPLAY", "WAYLAND_DISPLAY"}
# The stack sets these itself: values that a shell has for the real Azure must not be used here.
_NOT_PASSED: Final = ("CMK_STORAGE", "CMK_ARM_URL")


def main() -> int:
    """Run until a signal arrives; return the exit code."""
    try:
        wanted = int(os.environ.get("PORT") or _PORT)
        port = free_port(wanted)
    except (ValueError, OverflowError):
        print(f"PORT must be a number from 1 to {_LAST_PORT}.", file=sys.stderr)
        return 2
    name = os.environ.get("ESTATE") or "sample"
    try:
        estate = _estate(name)
    except (AttributeError, LookupError, OSError, TypeError, ValueError) as error:
        print(
            f"ESTATE must be one of {', '.join(estate_names())}, or a JSON file like those in "
            f"local/simulator/estates; {name} cannot be used ({type(error).__name__}: {error}).",
            file=sys.stderr,
        )
        return 2
    return _run(port, wanted, name, estate)


def _run(port: int, wanted: int, name: str, estate: Estate) -> int:
    ended = threading.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: ended.set())
    try:
        with (
            TemporaryDirectory(prefix="cmk-check-up-", ignore_cleanup_errors=True) as folder,
            Stack(
                estate,
                settings=_settings(os.environ),
                timers=True,
                port=port,
                announce=lambda part: print(f"Starting {part}"),
            ) as stack,
        ):
            _scan(stack)
            _show(stack, wanted, name, Path(folder))
            _open(page_address(stack))
            shown = 0
            while not ended.wait(_LOOK_SECONDS):
                shown = _show_output(stack.host, shown)
            print("\nStopping.", flush=True)
        _show_output(stack.host, shown)
    except (AzuriteMissingError, ChildFailedError) as error:
        print(
            f"The stack did not start. {error}\nRun `make install` and try again.", file=sys.stderr
        )
        return 1
    return 0


def free_port(wanted: int) -> int:
    """Return the wanted port, or the next one that is free.

    Raises:
        ValueError: The number is not a port.
        OverflowError: No port from there on is free.

    """
    if wanted < 1:
        raise ValueError(wanted)
    for port in range(wanted, _LAST_PORT + 1):
        with socket.socket() as probe:
            try:
                probe.bind(("127.0.0.1", port))
            except OSError as error:
                if error.errno != errno.EADDRINUSE:
                    raise
                continue
            return port
    raise OverflowError


def _estate(name: str) -> Estate:
    return load_estate(Path(name) if name.endswith(".json") else name)


def _settings(environ: Mapping[str, str]) -> dict[str, str]:
    """Return the app's settings: those of the shell's environment."""
    return {
        name: value
        for name, value in environ.items()
        if name.startswith("CMK_") and not name.startswith(_NOT_PASSED)
    }


def _scan(stack: Stack) -> None:
    """Scan once. If the status cannot be read, as with wrong settings, the app's log says why."""
    print("Scanning", flush=True)
    if stack.get("v1/status").status == HTTPStatus.OK:
        with suppress(ScanTimeoutError):  # a large estate goes on in the background
            stack.scan(seconds=_SCAN_SECONDS)


def page_address(stack: Stack) -> str:
    """Return the address that opens the page signed in; the page accepts it on 127.0.0.1 alone."""
    keys = stack.host.keys.functions
    names = urllib.parse.urlencode({"read-key": keys["api"], "start-key": keys["scan_now"]})
    return f"{stack.host.url}/api/dashboard#{names}"


def _open(address: str) -> None:
    """Open a window, where there is a screen: without one, a browser would take the terminal."""
    if sys.stdout.isatty() and (sys.platform == "darwin" or os.environ.keys() & _SCREENS):
        webbrowser.open(address)


def _show_output(host: FunctionsHost, shown: int) -> int:
    """Print the new lines of the host and the app; return how many lines there are in all."""
    lines = host.output()
    for line in lines[shown:]:
        print(line, flush=True)
    return len(lines)


def _show(stack: Stack, wanted: int, estate: str, folder: Path) -> None:
    url, keys = stack.host.url, stack.host.keys
    if not url.endswith(f":{wanted}"):
        print(f"Port {wanted} is in use, so another one is used.")
    exports = "\n".join(_exports(stack, folder))
    print(f"""
The page, signed in:

{page_address(stack)}

Status     {url}/api/v1/status
Findings   {url}/api/v1/findings
Changes    {url}/api/v1/changes
Scans      {url}/api/v1/scans
Contract   {url}/api/v1/openapi.json
Health     {url}/api/health

Keys, to send in the header x-functions-key:
read key   {keys.functions["api"]}
start key  {keys.functions["scan_now"]}

To follow the documents in another terminal, paste this there. From then on that terminal reaches
this stack and nothing beyond this machine:

{exports}

For the az command too (`make az` installs it), paste this as well, once:

az cloud register --name cmk-check-local --endpoint-resource-manager "$CMK_ARM_URL"
az cloud set --name cmk-check-local
az login --identity --client-id {stack.simulator.estate.administrator} --output table

Start another scan there, at least a minute after the last one:

curl --data '' -H "@$START_FILE" "$APP_URL/api/scan"

Everything runs on this machine, with the estate "{estate}". Ctrl-C stops it. The app's log:""")
    sys.stdout.flush()


def _exports(stack: Stack, folder: Path) -> Iterator[str]:
    """Yield the lines with which a shell can run the examples of the documents on this stack.

    Keys go into files in ``folder``, which only this user may open: as words of a command they
    would be in the list of processes, and as words of an export in the shell's history.
    az gets a configuration of its own, so that whoever uses it for the real Azure stays signed in
    there. The simulator's proxy leads to the simulated vaults, and keeps az, and everything else,
    away from other machines.
    """
    files = {"KEY_FILE": folder / "api.header", "START_FILE": folder / "scan_now.header"}
    for file in files.values():
        file.write_text(f"x-functions-key: {stack.host.keys.functions[file.stem]}\n")
    proxy = dict.fromkeys(("HTTPS_PROXY", "https_proxy"), stack.simulator.proxy.url)
    direct = dict.fromkeys(("NO_PROXY", "no_proxy"), "127.0.0.1")
    yield f'export PATH={shlex.quote(str(APP / "local/bin"))}:"$PATH"'
    for variables in (
        {"APP_URL": stack.host.url} | {name: str(file) for name, file in files.items()},
        stack.simulator.environment(),
        {"AZURE_STORAGE_CONNECTION_STRING": stack.azurite.connection_string},
        {
            "AZURE_CONFIG_DIR": str(folder / "az"),
            "AZURE_CORE_COLLECT_TELEMETRY": "false",
            "AZURE_CORE_ONLY_SHOW_ERRORS": "true",
        },
        proxy | direct,
    ):
        words = (f"{name}={shlex.quote(value)}" for name, value in variables.items())
        yield f"export {' '.join(words)}"


if __name__ == "__main__":
    sys.exit(main())
