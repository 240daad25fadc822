"""Scans and deliveries that meet each other: twice is once."""

import json

import pytest

from local.simulator import Answer, Fault, Hold
from tests.functional.conftest import OpenScene
from tests.functional.estate_kit import (
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


def _scan_rows(scene: Scene) -> list[str]:
    """Return the states of all scans; those of one second have no order."""
    return sorted(
        json.loads(row["document0"])["state"]
        for row in scene.storage.rows("cmkscans")
        if row["RowKey"].startswith("scan|")
    )


def _assert_feed_is_whole(scene: Scene) -> None:
    feed = scene.storage.feed()
    assert [told.number for told in feed] == list(range(1, len(feed) + 1))
    assert len({told.id for told in feed}) == len(feed)
    markers = [row for row in scene.storage.rows("cmkchanges") if row["RowKey"].startswith("id|")]
    assert len(markers) == len(feed)


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
    assert _scan_rows(scene) == ["abandoned", "complete", "complete"]
    assert not _says(sleeper.output(), "Traceback")
    told = [told.short[0] for told in scene.storage.feed()]
    assert (told.count("scan.abandoned"), told.count("scan.recovered")) == (1, 1)
    assert (told.count("account.violated"), told.count("account.resolved")) == (2, 1)
    _assert_feed_is_whole(scene)


def _says(lines: list[str], text: str) -> bool:
    return any(text in line for line in lines)
