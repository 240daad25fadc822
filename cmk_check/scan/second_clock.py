"""The second clock: a queue message that starts a full scan if the timer does not.

Timers of Azure Functions were seen to stop for good while everything else worked
(https://github.com/Azure/azure-functions-host/issues/11828). Each full scan therefore leaves a
message, hidden until the result is about to become stale:

    timer    A . . . . B . . . . C . . . (stops)
    A's      . . . . . . . nothing: B is newer
    B's                . . . . . . . nothing: C is newer
    C's                          . . . . . . . starts D, which leaves a message

The id of a scan begins with its start, so that ids order scans. ``tests/model/second_clock.py``
tries each rule on which the chain rests:

- A scan leaves its message before it takes the lease. One that dies in between has left one
  message too many, which finds a newer scan.
- A scan without a message (from the command line, of an earlier version, or because the queue did
  not take it) does not end the chain: the message before it waits for that result to age.
- Whether a scan has started since is seen again once the lease was read.
"""

import logging
from datetime import timedelta

from cmk_check.core.scan_request import began_at
from cmk_check.limits import DEFAULT_PAGE_SIZE, LONGEST_MESSAGE_DELAY, OVERDUE_SHARE, SCAN_DEADLINE
from cmk_check.ports import QueueError
from cmk_check.scan.scan_context import ScanContext
from cmk_check.store.scan_rows import Scan

_log = logging.getLogger(__name__)


def overdue_after(max_age: timedelta) -> timedelta:
    """Return how long after its start a scan must be followed by another, to end in time."""
    return max_age - min(SCAN_DEADLINE, max_age * OVERDUE_SHARE)


async def send_message(context: ScanContext, scan_id: str, delay: timedelta) -> bool:
    """Send the message of a scan, if there is a queue; tell whether it was sent.

    Raises:
        QueueError: it could not be sent; it may have been.

    """
    if context.overdue_queue is None:
        return False
    await context.overdue_queue.send([scan_id], delay=min(delay, LONGEST_MESSAGE_DELAY))
    return True


async def leave_message(context: ScanContext, scan_id: str, *, must: bool) -> bool:
    """Leave the message of a scan that is about to start; tell whether it was left.

    Without it, the scan goes on all the same, unless it ``must`` be left.

    Raises:
        QueueError: it must be left, and could not.

    """
    delay = overdue_after(context.options.expectations.max_age)
    try:
        return await send_message(context, scan_id, delay)
    except QueueError as error:
        if must:
            raise
        _log.warning("Scan %s leaves no message for the second clock: %s", scan_id, error)
        return False


async def newer_scans(context: ScanContext, scan_id: str) -> list[Scan]:
    """Read the full scans that have started since a scan did, newest first."""
    began = began_at(scan_id)
    found: list[Scan] = []
    async for _, scan in context.scans.listed(None, DEFAULT_PAGE_SIZE):
        if scan is None or scan.is_partial:
            continue
        if began is None or scan.started_at < began:
            break
        if scan.id > scan_id:
            found.append(scan)
    return found
