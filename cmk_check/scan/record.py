"""Record one subscription: mark it, check the claim, lower the status, write it.

The order of these steps keeps the status right. If a worker passes the check, it marked the row
before the next scan took the lease. For this reason the next scan reads the row before it can
finish, with either the mark or the written result:

    A: mark TWO ... check: still ours ...(sleeps)................. write TWO: row changed, stop
    B (newer scan):                    lease, read range: clear TWO's mark ... finish

A subscription never seen before is also marked: its row is inserted as ``pending``.

The status is lowered from "compliant" or "compliant with exceptions" before anything worse is
recorded, such as a violation, or an exception that ends or is shortened. Otherwise the API would
report a compliant estate although the table already shows a problem. Only the end of a scan raises
the status again.
"""

import asyncio
from dataclasses import replace
from typing import Final

from cmk_check.core import posture
from cmk_check.core.comparison.updates import Difference
from cmk_check.core.enums import ExceptionMode, PostureVerdict
from cmk_check.core.requirements import REQUIREMENTS, Requirement
from cmk_check.core.status import Status
from cmk_check.scan.claim import Claim
from cmk_check.scan.scan_context import ScanContext
from cmk_check.store.findings import record_batches
from cmk_check.store.outbox import OutboxEntry
from cmk_check.store.scan_rows import Stored
from cmk_check.store.subscription_rows import StoredSubscription

_HIGH: Final = {PostureVerdict.COMPLIANT, PostureVerdict.COMPLIANT_WITH_EXCEPTIONS}


class Recorder:
    """Records differences for the worker that has a claim; ``status`` was read after the claim.

    No scan can end, and thereby raise the status, before this worker is done or has lost its claim.
    For this reason a status that is already low is not read again. Readers of the status may have
    other requirements in their settings, so the status is lowered and stored for each requirement
    separately.
    """

    def __init__(self, context: ScanContext, claim: Claim, status: Stored[Status]) -> None:
        self._context = context
        self._claim = claim
        self._status = status
        self._lowered: set[Requirement] = set()
        self._checking = asyncio.Lock()
        self._marks = 0
        self._checked = 0

    async def record(
        self, stored: StoredSubscription, difference: Difference
    ) -> tuple[OutboxEntry, ...]:
        """Record a difference and return the changes that are now in the outbox.

        Raises:
            ClaimLost: another worker has claimed the slice, or a newer scan has begun.
            WriteConflict: another worker wrote the subscription, which must be read again.
        """
        table = self._context.findings_table
        batches = tuple(record_batches(stored, difference, self._claim.id))
        stored = await table.mark(stored, difference, self._claim.id)
        await self._check()
        for requirement in REQUIREMENTS:
            if requirement not in self._lowered and requirement.is_worse(difference):
                await self._lower(requirement)
        return await table.record(stored, batches)

    async def _check(self) -> None:
        """Check the claim after a mark; one check is enough for all marks set before it."""
        self._marks += 1
        mark = self._marks
        async with self._checking:
            if self._checked < mark:
                served = self._marks
                await self._claim.check(self._context)
                self._checked = served

    async def _lower(self, requirement: Requirement) -> None:
        def lower_status(status: Status) -> Status | None:
            return requirement.lower(status) if self._is_high(status, requirement) else None

        await self._context.scans.change_status(lower_status, self._status)
        self._lowered.add(requirement)

    def _is_high(self, status: Status, requirement: Requirement) -> bool:
        """Return whether a fresh status is compliant if only ``requirement`` is required.

        "Compliant with exceptions" counts as compliant.
        """
        if status.as_of is None:
            return False
        # These are settings, which may be different for the reader of the status.
        expect = replace(
            self._context.options.expectations,
            requires=frozenset({requirement}),
            scope=None,
            exceptions=ExceptionMode.ACCEPT,
        )
        return posture.judge_estate(status, status.as_of, expect).verdict in _HIGH
