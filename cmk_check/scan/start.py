"""Start: one scan at a time; the lease decides.

    A: read lease (free) . write lease, scan row .. send plan
    B:   read lease (free) ... write lease: conflict . read lease: A's scan . answer with its id

A lease that has expired is taken over, and its scan abandoned.
"""

import logging
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from cmk_check.core.comparison import changes
from cmk_check.core.enums import ChangeType, ScanState, Trigger
from cmk_check.core.scan_request import StartAnswer, StartOutcome
from cmk_check.errors import QueueError, RowUnusable, StoreError, StoreUnavailable, WriteConflict
from cmk_check.limits import ATTEMPTS_PER_STEP, CLOCK_TOLERANCE, SCAN_LEASE, SCAN_SPACING
from cmk_check.ports import SliceMessage
from cmk_check.scan.context import ScanContext
from cmk_check.scan.finish import fail_scan
from cmk_check.store.scan_rows import Lease, Scan, Stored
from cmk_check.store.scans import LeaseAndStatus, scan_id_of

if TYPE_CHECKING:
    from cmk_check.core.model import Change

_log = logging.getLogger(__name__)

_ABANDONED = "The scan's lease expired before all slices were done."


@dataclass(frozen=True, slots=True)
class Started:
    """The running scan; ``new`` if this call started it."""

    scan_id: str
    new: bool


async def start(context: ScanContext, trigger: Trigger) -> Started:
    """Start a scan, or find the one that is running.

    Raises:
        StoreError: the lease could not be read or taken.
        QueueError: the scan could not be sent to the queue; it is closed as failed.

    """
    answer = await _start(context, trigger, timedelta())
    return Started(answer.scan_id, new=answer.outcome is StartOutcome.STARTED)


async def request(context: ScanContext) -> StartAnswer:
    """Start a scan on request, unless the last one started less than a minute ago.

    Raises:
        StoreError: the lease could not be read or taken.
        QueueError: the scan could not be sent to the queue; it is closed as failed.

    """
    return await _start(context, Trigger.REQUEST, SCAN_SPACING)


async def _start(context: ScanContext, trigger: Trigger, spacing: timedelta) -> StartAnswer:
    now = context.clock.now()
    mine = scan_id_of(now, context.new_id()[:4])
    for _ in range(ATTEMPTS_PER_STEP):
        current = await context.scans.lease_and_status()
        lease = current.lease.value if current.lease else None
        if lease is not None and lease.scan_id == mine:
            break  # we have it: only the answer to our write was lost
        if lease is not None and lease.is_held(now, SCAN_LEASE + CLOCK_TOLERANCE):
            return StartAnswer(StartOutcome.RUNNING, lease.scan_id)
        # After reading the lease, so that a scan that starts and ends meanwhile causes a conflict.
        if spacing and (early := await _too_soon(context, now, spacing)) is not None:
            return early
        scan = Scan(mine, lease.epoch + 1 if lease else 1, trigger, now)
        try:
            await _take(context, current, scan)
        except (WriteConflict, StoreUnavailable):
            continue
        break
    else:
        message = "The lease could not be taken: the store failed, or each try met another write."
        raise StoreUnavailable(message)
    await _send(context, mine)
    await _tidy_up(context, mine)
    return StartAnswer(StartOutcome.STARTED, mine)


async def _too_soon(context: ScanContext, now: datetime, spacing: timedelta) -> StartAnswer | None:
    """Find a scan that began less than ``spacing`` ago, or as far ahead by another clock."""
    for _, scan in await context.scans.started_between(now - spacing, now + spacing):
        wait = min(scan.started_at + spacing - now, spacing)
        if wait > timedelta():
            return StartAnswer(StartOutcome.TOO_SOON, scan.id, wait)
    return None


async def _take(context: ScanContext, current: LeaseAndStatus, scan: Scan) -> None:
    """Take the lease; a scan whose lease expired is abandoned in the same transaction."""
    old = await _superseded(context, current)
    rows: list[tuple[Scan, str | None]] = []
    told: list[Change] = []
    if old is not None:
        scan = replace(scan, supersedes=old.value.id)
        ended = replace(
            old.value, state=ScanState.ABANDONED, finished_at=scan.started_at, reason=_ABANDONED
        )
        rows.append((ended, old.etag))
        change = changes.of_scan(
            ChangeType.SCAN_ABANDONED, ended.id, scan.started_at, context.new_id(), _ABANDONED
        )
        told.append(replace(change, sequence=ended.epoch))
    rows.append((scan, None))
    lease = Lease(scan.id, scan.epoch, scan.started_at + SCAN_LEASE)
    await context.scans.commit(lease=lease, scans=rows, changes=told, current=current)


async def _superseded(context: ScanContext, current: LeaseAndStatus) -> Stored[Scan] | None:
    if current.lease is None or not current.lease.value.scan_id:
        return None
    try:
        old = await context.scans.scan(current.lease.value.scan_id)
    except RowUnusable as error:
        _log.warning("The previous scan cannot be closed: %s", error)
        return None
    return old if old is not None and old.value.state is ScanState.RUNNING else None


async def _send(context: ScanContext, scan_id: str) -> None:
    try:
        await context.queues.send([SliceMessage(scan_id, None)])
    except QueueError as error:
        await fail_scan(context, scan_id, f"The scan could not be sent to the queue: {error}")
        raise


async def _tidy_up(context: ScanContext, scan_id: str) -> None:
    """Publish the changes of earlier scans, and drop the slices of abandoned ones.

    A failure here must not affect the new scan: its end and the next scan try again.
    """
    try:
        await context.publish_scan_changes()
        scan = await context.scans.scan(scan_id)
        await context.drop_abandoned(scan.value if scan else None)
    except StoreError as error:
        _log.warning("Leftovers of earlier scans stay until the next scan: %s", error)
