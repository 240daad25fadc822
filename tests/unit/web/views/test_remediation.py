"""How a finding is mended, as the API gives it and the page shows and copies it."""

import pytest

from cmk_check.web.views.finding import remediation_of
from tests.fakes.broken_keys import BROKEN_KEYS, broken
from tests.fakes.remediation import CLIENT, TENANT, finding_of, planned


def test_the_steps_are_those_of_the_plan() -> None:
    """The command, the API and the page give one advice."""
    finding = finding_of(identity_type="UserAssigned", identity_client_id=CLIENT)

    shown = remediation_of(finding, TENANT)

    plan = planned(finding, tenant_id=TENANT)
    assert shown is not None
    assert shown.summary == plan.summary
    assert [(step.title, step.why, step.warning) for step in shown.steps] == [
        (step.title, step.why, step.warning) for step in plan.steps
    ]
    assert f"TENANT='{TENANT}'" in shown.az
    assert (shown.bicep or "").startswith("// Vault, key and grant")


@pytest.mark.parametrize(("what", "has_template"), [("key disabled", False), ("no role", True)])
def test_a_broken_key_has_the_plan_that_ends_it(what: str, *, has_template: bool) -> None:
    """The reason alone sends people to look for names and options."""
    shown = remediation_of(broken(BROKEN_KEYS[what]), TENANT)

    assert shown is not None
    assert shown.summary.startswith("End what is wrong with the key of Chat ")
    assert "on purpose" in (shown.steps[1].warning or "")
    assert f"TENANT='{TENANT}'" in shown.az
    assert (shown.bicep is not None) == has_template
