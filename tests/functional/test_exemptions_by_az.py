"""Exemptions as people create them: by Microsoft's az command."""

from pathlib import Path
from typing import Final

import pytest

from local.simulator import CMK_POLICY, Simulator, builtin_id
from tests.functional.az_kit import VERSION_CHECK, Az, skip_without_az
from tests.functional.estate_kit import MICROSOFT, estate_of, sub_id

pytestmark = pytest.mark.long

COMPANY: Final = "/providers/Microsoft.Management/managementGroups/company"
SUBSCRIPTION: Final = f"/subscriptions/{sub_id(1)}"
ASSIGNMENT: Final = f"{COMPANY}/providers/Microsoft.Authorization/policyAssignments/cmk"
EXPIRY: Final = "2030-01-01T00:00:00"


@pytest.fixture(autouse=True)
def _az_is_installed() -> None:
    skip_without_az()


def test_az_assigns_a_policy_and_exempts_an_account(tmp_path: Path) -> None:
    """What the simulator takes and gives back is what Microsoft's own client sends and expects."""
    estate = estate_of({"chat": MICROSOFT})
    estate.subscription(sub_id(1)).management_groups = ("company",)
    account = estate.subscription(sub_id(1)).accounts["chat"].id
    exemption = ("policy", "exemption")
    at = ("--name", "chat", "--scope", account)
    details = ("--display-name", "Until the move", "--metadata", "approvedBy=board ticketRef=R-1")
    with Simulator(estate) as simulator, Az(simulator, tmp_path) as az:
        az.sign_in(estate.administrator)
        # It looks for the id of a built-in policy by its name alone.
        policy = ("--policy", CMK_POLICY, "--scope", COMPANY)
        assigned = az("policy", "assignment", "create", "--name", "cmk", *policy)
        waiver = ("--exemption-category", "Waiver", "--expires-on", f"{EXPIRY}Z", *details)
        az(*exemption, "create", *at, "--policy-assignment", assigned["id"], *waiver)
        shown = az(*exemption, "show", *at)
        exact = az(*exemption, "list", "--scope", SUBSCRIPTION)
        below = az(*exemption, "list", "--scope", SUBSCRIPTION, "--disable-scope-strict-match")
        az(*exemption, "delete", *at)
        gone = az.refusal(*exemption, "show", *at)
        simulator.estate.denials.add("Microsoft.Authorization/policyExemptions/write")
        denied = az.refusal(*exemption, "create", *at, "--policy-assignment", ASSIGNMENT, *waiver)

    assert (assigned["id"], assigned["scope"]) == (ASSIGNMENT, COMPANY)
    assert assigned["policyDefinitionId"] == builtin_id(CMK_POLICY)
    assert (shown["exemptionCategory"], shown["displayName"]) == ("Waiver", "Until the move")
    assert shown["expiresOn"].startswith(EXPIRY)
    assert shown["metadata"] == {"approvedBy": "board", "ticketRef": "R-1"}
    assert shown["systemData"]["createdBy"] == estate.administrator
    assert (exact, [each["id"] for each in below]) == ([], [shown["id"]])
    assert "PolicyExemptionNotFound" in gone
    assert "Microsoft.Authorization/policyExemptions/write" in denied
    assert az.strayed <= {VERSION_CHECK}
