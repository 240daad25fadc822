"""Partial scans: only some subscriptions are read, and the status is derived from all rows.

The status keeps the facts that only a full scan can determine: when the estate was read, how many
subscriptions are visible, and any reason against "compliant" from before the partial scan began.
Gaps without a row are also counted: the table refused the row, or an existing row must not be
changed.
"""

from collections.abc import AsyncIterator, Iterable, Sequence
from dataclasses import replace
from datetime import datetime

from cmk_check.core import posture
from cmk_check.core.account import Subscription
from cmk_check.core.comparison.updates import Known
from cmk_check.core.counts import summarise
from cmk_check.core.enums import CoverageState, GapReason, PostureReason
from cmk_check.core.gap import Gap
from cmk_check.core.model import Coverage
from cmk_check.core.recorded_scope import RecordedScope
from cmk_check.core.requirements import REQUIREMENTS
from cmk_check.core.scan_request import StartOutcome
from cmk_check.core.status import Status, Summary, UnwrittenGap
from cmk_check.limits import MAX_GAP_DETAIL_CHARS
from cmk_check.scan.scan_context import ScanContext
from cmk_check.store import table_keys
from cmk_check.store.codec import RowUnusable
from cmk_check.store.scan_rows import Scan


def needs_full_scan(status: Status | None, scope: RecordedScope) -> StartOutcome | None:
    """Return why a full scan must finish first, or None if a partial scan may run.

    Without this rule, rows judged under another scope would be counted together with rows of the
    current scope.
    """
    if status is None or status.as_of is None:
        return StartOutcome.NO_SCAN_YET
    if status.scope is None or status.scope.differences(scope):
        return StartOutcome.SCOPE_CHANGED
    return None


def build_failure_gap(detail: str) -> Gap:
    """Return the gap of a subscription that could not be processed."""
    return Gap(GapReason.SLICE_FAILED, detail=detail[:MAX_GAP_DETAIL_CHARS])


def unwritten(subscription: Subscription, rows: Known, gap: Gap, now: datetime) -> Coverage:
    """Return a subscription as a gap, with its accounts as recorded."""
    return Coverage(
        subscription=subscription,
        state=CoverageState.GAP,
        since=now,
        gap=gap,
        accounts=rows.count(rows.findings, {}, len(rows.findings) + len(rows.untrusted)),
    )


async def build_status(
    context: ScanContext, scan: Scan, own: Summary, previous: Status, now: datetime
) -> Status:
    """Return the status after a partial scan.

    ``own`` is the summary of this partial scan. ``previous`` is the status as read before this
    call: if another worker lowers the status later, the write of the new status fails. If a worker
    lowered the status earlier, a row contains that worker's mark or its result.
    """
    recorded = [row async for row in _read_coverages(context, now)]
    before = previous.summary
    unwritten = _list_unwritten(scan, own, before, recorded)
    summary = summarise(
        _add_gaps(recorded, unwritten, replace(before, gaps=(*own.gaps, *before.gaps)), now),
        before.changes,
        before.broken_keys,
        unwritten=unwritten,
        new=before.new,
    )
    unpublished, gaps = own.unpublished, len(unwritten) + before.unnamed + own.unnamed
    # Changes of any subscription; normally no changes are unpublished, and nothing is read.
    if own.unpublished.changes or before.unpublished.changes:
        unpublished = await context.findings_table.count_unpublished()
    summary = replace(summary, unwritten=gaps, unpublished=unpublished)
    is_marked = any(row.recording is not None for row in recorded)
    lowered = previous.lowered if scan.was_lowered else None
    if lowered is None:
        # Gaps without a row or a name, and rows deleted by hand, must not be forgotten.
        least = before.subscriptions.total + own.new
        if summary.unnamed or summary.subscriptions.total < least:
            lowered = PostureReason.SUBSCRIPTIONS_UNREAD
        elif is_marked:
            lowered = PostureReason.RUNNING_SCAN_FOUND_WORSE
    return replace(
        previous,
        summary=summary,
        lowered=lowered,
        lowered_for=tuple(each.name for each in REQUIREMENTS) if is_marked else scan.lowered_for,
        unnamed_until=previous.all_recorded_until if summary.unnamed else None,
    )


def _list_unwritten(
    scan: Scan, own: Summary, before: Summary, recorded: Iterable[Coverage]
) -> list[UnwrittenGap]:
    """Return gaps without a row: earlier gaps that this scan did not end, and new gaps."""
    ended = replace(scan, summary=own)
    written = {
        row.subscription.id
        for row in recorded
        if row.state is not CoverageState.PENDING and ended.has_recorded(row.subscription.id)
    }
    gaps = {gap.subscription_id: gap for gap in (*before.unwritten_gaps, *own.unwritten_gaps)}
    return [gap for name, gap in gaps.items() if name not in written]


def _add_gaps(
    recorded: Iterable[Coverage], unwritten: Sequence[UnwrittenGap], summary: Summary, now: datetime
) -> list[Coverage]:
    """Return the rows, and a coverage for each gap without a row."""
    summary = replace(summary, unwritten=len(unwritten), unwritten_gaps=tuple(unwritten))
    status = Status(now, summary)
    rows = {row.subscription.id: posture.as_left(row, status) for row in recorded}
    missing = (gap for gap in unwritten if gap.subscription_id not in rows)
    return [*rows.values(), *(posture.without_row(gap, status, now) for gap in missing)]


async def _read_coverages(context: ScanContext, now: datetime) -> AsyncIterator[Coverage]:
    """Read all coverage rows; an unusable row becomes a gap that keeps its findings."""
    table = context.findings_table
    async for (partition, _), row in table.coverages(None, None):
        if isinstance(row, RowUnusable):
            stored = await table.read_one(partition)
            subscription = Subscription(table_keys.unescape(partition))
            gap = build_failure_gap(stored.unusable or str(row))
            yield unwritten(subscription, stored.known, gap, now)
        else:
            yield row
