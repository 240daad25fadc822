"""Workers that hang or sleep: they cost only themselves, and the next scan heals what they left."""

from datetime import UTC, datetime

import pytest

from cmk_check.limits import SLICE_CLAIM
from local.simulator import Answer, Fault, Hold
from tests.functional.conftest import OpenScene
from tests.functional.estate_kit import (
    AT_ONCE,
    CMK,
    MICROSOFT,
    accounts_of,
    estate_of,
    sub_id,
    wait_until,
)

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


def test_p1_p9_a_worker_that_slept_through_its_lease_changes_nothing(open_scene: OpenScene) -> None:
    """It holds an older reading, and must not put it over the newer one.

    The half hour of the lease is passed by rewriting the end of the lease in its row.
    """
    estate = estate_of({"chat": CMK, "search": MICROSOFT})
    subscription = estate.subscription(sub_id(1))
    scene = open_scene(estate)
    scene.scan()
    chat, search = (subscription.accounts[name] for name in ("chat", "search"))
    older = {"value": [search.document(), chat.document()]}
    search.set_encryption(CMK)
    chat.set_encryption(MICROSOFT)
    hold = Hold()
    fault = Fault(path=accounts_of(1), times=1, hold=hold, then=Answer(body=older))
    scene.simulator.faults.add(fault)
    first = scene.status()["lastScan"]["id"]
    scene.fire()
    hold.wait_until_reached()
    scene.storage.expire_lease()
    sleeper = scene.host
    scene.start_host()
    scene.fire()
    status = scene.wait_for_scan("complete", first)
    rows = scene.storage.everything()

    scene.simulator.faults.remove(fault)
    wait_until(lambda: not scene.storage.hidden_messages(), "the sleeper's end")

    assert scene.verdicts() == {"chat": BAD, "search": GOOD}
    assert scene.storage.everything() == rows
    assert scene.status()["lastScan"] == status["lastScan"]
    assert not any("Traceback" in line for line in sleeper.output())
    told = [told.short[0] for told in scene.storage.feed()]
    assert (told.count("scan.abandoned"), told.count("scan.recovered")) == (1, 1)
    assert (told.count("account.violated"), told.count("account.resolved")) == (2, 1)
