"""Two scans that meet each other: twice is once."""

import pytest

from local.simulator import Answer, Fault, Hold
from tests.functional.conftest import OpenScene
from tests.functional.estate_kit import (
    CMK,
    MICROSOFT,
    accounts_of,
    estate_of,
    sub_id,
    wait_until,
)

pytestmark = pytest.mark.long

BAD, GOOD = "non_compliant", "compliant"


def test_p1_p9_a_worker_that_slept_through_its_lease_changes_nothing(
    open_scene: OpenScene,
) -> None:
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
