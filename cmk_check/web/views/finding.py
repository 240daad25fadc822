"""Build findings of the API: in a list, or a single one with its history and remediation."""

from datetime import datetime
from urllib.parse import quote

from cmk_check.core import posture
from cmk_check.core.aspects.due_dates import DUE
from cmk_check.core.enums import CoverageState
from cmk_check.core.model import Coverage, Finding
from cmk_check.core.not_covered_by_cmk import list_limits
from cmk_check.core.remediation.az_script import account_options, render_az
from cmk_check.core.remediation.bicep import render_bicep
from cmk_check.core.remediation.encryption_plan import plan_for
from cmk_check.core.remediation.key_plan import plan_key_fix
from cmk_check.core.remediation.portal import render_portal
from cmk_check.core.remediation.terraform import render_terraform
from cmk_check.core.rule_text import RULE_TEXT
from cmk_check.core.scan_request import parse_start
from cmk_check.core.status import Status
from cmk_check.store.row_times import UNDATED
from cmk_check.web import models
from cmk_check.web.aspect_models import to_api_sides
from cmk_check.web.views.catalogues import about_rule, controls


def to_api_finding(
    finding: Finding, coverage: Coverage | None, status: Status, now: datetime, portal: str
) -> models.Finding:
    """Return the API's finding, as of the last finished scan that recorded it.

    Without a usable coverage row, the age of the finding is unknown, which is a gap.
    """
    coverage = posture.as_left(coverage, status) if coverage else None
    subscription = coverage.subscription if coverage else None
    judgement = finding.judgement
    dated = _is_dated(finding)
    return models.Finding(
        **to_api_sides(finding, now),
        id=finding.id.text,
        name=finding.id.name,
        resource_group=finding.id.resource_group,
        subscription_id=finding.id.subscription_id,
        subscription_name=subscription.name if subscription else None,
        tenant_id=subscription.tenant_id if subscription else None,
        kind=finding.kind,
        location=finding.location,
        tags=finding.tags,
        owner=finding.owner if finding.owner.source else None,
        verdict=judgement.verdict,
        reason=judgement.reason,
        message=judgement.message,
        rule_version=finding.rule_version,
        evidence=judgement.evidence,
        first_seen=finding.first_seen if dated else None,
        changed_at=finding.changed_at if dated else None,
        violated_since=finding.violated_since,
        due_at=finding.due.at if finding.due else None,
        due=DUE.state(finding, now),
        previous_verdict=finding.previous_verdict,
        coverage=coverage.state if coverage else CoverageState.GAP,
        as_of=_get_date(finding, coverage, status, now) if coverage else None,
        portal_url=f"{portal}/#resource{quote(finding.id.text)}",
    )


def _get_date(
    finding: Finding, coverage: Coverage, status: Status, now: datetime
) -> datetime | None:
    """Return the date of a finding, which may come from a later partial scan that changed it.

    A scan that began after ``now`` had a wrong clock, so its date is ignored.
    """
    as_of = posture.get_date(coverage, status)
    if as_of is None or coverage.state is not CoverageState.READ or not finding.history:
        return as_of
    began = parse_start(finding.history[-1].scan_id)
    return max(as_of, began) if began and began <= now else as_of


def add_details(
    model: models.Finding, finding: Finding, portal: str, vault_domain: str
) -> models.FindingDetail:
    """Add the history and remediation of a finding."""
    return models.FindingDetail(
        **dict(model),
        history=finding.history,
        changes=finding.changes if _is_dated(finding) else 0,
        remediation=build_remediation(finding, model.tenant_id, portal, vault_domain),
        limits=list_limits(finding.kind, model.verdict),
        controls=controls().value,
        rule=about_rule(),
        check=models.SelfCheck(
            az=RULE_TEXT.check_az.format(account_options(finding.id)), portal=RULE_TEXT.check_portal
        ),
    )


def build_remediation(
    finding: Finding, tenant_id: str | None, portal: str, vault_domain: str
) -> models.Remediation | None:
    """Return the plan for a finding in four formats, or None without a plan.

    ``portal`` is the origin of the cloud's portal. ``vault_domain`` is the domain of the cloud's
    vaults.
    """
    plan = plan_for(finding, tenant_id=tenant_id) or plan_key_fix(finding, tenant_id=tenant_id)
    if plan is None:
        return None
    return models.Remediation(
        summary=plan.summary,
        warning=plan.warning,
        steps=plan.steps,
        portal=render_portal(plan, portal, vault_domain),
        az=render_az(plan),
        terraform=render_terraform(plan),
        bicep=render_bicep(plan),
    )


def _is_dated(finding: Finding) -> bool:
    """Return whether the finding comes from a usable row."""
    return finding.first_seen != UNDATED
