"""Plan a scan: list the estate, divide it into slices, and send the slices to the queue.

The slices are stored under a plan id, which is then written to the scan row. Writing the scan row
decides between two planners; slices of the other plan are ignored, and deleted with the scan.
"""

import logging
from collections.abc import Iterator
from dataclasses import replace
from itertools import batched
from typing import Final

from cmk_check.core.account import Subscription
from cmk_check.core.enums import Disposition, PostureReason, ScanState
from cmk_check.core.gap import Gap
from cmk_check.core.reasons.catalogue import POSTURE_REASONS
from cmk_check.core.scan_request import not_found
from cmk_check.core.scope import Scope, slice_ranges, visible
from cmk_check.core.status import Status
from cmk_check.limits import ATTEMPTS_PER_STEP, MAX_SLICES, TABLE_PAGE_ROWS
from cmk_check.ports import InventoryError, SliceMessage, StoreUnavailable, WriteConflict
from cmk_check.queues.slices import format_message
from cmk_check.scan.finish import fail_scan, finish
from cmk_check.scan.partial_scan import needs_full_scan
from cmk_check.scan.scan_context import ScanContext, ScanOptions
from cmk_check.store import table_keys
from cmk_check.store.scan_rows import Planned, Scan, Slice, Stored

type _Listed = tuple[Subscription, ...]

_log = logging.getLogger(__name__)

_NEEDS_FULL_SCAN: Final = "A full scan must finish under the current settings before a partial one."
_NO_SUBSCRIPTIONS: Final = POSTURE_REASONS[PostureReason.NO_SUBSCRIPTION_VISIBLE].text()


async def plan(context: ScanContext, scan_id: str) -> None:
    """Plan a scan and send its slices; if it is already planned, send the unfinished slices."""
    for _ in range(ATTEMPTS_PER_STEP):
        stored = await context.scans.scan(scan_id)
        if stored is None or stored.value.state is not ScanState.RUNNING:
            await context.scans.drop_slices(scan_id)
            return
        scan: Scan | None = stored.value
        if stored.value.plan_id is None:
            try:
                scan = await _plan(context, stored)
            except WriteConflict:
                continue  # another planner was faster; continue with that plan
        if scan is not None:
            await _send(context, scan)
        return
    message = f"The plan of scan {scan_id} could not be recorded: every try met a conflict."
    raise StoreUnavailable(message)


async def _plan(context: ScanContext, stored: Stored[Scan]) -> Scan | None:
    """Write the plan, or return None if the scan failed instead."""
    scan = stored.value
    try:
        listed = await context.inventory.subscriptions()
    except InventoryError as error:
        reason = f"The subscriptions could not be listed. {error.gap.reason}: {error.gap.detail}"
        await _fail(context, scan, reason, PostureReason.SCAN_FAILED)
        return None
    if not listed:
        await _fail(context, scan, _NO_SUBSCRIPTIONS, PostureReason.NO_SUBSCRIPTION_VISIBLE)
        return None
    status = (await context.scans.status()).value
    if scan.is_partial and needs_full_scan(status, context.options.recorded_scope):
        # The app's settings may differ from the settings under which the scan was started.
        await fail_scan(context, scan.id, _NEEDS_FULL_SCAN)
        return None
    in_group, group_unread = await _list_in_group(context, scan)
    expected = context.options.scope.include.union(
        gap.subscription_id for gap in status.summary.unwritten_gaps
    )
    scan = await _look_up_named(context, scan, expected.union(entry.id for entry in listed))
    if scan.misses_some and scan.not_found == scan.named:
        reason = not_found(scan.not_found)
        await fail_scan(context, scan.id, reason, not_found=scan.not_found)
        return None
    ranges = _ranges(context.options, scan, listed, in_group, expected)
    if len(ranges) > MAX_SLICES:
        reason = f"The plan has {len(ranges)} slices, more than {MAX_SLICES}."
        await _fail(context, scan, reason, PostureReason.SCAN_FAILED)
        return None
    plan_id = context.new_id()
    slices = [Slice(number, plan_id, *one) for number, one in enumerate(ranges)]
    await context.scans.insert_slices(scan.id, slices)
    baseline = not scan.is_partial and not await _has_finished(context, status)
    planned = replace(
        scan,
        plan_id=plan_id,
        slices=len(slices),
        visible=visible(listed),
        baseline=baseline,
        scope=context.options.recorded_scope,
        group_unread=group_unread,
    )
    await context.scans.commit(scans=[(planned, stored.etag)])
    return planned


async def _list_in_group(context: ScanContext, scan: Scan) -> tuple[_Listed, Gap | None]:
    """List the subscriptions below the management group, or return a gap if the listing fails.

    A partial scan does not list them, and the last full scan's result remains.
    """
    group = context.options.management_group
    if group is None or scan.is_partial:
        return (), None
    try:
        return await context.inventory.list_subscriptions_below(group), None
    except InventoryError as error:
        _log.warning("The management group could not be read. %s", error.gap.detail)
        return (), error.gap


async def _fail(context: ScanContext, scan: Scan, reason: str, lowered: PostureReason) -> None:
    """Close the scan, and still publish changes that crashed workers left in outboxes.

    A partial scan that cannot be planned leaves everything unchanged for the next full scan.
    """
    await fail_scan(context, scan.id, reason, lowered)
    if not scan.is_partial:
        every = context.findings_table.subscriptions("", "")
        left = [entry async for stored in every for entry in stored.outbox.entries]
        await context.relay.publish(left)


async def _has_finished(context: ScanContext, status: Status) -> bool:
    """Return whether any scan has finished; if the status row is missing, read the history."""
    if status.as_of is not None:
        return True
    return any(
        scan.state in {ScanState.COMPLETE, ScanState.INCOMPLETE}
        for scan in await context.scans.history(TABLE_PAGE_ROWS)
    )


def _ranges(
    options: ScanOptions, scan: Scan, listed: _Listed, in_group: _Listed, expected: frozenset[str]
) -> list[tuple[str, str, tuple[Planned, ...]]]:
    """Divide the subscriptions to read into slices, which cover no range in a partial scan."""
    scope, size = options.scope, options.slice_size
    if not scan.is_partial:
        return slice_ranges(_plan_all(scope, listed, in_group, expected), _partition, size)
    named_plans = sorted(_plan_named(scope, scan, listed, expected), key=_partition)
    groups = batched(named_plans, size, strict=False)
    return [(_partition(group[0]), _partition(group[0]), group) for group in groups]


def _plan_named(
    scope: Scope, scan: Scan, listed: _Listed, expected: frozenset[str]
) -> Iterator[Planned]:
    """Yield the plan for each subscription that a partial scan names and that exists."""
    listed_by_id = {entry.id: entry for entry in listed}
    for name in set(scan.named).difference(scan.not_found):
        if name in listed_by_id:
            yield Planned(listed_by_id[name], scope.judge_listed(listed_by_id[name]))
        else:
            missing = Subscription(name, expected=name in expected)
            yield Planned(missing, scope.judge_unlisted(name, None))


async def _look_up_named(context: ScanContext, scan: Scan, known_ids: frozenset[str]) -> Scan:
    """Return the scan, with ``not_found`` set to ids that are neither known nor recorded.

    A gap for an id that does not exist would never end. The last full scan recorded the
    subscriptions that only the management group names.
    """
    missing = [name for name in scan.named if name not in known_ids]
    read = context.findings_table.read_one
    unknown = [name for name in missing if not (await read(table_keys.get_partition(name))).etags]
    return replace(scan, not_found=tuple(unknown))


def _plan_all(
    scope: Scope, listed: _Listed, in_group: _Listed, expected: frozenset[str]
) -> list[Planned]:
    """Return the plan for each subscription that Azure lists or should list.

    ``expected`` are the subscriptions on the include list, and subscriptions with an unwritten gap
    that Azure no longer lists.
    """
    unlisted = {missing: Subscription(missing) for missing in expected}
    unlisted |= {entry.id: entry for entry in in_group}
    for entry in listed:
        unlisted.pop(entry.id, None)
    return [
        *(Planned(entry, scope.judge_listed(entry)) for entry in listed),
        *(
            Planned(replace(entry, expected=name in expected), Disposition.NOT_VISIBLE)
            for name, entry in sorted(unlisted.items())
            if scope.judge_unlisted(name, None) is Disposition.NOT_VISIBLE
        ),
    ]


def _partition(planned: Planned) -> str:
    return table_keys.get_partition(planned.subscription.id)


async def _send(context: ScanContext, scan: Scan) -> None:
    left = [entry for entry in await context.scans.slices(scan) if not entry.is_done]
    if left:
        messages = (SliceMessage(scan.id, entry.number) for entry in left)
        await context.slice_queue.send([*map(format_message, messages)])
    else:
        await finish(context, scan.id)
