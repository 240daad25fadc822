"""``python -m local.functions_host --app DIR`` runs an app until it is stopped."""

import argparse
import asyncio
import os
import sys
from datetime import timedelta
from pathlib import Path
from typing import Final

from local.functions_host.errors import StartError
from local.functions_host.host import Options, serve
from local.functions_host.log import configure_logging
from local.functions_host.queue_listener import LEASE

_LAST_PORT: Final = 65_535


def _port(text: str) -> int:
    if not 0 <= int(text) <= _LAST_PORT:
        raise ValueError(text)
    return int(text)


def _seconds(text: str) -> int:
    if int(text) < 1:
        raise ValueError(text)
    return int(text)


# argparse shows this name in "invalid ... value".
_port.__name__ = "port"
_seconds.__name__ = "number of seconds"


def _options() -> Options:
    parser = argparse.ArgumentParser(
        prog="python -m local.functions_host",
        description="Runs an Azure Functions app written in Python on this machine.",
    )
    parser.add_argument("--app", type=Path, required=True, help="folder with function_app.py")
    parser.add_argument("--port", type=_port, default=0, help="0 takes a free port")
    parser.add_argument("--no-timers", action="store_true", help="start timers by hand only")
    parser.add_argument("--keys-file", type=Path, help="JSON file: master, default, functions")
    parser.add_argument(
        "--local-settings", action="store_true", help="read the app's local.settings.json"
    )
    parser.add_argument(
        "--exit-with-stdin", action="store_true", help="stop when standard input closes"
    )
    parser.add_argument(
        "--lease-seconds",
        type=_seconds,
        default=int(LEASE.total_seconds()),
        help="how long a received message stays hidden; renewed while its function runs",
    )
    given = parser.parse_args()
    return Options(
        app=given.app.resolve(),
        port=given.port,
        timers=not given.no_timers,
        keys_file=given.keys_file,
        local_settings=given.local_settings,
        exit_with_stdin=given.exit_with_stdin,
        lease=timedelta(seconds=given.lease_seconds),
    )


def main() -> int:
    """Run the host; return 0 after a requested stop, 1 if it could not start."""
    options = _options()
    configure_logging()
    try:
        asyncio.run(serve(options))
    except StartError as error:
        print(f"functions_host: {error}", file=sys.stderr, flush=True)
        return 1
    return 0


if __name__ == "__main__":
    code = main()
    sys.stdout.flush()
    sys.stderr.flush()
    # Functions in the worker's threads cannot be cancelled, and a normal exit would wait for them.
    os._exit(code)
