"""The watch over the whole program: a change in Azure is told before the next scan."""

import time

import pytest

from tests.functional.conftest import OpenScene
from tests.functional.estate_kit import CMK, MICROSOFT, Scene, estate_of, sub_id, wait_until


def _look(scene: Scene) -> None:
    """Fire the timer and wait for the end of the look; within seconds of a scan it starts none."""
    before = scene.status()["watch"]
    # The status has whole seconds: a look within the second of the one before would not show.
    time.sleep(1)
    scene.host.fire("watch")
    wait_until(lambda: scene.status()["watch"] != before, "a look", show=scene.tail)


@pytest.mark.long
def test_a_change_in_azure_is_found_by_the_watch(open_scene: OpenScene) -> None:
    """The timer, the queries, the partial scan, the status and the log, as they are deployed."""
    scene = open_scene(estate_of({"chat": CMK}, {"search": CMK}))
    # A scan has its time in whole seconds: what was made within that second counts as changed.
    time.sleep(1)
    scene.scan()
    account = scene.simulator.estate.subscription(sub_id(2)).accounts["search"]
    account.set_encryption(MICROSOFT)

    while scene.status()["posture"] == "compliant":
        _look(scene)
    scene.settle()

    (scan,) = scene.get("v1/scans", scope="partial").body["value"]
    watch = scene.status()["watch"]
    assert (scan["trigger"], scan["requestedSubscriptions"]) == ("watch", 1)
    assert watch["state"] == "seeing"
    assert None not in watch.values()
