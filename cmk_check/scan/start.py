"""Start a scan, only one at a time: the lease decides which.

    A: read lease (free) . write lease, scan row .. send plan
    B:   read lease (free) ... write lease: conflict . read lease: A's scan . answer with its id

A new scan takes over an expired lease and abandons the scan that held it. A new scan also abandons
scans that run without a lease because the lease row was deleted or broken. A full scan also takes
the lease from a running partial scan, which ends as superseded; the partial scan's records remain.
A partial scan takes over only from partial scans, because only a full scan may report a full scan
as abandoned.

Starting raises StoreError if the lease could not be read or taken. A start raises QueueError if the
scan could not be sent to the queue (the scan is then closed as failed), or if a required message
for the second clock could not be left.
"""

import logging
from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from cmk_check.core.comparison import changes
from cmk_check.core.enums import ChangeType, ScanState, Trigger
from cmk_check.core.scan_request import StartAnswer, StartOutcome, parse_start
from cmk_check.core.status import Status
from cmk_check.limits import (
    ATTEMPTS_PER_STEP,
    CLOCK_TOLERANCE,
    OVERDUE_AGAIN,
    PARTIAL_SCAN_SPACING,
    SCAN_LEASE,
    SCAN_SPACING,
    SCANS_ABANDONED_AT_ONCE,
    TABLE_PAGE_ROWS,
)
from cmk_check.ports import (
    EarlierBuild,
    QueueError,
    SliceMessage,
    StoreError,
    StoreUnavailable,
    WriteConflict,
)
from cmk_check.queues.slices import format_message
from cmk_check.scan.finish import fail_scan, publish_scan_changes
from cmk_check.scan.partial_scan import needs_full_scan
from cmk_check.scan.scan_context import ScanContext
from cmk_check.scan.second_clock import get_longest_pause, leave_message, newer_scans
from cmk_check.store.codec import SCHEMA, RowUnusable
from cmk_check.store.scan_rows import Lease, Scan, Stored
from cmk_check.store.scans import build_scan_id

_log = logging.getLogger(__name__)

_NOT_TAKEN = "The lease could not be taken: the store failed, or every try met a conflict."
_ABANDONED = "The scan's lease expired before all slices were done."
_SUPERSEDED = "Another scan began before all slices were done."


async def start(context: ScanContext, trigger: Trigger) -> StartAnswer:
    """Start a scan, or return the one that is running."""
    return await _start(context, trigger, timedelta(), ())


async def request(
    context: ScanContext, subscription_ids: Collection[str] = (), trigger: Trigger = Trigger.REQUEST
) -> StartAnswer:
    """Start a scan on request, unless the last scan has only just started.

    ``subscription_ids`` are the lower-cased ids of the subscriptions to read; if empty, all are
    read.
    """
    spacing = PARTIAL_SCAN_SPACING if subscription_ids else SCAN_SPACING
    return await _start(context, trigger, spacing, tuple(sorted(set(subscription_ids))))


@dataclass(frozen=True, slots=True)
class _Since:
    """A scan, and the ids of later scans already ``seen``; an unseen scan may have a lower id."""

    scan_id: str
    seen: Collection[str]


async def start_after(
    context: ScanContext, scan_id: str, seen: Collection[str] = ()
) -> StartAnswer:
    """Start a full scan in place of the timer, unless one runs or started after ``scan_id``.

    Scans in ``seen`` are ignored.
    """
    return await _start(context, Trigger.TIMER, timedelta(), (), after=_Since(scan_id, seen))


async def start_if_overdue(context: ScanContext, scan_id: str) -> None:
    """Start the overdue scan, unless a scan newer than ``scan_id`` has left a message.

    Send the message again if a scan is running, or if the last scan is not old enough, because it
    left no message or because the maximum age was raised.
    """
    newer = await newer_scans(context, scan_id)
    if any(scan.leaves_message for scan in newer):
        return
    now = context.clock.now()
    began = newer[0].started_at if newer else parse_start(scan_id) or now
    wait = began + get_longest_pause(context.options.expectations.max_age) - now
    if wait <= timedelta():
        start = await start_after(context, scan_id, {scan.id for scan in newer})
        if start.new:
            return
        wait = OVERDUE_AGAIN
    await leave_message(context, scan_id, wait)


async def _start(
    context: ScanContext,
    trigger: Trigger,
    spacing: timedelta,
    subscription_ids: tuple[str, ...],
    *,
    after: _Since | None = None,
) -> StartAnswer:
    now = context.clock.now()
    mine = build_scan_id(now, context.new_id()[:4])
    unsure, is_overdue = False, after is not None
    left: bool | None = None
    try:
        for tries_left in reversed(range(ATTEMPTS_PER_STEP + 1)):
            current = await context.scans.lease(), await context.scans.status()
            unsure = False
            lease, status = current[0].value, current[1].value
            if lease.scan_id == mine:
                break  # this scan has the lease, and only the response to the write was lost
            epoch, running = await _earlier(context, lease)
            status_if_partial = status if subscription_ids else None
            refused = _find_refusal(context, running, lease, status_if_partial, now)
            # Read after the lease, because a scan that starts and ends in between causes a
            # conflict.
            refused = refused or await _too_soon(context, now, spacing, after)
            if refused is not None:
                return refused
            if not tries_left:
                raise StoreUnavailable(_NOT_TAKEN)
            if left is None:
                left = not subscription_ids and await leave_message(context, mine, must=is_overdue)
            scan = Scan(
                mine,
                epoch + 1,
                trigger,
                now,
                named=subscription_ids,
                leaves_message=left,
                overdue=is_overdue,
                was_lowered=status.lowered is not None,
                lowered_for=status.lowered_for,
            )
            try:
                await _take(context, current, scan, running)
            except WriteConflict:
                continue
            except StoreUnavailable:
                unsure = True
                continue
            break
    except StoreError as error:
        failed = Scan(mine, 0, trigger, now, named=subscription_ids, overdue=is_overdue)
        await _report_failure(context, failed, error, unsure=unsure)
        raise
    await context.scan_sink.report_scan(scan)
    await _send(context, mine)
    await _publish_leftovers(context, status)
    return StartAnswer(StartOutcome.STARTED, mine)


def _find_refusal(
    context: ScanContext,
    running: Sequence[Stored[Scan]],
    lease: Lease,
    status: Status | None,
    now: datetime,
) -> StartAnswer | None:
    """Return why no scan can start, or None; ``status`` is set for a partial scan.

    If the row of the scan with the lease cannot be read, only the lease decides.
    """
    full = next((scan.value.id for scan in running if not scan.value.is_partial), None)
    if lease.is_held(now, SCAN_LEASE + CLOCK_TOLERANCE):
        is_partial = not full and any(scan.value.id == lease.scan_id for scan in running)
        if status is not None or not is_partial:
            return StartAnswer(StartOutcome.RUNNING, lease.scan_id)
    if status is None:
        return None
    if full:
        return StartAnswer(StartOutcome.RUNNING, full)
    needed = needs_full_scan(status, context.options.recorded_scope)
    return StartAnswer(needed) if needed else None


async def _too_soon(
    context: ScanContext, now: datetime, spacing: timedelta, after: _Since | None
) -> StartAnswer | None:
    """Find a scan that started within ``spacing`` of now, in the past or the future.

    With ``after``, find an unseen full scan that began after that scan. By another clock, a start
    may be in the future.
    """
    if after:
        started = await newer_scans(context, after.scan_id)
        newer = [scan for scan in started if scan.id not in after.seen]
        return StartAnswer(StartOutcome.RUNNING, newer[0].id) if newer else None
    if not spacing:
        return None
    for scan in await context.scans.read_started_between(now - spacing, now + spacing):
        wait = min(scan.started_at + spacing - now, spacing)
        if wait > timedelta():
            return StartAnswer(StartOutcome.TOO_SOON, scan.id, wait)
    return None


async def _earlier(context: ScanContext, lease: Lease) -> tuple[int, Sequence[Stored[Scan]]]:
    """Return the last epoch, and the scan that had the lease, if it still runs.

    If the lease row was deleted or broken, return the running scans in the history instead, newest
    first: scans without a lease can never end. In this case, rows of an earlier build may also
    exist; a lease of this build is only taken in tables without such rows.
    """
    if lease.epoch:
        return lease.epoch, await _list_running(context, [lease.scan_id])
    await context.scans.refuse_earlier_builds()
    scans = await context.scans.history(TABLE_PAGE_ROWS)
    running = [scan.id for scan in scans if scan.state is ScanState.RUNNING]
    epoch = max((scan.epoch for scan in scans), default=0)
    return epoch, await _list_running(context, running[:SCANS_ABANDONED_AT_ONCE])


async def _list_running(context: ScanContext, scan_ids: Sequence[str]) -> list[Stored[Scan]]:
    scans: list[Stored[Scan]] = []
    for scan_id in filter(None, scan_ids):
        try:
            scan = await context.scans.scan(scan_id)
        except RowUnusable as error:
            _log.warning("The previous scan cannot be closed: %s", error)
            continue
        if scan is not None and scan.value.state is ScanState.RUNNING:
            scans.append(scan)
    return scans


async def _take(
    context: ScanContext,
    current: tuple[Stored[Lease], Stored[Status]],
    scan: Scan,
    running: Sequence[Stored[Scan]],
) -> None:
    """Take the lease, and close the scans that lost it in the same transaction."""
    rows: list[tuple[Scan, str | None]] = []
    for old in running:
        state, reason = ScanState.ABANDONED, _ABANDONED
        if old.value.is_partial:
            state, reason = ScanState.SUPERSEDED, _SUPERSEDED
        ended = replace(old.value, state=state, finished_at=scan.started_at, reason=reason)
        rows.append((ended, old.etag))
    kind, now = ChangeType.SCAN_ABANDONED, scan.started_at
    full = [ended for ended, _ in rows if not ended.is_partial]
    end_changes = []
    for ended in full:
        change = changes.of_scan(kind, ended.id, now, context.new_id(), _ABANDONED)
        end_changes.append(replace(change, sequence=ended.epoch))
    if full:
        scan = replace(scan, supersedes=full[0].id)
    rows.append((scan, None))
    taken = Lease(scan.id, scan.epoch, scan.started_at + SCAN_LEASE)
    lease, status = current
    # An earlier version must not show a status with findings that it cannot read.
    older = (status.value, status.etag) if status.schema < SCHEMA else None
    await context.scans.commit(
        lease=(taken, lease.etag), status=older, scans=rows, changes=end_changes
    )


async def _report_failure(
    context: ScanContext, scan: Scan, error: StoreError, *, unsure: bool
) -> None:
    """Report a scan that cannot start because of an earlier build's rows; queue an unsure one.

    An ``unsure`` scan may have the lease and would then block others until the lease expires. If
    the lease was not taken, the scan does not exist, and its message is dropped.
    """
    if isinstance(error, EarlierBuild):
        scan = replace(scan, state=ScanState.FAILED, finished_at=scan.started_at, reason=str(error))
        await context.scan_sink.report_scan(scan)
    if unsure:
        try:
            await context.slice_queue.send([format_message(SliceMessage(scan.id, None))])
        except QueueError as fault:
            _log.warning("Scan %s, which may have been started, was not sent: %s", scan.id, fault)


async def _send(context: ScanContext, scan_id: str) -> None:
    try:
        await context.slice_queue.send([format_message(SliceMessage(scan_id, None))])
    except QueueError as error:
        await fail_scan(context, scan_id, f"The scan could not be sent to the queue: {error}")
        raise


async def _publish_leftovers(context: ScanContext, status: Status) -> None:
    """Publish the changes of earlier scans.

    A failure must not affect the new scan, because its end and the next scan try again.
    """
    try:
        await publish_scan_changes(context, status, status.undelivered)
    except StoreError as error:
        _log.warning("Changes of earlier scans stay until the next scan: %s", error)
