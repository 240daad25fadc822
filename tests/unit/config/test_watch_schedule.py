"""The watch is a function of the app only where it has a schedule."""

import json
import os
import subprocess
import sys

import pytest

from cmk_check.config.watch_schedule import is_watch_scheduled
from tests.guard.documents import ROOT

LIST = (
    "import json; from function_app import app; "
    "print(json.dumps([function.get_function_name() for function in app.get_functions()]))"
)


@pytest.mark.parametrize("schedule", [None, "", "  ", "0 1/2 * * * *"])
def test_the_function_is_there_with_a_schedule_alone(schedule: str | None) -> None:
    """The host starts no function at all if the schedule of one is missing."""
    given = {} if schedule is None else {"CMK_WATCH_SCHEDULE": schedule}
    ran = subprocess.run(
        [sys.executable, "-c", LIST],
        cwd=ROOT,
        env={"PATH": os.defpath, **given},
        capture_output=True,
        check=True,
        timeout=60,
    )

    has_schedule = bool(schedule and schedule.strip())
    assert is_watch_scheduled(given) is has_schedule
    assert ("watch" in json.loads(ran.stdout)) is has_schedule
