"""One in trouble beside others that are not: it costs only itself, is shown, and heals."""

import time
from datetime import UTC, datetime

import pytest

from cmk_check.limits import SLICE_CLAIM
from local.simulator import Access, Answer, Fault, Hold, arm_error
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

BAD, GOOD = "non_compliant", "compliant"
ALL_READ = {"chat": GOOD, "search": BAD, "lab": GOOD, "ops": GOOD}


def _gaps(scene: Scene) -> dict[str, str]:
    return {gap["subscriptionId"]: gap["reason"] for gap in scene.status()["gaps"]}


@pytest.mark.long
def test_p7_p8_p11_denied_throttled_and_silent_subscriptions_cost_only_themselves(
    open_scene: OpenScene,
) -> None:
    """One tenant's mess must not blind the monitor to all others, nor hold it up for an hour."""
    estate = estate_of({"chat": CMK}, {"search": MICROSOFT}, {"lab": CMK}, {"ops": CMK})
    hold = Hold()
    slow = arm_error(429, "TooManyRequests", headers={"Retry-After": "3600"})
    scene = open_scene(
        estate, CMK_RETRY_AFTER_MAX_SECONDS="1", CMK_SUBSCRIPTION_TIMEOUT_SECONDS="1"
    )
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


@pytest.mark.long
def test_p2_p7_an_answer_that_is_no_page_costs_only_its_subscription(
    open_scene: OpenScene,
) -> None:
    """Whatever stands between the app and Azure answers in its own way some day."""
    answers = [
        Answer(body="[" * 100_000),
        Answer(body="<html>"),
        Answer(body=b"\xff\xfe\x00"),
        Answer(body="null"),
        Answer(body={"value": {"a": 1}}),
        Answer(status=204),
        Answer(status=302, headers={"Location": "https://127.0.0.1:1/"}),
        Answer(status=418, body={"error": "teapot"}),
    ]
    estate = estate_of(*({f"chat-{n}": CMK} for n in range(len(answers))), {"search": MICROSOFT})
    scene = open_scene(estate)
    scene.scan()
    verdicts = scene.verdicts()
    scene.news()
    for number, then in enumerate(answers, 1):
        scene.simulator.faults.add(Fault(path=accounts_of(number), then=then))

    scene.scan()

    ids = [sub_id(number) for number in range(1, len(answers) + 1)]
    assert list(_gaps(scene)) == ids
    assert "slice_failed" not in _gaps(scene).values()
    assert scene.verdicts() == verdicts
    assert sorted(scene.news()) == [("coverage.lost", subscription) for subscription in ids]


@pytest.mark.long
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


@pytest.mark.long
def test_p1_p7_p11_a_broken_row_costs_its_account_and_says_how_to_heal_it(
    open_scene: OpenScene,
) -> None:
    """Rows outlive mistakes and hands: one that cannot be read costs nothing but itself."""
    scene = open_scene(estate_of({"chat": CMK}, {"lab": CMK}))
    scene.scan()
    (row,) = [row for row in scene.storage.rows("cmkfindings") if row["RowKey"].endswith("|lab")]
    scene.storage.put("cmkfindings", {**row, "history": "[{"})

    scene.scan()
    broken, gaps = scene.status(), _gaps(scene)
    (unknown,) = scene.get("v1/findings", verdict="unknown").body["value"]
    with scene.storage.service.get_table_client("cmkfindings") as table:
        table.delete_entity(row["PartitionKey"], row["RowKey"])
    scene.scan()

    assert (broken["posture"], broken["accounts"]["unknown"], gaps) == ("unknown", 1, {})
    assert (unknown["name"], "delete the row" in unknown["message"]) == ("lab", True)
    assert (scene.status()["posture"], scene.verdicts()) == (GOOD, {"chat": GOOD, "lab": GOOD})


@pytest.mark.long
def test_p7_a_broken_row_does_not_hide_the_findings_beside_it(open_scene: OpenScene) -> None:
    """Whoever looks for what is wrong needs the list most when something is."""
    scene = open_scene(estate_of({"chat": CMK}, {"lab": CMK}))
    scene.scan()
    (row,) = [row for row in scene.storage.rows("cmkfindings") if row["RowKey"].endswith("|lab")]
    scene.storage.put("cmkfindings", {**row, "history": "[{"})

    answer = scene.get("v1/findings")

    assert answer.status == 200
    chat, lab = answer.body["value"]
    assert (chat["name"], chat["verdict"]) == ("chat", GOOD)
    assert (lab["name"], lab["verdict"]) == ("lab", "unknown")
    assert "delete the row" in lab["message"]


@pytest.mark.long
def test_p7_rows_of_somebody_else_do_not_stop_the_scan(open_scene: OpenScene) -> None:
    """Keys that this program never writes can be put there by anybody who may write the table."""
    scene = open_scene(estate_of({"chat": CMK}), **AT_ONCE)
    stranger = {"PartitionKey": "Not Ours~", "RowKey": "finding|a", "note": "hello"}
    scene.storage.put("cmkfindings", stranger)

    scene.scan()

    assert scene.verdicts() == {"chat": GOOD}
    assert scene.status()["posture"] == GOOD


@pytest.mark.long
def test_p7_a_message_that_is_not_ours_is_set_aside(open_scene: OpenScene) -> None:
    """A queue that stops at a stranger's message would stop every scan after it."""
    scene = open_scene(estate_of({"chat": CMK}), lease=1, **AT_ONCE)
    scene.storage.send({"hello": "world"})
    scene.storage.send({"scanId": "no id", "slice": 3})
    scene.storage.send({"scanId": "20261124T231500Z-3fa9", "slice": 3})

    scene.scan()

    assert scene.status()["posture"] == GOOD
    wait_until(lambda: not scene.storage.messages(), "an empty queue")
