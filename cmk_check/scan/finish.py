"""Finish: when the last slice is done, one transaction turns their sums into the status.

It is void unless the scan still holds the lease and runs, so a scan that was overtaken can neither
raise a posture nor overwrite a newer one.
"""

import logging
from collections.abc import Awaitable, Callable
from dataclasses import replace
from datetime import datetime

from cmk_check.core import posture
from cmk_check.core.comparison import changes
from cmk_check.core.counts import merge
from cmk_check.core.enums import ChangeType, PostureReason, ScanState
from cmk_check.core.model import Change, LastScan, Status
from cmk_check.errors import StoreError, StoreUnavailable, WriteConflict
from cmk_check.limits import ATTEMPTS_PER_STEP
from cmk_check.scan.context import ScanContext
from cmk_check.store.scan_rows import Lease, Scan, Stored
from cmk_check.store.scans import LeaseAndStatus

_log = logging.getLogger(__name__)

type Write = Callable[[Stored[Scan], LeaseAndStatus, datetime], Awaitable[Scan | None]]


async def finish(context: ScanContext, scan_id: str) -> None:
    """Finish a scan if all its slices are done; otherwise, or if it was overtaken, do nothing.

    Raises:
        StoreError: deliver the message again.

    """

    async def write(stored: Stored[Scan], current: LeaseAndStatus, now: datetime) -> Scan | None:
        scan = stored.value
        slices = await context.scans.slices(scan)
        summaries = [entry.summary for entry in slices if entry.summary is not None]
        if scan.plan_id is None or len(summaries) < scan.slices:
            return None
        summary = merge(summaries)
        failed = any(entry.failed for entry in slices)
        gaps = failed or summary.subscriptions.gap
        ended = replace(
            scan,
            state=ScanState.INCOMPLETE if gaps else ScanState.COMPLETE,
            finished_at=now,
            summary=summary,
        )
        status = Status(scan.started_at, summary, scan.visible, _last(ended))
        answer = posture.of_estate(status, now, context.options.expectations)
        ended = replace(
            ended,
            posture=answer.verdict,
            posture_reasons=tuple(code for code, _ in answer.reasons),
        )
        had = current.status.value if current.status else None
        told = [replace(change, sequence=scan.epoch) for change in _told(context, ended, had, now)]
        await _end(context, current, (ended, stored.etag), status, told)
        return ended

    await _close(context, scan_id, write)


async def fail_scan(
    context: ScanContext, scan_id: str, reason: str, lowered: PostureReason | None = None
) -> None:
    """Close a scan that could not be planned or handed out; findings stay as they are.

    ``lowered`` is what this says of the estate, if anything: the posture is not compliant then.

    Raises:
        StoreError: deliver the message again.

    """

    async def write(stored: Stored[Scan], current: LeaseAndStatus, now: datetime) -> Scan:
        ended = replace(stored.value, state=ScanState.FAILED, finished_at=now, reason=reason)
        had = current.status.value if current.status else Status()
        status = replace(had, last_scan=_last(ended), lowered=lowered or had.lowered)
        change = changes.of_scan(ChangeType.SCAN_FAILED, ended.id, now, context.new_id(), reason)
        told = [replace(change, sequence=ended.epoch)]
        await _end(context, current, (ended, stored.etag), status, told)
        return ended

    await _close(context, scan_id, write)


async def _close(context: ScanContext, scan_id: str, write: Write) -> None:
    """Write the end of a scan, starting over when somebody else wrote; then tidy up after it."""
    for _ in range(ATTEMPTS_PER_STEP):
        stored = await context.scans.scan(scan_id)
        current = await context.scans.lease_and_status()
        if stored is None or stored.value.state is not ScanState.RUNNING:
            break
        if current.lease is None or current.lease.value.scan_id != scan_id:
            return
        try:
            ended = await write(stored, current, context.clock.now())
        except WriteConflict:
            continue
        if ended is None:
            return
        await context.scan_end_sink.scan_ended(_last(ended), ended.posture, ended.summary)
        break
    else:
        message = f"The end of scan {scan_id} could not be recorded: others wrote at every try."
        raise StoreUnavailable(message)
    await context.publish_scan_changes()
    await context.scans.drop_slices(scan_id)
    await context.drop_abandoned(stored.value if stored else None)
    try:
        await context.retention.prune(context.clock.now())
    except StoreError as error:
        _log.warning("What is older than the retention stays until the next scan: %s", error)


async def _end(
    context: ScanContext,
    current: LeaseAndStatus,
    scan: tuple[Scan, str],
    status: Status,
    told: list[Change],
) -> None:
    """Write status and scan row and free the lease, all or nothing."""
    ended, etag = scan
    free = Lease("", ended.epoch, ended.finished_at or ended.started_at)
    await context.scans.commit(
        lease=free, status=status, scans=[(ended, etag)], changes=told, current=current
    )


def _last(scan: Scan) -> LastScan:
    return LastScan(
        scan.id, scan.state, scan.trigger, scan.started_at, scan.finished_at, scan.reason
    )


def _told(context: ScanContext, ended: Scan, had: Status | None, now: datetime) -> list[Change]:
    """Say what there is to tell of a scan that finished: the first ever, or the first again."""
    told = []
    if ended.baseline and ended.summary is not None:
        told.append(
            changes.of_baseline(
                ended.id, now, context.new_id(), ended.summary, context.options.hostname
            )
        )
    last = had.last_scan if had else None
    if ended.supersedes or (last is not None and last.state is ScanState.FAILED):
        told.append(
            changes.of_scan(ChangeType.SCAN_RECOVERED, ended.id, now, context.new_id(), None)
        )
    return told
