"""Recording one subscription: mark, check the claim, lower the status, write.

The order keeps the status true. Whoever passes the check had its mark in the table before the next
scan took the lease. So that scan meets the row, with the mark or with what was written, before it
can finish:

    A: mark TWO ... check: still ours ...(sleeps)................. write TWO: row changed, stop
    B (newer scan):                    lease, read range: clear TWO's mark ... finish

A subscription never seen before is marked like any other: its row is inserted as ``pending``.
"""

import asyncio

from cmk_check.core.comparison.updates import Difference
from cmk_check.core.status import Status
from cmk_check.scan.claim import Claim
from cmk_check.scan.scan_context import ScanContext
from cmk_check.scan.status_downgrade import StatusDowngrade
from cmk_check.store.findings import record_batches
from cmk_check.store.outbox import OutboxEntry
from cmk_check.store.scan_rows import Stored
from cmk_check.store.subscription_rows import StoredSubscription


class Recorder:
    """Records differences for the worker that holds a claim; ``status`` was read after it."""

    def __init__(self, context: ScanContext, claim: Claim, status: Stored[Status]) -> None:
        self._context = context
        self._claim = claim
        self._downgrade = StatusDowngrade(context, status)
        self._checking = asyncio.Lock()
        self._marks = 0
        self._checked = 0

    async def record(
        self, stored: StoredSubscription, difference: Difference
    ) -> tuple[OutboxEntry, ...]:
        """Record a difference; return the changes that now wait in the outbox.

        Raises:
            ClaimLost: another worker has the slice, or a newer scan has begun.
            WriteConflict: somebody else wrote the subscription; read it again.
            StoreError

        """
        table = self._context.findings_table
        batches = tuple(record_batches(stored, difference, self._claim.id))
        stored = await table.mark(stored, difference, self._claim.id)
        await self._check()
        await self._downgrade.lower(difference)
        return await table.record(stored, batches)

    async def _check(self) -> None:
        """Check the claim after a mark; one check serves all marks that were set before it began.

        It is as good as a check for each of them at the same moment.
        """
        self._marks += 1
        mark = self._marks
        async with self._checking:
            if self._checked < mark:
                served = self._marks
                await self._claim.check(self._context)
                self._checked = served
