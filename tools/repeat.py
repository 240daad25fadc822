"""Run tests again and again, also beside busy processors, and list each failure.

``make repeat`` runs the long tests. A failure is a fault of the product or of the test, however
rare it is.
"""

import argparse
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from xml.etree import ElementTree as ET

_LOOP = "while True: pass"


def main() -> int:
    """Run the tests; return 1 if a test failed in any run."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("runs", type=int, help="how many times")
    parser.add_argument("--busy", type=int, default=0, help="how many busy loops run beside them")
    parser.add_argument("pytest", nargs="+", help="arguments of pytest, behind --")
    given = parser.parse_args()
    failed = False
    with ExitStack() as loops:
        for _ in range(given.busy):
            loops.enter_context(_running_loop())
        for number in range(1, given.runs + 1):
            begun = time.monotonic()
            summary, failures = _run(given.pytest)
            seconds = time.monotonic() - begun
            print(f"run {number}, {given.busy} busy: {summary}, {seconds:.0f} s", flush=True)
            for failure in failures:
                print(f"  {failure}", flush=True)
            failed = failed or bool(failures)
    return int(failed)


@contextmanager
def _running_loop() -> Iterator[None]:
    with subprocess.Popen([sys.executable, "-c", _LOOP]) as process:
        try:
            yield
        finally:
            process.kill()


def _run(arguments: list[str]) -> tuple[str, list[str]]:
    """Return the last line of pytest, and a line for each test that failed."""
    with TemporaryDirectory() as folder:
        report = Path(folder) / "report.xml"
        command = [sys.executable, "-m", "pytest", f"--junitxml={report}", *arguments]
        run = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=False)
        summary = (run.stdout.splitlines() or ["no output"])[-1].strip("= ")
        if not report.exists():
            return summary, [f"pytest ended with exit code {run.returncode}:\n{run.stdout[-4000:]}"]
        cases = ET.parse(report).iter("testcase")  # noqa: S314 - pytest wrote it
        failures = [
            f"{case.get('classname')}::{case.get('name')}: {_first_line(problem)}"
            for case in cases
            for problem in case
            if problem.tag in {"failure", "error"}
        ]
    if run.returncode and not failures:
        failures = [f"pytest ended with exit code {run.returncode}"]
    return summary, failures


def _first_line(problem: ET.Element) -> str:
    return problem.get("message", "").partition("\n")[0]


if __name__ == "__main__":
    sys.exit(main())
