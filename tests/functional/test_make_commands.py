"""The commands a newcomer types first, as processes, also where something is missing."""

import os
import re
import signal
import socket
import subprocess
import sys
from pathlib import Path

import pytest

from local.child_process import ChildProcess
from local.stack import APP
from local.terminal import left_on_screen, run_at_terminal


def _environment(**more: str) -> dict[str, str]:
    return {"PATH": os.environ["PATH"], "HOME": os.environ.get("HOME", "/"), **more}


def _run(*command: str | Path, env: dict[str, str], folder: Path = APP) -> tuple[int, str, str]:
    done = subprocess.run(
        command, cwd=folder, env=env, capture_output=True, text=True, timeout=60, check=False
    )
    return done.returncode, done.stdout, done.stderr


@pytest.mark.long
def test_demo_shows_the_posture_and_fits_a_screen() -> None:
    """What has scrolled away is not seen: 40 lines of 80 columns, with the command and a prompt."""
    code, written = run_at_terminal(
        [sys.executable, "-m", "local.demo"], environment=_environment(), columns=80, seconds=60
    )

    before, _, _ = written.partition("Scanning")
    left = left_on_screen(written)
    assert code == 0
    assert len(before.splitlines()) + 1 + len(left.splitlines()) <= 40 - 2
    for name in ("fraud-scoring", "its key: key_disabled", "gap: Acquisitions"):
        assert name in left
    assert re.search(
        r"posture: .*non_compliant.*: \d+ of \d+ accounts are not encrypted with a customer-"
        r"managed key, \d+ could not be judged, 1 of 3 subscriptions could not be read$",
        " ".join(left.split()),
    )


@pytest.mark.long
def test_up_takes_the_next_port_and_shows_what_the_app_writes_until_ctrl_c(tmp_path: Path) -> None:
    """Core Tools use the same port; and a setting is tried to see what comes of it.

    The schedule comes from the shell, the estate from a file; every scan of it fails. The storage
    that the shell names must not be used.
    """
    path = tmp_path / "mine.json"
    path.write_text('{"subscriptions": []}')
    elsewhere = {"CMK_STORAGE__tableServiceUri": "https://t.test", "CMK_ARM_URL": "https://a.test"}
    own = {"ESTATE": str(path), "CMK_SCAN_SCHEDULE": "* * * * * *"}
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        process = ChildProcess(
            [sys.executable, "-m", "local.up"],
            environment=_environment(PORT=str(port), **own, **elsewhere),
            folder=APP,
        )
        try:
            line = process.wait_for(
                lambda lines: next((line for line in lines if '"event":"cmk.scan"' in line), None),
                30,
            )
            os.kill(process.pid, signal.SIGINT)
            code = process.wait(20)
        finally:
            process.kill()

    shown = "\n".join(process.lines())
    status = r"(?m)^Status\s+http://127.0.0.1:(\d+)/api/v1/status$"
    (url,) = set(re.findall(status, shown))
    assert f"Port {port} is in use, so another one is used." in shown
    assert int(url) > port
    assert f" APP_URL=http://127.0.0.1:{url} " in shown
    assert '"state":"failed"' in line
    assert "cannot see any subscription" in line
    assert code == 0
    assert not [word for word in ("Traceback", "t.test", "a.test") if word in shown]


@pytest.mark.long
def test_up_scans_and_opens_the_page_signed_in_where_there_is_a_screen(tmp_path: Path) -> None:
    """The first look at the page is at a result, without a key to copy."""
    opened, browser = tmp_path / "opened", tmp_path / "browser"
    browser.write_text(f'#!/bin/sh\necho "$1" >{opened}\nkill -INT $PPID\n')
    browser.chmod(0o700)
    env = _environment(PORT="7271", DISPLAY=":0", BROWSER=str(browser))

    code, written = run_at_terminal(
        [sys.executable, "-m", "local.up"], environment=env, columns=200, seconds=60
    )

    address = opened.read_text().strip()
    assert code == 0
    assert re.fullmatch(r"http://\S+:\d+/api/dashboard#read-key=\S+&start-key=\S+", address)
    assert address in written
    assert '"event":"cmk.scan"' in written


@pytest.mark.parametrize("name", ["PORT", "ESTATE"])
def test_up_refuses_a_wrong_word_in_one_line(tmp_path: Path, name: str) -> None:
    """A wrong word is answered with what would be right, not with a traceback."""
    path = tmp_path / "estate.json"
    path.write_text("{}")
    wrong = {"PORT": "70000", "ESTATE": str(path)}[name]

    code, out, err = _run(sys.executable, "-m", "local.up", env=_environment(**{name: wrong}))

    assert (code, out) == (2, "")
    assert len(err.splitlines()) == 1
    assert err.startswith(f"{name} must be ")
