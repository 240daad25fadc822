"""What people do to an account by Microsoft's az command; and the scans that follow."""

from datetime import UTC, datetime, timedelta
from typing import Final

import pytest

from local.simulator import CMK_POLICY
from tests.functional.az_kit import VERSION_CHECK
from tests.functional.conftest import OpenAz, OpenScene
from tests.functional.estate_kit import CMK, MICROSOFT, Scene, estate_of, next_second, sub_id
from tests.functional.exception_kit import ACCEPT, COMPANY

pytestmark = pytest.mark.tools("az")

ACCOUNT: Final = ("cognitiveservices", "account")
EXEMPTION: Final = ("policy", "exemption")
SUBSCRIPTION: Final = f"/subscriptions/{sub_id(1)}"


def _posture_after_a_scan(scene: Scene) -> str:
    next_second()
    scene.scan()
    posture: str = scene.status()["posture"]
    return posture


def test_az_changes_exempts_and_deletes_an_account_and_the_scans_follow(
    open_scene: OpenScene, open_az: OpenAz
) -> None:
    """What the simulator takes and gives back is what Microsoft's own client sends and expects."""
    estate = estate_of({"chat": MICROSOFT, "search": CMK})
    subscription = estate.subscription(sub_id(1))
    subscription.management_groups = ("company",)
    account = subscription.accounts["chat"]
    at = ("--name", "chat", "--resource-group", account.group, "--subscription", sub_id(1))
    scene = open_scene(estate, **ACCEPT)
    postures = [_posture_after_a_scan(scene)]
    scene.news()
    az = open_az(scene.simulator)
    az.sign_in()
    refused = [
        az.refusal(*ACCOUNT, *words, *at)
        for words in (("update", "--tags", "owner=red"), ("delete",))
    ]
    az("login", "--identity", "--client-id", estate.administrator)

    # Its owner changes, and the violation is accepted for a time.
    changed = az(*ACCOUNT, "update", *at, "--tags", "owner=blue team", "stage=test")
    expiry = f"{datetime.now(UTC) + timedelta(days=30):%Y-%m-%dT%H:%M:%S}"
    # It looks for the id of a built-in policy by its name alone.
    policy = ("--policy", CMK_POLICY, "--scope", COMPANY)
    assigned = az("policy", "assignment", "create", "--name", "cmk", *policy)
    here = ("--name", "chat", "--scope", account.id)
    waiver = ("--exemption-category", "Waiver", "--expires-on", f"{expiry}Z")
    details = ("--display-name", "Until the move", "--metadata", "approvedBy=board ticketRef=R-1")
    az(*EXEMPTION, "create", *here, "--policy-assignment", assigned["id"], *waiver, *details)
    postures.append(_posture_after_a_scan(scene))
    accepted, news = scene.findings()["chat"], [scene.news()]
    shown = az(*EXEMPTION, "show", *here)
    exact = az(*EXEMPTION, "list", "--scope", SUBSCRIPTION)
    below = az(*EXEMPTION, "list", "--scope", SUBSCRIPTION, "--disable-scope-strict-match")

    # It is no longer accepted.
    az(*EXEMPTION, "delete", *here)
    postures.append(_posture_after_a_scan(scene))
    news.append(scene.news())

    # It goes.
    az(*ACCOUNT, "delete", *at)
    missing = az.refusal(*ACCOUNT, "show", *at)
    postures.append(_posture_after_a_scan(scene))
    news.append(scene.news())

    assert all("AuthorizationFailed" in each for each in refused)
    assert changed["tags"] == {"owner": "blue team", "stage": "test"}
    assert accepted["owner"] == {"value": "blue team", "source": "account"}
    assert postures == [
        *("non_compliant", "compliant_with_exceptions", "non_compliant", "compliant")
    ]
    assert [[kind for kind, _ in each] for each in news] == [
        ["account.updated", "exception.started"],
        ["exception.ended"],
        ["account.removed"],
    ]
    assert (shown["exemptionCategory"], shown["displayName"]) == ("Waiver", "Until the move")
    assert shown["expiresOn"].startswith(expiry)
    assert shown["metadata"] == {"approvedBy": "board", "ticketRef": "R-1"}
    exception = accepted["exception"]
    assert exception["id"] == shown["id"].lower()
    assert (exception["displayName"], exception["expiresOn"]) == ("Until the move", f"{expiry}Z")
    assert (exception["approvedBy"], exception["ticket"]) == ("board", "R-1")
    assert exception["createdBy"] == shown["systemData"]["createdBy"] == estate.administrator
    assert (exact, [each["id"] for each in below]) == ([], [shown["id"]])
    assert "ResourceNotFound" in missing
    assert az.strayed <= {VERSION_CHECK}
