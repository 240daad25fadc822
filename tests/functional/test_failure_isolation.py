"""One in trouble beside others that are not: it costs only itself, is shown, and heals."""

import time
from datetime import UTC, datetime

import pytest

from cmk_check.limits import SLICE_CLAIM
from local.simulator import Access, Fault, Hold, arm_error
from tests.functional.conftest import OpenScene
from tests.functional.estate_kit import (
    AT_ONCE,
    CMK,
    MICROSOFT,
    Scene,
    accounts_of,
    estate_of,
    sub_id,
    wait_until,
)

pytestmark = pytest.mark.long

BAD, GOOD = "non_compliant", "compliant"
ALL_READ = {"chat": GOOD, "search": BAD, "lab": GOOD, "ops": GOOD}


def _gaps(scene: Scene) -> dict[str, str]:
    return {gap["subscriptionId"]: gap["reason"] for gap in scene.status()["gaps"]}


def test_p7_p8_p11_denied_throttled_and_silent_subscriptions_cost_only_themselves(
    open_scene: OpenScene,
) -> None:
    """One tenant's mess must not blind the monitor to all others, nor hold it up for an hour.

    Nor must a stranger's messages in its queue.
    """
    estate = estate_of({"chat": CMK}, {"search": MICROSOFT}, {"lab": CMK}, {"ops": CMK})
    hold = Hold()
    slow = arm_error(429, "TooManyRequests", headers={"Retry-After": "3600"})
    scene = open_scene(
        estate, CMK_RETRY_AFTER_MAX_SECONDS="1", CMK_SUBSCRIPTION_TIMEOUT_SECONDS="1", **AT_ONCE
    )
    for stranger in ({"hello": "world"}, {"scanId": "20261124T231500Z-3fa9", "slice": 3}):
        scene.storage.send(stranger)
    estate.subscription(sub_id(1)).access = Access.FORBIDDEN
    scene.simulator.faults.add(
        Fault(path=accounts_of(2), then=slow), Fault(path=accounts_of(3), hold=hold)
    )
    began = time.monotonic()

    scene.scan()
    took, gaps, verdicts = time.monotonic() - began, _gaps(scene), scene.verdicts()
    told = scene.news()
    details = [row.get("gapDetail") for row in scene.storage.rows("cmkfindings")]
    scene.simulator.faults.clear()
    estate.subscription(sub_id(1)).access = Access.READER
    scene.scan()

    reasons = ["forbidden", "throttled", "timeout"]
    assert gaps == {sub_id(number): reason for number, reason in enumerate(reasons, 1)}
    assert verdicts == {"ops": GOOD}
    assert took < 10
    assert [kind for kind, _ in told].count("coverage.lost") == 3
    assert sum("CMK_" in (detail or "") or "Reader" in (detail or "") for detail in details) == 3
    assert (_gaps(scene), scene.verdicts()) == ({}, ALL_READ)
    news = scene.news()
    assert [kind for kind, _ in news].count("coverage.regained") == 3
    assert ("account.violated", "search") in news
    wait_until(lambda: not scene.storage.messages(), "an empty queue")


def test_p1_p7_p11_a_poisoned_slice_is_shown_and_the_next_scan_heals_it(
    open_scene: OpenScene,
) -> None:
    """A slice whose worker hangs with its claim fails four times; the others are done meanwhile.

    The hanging worker is made by claiming the slice's row while the host works on the other two,
    its end by letting that claim run out.
    """
    scene = open_scene(
        estate_of({"chat": CMK}, {"lab": CMK}, {"bot": CMK}), lease=2, CMK_SLICE_SIZE="1", **AT_ONCE
    )
    scene.scan()
    scene.news()
    hold = Hold()
    faults = [Fault(path=accounts_of(number), hold=hold) for number in (1, 2, 3)]
    scene.simulator.faults.add(*faults)
    before = scene.status()["lastScan"]["id"]
    scene.fire()
    hold.wait_until_reached(2)
    (free,) = [row for row in scene.storage.slices() if not row["document"].get("claim")]
    until = (datetime.now(UTC) + SLICE_CLAIM).isoformat()
    scene.storage.change_document(free, claim="a worker", claimed_until=until)
    for fault in faults:
        scene.simulator.faults.remove(fault)

    scene.wait_for_line("moved to cmk-slices-poison")
    scene.storage.expire_claims()
    status = wait_until(
        lambda: (now := scene.status())["lastScan"]["id"] != before and now, "a poisoned scan"
    )
    scene.settle()
    told = scene.news()
    scene.scan()

    (number,) = [n for n in (1, 2, 3) if sub_id(n) in str(free["document"]["subscriptions"])]
    assert (status["posture"], status["lastScan"]["state"]) == ("unknown", "incomplete")
    assert [(gap["subscriptionId"], gap["reason"]) for gap in status["gaps"]] == [
        (sub_id(number), "slice_failed")
    ]
    assert status["subscriptions"]["read"] == 2
    assert told == [("coverage.lost", sub_id(number))]
    assert scene.news() == [("coverage.regained", sub_id(number))]
    assert (scene.status()["posture"], _gaps(scene)) == (GOOD, {})
