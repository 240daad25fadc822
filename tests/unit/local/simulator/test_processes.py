"""The simulator as other programs meet it: started by a command, asked by Azure's own libraries."""

import json
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from local.simulator import Simulator

pytestmark = pytest.mark.long


@pytest.mark.parametrize("end", ["SIGTERM", "SIGINT", "stdin"])
def test_the_command_says_where_it_listens_and_ends_when_told(end: str) -> None:
    """A program that starts it must learn the port and be able to get rid of it."""
    started = subprocess.Popen(
        [sys.executable, "-m", "local.simulator", "--generate", "2x3", "--seed", "5"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    with started:
        assert started.stdin is not None
        assert started.stdout is not None
        ready = json.loads(started.stdout.readline())
        existed = Path(ready["caFile"]).is_file()
        if end == "stdin":
            started.stdin.close()
        else:
            started.send_signal(getattr(signal, end))
        code = started.wait(10)

    assert ready.keys() == {"armUrl", "identityEndpoint", "identityHeader", "caFile"}
    assert ready["identityEndpoint"] == f"{ready['armUrl']}/msi/token"
    assert code == 0
    assert existed
    assert not Path(ready["caFile"]).exists()


def test_a_port_that_is_taken_is_an_error_and_leaves_nothing_behind(simulator: Simulator) -> None:
    """The caller chooses another port; a thread left running would keep the process alive."""
    second = Simulator("empty", port=simulator.port)
    with pytest.raises(OSError, match="address already in use"):
        second.start()

    with pytest.raises(RuntimeError, match="not running"):
        second.foreign()
