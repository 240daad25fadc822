"""What happens to findings when subscriptions can no longer be read, seen, or do not exist."""

import pytest

from local.simulator import Access
from tests.functional.conftest import OpenScene
from tests.functional.estate_kit import (
    CMK,
    MICROSOFT,
    Scene,
    codes,
    estate_of,
    next_second,
    sub_id,
)

READ = "Microsoft.CognitiveServices/accounts/read"


def _gaps(scene: Scene) -> list[tuple[str, str]]:
    return [(gap["subscriptionId"], gap["reason"]) for gap in scene.status()["gaps"]]


@pytest.mark.long
def test_p1_p2_p11_lost_access_keeps_findings_and_says_what_to_grant(
    open_scene: OpenScene,
) -> None:
    """Whoever takes the monitor's role away turns nothing green; granting it again ends the gap."""
    scene = open_scene(estate_of({"chat": CMK, "search": MICROSOFT}, {"lab": CMK}))
    scene.scan()
    before = scene.findings()
    scene.news()
    scene.simulator.estate.subscription(sub_id(1)).access = Access.FORBIDDEN
    next_second()

    scene.scan()

    status = scene.status()
    assert status["posture"] == "non_compliant"
    assert status["lastScan"]["state"] == "incomplete"
    (gap,) = status["gaps"]
    assert gap["subscriptionId"] == sub_id(1)
    assert (gap["reason"], gap["missingAction"]) == ("forbidden", READ)
    after = scene.findings()
    assert {name: found["verdict"] for name, found in after.items()} == {
        "chat": "compliant",
        "search": "non_compliant",
        "lab": "compliant",
    }
    assert after["chat"]["coverage"] == "gap"
    assert after["chat"]["asOf"] == before["chat"]["asOf"] < status["asOf"]
    assert after["lab"]["asOf"] == status["asOf"]
    assert scene.news() == [("coverage.lost", sub_id(1))]
    scene.simulator.estate.subscription(sub_id(1)).access = Access.READER
    scene.scan()
    assert scene.status()["gaps"] == []
    assert scene.news() == [("coverage.regained", sub_id(1))]


@pytest.mark.long
def test_p2_p11_a_subscription_that_vanishes_is_a_gap_until_somebody_excludes_it(
    open_scene: OpenScene,
) -> None:
    """Out of sight is not out of the estate: only a person can say that it no longer counts."""
    scene = open_scene(estate_of({"chat": MICROSOFT}, {"lab": CMK}))
    scene.scan()
    scene.news()
    scene.simulator.estate.subscription(sub_id(1)).listed = False

    scene.scan()
    gaps, kept, vanished = _gaps(scene), scene.verdicts(), scene.news()
    scene.restart(CMK_EXCLUDE_SUBSCRIPTIONS=sub_id(1))
    scene.scan()
    status = scene.status()

    assert gaps == [(sub_id(1), "not_visible")]
    assert kept == {"chat": "non_compliant", "lab": "compliant"}
    assert vanished == [("coverage.lost", sub_id(1))]
    assert scene.verdicts() == {"lab": "compliant"}
    assert scene.coverage() == {1: "excluded", 2: "read"}
    assert scene.news() == [("account.removed", "chat"), ("coverage.removed", sub_id(1))]
    assert scene.storage.feed()[-1].data["removed"] == "subscription_excluded"
    assert (status["posture"], status["gaps"]) == ("compliant", [])
    assert codes(status) == ["subscriptions_excluded"]


@pytest.mark.long
def test_p1_p11_a_first_scan_that_sees_nothing_does_not_call_it_clean(
    open_scene: OpenScene,
) -> None:
    """The first hour after a deployment without a role is when somebody looks."""
    estate = estate_of({"chat": CMK})
    estate.subscription(sub_id(1)).listed = False
    scene = open_scene(estate)
    scene.scan()
    blind = scene.status()
    estate.subscription(sub_id(1)).listed = True

    scene.scan()

    assert (blind["posture"], blind["asOf"]) == ("unknown", None)
    assert codes(blind) == ["no_subscription_visible", "no_scan_yet"]
    assert scene.status()["posture"] == "compliant"
