"""What happens to findings when subscriptions can no longer be read, seen, or do not exist."""

import pytest

from local.simulator import Access, Close, Cut, Fault, Garble, arm_error
from local.simulator.faults import Effect
from tests.functional.conftest import OpenScene
from tests.functional.estate_kit import (
    CMK,
    MICROSOFT,
    Scene,
    accounts_of,
    codes,
    estate_of,
    next_second,
    sub_id,
)
from tests.functional.storage_kit import LONG_AGO

READ = "Microsoft.CognitiveServices/accounts/read"


def _gaps(scene: Scene) -> list[tuple[str, str]]:
    return [(gap["subscriptionId"], gap["reason"]) for gap in scene.status()["gaps"]]


@pytest.mark.long
def test_p1_p2_p11_lost_access_keeps_findings_and_says_what_to_grant(
    open_scene: OpenScene,
) -> None:
    """Whoever takes the monitor's role away must not thereby turn the estate green."""
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


@pytest.mark.long
def test_p1_p11_lost_access_to_compliant_accounts_is_unknown_until_it_is_back(
    open_scene: OpenScene,
) -> None:
    """An old "compliant" is no answer about now; granting what the gap names brings one."""
    scene = open_scene(estate_of({"chat": CMK}, {"lab": CMK}))
    scene.scan()
    scene.news()
    assert scene.status()["posture"] == "compliant"
    subscription = scene.simulator.estate.subscription(sub_id(1))
    subscription.access = Access.FORBIDDEN

    scene.scan()
    lost = scene.status()
    subscription.access = Access.READER
    scene.scan()
    regained = scene.status()

    assert (lost["posture"], codes(lost)) == ("unknown", ["subscriptions_unread"])
    assert lost["accounts"]["unread"] == 1
    assert (regained["posture"], regained["gaps"]) == ("compliant", [])
    assert regained["lastScan"]["state"] == "complete"
    assert scene.news() == [("coverage.lost", sub_id(1)), ("coverage.regained", sub_id(1))]
    assert scene.findings()["chat"]["asOf"] == regained["asOf"]


FAILURES: dict[str, Effect] = {
    "500": arm_error(500, "InternalServerError"),
    "403": arm_error(403, "AuthorizationFailed"),
    "no JSON": Garble(),
    "cut off": Cut(),
    "closed": Close(),
}


@pytest.mark.long
def test_p1_p2_a_failed_second_page_removes_and_resolves_nothing(open_scene: OpenScene) -> None:
    """What stands on the page that failed is not gone, and what page 1 says is good may be bad.

    Only what is worse is taken from it: waiting for a whole reading would hide a violation. Each
    subscription fails in its own way.
    """
    bad, good = "non_compliant", "compliant"
    names = [f"{letter}-{number}" for number in range(1, 6) for letter in "abcd"]
    accounts = dict(zip("abcd", (CMK, MICROSOFT, MICROSOFT, CMK), strict=True))
    estate = estate_of(*({f"{n}-{i}": e for n, e in accounts.items()} for i in range(1, 6)))
    for subscription in estate.subscriptions:
        subscription.page_sizes = (2,)
    scene = open_scene(estate, CMK_SUBSCRIPTION_TIMEOUT_SECONDS="1")
    scene.scan()
    scene.news()
    for number, (subscription, then) in enumerate(
        zip(estate.subscriptions, FAILURES.values(), strict=True), 1
    ):
        subscription.accounts[f"a-{number}"].set_encryption(MICROSOFT)
        subscription.accounts[f"b-{number}"].set_encryption(CMK)
        scene.simulator.faults.add(Fault(path=accounts_of(number), page=2, then=then))

    scene.scan()
    unread, gaps, news = scene.verdicts(), _gaps(scene), scene.news()
    scene.simulator.faults.clear()
    scene.scan()

    ids = [sub_id(number) for number in range(1, 6)]
    assert [subscription for subscription, _ in gaps] == ids
    incomplete = {"a": bad, "b": bad, "c": bad, "d": good}
    assert unread == {name: incomplete[name[0]] for name in names}
    assert sorted(news) == [
        *(("account.violated", f"a-{number}") for number in range(1, 6)),
        *(("coverage.lost", subscription) for subscription in ids),
    ]
    complete = {"a": bad, "b": good, "c": bad, "d": good}
    assert scene.verdicts() == {name: complete[name[0]] for name in names}
    assert sorted(scene.news()) == [
        *(("account.resolved", f"b-{number}") for number in range(1, 6)),
        *(("coverage.regained", subscription) for subscription in ids),
    ]


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
def test_p2_a_deleted_subscription_is_retired_with_its_findings(open_scene: OpenScene) -> None:
    """Azure itself says that it is gone, so nobody has to look into it."""
    scene = open_scene(estate_of({"chat": MICROSOFT}, {"lab": CMK}))
    scene.scan()
    scene.news()
    scene.simulator.estate.subscription(sub_id(1)).state = "Deleted"

    scene.scan()
    news, told = scene.news(), scene.storage.feed()[-1]
    scene.simulator.estate.subscription(sub_id(1)).listed = False
    scene.scan()

    assert news == [("account.removed", "chat")]
    assert told.data["removed"] == "subscription_retired"
    assert scene.coverage() == {1: "retired", 2: "read"}
    assert scene.verdicts() == {"lab": "compliant"}
    assert (scene.status()["posture"], scene.news()) == ("compliant", [])


@pytest.mark.long
def test_p1_p2_p11_a_list_of_subscriptions_that_fails_fails_the_scan(
    open_scene: OpenScene,
) -> None:
    """Without the list nobody knows what was not read; the findings are not to blame."""
    scene = open_scene(estate_of({"chat": CMK}))
    scene.scan()
    scene.news()
    as_of, findings = scene.status()["asOf"], scene.storage.rows("cmkfindings")
    fault = Fault(path="/subscriptions", then=arm_error(403, "AuthorizationFailed"))
    scene.simulator.faults.add(fault)
    next_second()

    scene.scan()
    failed, told = scene.status(), scene.news()
    untouched = scene.storage.rows("cmkfindings")
    scene.simulator.faults.remove(fault)
    scene.scan()

    assert (failed["posture"], failed["asOf"]) == ("unknown", as_of)
    assert (failed["lastScan"]["state"], codes(failed)) == ("failed", ["scan_failed"])
    assert "Microsoft.Resources/subscriptions/read" in failed["lastScan"]["reason"]
    assert untouched == findings
    assert [kind for kind, _ in told] == ["scan.failed"]
    assert scene.status()["posture"] == "compliant"
    assert [kind for kind, _ in scene.news()] == ["scan.recovered"]


@pytest.mark.long
def test_p1_p2_p11_an_empty_list_of_subscriptions_fails_the_scan(open_scene: OpenScene) -> None:
    """An identity without a role sees an empty world, which would be clean."""
    estate = estate_of({"chat": CMK}, {"lab": MICROSOFT})
    scene = open_scene(estate)
    scene.scan()
    scene.news()
    for subscription in estate.subscriptions:
        subscription.listed = False

    scene.scan()
    failed, told, kept = scene.status(), scene.news(), scene.verdicts()
    for subscription in estate.subscriptions:
        subscription.listed = True
    estate.subscription(sub_id(2)).accounts["lab"].set_encryption(CMK)
    scene.scan()

    assert failed["posture"] == "non_compliant"
    assert "no_subscription_visible" in codes(failed)
    assert failed["lastScan"]["state"] == "failed"
    assert "Reader" in failed["lastScan"]["reason"]
    assert kept == {"chat": "compliant", "lab": "non_compliant"}
    assert [kind for kind, _ in told] == ["scan.failed"]
    assert scene.status()["posture"] == "compliant"
    assert [kind for kind, _ in scene.news()] == ["account.resolved", "scan.recovered"]


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


@pytest.mark.long
def test_p1_fewer_subscriptions_than_expected_are_not_compliant(open_scene: OpenScene) -> None:
    """What the identity never saw leaves no trace: only a number somebody knows can tell."""
    scene = open_scene(estate_of({"chat": CMK}), CMK_EXPECT_SUBSCRIPTIONS="2")
    scene.scan()
    alone = scene.status()
    scene.simulator.estate.add_subscription(sub_id(2), "Subscription 2")

    scene.scan()

    assert (alone["posture"], codes(alone)) == ("unknown", ["fewer_subscriptions_than_expected"])
    assert scene.status()["posture"] == "compliant"


@pytest.mark.long
def test_p1_p11_an_old_answer_is_stale_until_a_scan_renews_it(open_scene: OpenScene) -> None:
    """A schedule that no longer fires leaves the last "compliant" standing; it must not count.

    The hours are passed by rewriting the time of the last scan in the status row.
    """
    scene = open_scene(estate_of({"chat": CMK}), CMK_MAX_AGE_MINUTES="60")
    scene.scan()
    (row,) = [row for row in scene.storage.rows("cmkscans") if row["RowKey"] == "status"]
    scene.storage.change_document(row, as_of=LONG_AGO)
    old, health = scene.status(), scene.get("health", key="")

    scene.scan()

    assert (old["posture"], old["fresh"], codes(old)) == ("unknown", False, ["stale"])
    assert health.body == {"status": "stale"}
    assert (scene.status()["posture"], scene.status()["fresh"]) == ("compliant", True)
