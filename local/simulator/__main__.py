"""``python -m local.simulator`` serves an estate to people and to other processes."""

import argparse
import os
import signal
import stat
import sys
import threading
from pathlib import Path

from local.simulator.estate import Estate
from local.simulator.generate import generate
from local.simulator.load import estate_names, load_estate
from local.simulator.simulator import Simulator, ready_line


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="python -m local.simulator",
        description="Simulates Azure Resource Manager and a managed identity endpoint over HTTPS.",
    )
    names = ", ".join(estate_names())
    parser.add_argument("--estate", default="sample", help=f"{names}, or a JSON file")
    parser.add_argument("--generate", metavar="NxM", help="make N subscriptions of M accounts")
    parser.add_argument("--keys", action="store_true", help="for --generate: keys that exist")
    parser.add_argument("--seed", type=int, default=1, help="for --generate")
    parser.add_argument("--port", type=int, default=0, help="0 takes a free port")
    parser.add_argument("--delay-ms", type=int, default=0, help="wait before every answer of Azure")
    return parser.parse_args()


def _estate(arguments: argparse.Namespace) -> Estate:
    if arguments.generate:
        subscriptions, _, accounts = arguments.generate.lower().partition("x")
        return generate(
            subscriptions=int(subscriptions),
            accounts=int(accounts),
            seed=arguments.seed,
            keys=arguments.keys,
        )
    name = arguments.estate
    return load_estate(Path(name) if name.endswith(".json") else name)


def _stop_when_stdin_closes(stop: threading.Event) -> None:
    """Stop when the parent process ends.

    Only a pipe shows that, by closing; a terminal or /dev/null does not.
    """
    mode = os.fstat(sys.stdin.fileno()).st_mode
    if not (stat.S_ISFIFO(mode) or stat.S_ISSOCK(mode)):
        return

    def watch() -> None:
        while os.read(sys.stdin.fileno(), 4096):
            pass
        stop.set()

    threading.Thread(target=watch, daemon=True).start()


def main() -> int:
    """Serve until SIGTERM, SIGINT or the end of stdin; exit 2 if it cannot start."""
    arguments = _arguments()
    try:
        simulator = Simulator(
            _estate(arguments), port=arguments.port, delay=arguments.delay_ms / 1000
        )
        simulator.start()
    except (OSError, ValueError) as error:
        sys.stderr.write(f"{error}\n")
        return 2
    stop = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stop.set())
    _stop_when_stdin_closes(stop)
    sys.stdout.write(f"{ready_line(simulator)}\n")
    sys.stdout.flush()
    stop.wait()
    simulator.stop()
    return 0


if __name__ == "__main__":
    sys.exit(main())
