"""Subscriptions and accounts that the identity's own lists lack, over the whole program."""

from typing import Final

import pytest

from local.simulator import Estate
from tests.functional.conftest import OpenScene
from tests.functional.estate_kit import CMK, codes, estate_of, next_second, sub_id

pytestmark = pytest.mark.long

ROOT: Final = "mg-company"
READ_GROUP: Final = "Microsoft.Management/managementGroups/descendants/read"


def _in_groups(estate: Estate) -> Estate:
    for number, subscription in enumerate(estate.subscriptions):
        above = (f"mg-team-{number}", "mg-area", ROOT)
        subscription.management_groups = above[number:]
    return estate


def test_a_hidden_subscription_of_the_group_is_a_gap_until_it_can_be_read(
    open_scene: OpenScene,
) -> None:
    """P1, P11: until somebody assigns the role, also while the group cannot be read."""
    estate = _in_groups(estate_of({"chat": CMK}, {"search": CMK}))
    hidden = estate.subscription(sub_id(2))
    hidden.listed = False
    scene = open_scene(estate, CMK_MANAGEMENT_GROUP=ROOT)

    scene.scan()
    (gap,) = scene.status()["gaps"]
    assert (gap["subscriptionId"], gap["name"]) == (sub_id(2), "Subscription 2")
    assert gap["reason"] == "not_visible"
    assert "management group" in gap["detail"]
    assert scene.status()["posture"] == "unknown"
    told = ("coverage.lost", sub_id(2))
    assert told in scene.news()

    denial = estate.denials.add(READ_GROUP)
    next_second()
    scene.scan()
    unread = scene.status()
    assert codes(unread) == ["subscriptions_unread", "management_group_unread"]
    assert READ_GROUP in unread["reasons"][1]["message"]
    assert scene.news() == []

    estate.denials.remove(denial)
    hidden.listed = True
    next_second()
    scene.scan()
    assert scene.status()["posture"] == "compliant"
    assert scene.verdicts() == {"chat": "compliant", "search": "compliant"}
    assert ("coverage.regained", sub_id(2)) in scene.news()


def test_a_list_without_a_region_is_no_complete_list(open_scene: OpenScene) -> None:
    """P1: Resource Graph knows the accounts of the region; their findings stay, known or new."""
    estate = estate_of({"chat": CMK}, {"search": CMK})
    scene = open_scene(estate)
    scene.scan()
    scene.news()

    listed = estate.subscription(sub_id(2))
    listed.silent_regions = ("westeurope",)
    next_second()
    scan_id = scene.scan()
    status = scene.status()
    (gap,) = status["gaps"]
    assert (gap["subscriptionId"], gap["reason"]) == (sub_id(2), "list_incomplete")
    assert status["posture"] == "unknown"
    assert scene.verdicts() == {"chat": "compliant", "search": "compliant"}
    assert scene.news() == [("coverage.lost", sub_id(2))]
    assert scene.get(f"v1/scans/{scan_id}").body["crossCheck"]["state"] == "checked"

    listed.silent_regions = ()
    next_second()
    scene.scan()
    assert scene.status()["posture"] == "compliant"
