"""Start a scan because a message of the second clock has arrived."""

from datetime import timedelta

from cmk_check.core.scan_request import StartOutcome, began_at
from cmk_check.limits import OVERDUE_AGAIN
from cmk_check.scan.scan_context import ScanContext
from cmk_check.scan.second_clock import newer_scans, overdue_after, send_message
from cmk_check.scan.start import start_after


async def start_if_overdue(context: ScanContext, scan_id: str) -> None:
    """Start the scan that is overdue, if the message of ``scan_id`` is the one that must.

    Otherwise do nothing, or let the message come again: where a scan runs, or the last one is not
    old enough, because it left no message or because more is allowed than before.

    Raises:
        StoreError, QueueError: deliver the message again.

    """
    newer = await newer_scans(context, scan_id)
    if any(scan.leaves_message for scan in newer):
        return
    now = context.clock.now()
    began = newer[0].started_at if newer else began_at(scan_id) or now
    wait = began + overdue_after(context.options.expectations.max_age) - now
    if wait <= timedelta():
        answer = await start_after(context, newer[0].id if newer else scan_id)
        if answer.outcome is StartOutcome.STARTED:
            return
        wait = OVERDUE_AGAIN
    await send_message(context, scan_id, wait)
