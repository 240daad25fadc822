"""The second clock: a queue message that starts a full scan if the timer does not.

Timers of Azure Functions have stopped permanently while everything else worked
(https://github.com/Azure/azure-functions-host/issues/11828). For this reason each full scan leaves
a message, hidden until the result is about to become stale:

    timer    A . . . . B . . . . C . . . (stops)
    A's      . . . . . . . nothing: B is newer
    B's                . . . . . . . nothing: C is newer
    C's                          . . . . . . . starts D, which leaves a message

A scan's id begins with its start time, so ids sort by start. The rules of the chain:

- A scan leaves its message before it takes the lease. If the scan dies between these steps, the
  extra message finds a newer scan.
- A scan without a message (from the command line, or because the queue refused the message) does
  not end the chain: the message before it waits for that scan's result to age.
- Newer scans are read again after the lease is read.
"""

import logging
from datetime import timedelta

from cmk_check.core.scan_request import parse_start
from cmk_check.limits import DEFAULT_PAGE_SIZE, LONGEST_MESSAGE_DELAY, OVERDUE_SHARE, SCAN_DEADLINE
from cmk_check.ports import QueueError
from cmk_check.scan.scan_context import ScanContext
from cmk_check.store.scan_rows import Scan

_log = logging.getLogger(__name__)


def get_longest_pause(max_age: timedelta) -> timedelta:
    """Return the longest time from one scan's start to the next that keeps results fresh."""
    return max_age - min(SCAN_DEADLINE, max_age * OVERDUE_SHARE)


async def leave_message(
    context: ScanContext, scan_id: str, delay: timedelta | None = None, *, must: bool = True
) -> bool:
    """Leave a scan's message, hidden until the scan's result is overdue or for ``delay``.

    Return whether a message was left; without an overdue queue, no message is left.

    Raises:
        QueueError: the message ``must`` be left, but possibly was not sent.
    """
    if context.overdue_queue is None:
        return False
    hidden = get_longest_pause(context.options.expectations.max_age) if delay is None else delay
    try:
        await context.overdue_queue.send([scan_id], delay=min(hidden, LONGEST_MESSAGE_DELAY))
    except QueueError as error:
        if must:
            raise
        _log.warning("Scan %s leaves no message for the second clock: %s", scan_id, error)
        return False
    return True


async def newer_scans(context: ScanContext, scan_id: str) -> list[Scan]:
    """Read the full scans that started after the scan ``scan_id``, newest first."""
    began = parse_start(scan_id)
    scans: list[Scan] = []
    async for _, scan in context.scans.read_listed(None, DEFAULT_PAGE_SIZE):
        if scan is None or scan.is_partial:
            continue
        if began is None or scan.started_at < began:
            break
        if scan.id > scan_id:
            scans.append(scan)
    return scans
