"""Finish: after the last slice, one transaction turns the slices' counts into the status.

The transaction succeeds only while the scan runs and has the lease. A scan that was overtaken can
therefore neither raise the posture nor overwrite a newer status.
"""

import logging
from collections.abc import Awaitable, Callable, Iterator
from dataclasses import replace
from datetime import datetime
from typing import Final

from cmk_check.core import posture
from cmk_check.core.comparison import changes
from cmk_check.core.counts import merge
from cmk_check.core.enums import ChangeType, PostureReason, ScanState
from cmk_check.core.model import Change
from cmk_check.core.status import LastScan, Status, Undelivered, Unpublished
from cmk_check.limits import (
    ATTEMPTS_PER_STEP,
    CHANGES_PRUNED_PER_SCAN,
    RETENTION_GRACE,
    SCANS_PRUNED_PER_SCAN,
)
from cmk_check.ports import StoreError, StoreUnavailable, WriteConflict
from cmk_check.scan.partial_scan import build_status
from cmk_check.scan.scan_context import ScanContext
from cmk_check.store.outbox import count_unpublished
from cmk_check.store.scan_rows import Lease, Scan

_log = logging.getLogger(__name__)

_OVERTAKEN: Final = (ScanState.ABANDONED, ScanState.SUPERSEDED)

# The scan after its end, the new status if it changes, and the changes to publish.
type End = tuple[Scan, Status | None, list[Change]]
# Builds the end from the scan, the current status and the time; None if the scan has not ended.
type MakeEnd = Callable[[Scan, Status, datetime], Awaitable[End | None]]


async def finish(context: ScanContext, scan_id: str) -> None:
    """Finish a scan if all its slices are done and no other scan has overtaken it."""

    async def end(scan: Scan, previous: Status, now: datetime) -> End | None:
        slices = await context.scans.slices(scan)
        summaries = [entry.summary for entry in slices if entry.summary is not None]
        if scan.plan_id is None or len(summaries) < scan.slices:
            return None
        summary = merge(summaries)
        failed = any(entry.failed for entry in slices)
        gaps = failed or summary.subscriptions.gap or scan.misses_some
        ended = replace(
            scan,
            state=ScanState.INCOMPLETE if gaps else ScanState.COMPLETE,
            finished_at=now,
            summary=replace(summary, accounts=replace(summary.accounts, owners=())),
        )
        if scan.is_partial:
            status = await build_status(context, scan, summary, previous, now)
        else:
            status = Status(
                scan.started_at,
                summary,
                scan.visible,
                _last(ended),
                scope=scan.scope,
                group_unread=scan.group_unread,
                unnamed_until=previous.all_recorded_until if summary.unnamed else None,
                unpublished_of_scans=previous.unpublished_of_scans,
                finished_scans=previous.finished_scans + 1,
                undelivered=previous.undelivered,
            )
        posture_now = posture.judge_estate(status, now, context.options.expectations)
        ended = replace(ended, posture=posture_now.verdict)
        return ended, status, [*_build_changes(context, ended, previous, now)]

    await _close(context, scan_id, end)


async def fail_scan(
    context: ScanContext,
    scan_id: str,
    reason: str,
    lowered: PostureReason | None = None,
    *,
    not_found: tuple[str, ...] = (),
) -> None:
    """Close a scan that could not be planned or sent to the queue, and leave findings unchanged.

    ``lowered`` is the reason why the posture can no longer be compliant, or None. ``not_found`` are
    the requested ids that do not exist. A failed partial scan means nothing for the estate, so it
    publishes no change and does not change the status.
    """

    async def end(scan: Scan, previous: Status, now: datetime) -> End:
        ended = replace(
            scan,
            state=ScanState.FAILED,
            finished_at=now,
            reason=reason,
            not_found=not_found or scan.not_found,
        )
        if ended.is_partial:
            return ended, None, []
        status = replace(previous, last_scan=_last(ended), lowered=lowered or previous.lowered)
        change = changes.of_scan(ChangeType.SCAN_FAILED, ended.id, now, context.new_id(), reason)
        return ended, status, [change]

    await _close(context, scan_id, end)


async def _close(context: ScanContext, scan_id: str, make_end: MakeEnd) -> None:
    """Write the end of a scan, retry after a conflict or a lost response, then clean up.

    One transaction writes the scan's row, the status and the free lease. The scan's log line is
    written after publication, so that its count includes changes that could not be published.
    """
    unsure = False
    closed: Scan | None = None
    for _ in range(ATTEMPTS_PER_STEP):
        stored = await context.scans.scan(scan_id)
        lease, board = await context.scans.lease(), await context.scans.status()
        status = board.value
        if stored is None or stored.value.state is not ScanState.RUNNING:
            if unsure and stored is not None and stored.value.state not in _OVERTAKEN:
                closed = stored.value
            break
        if lease.value.scan_id != scan_id:
            return
        try:
            end = await make_end(stored.value, status, context.clock.now())
            if end is None:
                return
            ended, new_status, end_changes = end
            await context.scans.commit(
                lease=(Lease("", ended.epoch, ended.finished_at or ended.started_at), lease.etag),
                status=None if new_status is None else (new_status, board.etag),
                scans=[(ended, stored.etag)],
                changes=[replace(change, sequence=ended.epoch) for change in end_changes],
            )
        except WriteConflict:
            continue
        except StoreUnavailable:
            unsure = True
            continue
        closed, status = ended, new_status or status
        break
    else:
        message = f"The end of scan {scan_id} was not recorded in {ATTEMPTS_PER_STEP} tries."
        raise StoreUnavailable(message)
    await _publish_and_tell(context, closed, status)
    await context.scans.drop_slices(scan_id)
    if stored is not None and stored.value.is_partial:
        return  # full scans run often enough to delete old rows
    try:
        await _prune(context, scan_id)
    except StoreError as error:
        _log.warning("Changes and scans past the retention stay until the next scan: %s", error)


async def publish_scan_changes(
    context: ScanContext, status: Status, undelivered: Undelivered | None
) -> Unpublished:
    """Publish the changes of scans, and return the changes of the estate left unpublished.

    ``status`` is the latest known status. The function corrects the status's unpublished and
    undelivered changes if necessary, and nothing that affects the verdict.
    """
    outbox = await context.scans.outbox()
    unpublished = await context.relay.publish(outbox.entries) if outbox.entries else []
    left = Unpublished.add((count_unpublished(unpublished), outbox.unreadable))
    if (left, undelivered) != (status.unpublished_of_scans, status.undelivered):
        await context.scans.change_status(
            lambda current: replace(current, unpublished_of_scans=left, undelivered=undelivered)
        )
    return Unpublished.add((status.summary.unpublished, left))


async def _prune(context: ScanContext, scan_id: str) -> None:
    """Delete up to 490 changes and 1,000 scans that are two days past the retention.

    Deleted rows cannot be restored, so a wrong clock must not delete them: rows must also be past
    the retention as of the previous scan's start. After a longer pause, rows are therefore deleted
    only by the second scan.
    """
    latest = await context.scans.history(2)
    started = next((scan.started_at for scan in latest if scan.id != scan_id), None)
    if started is not None:
        before = min(context.clock.now() - RETENTION_GRACE, started) - context.keep
        await context.scans.prune(before, SCANS_PRUNED_PER_SCAN)
        await context.feed.prune(before, CHANGES_PRUNED_PER_SCAN)


async def _publish_and_tell(context: ScanContext, closed: Scan | None, status: Status) -> None:
    unpublished, undelivered = status.unpublished, status.undelivered
    try:
        undelivered = await context.feed.read_undelivered()
    except StoreError as error:
        _log.warning("Whether receivers have accepted all alerts is not known: %s", error)
    try:
        unpublished = await publish_scan_changes(context, status, undelivered)
    finally:
        if closed is not None:
            await context.scan_sink.report_scan(closed, unpublished)


def _last(scan: Scan) -> LastScan:
    return LastScan(**{name: getattr(scan, name) for name in LastScan.__slots__})


def _build_changes(
    context: ScanContext, ended: Scan, previous: Status, now: datetime
) -> Iterator[Change]:
    """Yield a full scan's own changes: the report of the first scan, or a recovery."""
    if ended.is_partial:
        return
    if ended.baseline and ended.summary is not None:
        host = context.options.hostname
        yield changes.of_baseline(ended.id, now, context.new_id(), ended.summary, host)
    last = previous.last_scan
    if ended.supersedes or (last is not None and last.state is ScanState.FAILED):
        yield changes.of_scan(ChangeType.SCAN_RECOVERED, ended.id, now, context.new_id(), None)
