"""Partial scans: only some subscriptions are read, and the status is derived from all rows.

The status keeps what only a full scan can know: when the estate was read, how many subscriptions
are visible, and whatever spoke against "compliant" when the partial scan began.
"""

from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import datetime

from cmk_check.core.counts import summarise, unwritten_gaps
from cmk_check.core.enums import PostureReason
from cmk_check.core.model import Coverage, Subscription
from cmk_check.core.recorded_scope import RecordedScope
from cmk_check.core.scan_request import StartOutcome
from cmk_check.core.status import Status, Summary
from cmk_check.errors import RowUnusable
from cmk_check.scan.scan_context import ScanContext
from cmk_check.scan.unwritten_gaps import slice_failed, unwritten
from cmk_check.store import table_keys
from cmk_check.store.scan_rows import Scan


def needs_full_scan(status: Status | None, scope: RecordedScope) -> StartOutcome | None:
    """Say why a full scan must finish first, if so.

    Rows that were judged under another scope would count together with those of this one.
    """
    if status is None or status.as_of is None:
        return StartOutcome.NO_SCAN_YET
    if status.scope is None or status.scope.differences(scope):
        return StartOutcome.SCOPE_CHANGED
    return None


async def status_after(
    context: ScanContext, scan: Scan, own: Summary, previous: Status, now: datetime
) -> Status:
    """Return the status that a partial scan leaves behind.

    ``own`` is the summary of what it read, ``previous`` the status, read before this call: whoever
    lowers it later makes the write of the new one fail. Who lowered it before may still record: its
    mark stands in a row, or what it recorded does.

    Raises:
        StoreError

    """
    recorded = [row async for row in _recorded(context, now)]
    not_in_rows = unwritten_gaps(previous.summary) + unwritten_gaps(own)
    before = previous.summary
    summary = summarise(
        recorded, before.changes, before.broken_keys, unwritten=not_in_rows, new=before.new
    )
    is_marked = any(row.recording is not None for row in recorded)
    lowered = previous.lowered if scan.was_lowered else None
    if lowered is None:
        # A gap that stands in no row, or a row that somebody deleted, must not be forgotten.
        least = before.subscriptions.total + own.new
        if not_in_rows or summary.subscriptions.total < least:
            lowered = PostureReason.SUBSCRIPTIONS_UNREAD
        elif is_marked:
            lowered = PostureReason.RUNNING_SCAN_FOUND_WORSE
    return replace(
        previous,
        summary=summary,
        lowered=lowered,
        keys_lowered=scan.keys_were_lowered or is_marked,
        data_lowered=scan.data_were_lowered or is_marked,
    )


async def _recorded(context: ScanContext, now: datetime) -> AsyncIterator[Coverage]:
    """Read all coverage rows; one that cannot be used counts as a gap with its findings."""
    table = context.findings_table
    async for (partition, _), row in table.coverages(None, None):
        if isinstance(row, RowUnusable):
            stored = await table.read_one(partition)
            subscription = Subscription(table_keys.unescape(partition))
            gap = slice_failed(stored.unusable or str(row))
            yield unwritten(subscription, stored.known, gap, now)
        else:
            yield row
