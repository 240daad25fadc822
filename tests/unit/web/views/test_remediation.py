"""How a finding is mended, as the API gives it and the page shows and copies it."""

import subprocess

import pytest

from cmk_check.web.views.finding import remediation_of
from tests.fakes.broken_keys import BROKEN_KEYS, broken
from tests.fakes.hostile import NAMES
from tests.fakes.remediation import BASH, CLIENT, MICROSOFT, TENANT, finding_of, planned

HOSTILE = (
    *(name.replace("/", "_") for name in NAMES if "\x1b" not in name),
    "'; touch ran #",
    "$(touch ran)`touch ran`${x}",
    "@secrets",
    "-rf",
    "\u202e\u200b\u2028",
)


@pytest.mark.parametrize("name", HOSTILE)
def test_p10_what_the_page_shows_of_a_script_is_what_it_copies(name: str) -> None:
    """It makes visible what a reader could not see; a script has nothing of the kind."""
    shown = remediation_of(finding_of(name=name, group=name, **MICROSOFT), TENANT)

    assert shown is not None
    assert all(line.isprintable() for line in (shown.az + (shown.bicep or "")).split("\n"))
    parsed = subprocess.run([BASH, "-n"], input=shown.az.encode(), capture_output=True, check=False)
    assert (parsed.returncode, parsed.stderr) == (0, b"")


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
