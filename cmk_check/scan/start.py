"""Start: one scan at a time, whoever asks; the lease decides.

    A: read lease (free) . write lease, scan row .. send plan
    B:   read lease (free) ... write lease: conflict . read lease: A's scan . answer with its id

A lease that has expired is taken over, and its scan abandoned.
"""

import logging
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Final

from cmk_check.core.comparison import changes
from cmk_check.core.enums import ChangeType, ScanState, Trigger
from cmk_check.core.posture import CLOCK_TOLERANCE
from cmk_check.core.scan_request import Outcome, Requested
from cmk_check.errors import QueueError, RowUnusable, StoreError, StoreUnavailable, WriteConflict
from cmk_check.ports import SliceMessage
from cmk_check.scan.context import LEASE, TRIES, Parts
from cmk_check.scan.finish import fail_scan
from cmk_check.store.scan_rows import Lease, Scan, Stored
from cmk_check.store.scans import Board, scan_id_of

if TYPE_CHECKING:
    from cmk_check.core.model import Change

_log = logging.getLogger(__name__)

# Every scan asks Azure for everything: a button that is pressed again and again must not.
SPACING: Final = timedelta(seconds=60)
_ABANDONED = "Its lease ran out before all slices were done."


@dataclass(frozen=True, slots=True)
class Started:
    """The scan that runs now; ``new`` if this call started it."""

    scan_id: str
    new: bool


async def start(parts: Parts, trigger: Trigger) -> Started:
    """Start a scan, or find the one that runs.

    Raises:
        StoreError: the lease could not be read or taken.
        QueueError: the scan could not be handed to the queue; it is closed as failed.

    """
    found = await _start(parts, trigger, timedelta())
    return Started(found.scan_id, new=found.outcome is Outcome.STARTED)


async def request(parts: Parts) -> Requested:
    """Start a scan because somebody asked, unless the last one started within a minute.

    Raises:
        StoreError: the lease could not be read or taken.
        QueueError: the scan could not be handed to the queue; it is closed as failed.

    """
    return await _start(parts, Trigger.REQUEST, SPACING)


async def _start(parts: Parts, trigger: Trigger, spacing: timedelta) -> Requested:
    now = parts.clock.now()
    mine = scan_id_of(now, parts.new_id()[:4])
    for _ in range(TRIES):
        board = await parts.scans.board()
        lease = board.lease.value if board.lease else None
        if lease is not None and lease.scan_id == mine:
            break  # it is ours: the answer to our write was lost
        if lease is not None and lease.is_held(now, LEASE + CLOCK_TOLERANCE):
            return Requested(Outcome.RUNNING, lease.scan_id)
        # Behind the lease, so that whoever starts and ends a scan meanwhile makes ours conflict.
        if spacing and (early := await _too_soon(parts, now, spacing)) is not None:
            return early
        scan = Scan(mine, lease.epoch + 1 if lease else 1, trigger, now)
        try:
            await _take(parts, board, scan)
        except (WriteConflict, StoreUnavailable):
            continue
        break
    else:
        message = "The lease could not be taken: the store does not answer, or others were faster."
        raise StoreUnavailable(message)
    await _send(parts, mine)
    await _tidy_up(parts, mine)
    return Requested(Outcome.STARTED, mine)


async def _too_soon(parts: Parts, now: datetime, spacing: timedelta) -> Requested | None:
    """Find a scan that began less than ``spacing`` ago, or ahead of our clock by no more."""
    for _, scan in await parts.scans.started_between(now - spacing, now + spacing):
        wait = min(scan.started_at + spacing - now, spacing)
        if wait > timedelta():
            return Requested(Outcome.TOO_SOON, scan.id, wait)
    return None


async def _take(parts: Parts, board: Board, scan: Scan) -> None:
    """Take the lease; a scan whose lease ran out is abandoned in the same transaction."""
    old = await _superseded(parts, board)
    rows: list[tuple[Scan, str | None]] = []
    told: list[Change] = []
    if old is not None:
        scan = replace(scan, supersedes=old.value.id)
        ended = replace(
            old.value, state=ScanState.ABANDONED, finished_at=scan.started_at, reason=_ABANDONED
        )
        rows.append((ended, old.etag))
        change = changes.of_scan(
            ChangeType.SCAN_ABANDONED, ended.id, scan.started_at, parts.new_id(), _ABANDONED
        )
        told.append(replace(change, sequence=ended.epoch))
    rows.append((scan, None))
    lease = Lease(scan.id, scan.epoch, scan.started_at + LEASE)
    await parts.scans.commit(lease=lease, scans=rows, changes=told, board=board)


async def _superseded(parts: Parts, board: Board) -> Stored[Scan] | None:
    if board.lease is None or not board.lease.value.scan_id:
        return None
    try:
        old = await parts.scans.scan(board.lease.value.scan_id)
    except RowUnusable as error:
        _log.warning("A scan is left as it is: %s", error)
        return None
    return old if old is not None and old.value.state is ScanState.RUNNING else None


async def _send(parts: Parts, scan_id: str) -> None:
    try:
        await parts.queues.send([SliceMessage(scan_id, None)])
    except QueueError as error:
        await fail_scan(parts, scan_id, f"The queue did not take the scan: {error}")
        raise


async def _tidy_up(parts: Parts, scan_id: str) -> None:
    """Publish what earlier scans left, and drop the slices of those that were abandoned.

    None of this may cost the new scan: whatever fails here is left to its end and to the next one.
    """
    try:
        await parts.publish_scan_changes()
        scan = await parts.scans.scan(scan_id)
        await parts.drop_abandoned(scan.value if scan else None)
    except StoreError as error:
        _log.warning("What earlier scans left stays for the next one: %s", error)
