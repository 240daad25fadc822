"""Exemptions as people create them, by Microsoft's az command; and the scans that follow."""

from datetime import UTC, datetime, timedelta
from typing import Final

import pytest

from local.simulator import CMK_POLICY, builtin_id
from tests.functional.az_kit import VERSION_CHECK
from tests.functional.conftest import OpenAz, OpenScene
from tests.functional.estate_kit import MICROSOFT, Scene, estate_of, next_second, sub_id
from tests.functional.exception_kit import ACCEPT, COMPANY

pytestmark = pytest.mark.long

SUBSCRIPTION: Final = f"/subscriptions/{sub_id(1)}"
ASSIGNMENT: Final = f"{COMPANY}/providers/Microsoft.Authorization/policyAssignments/cmk"


def _posture_after_a_scan(scene: Scene) -> str:
    next_second()
    scene.scan()
    posture: str = scene.status()["posture"]
    return posture


def test_az_exempts_an_account_and_takes_it_back_and_the_next_scan_follows(
    open_scene: OpenScene, open_az: OpenAz
) -> None:
    """What the simulator takes and gives back is what Microsoft's own client sends and expects."""
    estate = estate_of({"chat": MICROSOFT})
    estate.subscription(sub_id(1)).management_groups = ("company",)
    account = estate.subscription(sub_id(1)).accounts["chat"].id
    expiry = f"{datetime.now(UTC) + timedelta(days=30):%Y-%m-%dT%H:%M:%S}"
    exemption = ("policy", "exemption")
    at = ("--name", "chat", "--scope", account)
    details = ("--display-name", "Until the move", "--metadata", "approvedBy=board ticketRef=R-1")
    scene = open_scene(estate, **ACCEPT)
    postures = [_posture_after_a_scan(scene)]
    az = open_az(scene.simulator)
    az.sign_in(estate.administrator)
    # It looks for the id of a built-in policy by its name alone.
    policy = ("--policy", CMK_POLICY, "--scope", COMPANY)
    assigned = az("policy", "assignment", "create", "--name", "cmk", *policy)
    waiver = ("--exemption-category", "Waiver", "--expires-on", f"{expiry}Z", *details)
    az(*exemption, "create", *at, "--policy-assignment", assigned["id"], *waiver)
    postures.append(_posture_after_a_scan(scene))
    recorded = scene.findings()["chat"]["exception"]
    shown = az(*exemption, "show", *at)
    exact = az(*exemption, "list", "--scope", SUBSCRIPTION)
    below = az(*exemption, "list", "--scope", SUBSCRIPTION, "--disable-scope-strict-match")
    az(*exemption, "delete", *at)
    postures.append(_posture_after_a_scan(scene))
    gone = az.refusal(*exemption, "show", *at)
    estate.denials.add("Microsoft.Authorization/policyExemptions/write")
    denied = az.refusal(*exemption, "create", *at, "--policy-assignment", ASSIGNMENT, *waiver)

    assert postures == ["non_compliant", "compliant_with_exceptions", "non_compliant"]
    assert scene.findings()["chat"]["exception"] is None
    assert (assigned["id"], assigned["scope"]) == (ASSIGNMENT, COMPANY)
    assert assigned["policyDefinitionId"] == builtin_id(CMK_POLICY)
    assert (shown["exemptionCategory"], shown["displayName"]) == ("Waiver", "Until the move")
    assert shown["expiresOn"].startswith(expiry)
    assert shown["metadata"] == {"approvedBy": "board", "ticketRef": "R-1"}
    assert shown["systemData"]["createdBy"] == estate.administrator
    assert recorded["id"] == shown["id"].lower()
    assert (recorded["displayName"], recorded["expiresOn"]) == ("Until the move", f"{expiry}Z")
    assert (recorded["approvedBy"], recorded["ticket"]) == ("board", "R-1")
    assert recorded["createdBy"] == estate.administrator
    assert (exact, [each["id"] for each in below]) == ([], [shown["id"]])
    assert "PolicyExemptionNotFound" in gone
    assert "Microsoft.Authorization/policyExemptions/write" in denied
    assert az.strayed <= {VERSION_CHECK}
