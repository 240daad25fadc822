"""``doctor`` where exceptions are read: the rights that this takes, tried as a scan uses them."""

from datetime import timedelta
from typing import Final

import pytest

from local.simulator import Simulator
from tests.functional.doctor_kit import doctor
from tests.functional.exception_kit import COMPANY, accepted_estate

ACTION: Final = "Microsoft.Authorization/policyAssignments/read"
ASSIGNMENT: Final = f"{COMPANY}/providers/Microsoft.Authorization/policyAssignments/cmk".lower()


@pytest.mark.long
def test_p11_a_role_that_does_not_reach_the_management_group_is_found_out() -> None:
    """P11: a role on the subscription shows the exemption, and not what it exempts from."""
    estate, _ = accepted_estate(chat=timedelta(days=9))
    denied = estate.denials.add(ACTION, COMPANY)
    with Simulator(estate) as azure:
        settings = azure.environment() | {"CMK_KEY_HEALTH": "off"}
        before, lacking = doctor(settings)
        estate.denials.remove(denied)
        after, granted = doctor(settings)

    listed, refused = lacking["exceptions"]
    assert (before, after) == (3, 0)
    assert listed[0] == "ok"
    assert refused == (
        "problem",
        (
            f"forbidden for {ASSIGNMENT}: Azure denied access to an assignment or initiative at a "
            f"management group. Grant the app's identity a role with {ACTION} at that management "
            "group: a role on the subscription does not reach it."
        ),
    )
    assert [mark for mark, _ in granted["exceptions"]] == ["ok"]
