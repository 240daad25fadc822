"""Remediation of a finding in the API."""

from cmk_check.core.model import Finding
from cmk_check.core.remediation.az_script import render_az
from cmk_check.core.remediation.bicep import render_bicep
from cmk_check.core.remediation.key_plan import key_plan_for
from cmk_check.core.remediation.plan import plan_for
from cmk_check.web import models


def remediation_of(finding: Finding, tenant_id: str | None) -> models.Remediation | None:
    """Return the plan for a finding, None if it needs none, or if none can be made."""
    plan = plan_for(finding, tenant_id=tenant_id) or key_plan_for(finding, tenant_id=tenant_id)
    if plan is None:
        return None
    return models.Remediation(
        summary=plan.summary,
        steps=plan.steps,
        az=render_az(plan),
        bicep=render_bicep(plan),
    )
