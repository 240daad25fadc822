"""Findings of the API: in a list, and one with its history and remediation."""

import asyncio
from dataclasses import dataclass
from datetime import datetime
from http import HTTPStatus
from typing import Final
from urllib.parse import quote

from cmk_check.core import posture
from cmk_check.core.comparison.carried_scopes import scopes_as_of
from cmk_check.core.enums import CoverageState
from cmk_check.core.model import Coverage, Finding
from cmk_check.core.not_covered_by_cmk import limits_of
from cmk_check.core.resource_id import AccountId
from cmk_check.core.scan_request import began_at
from cmk_check.core.status import Status
from cmk_check.errors import LimitExceeded, RowUnusable
from cmk_check.ports import Clock
from cmk_check.store.findings import FindingsTable
from cmk_check.store.row_times import UNDATED
from cmk_check.store.scans import ScanTable
from cmk_check.web import models
from cmk_check.web.http.refusals import RequestRefused
from cmk_check.web.views.aspects import to_api_sides
from cmk_check.web.views.controls import controls
from cmk_check.web.views.remediation import remediation_of

_LIKE: Final = (
    "subscriptions/<id>/resourceGroups/<name>/providers/Microsoft.CognitiveServices/accounts/<name>"
)


@dataclass(frozen=True, slots=True)
class FindingView:
    """Makes single findings; ``portal`` is the origin of the Azure portal."""

    findings_table: FindingsTable
    scans: ScanTable
    clock: Clock
    portal: str

    async def one(self, account_id: str) -> models.FindingDetail:
        """Read one finding by its ARM id in any case, with three point reads at once.

        The adapter has already decoded the id; decoding it again would break a name that contains
        a percent sign and two digits.

        Raises:
            RequestRefused: the id is not that of an account, or no finding of it is recorded.
            StoreError

        """
        account = AccountId.parse(f"/{account_id.removeprefix('/')}")
        if account is None:
            raise _not_found(f"id must be the ARM id of an account, like {_LIKE}.")
        finding, coverage, stored = await asyncio.gather(
            self.findings_table.finding(account),
            usable_coverage(self.findings_table, account.subscription_id),
            self.scans.status(),
        )
        if finding is None:
            raise _not_found(
                "No account with this id is recorded; /api/v1/findings lists all recorded accounts."
            )
        shown = to_api_finding(finding, coverage, stored.value, self.clock.now(), self.portal)
        return _with_details(shown, finding)


async def usable_coverage(findings_table: FindingsTable, subscription_id: str) -> Coverage | None:
    """Read a coverage row; return None for an unusable one, so that findings can still be shown."""
    try:
        return await findings_table.coverage(subscription_id)
    except (RowUnusable, LimitExceeded):
        return None


def to_api_finding(
    finding: Finding,
    coverage: Coverage | None,
    status: Status,
    now: datetime,
    portal: str,
) -> models.Finding:
    """Make the API's finding, as of the last finished scan that recorded it.

    Without a usable coverage row the age of the finding is unknown: that is a gap.
    """
    coverage = posture.as_left(coverage, status) if coverage else None
    subscription = coverage.subscription if coverage else None
    judgement = finding.judgement
    dated = _is_dated(finding)
    owner = finding.owner
    sides = to_api_sides(finding, scopes_as_of(finding, coverage, status), now)
    return models.Finding(
        **dict(sides),
        id=finding.id.text,
        name=finding.id.name,
        resource_group=finding.id.resource_group,
        subscription_id=finding.id.subscription_id,
        subscription_name=subscription.name if subscription else None,
        tenant_id=subscription.tenant_id if subscription else None,
        kind=finding.kind,
        location=finding.location,
        tags=finding.tags,
        owner=owner if owner and owner.source else None,
        verdict=judgement.verdict,
        reason=judgement.reason,
        message=judgement.message,
        rule_version=finding.rule_version,
        evidence=judgement.evidence,
        first_seen=finding.first_seen if dated else None,
        changed_at=finding.changed_at if dated else None,
        violated_since=finding.violated_since,
        previous_verdict=finding.previous_verdict,
        coverage=coverage.state if coverage else CoverageState.GAP,
        as_of=_as_of(finding, coverage, status, now) if coverage else None,
        portal_url=f"{portal}/#resource{quote(finding.id.text)}",
    )


def _as_of(finding: Finding, coverage: Coverage, status: Status, now: datetime) -> datetime | None:
    """Return of when a finding is: a partial scan that found it changed is later than the last.

    A scan whose clock was wrong may have begun after ``now``, and dates nothing.
    """
    as_of = posture.as_of(coverage, status)
    if as_of is None or coverage.state is not CoverageState.READ or not finding.history:
        return as_of
    began = began_at(finding.history[-1].scan_id)
    return max(as_of, began) if began and began <= now else as_of


def _with_details(shown: models.Finding, finding: Finding) -> models.FindingDetail:
    return models.FindingDetail(
        **dict(shown),
        history=finding.history,
        changes=finding.changes if _is_dated(finding) else 0,
        remediation=remediation_of(finding, shown.tenant_id),
        limits=limits_of(finding.kind, shown.verdict, finding.data),
        controls=controls().value,
    )


def _is_dated(finding: Finding) -> bool:
    """Return whether the finding comes from a usable row."""
    return finding.first_seen != UNDATED


def _not_found(message: str) -> RequestRefused:
    return RequestRefused(HTTPStatus.NOT_FOUND, "NotFound", message, "id")
