"""Choose the subscriptions whose exemptions a scan reads: likely ones, and others in rotation.

Most violations have no exemption, and each list of exemptions is a request in every scan. Azure
Resource Graph shows where exemptions are, but with a delay and possibly with omissions, so its
result only selects subscriptions to read. If an exemption is found late, the violation remains a
violation until then. A recorded exception is read in every scan, so its end is always found.
"""

import asyncio
from zlib import crc32

from cmk_check.core.account import Accounts
from cmk_check.core.comparison.updates import Known
from cmk_check.core.enums import CoverageState, Disposition, Trigger, Verdict
from cmk_check.core.status import Status
from cmk_check.limits import CROSS_CHECK_SECONDS, EXEMPTION_TURNS, EXEMPTION_TURNS_WITHIN
from cmk_check.ports import ExemptionInventory
from cmk_check.scan.claim import Claim
from cmk_check.scan.scan_context import ScanOptions


class ExemptionTurns:
    """Decides for the subscriptions of a slice, and queries Resource Graph at most once.

    ``status`` was read after the claim.
    """

    def __init__(self, options: ScanOptions, claim: Claim, status: Status) -> None:
        scan, planned = claim.scan, claim.slice.value.subscriptions
        self._status = status
        self._ids = [one.subscription.id for one in planned if one.disposition is Disposition.READ]
        # Earlier scans may have honoured other exemptions, or none.
        exceptions_before = status.scope.exceptions if status.scope else None
        self._reads_all = (
            exceptions_before != options.recorded_scope.exceptions
            or scan.is_partial
            or scan.trigger is Trigger.REQUEST
            or status.as_of is None
            or scan.started_at - status.as_of > EXEMPTION_TURNS_WITHIN
        )
        self._asking = asyncio.Lock()
        self._is_answered = False
        self._exempted: frozenset[str] | None = None

    async def must_read(
        self, inventory: ExemptionInventory, accounts: Accounts, rows: Known, seconds: float
    ) -> bool:
        """Return within ``seconds`` whether to read the exemptions of non-compliant accounts."""
        subscription_id = accounts[0].id.subscription_id
        if self._reads_all or self._is_due(subscription_id) or _may_differ(accounts, rows):
            return True
        summary = self._status.summary
        if summary.unnamed or summary.unwritten_gap(subscription_id):
            return True  # the rows are older than the last scan
        async with self._asking:
            if not self._is_answered:
                self._exempted = await inventory.may_be_exempted(
                    self._ids, seconds=min(seconds, CROSS_CHECK_SECONDS)
                )
                self._is_answered = True
        return self._exempted is None or subscription_id in self._exempted

    def _is_due(self, subscription_id: str) -> bool:
        turn = crc32(subscription_id.encode()) % EXEMPTION_TURNS
        return turn == self._status.finished_scans % EXEMPTION_TURNS


def _may_differ(accounts: Accounts, rows: Known) -> bool:
    """Return whether the last scan did not rule out exemptions for these accounts."""
    coverage = rows.coverage
    if coverage is None or coverage.state is not CoverageState.READ or rows.untrusted:
        return True
    findings = rows.findings
    if any(finding.exception or finding.announced for finding in findings.values()):
        return True
    before = [findings.get(str(account.id)) for account in accounts]
    return any(not one or one.judgement.verdict is not Verdict.NON_COMPLIANT for one in before)
