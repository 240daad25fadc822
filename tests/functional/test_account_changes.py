"""What happens to single accounts between two scans."""

import pytest

from tests.functional.conftest import OpenScene
from tests.functional.estate_kit import (
    CMK,
    MICROSOFT,
    ODD,
    add_account,
    codes,
    estate_of,
    next_second,
    sub_id,
)

BAD, GOOD = "non_compliant", "compliant"


@pytest.mark.long
def test_p4_a_scan_of_an_unchanged_estate_writes_no_finding_and_tells_nothing(
    open_scene: OpenScene,
) -> None:
    """The findings table is what alerts are wired to, so silence there has to mean something."""
    estate = estate_of({"chat": CMK, "search": MICROSOFT}, {"lab": ODD}, {})
    estate.subscription(sub_id(1)).page_sizes = (1, 0)
    scene = open_scene(estate)
    scene.scan()
    findings, feed = scene.storage.rows("cmkfindings"), scene.storage.rows("cmkchanges")
    told = [event for event in scene.events() if event["event"] == "cmk.change"]
    as_of = scene.status()["asOf"]
    next_second()

    scene.scan()

    assert scene.storage.rows("cmkfindings") == findings
    assert scene.storage.rows("cmkchanges") == feed
    assert [event for event in scene.events() if event["event"] == "cmk.change"] == told
    assert scene.status()["asOf"] > as_of


def test_p1_accounts_that_are_broken_fixed_added_and_removed(open_scene: OpenScene) -> None:
    """Each transition is recorded, told once, and seen in the posture of its own scan."""
    estate = estate_of({"broken": CMK, "fixed": MICROSOFT, "gone": MICROSOFT, "same": CMK})
    scene = open_scene(estate)
    scene.scan()
    scene.news()
    subscription = estate.subscription(sub_id(1))
    subscription.accounts["broken"].remove_encryption()
    subscription.accounts["fixed"].set_encryption(CMK)
    subscription.remove_account("gone")
    add_account(subscription, "new", ODD)

    scene.scan()
    worse, found = scene.status(), scene.findings()
    news, removed = scene.news(), scene.storage.feed()
    subscription.accounts["broken"].set_encryption(CMK)
    subscription.accounts["new"].set_encryption(CMK)
    scene.scan()

    assert (worse["posture"], worse["lastScan"]["state"]) == (BAD, "complete")
    assert {name: finding["verdict"] for name, finding in found.items()} == {
        "broken": BAD,
        "fixed": GOOD,
        "new": "unknown",
        "same": GOOD,
    }
    assert found["broken"]["reason"] == "never_configured"
    assert found["broken"]["previousVerdict"] == GOOD
    assert sorted(news) == [
        ("account.removed", "gone"),
        ("account.resolved", "fixed"),
        ("account.unverifiable", "new"),
        ("account.violated", "broken"),
    ]
    (told,) = [entry for entry in removed if entry.type.endswith("account.removed")]
    assert told.data["removed"] == "gone"
    assert scene.news() == [("account.resolved", "broken"), ("account.resolved", "new")]
    assert scene.status()["posture"] == GOOD


@pytest.mark.long
def test_p1_p7_p11_a_malformed_account_is_unknown_and_costs_only_itself(
    open_scene: OpenScene,
) -> None:
    """It has an id, so it is a finding: one that says it could not be judged."""
    estate = estate_of({"chat": CMK, "odd": CMK})
    account = estate.subscription(sub_id(1)).accounts["odd"]
    scene = open_scene(estate)
    scene.scan()
    scene.news()
    account.set_encryption(["no", "object"])

    scene.scan()
    broken, found = scene.status(), scene.findings()
    account.set_encryption(CMK)
    scene.scan()

    assert (broken["posture"], codes(broken)) == ("unknown", ["accounts_unknown"])
    assert (found["odd"]["reason"], found["odd"]["verdict"]) == ("malformed", "unknown")
    assert found["odd"]["message"]
    assert found["chat"]["verdict"] == GOOD
    assert scene.news() == [("account.unverifiable", "odd"), ("account.resolved", "odd")]
    assert scene.status()["posture"] == GOOD
