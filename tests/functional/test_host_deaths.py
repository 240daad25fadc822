"""The host dies without warning at chosen places: after the next scan nothing is missing.

What hides a message and a slice from others is made short: the message by its lease (2 s here, ten
minutes on Azure), the claim on the slice by rewriting its end in the row.
"""

import pytest

from local.simulator import Fault, Hold
from tests.functional.conftest import OpenScene
from tests.functional.estate_kit import (
    AT_ONCE,
    CMK,
    MICROSOFT,
    Scene,
    accounts_of,
    estate_of,
)
from tests.functional.storage_kit import LONG_AGO

BAD, GOOD = "non_compliant", "compliant"


def _die_while_held(scene: Scene, fault: Fault, hold: Hold) -> None:
    """Kill the host while a request is held, and start another over what it left."""
    scene.simulator.faults.add(fault)
    scene.fire()
    hold.wait_until_reached()
    scene.host.kill()
    scene.simulator.faults.remove(fault)
    scene.storage.expire_claims()
    scene.start_host()


def _told(scene: Scene) -> list[str]:
    return sorted(told.short[0] for told in scene.storage.feed())


@pytest.mark.long
def test_p3_p9_a_slice_whose_worker_died_is_finished_by_another(open_scene: OpenScene) -> None:
    """Machines go away; the message comes back and the scan ends as if nothing had been."""
    hold = Hold()
    scene = open_scene(estate_of({"chat": MICROSOFT}, {"lab": CMK}), lease=2, **AT_ONCE)

    _die_while_held(scene, Fault(path=accounts_of(1), hold=hold), hold)
    status = scene.wait_for_scan("complete")

    assert (status["posture"], scene.verdicts()) == (BAD, {"chat": BAD, "lab": GOOD})
    assert _told(scene) == ["account.discovered", "account.violated", "scan.baseline"]
    scene.news()
    scene.scan()
    assert scene.news() == []


@pytest.mark.long
def test_p3_p11_a_scan_whose_message_was_lost_does_not_stop_the_next_for_ever(
    open_scene: OpenScene,
) -> None:
    """Somebody empties the queue: the lease runs out, the next scan says so and goes on."""
    scene = open_scene(estate_of({"chat": CMK}))
    scene.scan()
    scene.news()
    hold = Hold()
    fault = Fault(path="/subscriptions", hold=hold)
    scene.simulator.faults.add(fault)
    scene.fire()
    hold.wait_until_reached()
    scene.host.kill()
    scene.simulator.faults.remove(fault)
    with scene.storage.queue("cmk-slices") as queue:
        queue.clear_messages()
    (lease,) = [row for row in scene.storage.rows("cmkscans") if row["RowKey"] == "current"]
    scene.start_host()

    scene.fire()
    scene.wait_for_line("still running")
    scene.storage.change_document(lease, expires=LONG_AGO)
    scene.scan()

    assert [kind for kind, _ in scene.news()] == ["scan.abandoned", "scan.recovered"]
    assert scene.status()["posture"] == GOOD
