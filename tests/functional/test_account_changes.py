"""What happens to single accounts between scans, through the whole stack."""

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

pytestmark = pytest.mark.long

BAD, GOOD = "non_compliant", "compliant"


def test_p1_p4_p7_each_change_is_told_once_and_then_nothing_is_written(
    open_scene: OpenScene,
) -> None:
    """Alerts are wired to the findings table and the feed: silence there has to mean something."""
    estate = estate_of({"broken": CMK, "fixed": MICROSOFT, "gone": MICROSOFT, "odd": CMK}, {})
    subscription = estate.subscription(sub_id(1))
    subscription.page_sizes = (1, 0)
    scene = open_scene(estate)
    scene.scan()
    scene.news()
    subscription.accounts["broken"].remove_encryption()
    subscription.accounts["fixed"].set_encryption(CMK)
    subscription.accounts["odd"].set_encryption(["no", "object"])
    subscription.remove_account("gone")
    add_account(subscription, "new", ODD)

    scene.scan()
    worse, found, news = scene.status(), scene.findings(), scene.news()
    findings, feed = scene.storage.rows("cmkfindings"), scene.storage.rows("cmkchanges")
    told = [event for event in scene.events() if event["event"] == "cmk.change"]
    next_second()
    scene.scan()

    assert (worse["posture"], worse["lastScan"]["state"]) == (BAD, "complete")
    assert codes(worse) == ["accounts_non_compliant", "accounts_unknown"]
    assert {name: (each["verdict"], each["reason"]) for name, each in found.items()} == {
        "broken": (BAD, "never_configured"),
        "fixed": (GOOD, "customer_managed_key"),
        "odd": ("unknown", "malformed"),
        "new": ("unknown", "unrecognised_key_source"),
    }
    assert sorted(news) == [
        ("account.removed", "gone"),
        ("account.resolved", "fixed"),
        ("account.unverifiable", "new"),
        ("account.unverifiable", "odd"),
        ("account.violated", "broken"),
    ]
    assert scene.storage.rows("cmkfindings") == findings
    assert scene.storage.rows("cmkchanges") == feed
    assert [event for event in scene.events() if event["event"] == "cmk.change"] == told
    assert scene.status()["asOf"] > worse["asOf"]
