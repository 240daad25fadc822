"""Claims: only one worker at a time may process a slice, for a limited time.

A worker checks its claim after it marks a subscription and before it writes the subscription. A
worker that takes over a slice clears the marks in the slice, so that the previous worker's write
fails:

    A: claim, read Azure, mark ........(sleeps)........................ write: row changed, stop
    B:                        claim expired, claim, clear mark, read Azure, write
"""

from dataclasses import dataclass, replace
from datetime import datetime
from typing import Self

from cmk_check.core.enums import ScanState
from cmk_check.core.status import Summary
from cmk_check.errors import CmkCheckError
from cmk_check.limits import (
    CLAIM_RENEWED_AFTER,
    CLOCK_TOLERANCE,
    SCAN_DEADLINE,
    SCAN_LEASE,
    SLICE_CLAIM,
)
from cmk_check.ports import StoreError, WriteConflict
from cmk_check.scan.scan_context import ScanContext
from cmk_check.store.scan_rows import Scan, Slice, Stored


class SliceHeld(CmkCheckError):
    """Another worker has a claim on the slice."""


class ClaimLost(CmkCheckError):
    """This worker lost its claim or lease to another worker."""


@dataclass(frozen=True, slots=True)
class Claim:
    """This worker's claim on a slice, with a new ``id`` for each delivery of the message.

    Every method raises ClaimLost if another worker has taken over the slice.
    """

    id: str
    scan: Scan
    slice: Stored[Slice]

    async def check(self, context: ScanContext) -> None:
        """Check that this worker has the claim and that its scan has the lease."""
        await self._current(context)
        if await context.scans.holder() != self.scan.id:
            raise ClaimLost("A newer scan has begun.")

    async def finish(self, context: ScanContext, summary: Summary, *, failed: bool) -> None:
        """Mark the slice done."""
        entry = replace(self.slice.value, claim=None, summary=summary, failed=failed)
        await self._write(context, entry)

    async def renew(self, context: ScanContext) -> Self:
        """Return this claim, renewed for its full duration if at least a minute has passed."""
        until = context.clock.now() + SLICE_CLAIM
        held_until = self.slice.value.claimed_until
        if held_until is not None and until - held_until < CLAIM_RENEWED_AFTER:
            return self
        entry = replace(self.slice.value, claimed_until=until)
        return replace(self, slice=await self._write(context, entry))

    async def release(self, context: ScanContext, changes: int) -> None:
        """Release the slice, so that the next delivery does not wait for the claim to expire.

        ``changes`` is the number of changes recorded and published under this claim.
        """
        changes += self.slice.value.changes
        entry = replace(self.slice.value, claim=None, claimed_until=None, changes=changes)
        try:
            await self._write(context, entry)
        except (StoreError, ClaimLost):
            return  # the claim expires automatically

    async def _write(self, context: ScanContext, entry: Slice) -> Stored[Slice]:
        """Write the slice, even if an earlier write under this claim got no response."""
        try:
            return await context.scans.replace_slice(self.scan.id, entry, self.slice.etag)
        except WriteConflict:
            current = await self._current(context)
        return await context.scans.replace_slice(self.scan.id, entry, current.etag)

    async def _current(self, context: ScanContext) -> Stored[Slice]:
        entry = await context.scans.slice(self.scan, self.slice.value.number)
        if entry is None or entry.value.claim != self.id:
            raise ClaimLost("Another worker has taken this slice over.")
        return entry


async def take(context: ScanContext, scan_id: str, number: int) -> Claim | Scan | None:
    """Claim a slice of a running scan.

    Return the scan instead if the slice is done or is not part of the scan's plan, or None if the
    scan has ended.

    Raises:
        SliceHeld: another worker has claimed the slice; deliver the message again later.
    """
    stored = await context.scans.scan(scan_id)
    if stored is None or stored.value.state is not ScanState.RUNNING:
        return None
    scan = stored.value
    entry = await context.scans.slice(scan, number)
    if entry is None or entry.value.is_done:
        return scan
    now = context.clock.now()
    if entry.value.is_held(now, SLICE_CLAIM + CLOCK_TOLERANCE):
        raise SliceHeld(f"Another worker is working on slice {number} of scan {scan_id}.")
    claim_id = f"{scan_id}/{number}/{context.new_id()}"
    claimed = replace(entry.value, claim=claim_id, claimed_until=now + SLICE_CLAIM)
    try:
        held = await context.scans.replace_slice(scan_id, claimed, entry.etag)
    except WriteConflict as error:
        raise SliceHeld(f"Slice {number} of scan {scan_id} has just been claimed.") from error
    return Claim(claim_id, scan, held)


async def renew_lease(context: ScanContext, scan: Scan, now: datetime) -> None:
    """Extend the lease if less than half of it is left, but never past the scan's deadline."""
    stored = await context.scans.lease()
    lease = stored.value
    if lease.scan_id != scan.id:
        return
    expires = min(now + SCAN_LEASE, scan.started_at + SCAN_DEADLINE)
    if lease.expires - now >= SCAN_LEASE / 2 or expires <= lease.expires:
        return
    try:
        await context.scans.commit(lease=(replace(lease, expires=expires), stored.etag))
    except WriteConflict:
        return  # another worker renewed the lease, or the scan lost it; the next check decides
