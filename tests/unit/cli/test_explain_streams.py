"""``explain`` where a pipe is closed, a disk is full or somebody gives up."""

import json
import signal
import subprocess
import sys
from pathlib import Path
from typing import Final

import pytest

BAD: Final = {
    "id": "/subscriptions/8D3C0000-0000-0000-0000-000000000001/resourceGroups/rg-ai/providers"
    "/Microsoft.CognitiveServices/accounts/Chat",
    "kind": "OpenAI",
    "properties": {"encryption": {"keySource": "Microsoft.CognitiveServices"}},
}
# More than a buffer holds; for less: tests/functional/test_output_failures.py
ACCOUNTS: Final = 2000


def test_a_reader_that_has_read_enough_is_no_error(tmp_path: Path) -> None:
    """`cmk-check explain ... | head` ends without a traceback, and the verdict stands."""
    path = tmp_path / "accounts.json"
    path.write_text(json.dumps([BAD] * ACCOUNTS))
    process = subprocess.Popen(
        [sys.executable, "-m", "cmk_check", "explain", str(path)],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )
    assert process.stdout
    assert process.stderr
    process.stdout.close()

    with process.stderr:
        said = process.stderr.read()
    assert process.wait() == 1
    assert [line.split()[1] for line in said.splitlines()] == [b"fix"]


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="this system has no /dev/full")
def test_a_full_disk_is_not_taken_for_a_verdict(tmp_path: Path) -> None:
    """Exit code 1 speaks of accounts; what was written is not whole."""
    path = tmp_path / "accounts.json"
    path.write_text(json.dumps([BAD] * ACCOUNTS))

    with Path("/dev/full").open("w") as full:
        run = subprocess.run(
            [sys.executable, "-m", "cmk_check", "explain", str(path)],
            stdout=full,
            stderr=subprocess.PIPE,
            text=True,
            check=False,
        )

    assert run.returncode == 2
    line = "cmk-check: the output cannot be written (No space left on device); it is incomplete"
    assert run.stderr == f"{line}.\n"


def test_ctrl_c_ends_it_quietly() -> None:
    """Whoever forgot the file name waits for the standard input, and gives up."""
    process = subprocess.Popen(
        [sys.executable, "-m", "cmk_check", "explain", "-"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )
    assert process.stdin
    # More than a pipe holds: once it is written, the command is reading.
    process.stdin.write(b" " * 1_000_000)
    process.stdin.flush()
    process.send_signal(signal.SIGINT)

    assert process.communicate(timeout=20) == (b"", b"")
    assert process.returncode == 130
