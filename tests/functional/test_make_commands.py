"""The commands a newcomer types first, as processes, also where something is missing."""

import os
import re
import shutil
import signal
import socket
import subprocess
import sys
from pathlib import Path

import pytest

from local.child_process import ChildProcess
from local.stack import APP
from local.terminal import left_on_screen, run_at_terminal

TOOLS = ("sh", "env", "cat", "dirname", "make", "test", "awk", "sed", "touch", "rm", "mkdir")


def _environment(**more: str) -> dict[str, str]:
    return {"PATH": os.environ["PATH"], "HOME": os.environ.get("HOME", "/"), **more}


def _run(*command: str | Path, env: dict[str, str], folder: Path = APP) -> tuple[int, str, str]:
    done = subprocess.run(
        command, cwd=folder, env=env, capture_output=True, text=True, timeout=60, check=False
    )
    return done.returncode, done.stdout, done.stderr


@pytest.fixture
def bare_path(tmp_path: Path) -> Path:
    """A folder as PATH that holds a shell's common tools and no language at all."""
    folder = tmp_path / "bin"
    folder.mkdir()
    for name in TOOLS:
        found = shutil.which(name)
        if found:
            (folder / name).symlink_to(found)
    return folder


@pytest.mark.long
def test_demo_ends_with_the_posture_and_exit_code_0() -> None:
    """The first thing anybody sees of the program, and what a script would read of it."""
    code, out, err = _run(sys.executable, "-m", "local.demo", env=_environment())

    assert (code, err) == (0, "")
    assert re.match(
        r"posture: non_compliant: \d+ of \d+ accounts are not under a customer-managed key, "
        r"\d+ could not be judged, 1 of 3 subscriptions could not be read$",
        out.splitlines()[-1],
    )
    assert "  keys of compliant accounts: 2 healthy, 1 at risk, 1 broken, 0 unknown\n" in out


@pytest.mark.long
def test_demo_fits_a_screen() -> None:
    """What has scrolled away is not seen: 40 lines of 80 columns, with the command and a prompt."""
    code, written = run_at_terminal(
        [sys.executable, "-m", "local.demo"], environment=_environment(), columns=80, seconds=60
    )

    before, _, _ = written.partition("Scanning")
    lines = [*before.splitlines(), "Scanning", *left_on_screen(written).splitlines()]
    assert code == 0
    assert len(lines) <= 40 - 2
    for name in ("fraud-scoring", "its key: key_disabled", "gap: Acquisitions"):
        assert any(name in line for line in lines)


@pytest.mark.long
def test_up_takes_the_next_port_where_one_is_taken_and_ends_on_ctrl_c() -> None:
    """Core Tools use the same port; whoever runs both must not be sent away."""
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        process = ChildProcess(
            [sys.executable, "-m", "local.up"],
            environment=_environment(PORT=str(port)),
            folder=APP,
        )
        try:
            lines = process.wait_for(
                lambda lines: list(lines) if any("Ctrl-C" in line for line in lines) else None, 30
            )
            os.kill(process.pid, signal.SIGINT)
            code = process.wait(20)
        finally:
            process.kill()

    shown = "\n".join(lines)
    (url,) = set(
        re.findall(r"^Status\s+http://127.0.0.1:(\d+)/api/v1/status$", shown, re.MULTILINE)
    )
    assert f"Port {port} is in use, so another one is used." in shown
    assert int(url) > port
    assert f" HOST=http://127.0.0.1:{url} " in shown
    assert code == 0
    assert not any("Traceback" in line for line in process.lines())


def test_up_refuses_what_is_no_port_in_one_line() -> None:
    """A wrong word is answered with the right ones, not with a traceback."""
    code, out, err = _run(sys.executable, "-m", "local.up", env=_environment(PORT="70000"))

    assert (code, out) == (2, "")
    assert len(err.splitlines()) == 1
    assert "PORT" in err


@pytest.mark.long
def test_up_shows_what_the_app_writes_over_another_estate_and_settings(tmp_path: Path) -> None:
    """Whoever tries a setting must see what comes of it, errors and log lines too.

    The schedule comes from the shell, the estate from a file; every scan of it fails. The storage
    that the shell names must not be used.
    """
    path = tmp_path / "mine.json"
    path.write_text('{"subscriptions": []}')
    elsewhere = {"CMK_STORAGE__tableServiceUri": "https://t.test", "CMK_ARM_URL": "https://a.test"}
    process = ChildProcess(
        [sys.executable, "-m", "local.up"],
        environment=_environment(
            PORT="7071", ESTATE=str(path), CMK_SCAN_SCHEDULE="* * * * * *", **elsewhere
        ),
        folder=APP,
    )
    try:
        line = process.wait_for(
            lambda lines: next((line for line in lines if '"event":"cmk.scan"' in line), None), 30
        )
        os.kill(process.pid, signal.SIGTERM)
        code = process.wait(20)
    finally:
        process.kill()

    assert '"state":"failed"' in line
    assert "sees no subscription" in line
    assert code == 0
    assert not any(word in line for line in process.lines() for word in ("t.test", "a.test"))


@pytest.mark.parametrize("content", ["{}", pytest.param("{", marks=pytest.mark.long)])
def test_up_refuses_what_is_no_estate_in_one_line(tmp_path: Path, content: str) -> None:
    """A wrong word is answered with what would be right."""
    path = tmp_path / "estate.json"
    path.write_text(content)

    code, out, err = _run(sys.executable, "-m", "local.up", env=_environment(ESTATE=str(path)))

    assert (code, out) == (2, "")
    assert len(err.splitlines()) == 1
    assert err.startswith(
        "ESTATE must be one of clean, empty, exceptions, foundry, keys, nothing, "
    )
    assert f"{path} cannot be used (" in err


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    """What `make install` needs of a fresh checkout."""
    folder = tmp_path / "checkout"
    for part in ("tools", "locks"):
        (folder / part).mkdir(parents=True)
    for name in ("Makefile", "locks/dev.txt", "package-lock.json", ".npmrc"):
        shutil.copy(APP / name, folder / name)
    for script in ("find_python.sh", "find_node.sh"):
        shutil.copy(APP / "tools" / script, folder / "tools" / script)
    return folder


@pytest.mark.parametrize(
    ("target", "missing"),
    [(".venv/.installed", "Python 3.13"), ("node_modules/.installed", "Node.js 20")],
)
def test_make_stops_where_a_tool_is_missing_and_leaves_nothing_half_done(
    checkout: Path, bare_path: Path, target: str, missing: str
) -> None:
    """The next `make install` must begin anew, not take what is half there for done."""
    env = {"PATH": str(bare_path), "HOME": str(checkout), "PYTHON": "python3.13"}

    code, _, err = _run("make", target, env=env, folder=checkout)

    said = [line for line in err.splitlines() if not line.startswith("make")]
    assert code != 0
    assert len(said) == 2
    assert said[0].startswith(f"Missing: {missing}")
    assert not (checkout / target).exists()


def test_make_package_needs_python_and_installs_nothing(checkout: Path, bare_path: Path) -> None:
    """A release attests these bytes: code of others must have had no chance to touch them."""
    (checkout / "cmk_check").mkdir()
    for name in ("function_app.py", "host.json", "requirements.txt"):
        shutil.copy(APP / name, checkout / name)
    shutil.copy(APP / "tools/package.py", checkout / "tools/package.py")
    before = {path.name for path in checkout.iterdir()}
    env = {"PATH": str(bare_path), "HOME": str(checkout), "PYTHON": sys.executable}

    code, out, err = _run("make", "package", env=env, folder=checkout)

    assert (code, err) == (0, "")
    assert out.startswith("dist/cmk_check.zip: 3 files")
    assert {path.name for path in checkout.iterdir()} == before | {"dist"}


def test_make_alone_lists_the_tasks() -> None:
    """Whoever does not know the tasks types the shortest thing."""
    code, out, _ = _run("make", env=_environment())

    assert code == 0
    for task in ("install", "demo", "up", "test", "lint"):
        assert re.search(rf"^make {task}\s+\S", out, re.MULTILINE)
