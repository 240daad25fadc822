"""The stack until Ctrl-C, for trying the API and for building dashboards against it: `make up`."""

import errno
import os
import signal
import socket
import sys
import threading
from typing import Final

from local.azurite import AzuriteMissingError
from local.child_process import ChildFailedError
from local.stack import Stack

_PORT: Final = 7071
_LAST_PORT: Final = 65_535


def main() -> int:
    """Run until a signal comes; return the exit code."""
    try:
        wanted = int(os.environ.get("PORT") or _PORT)
        port = free_port(wanted)
    except (ValueError, OverflowError):
        print(f"PORT is no port: write a number from 1 to {_LAST_PORT}.", file=sys.stderr)
        return 2
    ended = threading.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: ended.set())
    try:
        with Stack(
            timers=True, port=port, announce=lambda what: print(f"Starting {what}")
        ) as stack:
            _show(stack, wanted)
            ended.wait()
            print("\nStopping.")
    except (AzuriteMissingError, ChildFailedError) as error:
        print(
            f"The stack did not start. {error}\nRun `make install` and try again.", file=sys.stderr
        )
        return 1
    return 0


def free_port(wanted: int) -> int:
    """Return the port asked for, or the next one that nobody listens on."""
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


def _show(stack: Stack, wanted: int) -> None:
    url, keys = stack.host.url, stack.host.keys
    if not url.endswith(f":{wanted}"):
        print(f"Port {wanted} is taken.")
    print(f"""
Status     {url}/api/v1/status
Findings   {url}/api/v1/findings
Changes    {url}/api/v1/changes
Scans      {url}/api/v1/scans
Contract   {url}/api/v1/openapi.json
Health     {url}/api/health

Keys, to send as header x-functions-key:
to read with          {keys.functions["api"]}
to start a scan with  {keys.functions["scan_now"]}

  curl -X POST -H 'x-functions-key: {keys.functions["scan_now"]}' {url}/api/scan
  curl -H 'x-functions-key: {keys.functions["api"]}' {url}/api/v1/status

Everything runs on this machine, over a sample estate. Ctrl-C ends it.""")
    sys.stdout.flush()


if __name__ == "__main__":
    sys.exit(main())
