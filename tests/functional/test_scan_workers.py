"""Workers that hang or sleep: they cost only themselves, and the next scan heals what they left."""

from datetime import UTC, datetime

import pytest

from cmk_check.limits import SLICE_CLAIM
from local.simulator import Fault, Hold
from tests.functional.conftest import OpenScene
from tests.functional.estate_kit import AT_ONCE, CMK, accounts_of, estate_of, sub_id, wait_until

pytestmark = pytest.mark.long

BAD, GOOD = "non_compliant", "compliant"


def test_p1_p7_p11_a_poisoned_slice_is_shown_and_the_next_scan_heals_it(
    open_scene: OpenScene,
) -> None:
    """A slice whose worker hangs with its claim fails four times; the others are done meanwhile.

    The hanging worker is made by claiming the slice's row while the host works on the other two,
    its end by letting that claim run out.
    """
    scene = open_scene(
        estate_of({"chat": CMK}, {"lab": CMK}, {"bot": CMK}),
        lease=2,
        scan_options={"slice_size": 1},
        **AT_ONCE,
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
    assert (scene.status()["posture"], scene.status()["gaps"]) == (GOOD, [])
