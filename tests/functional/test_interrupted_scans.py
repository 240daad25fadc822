"""A scan that a signal ends at some moment: what the progress bar has counted is in the result."""

import json
import os
import pty
import re
import signal
from pathlib import Path
from typing import Final

import pytest

from local.simulator import Simulator, generate
from tests.functional import terminal_kit

_BAR: Final = re.compile(r"([0-9,]+)/200 subscriptions, ([0-9,]+) accounts?")


def _counted(written: str) -> tuple[int, int]:
    """Return the subscriptions and accounts that the bar showed last."""
    numbers = _BAR.findall(written) or [("0", "0")]
    subscriptions, accounts = (int(number.replace(",", "")) for number in numbers[-1])
    return subscriptions, accounts


@pytest.mark.long
@pytest.mark.parametrize(
    ("accounts", "sent", "code"),
    [
        (1, signal.SIGINT, 130),
        (263, signal.SIGTERM, 143),
        (700, signal.SIGINT, 130),
    ],
)
def test_p1_what_the_bar_has_counted_is_in_the_result(
    accounts: int, sent: signal.Signals, code: int, tmp_path: Path
) -> None:
    """Keys are read last and longest, and whoever stops the scan then has seen the accounts."""
    file, written = tmp_path / "result.json", ""
    ours, theirs = pty.openpty()
    with Simulator(generate(subscriptions=200, accounts=7, keys=True), delay=0.05) as simulator:
        process = terminal_kit.start(
            *("scan", "--format", "json", "--output", str(file)),
            environment=simulator.environment() | {"TERM": "xterm"},
            stderr=theirs,
        )
        os.close(theirs)
        is_sent = False
        try:
            while piece := os.read(ours, 65_536):
                written += piece.decode()
                if not is_sent and _counted(written)[1] >= accounts:
                    process.send_signal(sent)
                    is_sent = True
        except OSError:
            pass  # the terminal is closed
        finally:
            os.close(ours)
        process.communicate(timeout=30)

    document = json.loads(file.read_text())
    status = document["status"]
    assert process.returncode == code
    assert document["partial"] is True
    assert status["posture"] in {"non_compliant", "unknown"}
    assert status["subscriptions"]["total"] < 200
    assert _counted(written) == (status["subscriptions"]["read"], len(document["findings"]))
    assert len(document["findings"]) >= accounts
