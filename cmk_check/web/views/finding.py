"""One finding as callers see it: in a list, and alone with its history and what to do."""

import asyncio
from dataclasses import dataclass
from datetime import datetime
from http import HTTPStatus
from typing import Final
from urllib.parse import quote

from cmk_check.core import posture
from cmk_check.core.cmk_limits import limits_of
from cmk_check.core.model import Coverage, Finding
from cmk_check.core.resource_id import AccountId
from cmk_check.errors import LimitExceeded, RowUnusable
from cmk_check.ports import Clock
from cmk_check.store.findings import FindingsTable
from cmk_check.store.rows import UNDATED
from cmk_check.store.scans import ScanTable
from cmk_check.web import models
from cmk_check.web.http.responses import RequestRefused
from cmk_check.web.views.key_health import to_api_key_health
from cmk_check.web.views.remediation import remediation_of
from cmk_check.web.views.subscriptions import to_api_coverage

_LIKE: Final = (
    "subscriptions/<id>/resourceGroups/<name>/providers/Microsoft.CognitiveServices/accounts/<name>"
)


@dataclass(frozen=True, slots=True)
class FindingView:
    """Shows findings one by one; ``portal`` is the origin of Azure's."""

    findings_table: FindingsTable
    scans: ScanTable
    clock: Clock
    portal: str

    async def one(self, account_id: str) -> models.FindingDetail:
        """Read one finding, given its ARM id in any casing. It costs three point reads at once.

        The id comes as the adapter decoded it and is not decoded again: a name may hold a percent
        sign and two digits behind it.

        Raises:
            RequestRefused: it is no account's id, or no finding of it is recorded.
            StoreError

        """
        account = AccountId.parse(f"/{account_id.removeprefix('/')}")
        if account is None:
            raise _not_found(f"This is no account's ARM id; one is like {_LIKE}.")
        finding, coverage, stored = await asyncio.gather(
            self.findings_table.finding(account),
            usable_coverage(self.findings_table, account.subscription_id),
            self.scans.status(),
        )
        if finding is None:
            raise _not_found(
                "No account of this id is recorded: /api/v1/findings lists those that are."
            )
        as_of = stored.value.as_of if stored else None
        now = self.clock.now()
        return _with_details(to_api_finding(finding, coverage, as_of, now, self.portal), finding)


async def usable_coverage(findings_table: FindingsTable, subscription_id: str) -> Coverage | None:
    """Read a coverage row; one that cannot be trusted must not take a finding with it."""
    try:
        return await findings_table.coverage(subscription_id)
    except (RowUnusable, LimitExceeded):
        return None


def to_api_finding(
    finding: Finding,
    coverage: Coverage | None,
    as_of: datetime | None,
    now: datetime,
    portal: str,
) -> models.Finding:
    """Show a finding; ``as_of`` is when the last finished scan began.

    Without a coverage row that can be trusted, nobody knows of when it is: that is a gap.
    """
    subscription = coverage.subscription if coverage else None
    judgement = finding.judgement
    dated = _is_dated(finding)
    return models.Finding(
        id=finding.id.text,
        name=finding.id.name,
        resource_group=finding.id.resource_group,
        subscription_id=finding.id.subscription_id,
        subscription_name=subscription.name if subscription else None,
        tenant_id=subscription.tenant_id if subscription else None,
        kind=finding.kind,
        location=finding.location,
        tags=dict(finding.tags),
        verdict=judgement.verdict,
        reason=judgement.reason,
        message=judgement.message,
        rule_version=finding.rule_version,
        evidence=models.Evidence.model_validate(judgement.evidence),
        key_health=to_api_key_health(finding.key_health, now) if finding.key_health else None,
        first_seen=finding.first_seen if dated else None,
        changed_at=finding.changed_at if dated else None,
        violated_since=finding.violated_since,
        previous_verdict=finding.previous_verdict,
        coverage=to_api_coverage(coverage.state) if coverage else "gap",
        as_of=posture.as_of(coverage, as_of) if coverage else None,
        portal_url=f"{portal}/#resource{quote(finding.id.text)}",
    )


def _with_details(shown: models.Finding, finding: Finding) -> models.FindingDetail:
    return models.FindingDetail(
        **dict(shown),
        history=[models.Transition.model_validate(entry) for entry in finding.history],
        changes=finding.changes if _is_dated(finding) else 0,
        remediation=remediation_of(finding, shown.tenant_id),
        limits=list(limits_of(finding.kind, shown.verdict)),
    )


def _is_dated(finding: Finding) -> bool:
    """Tell a finding of a row that can be trusted."""
    return finding.first_seen != UNDATED


def _not_found(message: str) -> RequestRefused:
    return RequestRefused(HTTPStatus.NOT_FOUND, "NotFound", message, "id")
