"""Output that cannot be written ends no command with a code that means an answer."""

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from random import Random

import pytest

from local.simulator import Simulator
from tests.functional import terminal_kit
from tests.functional.estate_kit import CMK, MICROSOFT, estate_of, sub_id
from tests.functional.webhook_receiver import Receiver

ACCOUNT = (
    f"/subscriptions/{sub_id(1)}/resourceGroups/rg-test/providers/"
    "Microsoft.CognitiveServices/accounts/chat"
)
# More than a buffer or a pipe holds; what the other commands write is less.
CHECKED = json.dumps([{"id": ACCOUNT, "kind": "OpenAI", "properties": {}}] * 2000)


def _shell(
    arguments: str, redirection: str, simulator: Simulator, folder: Path, webhook: str = ""
) -> tuple[int, str]:
    """Run the command in a shell with this redirection; return its exit code and its errors."""
    done = subprocess.run(
        ["bash", "-c", f"set -o pipefail; {sys.executable} -m cmk_check {arguments} {redirection}"],  # noqa: S607 - any
        env=simulator.environment()
        | {"TMPDIR": str(folder)}
        | ({"CMK_WEBHOOK_URL": webhook} if webhook else {}),
        input=CHECKED,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert "Traceback" not in done.stderr
    assert "bug" not in done.stderr
    return done.returncode, done.stderr


COMMANDS = [
    pytest.param("--help", 0, id="help", marks=pytest.mark.long),
    pytest.param("check -", 1, id="check"),
    pytest.param("scan", 1, id="table", marks=pytest.mark.long),
    pytest.param("scan --format xlsx", 1, id="xlsx", marks=pytest.mark.long),
    pytest.param(f"plan {ACCOUNT}", 1, id="plan", marks=pytest.mark.long),
    pytest.param("doctor", 0, id="doctor", marks=pytest.mark.long),
    pytest.param("send-test-alert", 0, id="send-test-alert", marks=pytest.mark.long),
]


@pytest.mark.parametrize(("arguments", "code"), COMMANDS)
def test_output_that_cannot_be_written_is_no_answer(
    arguments: str, code: int, tmp_path: Path
) -> None:
    """1 means an account that is not compliant, and 0 that the reader has everything."""
    with Simulator(estate_of({"chat": MICROSOFT})) as simulator, Receiver() as receiver:
        full, why = _shell(arguments, ">/dev/full", simulator, tmp_path, receiver.url)
        closed, why_closed = _shell(arguments, ">&-", simulator, tmp_path, receiver.url)
        piped, _ = _shell(arguments, "| :", simulator, tmp_path, receiver.url)

    assert (full, closed, piped) == (2, 2, code)
    assert "the output cannot be written (No space left on device)" in why
    assert "the output cannot be written (" in why_closed
    assert ("The result is in" in why) == arguments.startswith(("scan", "check"))


@pytest.mark.long
@pytest.mark.parametrize("redirection", ["2>/dev/full", "2>&-"])
def test_errors_that_cannot_be_written_change_nothing(redirection: str, tmp_path: Path) -> None:
    """Nor do they go to standard output, among the findings."""
    with Simulator(estate_of({"chat": MICROSOFT})) as simulator:
        code, _ = _shell(
            "scan --format csv", f"{redirection} | grep -qv posture", simulator, tmp_path
        )

    assert code == 1


def test_a_workbook_is_not_written_to_a_terminal() -> None:
    """It would be noise, and the scan that came before it would be lost."""
    ended = terminal_kit.run_at_terminal("scan", "--format", "xlsx", environment={})

    assert ended.code == 2
    words = " ".join(ended.out.replace("\u2502", " ").split())
    assert "a terminal cannot show it: add --output findings.xlsx" in words


@pytest.mark.long
@pytest.mark.parametrize(("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_p1_a_signal_leaves_what_is_known_and_no_answer(number: signal.Signals, code: int) -> None:
    """As of Ctrl-C and of a pipeline that is cancelled: the rest may be the bad part."""
    with Simulator(estate_of({"chat": CMK}, {"lab": MICROSOFT})) as simulator:
        hold = terminal_kit.hold_at(simulator, 2)
        process = terminal_kit.start("scan", "--format=json", environment=simulator.environment())
        hold.wait_until_reached(timeout=30)
        process.send_signal(number)
        ended = terminal_kit.end(process)
        hold.release()

    document = json.loads(ended.out)
    assert ended.code == code
    assert (document["partial"], document["status"]["posture"]) == (True, "unknown")
    assert "The scan was interrupted" in ended.err
    assert "Traceback" not in ended.err


@pytest.mark.long
@pytest.mark.parametrize("line", ["scan", "check -"])
def test_ctrl_c_at_any_moment_ends_without_a_traceback(line: str) -> None:
    """Imports and the end of Python take longer than the work, and a person waits for neither."""
    random = Random(20)
    with Simulator("sample") as simulator:
        began = time.monotonic()
        own = _interrupted(line, simulator, None)
        seconds = time.monotonic() - began
        ended = [_interrupted(line, simulator, random.uniform(0, seconds)) for _ in range(10)]

    assert {each.code for each in ended} <= {own.code, 130}
    assert [each.err for each in ended if "Traceback" in each.err or "Aborted" in each.err] == []
    assert [each.out for each in ended if each.code == own.code and each.out != own.out] == []


def _interrupted(line: str, simulator: Simulator, moment: float | None) -> terminal_kit.Ended:
    """Run a command, and interrupt it this many seconds after its first line."""
    first_line = "import sys, cmk_check.__main__ as c; print(file=sys.stderr, flush=True); c.main()"
    process = subprocess.Popen(
        [sys.executable, "-c", first_line, *line.split()],
        env={"PATH": os.defpath, **simulator.environment()},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )
    assert process.stderr is not None
    process.stderr.readline()
    if moment is not None:
        time.sleep(moment)
        process.send_signal(signal.SIGINT)
    return terminal_kit.end(process)
