"""A host without timers: the second clock keeps scanning."""

import base64
from collections.abc import Mapping
from contextlib import closing
from datetime import datetime, timedelta
from typing import Any, Final

import pytest

from tests.functional.conftest import OpenScene
from tests.functional.estate_kit import MICROSOFT, Scene, estate_of, wait_until

# Of an allowed age of a minute, the shortest that there is.
DUE: Final = timedelta(seconds=45)
LATE: Final = timedelta(seconds=12)


@pytest.mark.long
def test_p1_a_host_without_timers_scans_before_the_result_is_stale(open_scene: OpenScene) -> None:
    """One scan by hand, as after a deployment, and timers that never fire."""
    scene = open_scene(estate_of({"chat": MICROSOFT}), CMK_MAX_AGE_MINUTES="1")
    first = scene.scan()
    with closing(scene.storage.queue("cmk-overdue")) as queue:
        for text in (first, "no scan"):  # too early and one too many; invalid
            queue.send_message(base64.b64encode(text.encode()).decode())

    # To read the log costs nothing, other than an answer of the app.
    wait_until(lambda: len(_lines(scene)) == 2, "one more scan", seconds=100)
    scene.settle()

    later, earlier = scene.get("v1/scans").body["value"]
    assert (earlier["id"], later["overdue"]) == (first, True)
    assert DUE <= _started(later) - _started(earlier) <= DUE + LATE
    assert scene.status()["fresh"] is True
    assert [line["overdue"] for line in _lines(scene)] == [False, True]
    assert not scene.storage.messages("cmk-overdue-poison")


def _lines(scene: Scene) -> list[Any]:
    return [line for line in scene.events() if line["event"] == "cmk.scan"]


def _started(scan: Mapping[str, object]) -> datetime:
    return datetime.fromisoformat(str(scan["startedAt"]))
