"""The host dies without warning at chosen places: after the next scan nothing is missing.

What hides a message and a slice from others is made short: the message by its lease (2 s here, ten
minutes on Azure), the claim on the slice by rewriting its end in the row.
"""

import uuid

import pytest

from local.simulator import Fault, Hold
from tests.functional.conftest import OpenScene
from tests.functional.estate_kit import (
    AT_ONCE,
    CMK,
    MICROSOFT,
    Scene,
    accounts_of,
    codes,
    estate_of,
    sub_id,
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
def test_p3_p9_a_planner_that_died_while_listing_is_replaced(open_scene: OpenScene) -> None:
    """Before the plan stands nothing does: the next delivery plans anew."""
    hold = Hold()
    scene = open_scene(estate_of({"chat": MICROSOFT}), lease=2, **AT_ONCE)

    _die_while_held(scene, Fault(path="/subscriptions", hold=hold), hold)
    scene.wait_for_scan("complete")

    assert scene.verdicts() == {"chat": BAD}
    assert _told(scene) == ["account.violated", "scan.baseline"]


@pytest.mark.long
def test_p1_p3_what_was_recorded_before_the_death_is_told_after_it(
    open_scene: OpenScene,
) -> None:
    """One subscription was recorded, its change not told: the lease ends, the next scan tells it.

    Death and deliverance are an hour apart here: both leases end before anybody comes back.
    """
    estate = estate_of({"chat": CMK}, {"lab": CMK})
    scene = open_scene(estate, **AT_ONCE)
    scene.scan()
    scene.news()
    estate.subscription(sub_id(1)).accounts["chat"].set_encryption(MICROSOFT)
    hold = Hold()
    scene.simulator.faults.add(Fault(path=accounts_of(2), hold=hold))
    scene.fire()
    hold.wait_until_reached()
    scene.wait_for_outbox()
    lowered = scene.status()
    scene.host.kill()
    scene.simulator.faults.clear()
    scene.storage.expire_lease()
    scene.start_host()

    scene.scan()

    assert (lowered["posture"], codes(lowered)) == ("unknown", ["running_scan_found_worse"])
    assert sorted(kind for kind, _ in scene.news()) == [
        "account.violated",
        "scan.abandoned",
        "scan.recovered",
    ]
    assert (scene.status()["posture"], scene.verdicts()) == (BAD, {"chat": BAD, "lab": GOOD})


@pytest.mark.long
def test_p3_p9_a_planner_that_died_before_it_sent_the_slices_is_resumed(
    open_scene: OpenScene,
) -> None:
    """The plan stands and no message is out: the delivery that comes back sends them.

    The death is made of its traces: the queue is emptied of what was sent, and the plan's message
    put back.
    """
    hold = Hold()
    estate = estate_of({"chat": MICROSOFT}, {"lab": CMK}, {"ops": CMK})
    scene = open_scene(estate, CMK_SLICE_SIZE="1", **AT_ONCE)
    scene.simulator.faults.add(Fault(path="re:.*/accounts", hold=hold))
    scene.fire()
    hold.wait_until_reached()
    scene.host.kill()
    scene.simulator.faults.clear()
    planned = scene.storage.slices()
    scene.storage.expire_claims()
    with scene.storage.queue("cmk-slices") as queue:
        queue.clear_messages()
    scan_id = planned[0]["PartitionKey"].partition("|")[2]
    scene.storage.send({"scanId": scan_id, "slice": None})

    scene.start_host()
    status = scene.wait_for_scan("complete")

    assert len(planned) == 3
    assert status["lastScan"]["id"] == scan_id
    assert scene.verdicts() == {"chat": BAD, "lab": GOOD, "ops": GOOD}
    assert _told(scene) == [
        "account.discovered",
        "account.discovered",
        "account.violated",
        "scan.baseline",
    ]


@pytest.mark.long
@pytest.mark.parametrize("foreign", ["0", "other"], ids=["same number", "other number"])
def test_p9_slices_of_a_plan_that_lost_are_ignored_and_dropped(
    open_scene: OpenScene, foreign: str
) -> None:
    """Two planners write slices at once and one plan counts; the other's rows are litter."""
    hold = Hold()
    scene = open_scene(estate_of({"chat": CMK}, {"lab": CMK}))
    fault = Fault(path=accounts_of(1), hold=hold)
    scene.simulator.faults.add(fault)
    scene.fire()
    hold.wait_until_reached()
    (mine,) = scene.storage.slices()
    plan_id, number = str(uuid.uuid4()), 0 if foreign == "0" else 7
    document = {**mine["document"], "plan_id": plan_id, "number": number, "claim": None}
    other = {**mine, "RowKey": f"{plan_id}|{number:04d}"}
    scene.storage.change_document(other, **document)

    scene.simulator.faults.remove(fault)
    status = scene.wait_for_scan("complete")

    assert status["subscriptions"]["total"] == 2
    assert scene.storage.slices() == []


@pytest.mark.long
def test_p1_p9_a_mark_left_by_a_dead_worker_is_cleared_and_costs_nothing(
    open_scene: OpenScene,
) -> None:
    """The one write of a quiet scan: whoever set the mark must find out that its time is over."""
    scene = open_scene(estate_of({"chat": CMK}))
    scene.scan()
    (coverage,) = [row for row in scene.storage.rows("cmkfindings") if row["RowKey"] == "coverage"]
    scene.storage.put("cmkfindings", {**coverage, "recording": "somebody/0/else"})
    scene.news()

    scene.scan()

    (after,) = [row for row in scene.storage.rows("cmkfindings") if row["RowKey"] == "coverage"]
    assert "recording" not in after
    assert {**after, "_etag": None} == {**coverage, "_etag": None}
    assert (scene.status()["posture"], scene.news()) == (GOOD, [])


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
