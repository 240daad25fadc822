"""Scans and deliveries that meet each other: twice is once."""

import json

import pytest

from local.simulator import Answer, Fault, Hold
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
from tests.functional.storage_kit import LONG_AGO, without_marks

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


def test_p9_a_start_while_a_scan_runs_starts_no_other(open_scene: OpenScene) -> None:
    """A timer and a person who start at once want one answer, not two scans of the same estate."""
    scene = open_scene(estate_of({"chat": MICROSOFT}, {"lab": CMK}))
    hold = Hold()
    fault = Fault(path=accounts_of(1), hold=hold)
    scene.simulator.faults.add(fault)
    scene.fire()
    hold.wait_until_reached()
    other = scene.enter(scene.new_host())

    other.fire("scan_on_schedule")
    scene.fire()
    wait_until(lambda: _says(other.output(), "still running"), "the other host's answer")
    scene.wait_for_line("still running")
    scene.simulator.faults.remove(fault)
    scene.wait_for_scan("complete")

    assert _scan_rows(scene) == ["complete"]
    assert sorted(scene.news()) == [
        ("account.discovered", "lab"),
        ("account.violated", "chat"),
        ("scan.baseline", scene.status()["lastScan"]["id"]),
    ]
    _assert_feed_is_whole(scene)
    assert hold.arrived == 1


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


def test_p1_p9_a_worker_whose_claim_passed_to_another_changes_nothing(
    open_scene: OpenScene,
) -> None:
    """The queue delivers again what it takes for lost, while the first worker may yet wake.

    All it may leave is its mark on the coverage row, set before it looks whether its claim still
    counts; the next scan clears it. The scan is kept running by another slice. The ten minutes of
    the claim are passed by rewriting its end in the slice's row.
    """
    estate = estate_of({"chat": CMK}, {"lab": CMK})
    chat = estate.subscription(sub_id(1)).accounts["chat"]
    scene = open_scene(estate, CMK_SLICE_SIZE="1", **AT_ONCE)
    first = scene.scan()
    scene.news()
    chat.set_encryption(MICROSOFT)
    older = {"value": [chat.document()]}
    chat.set_encryption(CMK)
    asleep, kept = Hold(), Hold()
    sleeps = Fault(path=accounts_of(1), times=1, hold=asleep, then=Answer(body=older))
    keeps = Fault(path=accounts_of(2), times=1, hold=kept)
    scene.simulator.faults.add(sleeps, keeps)
    scene.fire()
    asleep.wait_until_reached()
    scene.enter(scene.new_host())
    kept.wait_until_reached()
    (taken,) = [row for row in scene.storage.slices() if row["document"]["number"] == 0]
    scene.storage.change_document(taken, claimed_until=LONG_AGO)
    scene.enter(scene.new_host())
    scene.storage.send({"scanId": taken["PartitionKey"].partition("|")[2], "slice": 0})
    wait_until(lambda: _summaries(scene) == 1, "the other worker's end")
    rows = scene.storage.rows("cmkfindings")

    scene.simulator.faults.remove(sleeps)
    scene.wait_for_line("Another worker has taken this slice over")
    left = scene.storage.rows("cmkfindings")
    scene.simulator.faults.remove(keeps)
    scene.wait_for_scan("complete", first)

    assert without_marks(left) == without_marks(rows)
    assert scene.verdicts() == {"chat": GOOD, "lab": GOOD}
    assert scene.status()["posture"] == GOOD
    scene.scan()
    assert scene.news() == []
    assert not any("recording" in row for row in scene.storage.rows("cmkfindings"))


def test_p9_a_slice_delivered_twice_at_once_is_worked_once(open_scene: OpenScene) -> None:
    """Queues deliver at least once; two workers on one slice would race each other's rows."""
    scene = open_scene(estate_of({"chat": MICROSOFT}, {"lab": CMK}), **AT_ONCE)
    hold = Hold()
    fault = Fault(path=accounts_of(1), hold=hold)
    scene.simulator.faults.add(fault)
    scene.fire()
    hold.wait_until_reached()
    (taken,) = scene.storage.slices()
    message = {"scanId": taken["PartitionKey"].partition("|")[2], "slice": 0}
    other = scene.enter(scene.new_host())

    scene.storage.send(message)
    wait_until(lambda: _says(other.output(), "SliceHeld"), "the slice to be held")
    scene.simulator.faults.remove(fault)
    scene.wait_for_scan("complete")
    before = scene.storage.everything()
    scene.storage.send(message)
    scene.storage.send({"scanId": message["scanId"], "slice": None})
    wait_until(lambda: not scene.storage.hidden_messages(), "an empty queue")

    assert hold.arrived == 1
    assert scene.storage.everything() == before
    assert _scan_rows(scene) == ["complete"]
    _assert_feed_is_whole(scene)


def test_p9_two_hosts_share_the_slices_of_a_scan(open_scene: OpenScene) -> None:
    """The platform adds workers as it likes; the sum must be the same."""
    names = [{f"account-{number}": CMK if number % 2 else MICROSOFT} for number in range(8)]
    scene = open_scene(estate_of(*names), CMK_SLICE_SIZE="1", **AT_ONCE)
    scene.enter(scene.new_host())

    scene.scan()
    scene.scan()

    status = scene.status()
    assert (status["accounts"]["compliant"], status["accounts"]["nonCompliant"]) == (4, 4)
    assert status["subscriptions"]["read"] == 8
    assert len(scene.storage.feed()) == 9
    _assert_feed_is_whole(scene)


def _summaries(scene: Scene) -> int:
    """Count the slices that are done."""
    return sum(bool(row["document"].get("summary")) for row in scene.storage.slices())


def _says(lines: list[str], text: str) -> bool:
    return any(text in line for line in lines)
