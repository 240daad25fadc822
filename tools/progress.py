"""Run an installer, and show that it is alive: the packages so far and the time.

``python tools/progress.py Packages 120 -- pip install ...``: on a terminal one line is rewritten
every second; elsewhere a line appears every 15 seconds. The installer's own output is shown only if
it fails. The number is that of all packages, 0 if the installer does not report them.
"""

import re
import subprocess
import sys
import threading
import time
from typing import IO, Final

# What pip prints once for each package.
_COUNTED: Final = re.compile(r"(Collecting|Processing|Requirement already satisfied:) ")
_SECONDS_BETWEEN_LINES: Final = 15


def main(what: str, total: str, _: str, *command: str) -> int:
    """Run the command; return its exit code."""
    started = time.monotonic()
    process = subprocess.Popen(
        command, text=True, errors="replace", stdout=subprocess.PIPE, stderr=subprocess.STDOUT
    )
    lines: list[str] = []
    reader = threading.Thread(target=_read, args=(process.stdout, lines))
    reader.start()
    at_terminal, shown = sys.stdout.isatty(), 0.0
    while True:
        reader.join(timeout=1)
        seconds = time.monotonic() - started
        ended = not reader.is_alive()
        if at_terminal or ended or seconds - shown >= _SECONDS_BETWEEN_LINES:
            shown = seconds
            count = sum(1 for line in lines if _COUNTED.match(line))
            of = f": {count} of {total}" if total != "0" else ""
            line = f"  {what}{of}, {seconds:.0f} s"
            print(f"\r{line}" if at_terminal else line, end="" if at_terminal else "\n", flush=True)
        if ended:
            break
    if at_terminal:
        print()
    code = process.wait()
    if code:
        sys.stderr.writelines(lines)
    return code


def _read(output: IO[str] | None, lines: list[str]) -> None:
    lines.extend(output or ())


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
