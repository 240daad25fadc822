"""Start: one scan at a time, whoever asks.

A: read lease (free) . write lease, scan row .. send plan
B:   read lease (free) ... write lease: conflict . read lease: A's scan . answer with its id
"""

from dataclasses import dataclass, replace

from cmk_check.core import changes
from cmk_check.core.model import Change, ChangeType, ScanState, Trigger
from cmk_check.errors import QueueError, StoreUnavailable, WriteConflict
from cmk_check.ports import SliceMessage
from cmk_check.scan.finish import fail_scan
from cmk_check.scan.parts import LEASE, TRIES, Parts
from cmk_check.store.scan_rows import Lease, Scan, Stored
from cmk_check.store.scans import Board, scan_id_of

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
    now = parts.clock.now()
    mine = scan_id_of(now, parts.new_id()[:4])
    for _ in range(TRIES):
        board = await parts.scans.board()
        lease = board.lease.value if board.lease else None
        if lease is not None and lease.scan_id == mine:
            break  # the answer to our own write was lost
        if lease is not None and lease.scan_id and now < lease.expires:
            return Started(lease.scan_id, new=False)
        scan = Scan(mine, lease.epoch + 1 if lease else 1, trigger, now)
        try:
            superseded = await _take(parts, board, scan)
        except (WriteConflict, StoreUnavailable):
            continue
        if superseded is not None:
            await parts.scans.drop_slices(superseded)
        break
    else:
        message = "The lease could not be taken: the store does not answer, or others were faster."
        raise StoreUnavailable(message)
    await parts.publish_scan_changes()
    await _send(parts, mine)
    return Started(mine, new=True)


async def _take(parts: Parts, board: Board, scan: Scan) -> str | None:
    """Take the lease; return the id of the scan that is abandoned in the same transaction."""
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
    return scan.supersedes


async def _superseded(parts: Parts, board: Board) -> Stored[Scan] | None:
    if board.lease is None or not board.lease.value.scan_id:
        return None
    old = await parts.scans.scan(board.lease.value.scan_id)
    return old if old is not None and old.value.state is ScanState.RUNNING else None


async def _send(parts: Parts, scan_id: str) -> None:
    try:
        await parts.queues.send([SliceMessage(scan_id, None)])
    except QueueError as error:
        await fail_scan(parts, scan_id, f"The queue did not take the scan: {error}")
        raise
