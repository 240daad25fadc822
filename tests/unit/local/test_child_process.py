"""Processes that tests start: read as they write, and never left behind."""

import sys
from pathlib import Path

import pytest

from local.child_process import ChildFailedError, ChildProcess


def _child(folder: Path, source: str) -> ChildProcess:
    return ChildProcess([sys.executable, "-c", source], environment={}, folder=folder)


def _has_two(lines: list[str]) -> list[str] | None:
    return sorted(lines) if len(lines) == 2 else None


def test_both_streams_are_read_while_it_runs(tmp_path: Path) -> None:
    """A pipe that nobody reads would fill up and stop the process."""
    source = "import sys; print('out', flush=True); print('err', file=sys.stderr); input()"
    child = _child(tmp_path, source)

    assert child.wait_for(_has_two, 10) == ["err", "out"]
    assert child.exit_code is None
    assert child.terminate(10) == -15


def test_an_early_end_is_told_with_the_last_lines(tmp_path: Path) -> None:
    """Whoever waits must see why it will not come."""
    child = _child(tmp_path, "raise SystemExit('because')")

    with pytest.raises(ChildFailedError, match=r"ended with code 1:\nbecause"):
        child.wait_for(_has_two, 10)

    assert child.wait(10) == 1


def test_one_that_does_not_end_when_asked_is_killed(tmp_path: Path) -> None:
    """A test run must end."""
    source = "import signal; signal.signal(15, signal.SIG_IGN); print('up', flush=True); input()"
    child = _child(tmp_path, source)
    child.wait_for(lambda lines: lines or None, 10)

    assert child.terminate(0.1) == -9
