"""What can no longer be read or seen keeps its findings and is a gap, until a person acts."""

import pytest

from local.simulator import Access, Fault, Hold
from tests.functional.conftest import OpenScene
from tests.functional.estate_kit import (
    AT_ONCE,
    CMK,
    MICROSOFT,
    Scene,
    accounts_of,
    codes,
    estate_of,
    next_second,
    sub_id,
    wait_until,
)

pytestmark = pytest.mark.long

GROUP = "mg-company"
READ = "Microsoft.CognitiveServices/accounts/read"
GOOD = "compliant"


def _gaps(scene: Scene) -> dict[str, str]:
    return {gap["subscriptionId"]: gap["reason"] for gap in scene.status()["gaps"]}


def test_p1_p2_p7_p8_p11_each_gap_keeps_its_findings_and_the_action_it_names_ends_it(
    open_scene: OpenScene,
) -> None:
    """Five ways to lose sight of a subscription: nothing turns green, and a person can end each.

    The app may not read one; one is off the list; the accounts of one lack a region; one that only
    the management group knows was never on the list; and one does not answer. Messages of strangers
    in its queue stop no scan.
    """
    estate = estate_of(*({name: CMK} for name in ("chat", "lab", "search", "ops", "bot")))
    denied, vanished, partial, hidden, _ = estate.subscriptions
    vanished.accounts["lab"].set_encryption(MICROSOFT)
    for subscription in estate.subscriptions:
        subscription.management_groups = ("mg-team", GROUP)
    hidden.listed = False
    scene = open_scene(
        estate, scan_options={"subscription_timeout": 2}, CMK_MANAGEMENT_GROUP=GROUP, **AT_ONCE
    )
    scene.scan()
    first, before = scene.status(), scene.findings()
    scene.news()
    denied.access = Access.FORBIDDEN
    vanished.listed = False
    partial.silent_regions = ("westeurope",)
    scene.simulator.faults.add(Fault(path=accounts_of(5), hold=Hold()))
    for stranger in ({"hello": "world"}, {"scanId": "20261124T231500Z-3fa9", "slice": 3}):
        scene.storage.send(stranger)
    next_second()

    scene.scan()
    status, gaps, after, lost = scene.status(), _gaps(scene), scene.findings(), scene.news()
    denied.access = Access.READER
    partial.silent_regions = ()
    hidden.listed = True
    scene.simulator.faults.clear()
    scene.restart(CMK_EXCLUDE_SUBSCRIPTIONS=sub_id(2))
    healed = scene.scan()

    assert [(gap["name"], gap["reason"]) for gap in first["gaps"]] == [
        ("Subscription 4", "not_visible")
    ]
    assert gaps == {
        sub_id(1): "forbidden",
        sub_id(2): "not_visible",
        sub_id(3): "list_incomplete",
        sub_id(4): "not_visible",
        sub_id(5): "timeout",
    }
    assert status["gaps"][0]["missingAction"] == READ
    assert (status["posture"], status["lastScan"]["state"]) == ("non_compliant", "incomplete")
    assert {name: each["verdict"] for name, each in after.items()} == {
        "chat": GOOD,
        "lab": "non_compliant",
        "search": GOOD,
        "bot": GOOD,
    }
    assert after["chat"]["coverage"] == "gap"
    assert after["chat"]["asOf"] == before["chat"]["asOf"] < status["asOf"]
    assert sorted(lost) == [("coverage.lost", sub_id(number)) for number in (1, 2, 3, 5)]
    assert scene.verdicts() == dict.fromkeys(("chat", "search", "ops", "bot"), GOOD)
    assert sorted(scene.news()) == [
        ("account.discovered", "ops"),
        ("account.removed", "lab"),
        *(("coverage.regained", sub_id(number)) for number in (1, 3, 4, 5)),
        ("coverage.removed", sub_id(2)),
    ]
    status = scene.status()
    assert (status["posture"], status["gaps"]) == (GOOD, [])
    assert codes(status) == ["subscriptions_excluded"]
    # Resource Graph was asked as well.
    assert scene.get(f"v1/scans/{healed}").body["crossCheck"]["state"] == "checked"
    wait_until(lambda: not scene.storage.messages(), "an empty queue")
