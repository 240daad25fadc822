"""What happens to single accounts between two scans."""

import pytest

from local.simulator import AccountSpec
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


@pytest.mark.long
def test_p4_a_date_of_creation_that_is_new_is_recorded_and_told_to_nobody(
    open_scene: OpenScene,
) -> None:
    """Rows of an earlier version lack it; filling them in must not be an alert of every account."""
    estate = estate_of({"chat": CMK, "search": MICROSOFT})
    accounts = estate.subscription(sub_id(1)).accounts
    for account in accounts.values():
        account.remove("systemData")
    scene = open_scene(estate)
    scene.scan()
    scene.news()
    before = scene.findings()
    for account in accounts.values():
        account.set("systemData.createdAt", "2022-10-26T04:50:20.934463Z")

    scene.scan()

    after = scene.findings()
    assert {finding["evidence"].pop("createdAt") for finding in before.values()} == {None}
    dates = {finding["evidence"].pop("createdAt") for finding in after.values()}
    assert dates == {"2022-10-26T04:50:20Z"}
    for finding in (*before.values(), *after.values()):
        finding.pop("asOf")
    assert after == before
    assert scene.news() == []


@pytest.mark.long
def test_p4_a_gap_that_stays_is_told_once(open_scene: OpenScene) -> None:
    """Who hears of the same gap every hour stops listening."""
    estate = estate_of({"chat": CMK}, {"lab": CMK})
    estate.subscription(sub_id(2)).listed = False
    scene = open_scene(estate, CMK_INCLUDE_SUBSCRIPTIONS=f"{sub_id(1)},{sub_id(2)}")
    scene.scan()
    findings, feed = scene.storage.rows("cmkfindings"), scene.storage.rows("cmkchanges")

    scene.scan()

    assert [gap["reason"] for gap in scene.status()["gaps"]] == ["not_visible"]
    assert scene.storage.rows("cmkfindings") == findings
    assert scene.storage.rows("cmkchanges") == feed


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
def test_p1_an_account_moved_to_another_kind_in_scope_is_the_same_account(
    open_scene: OpenScene,
) -> None:
    """An upgrade to Foundry keeps the id: its history must not begin anew, nor the old one stay."""
    estate = estate_of({"chat": MICROSOFT})
    scene = open_scene(estate)
    scene.scan()
    first, agreed = scene.findings()["chat"], scene.status()["azurePolicy"]
    scene.news()
    estate.subscription(sub_id(1)).accounts["chat"].set_kind("AIServices")

    scene.scan()

    after = scene.findings()
    assert list(after) == ["chat"]
    assert (after["chat"]["kind"], after["chat"]["verdict"]) == ("AIServices", BAD)
    assert after["chat"]["firstSeen"] == first["firstSeen"]
    assert after["chat"]["violatedSince"] == first["violatedSince"]
    assert scene.news() == [("account.kind_changed", "chat")]
    assert scene.status()["accounts"]["total"] == 1
    # It has left the scope of Azure's built-in policy, without a change of its encryption.
    assert (agreed, scene.status()["azurePolicy"]) == (
        {"notAssessed": 0, "differs": 0},
        {"notAssessed": 1, "differs": 1},
    )
    history = scene.get(f"v1/findings{first['id']}").body["history"]
    assert [entry["verdict"] for entry in history] == [BAD, BAD]
    scene.scan()
    assert scene.news() == []


@pytest.mark.long
def test_p1_an_account_moved_out_of_scope_is_counted_and_comes_back_as_it_is(
    open_scene: OpenScene,
) -> None:
    """A kind nobody judges is no way to hide: it is counted, and its removal says why."""
    estate = estate_of({"chat": MICROSOFT, "lab": CMK})
    scene = open_scene(estate)
    scene.scan()
    scene.news()
    account = estate.subscription(sub_id(1)).accounts["chat"]
    account.set_kind("SpeechServices")

    scene.scan()
    out, news, told = scene.status(), scene.news(), scene.storage.feed()[-1]
    account.set_kind("OpenAI")
    scene.scan()

    assert out["accounts"]["ignoredByKind"] == {"SpeechServices": 1}
    assert (out["posture"], out["accounts"]["total"]) == (GOOD, 1)
    assert (news, told.data["removed"]) == ([("account.removed", "chat")], "kind_out_of_scope")
    assert scene.news() == [("account.violated", "chat")]
    assert scene.status()["posture"] == BAD


@pytest.mark.long
def test_p7_p11_an_entry_without_a_usable_id_is_a_gap_beside_good_accounts(
    open_scene: OpenScene,
) -> None:
    """It may be any account, so nothing is complete; the others are judged nevertheless."""
    entries: list[object] = [
        None,
        "chat",
        {"name": "no id", "kind": "OpenAI"},
        {"id": 7, "kind": "OpenAI", "properties": {}},
        {"id": "/subscriptions/x", "kind": "OpenAI", "properties": {}},
    ]
    estate = estate_of(*({f"chat-{n}": CMK} for n in range(len(entries))), {"search": MICROSOFT})
    odd = estate.subscriptions[: len(entries)]
    for subscription, entry in zip(odd, entries, strict=True):
        subscription.add_account(AccountSpec(name="odd", group="rg-test", raw=entry))
    scene = open_scene(estate)
    scene.scan()
    broken, verdicts = scene.status(), scene.verdicts()
    scene.news()
    for subscription in odd:
        subscription.remove_account("odd")

    scene.scan()

    assert [(gap["subscriptionId"], gap["reason"]) for gap in broken["gaps"]] == [
        (subscription.id, "malformed_account") for subscription in odd
    ]
    assert verdicts == {f"chat-{n}": GOOD for n in range(len(entries))} | {"search": BAD}
    assert scene.status()["gaps"] == []
    assert sorted(scene.news()) == [("coverage.regained", entry.id) for entry in odd]


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
