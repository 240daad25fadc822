"""Plan: list the estate, cut it into slices, hand them to the queue.

The slices stand under a plan id of their own until the scan row names that plan. That one write
decides between two planners; what the other one wrote is ignored and deleted with the scan.
"""

from dataclasses import replace
from typing import Final

from cmk_check.core.enums import Disposition, PostureReason, ScanState
from cmk_check.core.model import Subscription
from cmk_check.core.scope import cut_ranges, visible
from cmk_check.errors import InventoryError, StoreUnavailable, WriteConflict
from cmk_check.ports import LARGEST_PAGE, SliceMessage
from cmk_check.scan.context import TRIES, Parts
from cmk_check.scan.finish import fail_scan, finish
from cmk_check.store import table_keys
from cmk_check.store.scan_rows import Planned, Scan, Slice, Stored
from cmk_check.store.scans import Board

# The row of a slice is named by four digits.
_MOST_SLICES: Final = 10_000
_NOBODY = "The identity sees no subscription: is the Reader role assigned?"


async def plan(parts: Parts, scan_id: str) -> None:
    """Plan a scan and send its slices; planned already, send those that are not done.

    Raises:
        StoreError, QueueError: deliver the message again.

    """
    for _ in range(TRIES):
        stored = await parts.scans.scan(scan_id)
        if stored is None or stored.value.state is not ScanState.RUNNING:
            await parts.scans.drop_slices(scan_id)
            return
        scan: Scan | None = stored.value
        if stored.value.plan_id is None:
            try:
                scan = await _plan(parts, stored)
            except WriteConflict:
                continue  # another planner was faster: go on with its plan
        if scan is not None:
            await _send(parts, scan)
        return
    message = f"The plan of scan {scan_id} could not be recorded: others wrote at every try."
    raise StoreUnavailable(message)


async def _plan(parts: Parts, stored: Stored[Scan]) -> Scan | None:
    """Write the plan; None where the scan has failed instead."""
    scan = stored.value
    try:
        listed = await parts.inventory.subscriptions()
    except InventoryError as error:
        reason = f"The subscriptions could not be listed. {error.gap.reason}: {error.gap.detail}"
        await _fail(parts, scan, reason, PostureReason.SCAN_FAILED)
        return None
    if not listed:
        await _fail(parts, scan, _NOBODY, PostureReason.NO_SUBSCRIPTION_VISIBLE)
        return None
    ranges = cut_ranges(_disposed(parts, listed), _partition, parts.options.slice_size)
    if len(ranges) > _MOST_SLICES:
        reason = f"{len(ranges)} slices are more than {_MOST_SLICES}: raise CMK_SLICE_SIZE."
        await _fail(parts, scan, reason, PostureReason.SCAN_FAILED)
        return None
    plan_id = parts.new_id()
    slices = [Slice(number, plan_id, *one) for number, one in enumerate(ranges)]
    await parts.scans.insert_slices(scan.id, slices)
    baseline = not await _has_finished(parts)
    planned = replace(
        scan,
        plan_id=plan_id,
        slices=len(slices),
        visible=visible(listed),
        baseline=baseline,
    )
    await parts.scans.commit(scans=[(planned, stored.etag)], board=Board(None, None))
    return planned


async def _fail(parts: Parts, scan: Scan, reason: str, lowered: PostureReason) -> None:
    """Close the scan; what was recorded before must be told though nothing can be read now."""
    await fail_scan(parts, scan.id, reason, lowered)
    await parts.publish_left_over()


async def _has_finished(parts: Parts) -> bool:
    """Tell whether a scan has ever finished; the history knows, should the status row be gone."""
    status = await parts.scans.status()
    if status is not None and status.value.as_of is not None:
        return True
    return any(
        scan.state in {ScanState.COMPLETE, ScanState.INCOMPLETE}
        for _, scan in await parts.scans.history(None, LARGEST_PAGE)
    )


def _disposed(parts: Parts, listed: tuple[Subscription, ...]) -> list[Planned]:
    """Say what to do with each subscription that is listed, or asked for and not listed."""
    scope = parts.options.scope
    planned = [Planned(entry, scope.of_listed(entry)) for entry in listed]
    unlisted = scope.include - scope.exclude - {entry.id for entry in listed}
    planned += [
        Planned(Subscription(missing), Disposition.NOT_VISIBLE) for missing in sorted(unlisted)
    ]
    return planned


def _partition(planned: Planned) -> str:
    return table_keys.partition_of(planned.subscription.id)


async def _send(parts: Parts, scan: Scan) -> None:
    left = [entry for entry in await parts.scans.slices(scan) if not entry.is_done]
    if left:
        await parts.queues.send([SliceMessage(scan.id, entry.number) for entry in left])
    else:
        await finish(parts, scan.id)
