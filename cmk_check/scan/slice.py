"""A slice: read, judge, compare, record and publish every subscription in a range of the table.

The range of the table is read once, in key order. Work on a subscription starts as soon as its rows
are read. Subscriptions are independent, so a failure affects only one of them.
"""

import asyncio
import logging
from collections.abc import Coroutine, Iterable
from contextlib import AsyncExitStack
from dataclasses import replace
from datetime import datetime
from typing import Any

from cmk_check.core import posture
from cmk_check.core.account import Reading
from cmk_check.core.comparison.changes import ComparisonContext
from cmk_check.core.comparison.compare import compare, compare_unread
from cmk_check.core.counts import list_broken_keys, summarise
from cmk_check.core.enums import CoverageState, Disposition, GapReason, PostureReason, ScanState
from cmk_check.core.gap import Gap
from cmk_check.core.keys.key_health import BrokenKey
from cmk_check.core.model import Coverage
from cmk_check.core.reasons.gap_sentences import NOT_RECORDED, make_gap
from cmk_check.core.status import Status, Unpublished, UnwrittenGap
from cmk_check.errors import CmkCheckError
from cmk_check.limits import ATTEMPTS_PER_STEP
from cmk_check.ports import (
    EarlierBuild,
    LimitExceeded,
    SliceMessage,
    StoreError,
    StoreUnavailable,
    WriteConflict,
)
from cmk_check.scan.claim import Claim, ClaimLost, renew_lease, take
from cmk_check.scan.cross_check import build_cross_check
from cmk_check.scan.exemption_turns import ExemptionTurns
from cmk_check.scan.finish import fail_scan, finish
from cmk_check.scan.partial_scan import build_failure_gap, unwritten
from cmk_check.scan.record import Recorder
from cmk_check.scan.scan_context import ScanContext
from cmk_check.scan.slice_reading import SliceReading
from cmk_check.scan.slice_subscriptions import read_subscriptions
from cmk_check.store.outbox import OutboxEntry, count_unpublished
from cmk_check.store.scan_rows import Planned, Stored
from cmk_check.store.subscription_rows import StoredSubscription


class SliceIncomplete(CmkCheckError):
    """The slice could not be finished in this delivery."""


_log = logging.getLogger(__name__)

_SCOPE_CHANGED = "The settings for the scope of scans changed during the scan"
_TOO_MUCH = "It exceeds a limit of the table: {}. Report this to the authors of cmk_check."
_POISONED = make_gap(GapReason.SLICE_FAILED, "four tries failed")
_UNFORESEEN = make_gap(GapReason.SLICE_FAILED, "a bug in cmk_check")


async def run_slice(
    context: ScanContext, scan_id: str, number: int, *, last: bool = False, poisoned: bool = False
) -> None:
    """Process one slice, and finish the scan if it was the last slice.

    ``last``: the message will not be delivered again, so a subscription that cannot be recorded is
    counted as an unwritten gap, and the results of the others are kept. ``poisoned``: the message
    has used up its tries, so nothing is read and each subscription becomes a gap.

    Raises:
        SliceHeld, SliceIncomplete: deliver the message again.
    """
    taken = await take(context, scan_id, number)
    if taken is None:
        await context.scans.drop_slices(scan_id)
        return
    if isinstance(taken, Claim):
        scope = taken.scan.scope
        if scope and (changed := scope.differences(context.options.recorded_scope)):
            await fail_scan(context, scan_id, f"{_SCOPE_CHANGED} ({', '.join(changed)}).")
            return
        run: SliceRun | None = None
        try:
            status = await context.scans.status()
            run = SliceRun(context, taken, status, last=last, poisoned=poisoned)
            await run.work()
        except ClaimLost as error:
            _log.warning("Slice %d of scan %s stops: %s", number, scan_id, error)
            return
        except EarlierBuild as error:
            await fail_scan(context, scan_id, str(error), PostureReason.EARLIER_BUILD)
            return
        except BaseException:
            await (run.release() if run else taken.release(context, 0))
            raise
    await finish(context, scan_id)


async def fail(context: ScanContext, message: SliceMessage) -> None:
    """Give up after too many tries: a slice becomes gaps, and a failed plan ends the scan."""
    if message.slice is None:
        await fail_scan(context, message.scan_id, "The scan could not be planned in four tries.")
    else:
        await run_slice(context, message.scan_id, message.slice, last=True, poisoned=True)


class SliceRun:
    """One worker's processing of a claimed slice; ``status`` was read after the claim."""

    def __init__(
        self,
        context: ScanContext,
        claim: Claim,
        status: Stored[Status],
        *,
        last: bool,
        poisoned: bool,
    ) -> None:
        self._context = context
        self._claim = claim
        self._last = last
        self._poisoned = poisoned
        self._status = status.value
        self._recorder = Recorder(context, claim, status)
        self._outbox: dict[tuple[str, ...], OutboxEntry] = {}
        self._unreadable: dict[str, Unpublished] = {}
        self._changes: set[tuple[str, ...]] = set()
        # Only the first scan names broken keys; later scans report each change.
        self._names_broken_keys = claim.scan.baseline and context.keys is not None
        self._broken_keys = dict[str, list[BrokenKey]]()
        self._unwritten_gaps: list[UnwrittenGap] = []
        self._new: set[str] = set()
        self._cross_check = build_cross_check(context, claim)
        self._reading: SliceReading | None = None  # begins with the first subscription
        self._beginning = asyncio.Lock()

    async def work(self) -> None:
        """Process the slice and mark it done.

        Raises:
            ClaimLost: another worker has claimed the slice.
            SliceIncomplete: some subscriptions could not be recorded; the others were.
        """
        try:
            recorded = await self._work_on_all()
        finally:
            left = await self._context.relay.publish(list(self._outbox.values()))
            self._outbox = {entry.place: entry for entry in left}
        unpublished = Unpublished.add([count_unpublished(left), *self._unreadable.values()])
        changes = self._claim.slice.value.changes + len(self._changes)
        summary = summarise(
            recorded,
            changes,
            [key for _, keys in sorted(self._broken_keys.items()) for key in keys],
            unwritten=self._unwritten_gaps,
            new=len(self._new),
        )
        if self._cross_check is not None:
            summary = replace(summary, cross_check=self._cross_check.outcome)
        summary = replace(summary, unpublished=unpublished)
        await self._claim.finish(self._context, summary, failed=self._poisoned)

    async def release(self) -> None:
        """Release the slice with the number of changes that were recorded and published.

        Changes that remain in an outbox are counted by the later run that publishes them.
        """
        published = self._changes - self._outbox.keys()
        await self._claim.release(self._context, len(published))

    async def _work_on_all(self) -> list[Coverage]:
        """Process each subscription as soon as its rows are read, while others are being read."""
        unread: StoreError | None = None
        try:
            async with asyncio.TaskGroup() as group:
                if self._cross_check is not None and not self._poisoned:
                    # Otherwise waiting subscriptions would use up the recording limit.
                    group.create_task(self._cross_check.ask())
                try:
                    async with self._context.table_lock:
                        tasks = [
                            group.create_task(self._work_on(*entry))
                            async for entry in read_subscriptions(self._context, self._claim)
                        ]
                except StoreError as error:
                    unread = error  # let the running tasks end first
        except* ClaimLost as lost:
            raise ClaimLost(str(lost.exceptions[0])) from lost
        except* StoreError as refused:
            raise refused.exceptions[0] from None
        if unread is not None:
            raise unread
        recorded = [coverage for task in tasks if (coverage := task.result()) is not None]
        if len(recorded) < len(tasks):
            missing = len(tasks) - len(recorded)
            raise SliceIncomplete(f"{missing} of {len(tasks)} subscriptions were not recorded.")
        return recorded

    async def _work_on(self, planned: Planned, stored: StoredSubscription) -> Coverage | None:
        """Process one subscription, and start over after a conflict or a lost response.

        Any other failure becomes a gap of this subscription. Return None if the subscription could
        not be recorded and the message will be delivered again.
        """
        context = self._context
        gap: Gap | None = None
        for attempt in range(ATTEMPTS_PER_STEP):
            try:
                # A further attempt does not wait for the lists of the next slice.
                is_further = attempt and self._reading is not None
                async with context.recording_limit if is_further else context.subscription_limit:
                    reading = await self._get_reading()
                    if attempt:
                        stored = await context.findings_table.read_one(stored.partition)
                    self._keep(stored.outbox.entries)
                    self._unreadable[stored.partition] = stored.outbox.unreadable
                    if stored.unusable is not None:
                        return self._unwritten(planned, stored, build_failure_gap(stored.unusable))
                    stored, comparison, read = await self._read(planned, stored, gap)
                async with AsyncExitStack() as place:
                    with reading.keeps(stored.known):  # a reading that is cut off need not wait
                        await place.enter_async_context(context.recording_limit)
                    return await self._record(planned, stored, comparison, read)
            except (WriteConflict, StoreUnavailable) as error:
                _log.warning("Subscription %s starts over: %s", planned.subscription.id, error)
            except LimitExceeded as error:
                _log.error("Subscription %s: %s", planned.subscription.id, error)
                gap = build_failure_gap(_TOO_MUCH.format(error))
            except CmkCheckError:
                raise
            except Exception:  # noqa: BLE001 - no failure may affect another subscription
                _log.exception("Subscription %s has failed.", planned.subscription.id)
                if gap is not None:  # even the gap cannot be recorded
                    break
                gap = _UNFORESEEN if attempt else None
        if self._last or gap is not None:
            return self._unwritten(planned, stored, gap or NOT_RECORDED)
        return None

    async def _get_reading(self) -> SliceReading:
        """Return the reading of the slice, which begins with the first subscription.

        The slices of a process share the limits. If the reading time started earlier, a slice that
        waits for another slice would report subscriptions or keys as not read in time.
        """
        async with self._beginning:
            if self._reading is None:
                context, scan = self._context, self._claim.scan
                turns = ExemptionTurns(context.options, self._claim, self._status)
                async with context.recording_limit:
                    self._reading = SliceReading(context, self._cross_check, turns)
                await renew_lease(context, scan, context.clock.now())
                self._claim = await self._claim.renew(context)
            return self._reading

    async def _read(
        self, planned: Planned, stored: StoredSubscription, gap: Gap | None
    ) -> tuple[StoredSubscription, ComparisonContext, Reading | None]:
        """Read the accounts of a subscription, if the plan says so.

        ``gap`` replaces the reading if an earlier attempt failed.
        """
        coverage = stored.known.coverage
        is_new = coverage is None or coverage.state is CoverageState.PENDING
        if is_new and not self._status.summary.unwritten_gap(stored.partition):
            self._new.add(stored.partition)
        if coverage and coverage.recording is not None:  # a worker is recording, or has crashed
            stored = await self._context.findings_table.clear_mark(stored)
        comparison = self._comparison_context(stored.known.coverage)
        read: Reading | None = None
        if gap is None and planned.disposition is Disposition.READ and not self._poisoned:
            read = await (await self._get_reading()).read(planned.subscription, stored.known)
        elif gap is not None or planned.disposition is Disposition.READ:
            read = Reading(gap=gap or _POISONED)
        return stored, comparison, read

    async def _record(
        self,
        planned: Planned,
        stored: StoredSubscription,
        comparison: ComparisonContext,
        read: Reading | None,
    ) -> Coverage:
        """Read the aspects of the accounts, compare, and update the table."""
        subscription, known = planned.subscription, stored.known
        if read is None:
            difference = compare_unread(known, subscription, planned.disposition, comparison)
        else:
            reading = await self._get_reading()
            read, judged = await reading.judge(read, subscription, known, comparison.now)
            difference = compare(known, subscription, read, judged, comparison)
        if not difference.is_empty:
            self._keep(await _await_to_end(self._recorder.record(stored, difference)))
        if self._names_broken_keys:
            findings = difference.known.apply_steps(difference.steps)
            self._broken_keys[planned.subscription.id] = list_broken_keys(findings)
        return difference.coverage

    def _keep(self, outbox: Iterable[OutboxEntry]) -> None:
        """Remember each change once, in order, until it is published."""
        for entry in outbox:
            self._outbox.setdefault(entry.place, entry)
            if entry.change.data.get("scanId") == self._claim.scan.id:
                self._changes.add(entry.place)

    def _last_read(self, coverage: Coverage | None) -> datetime | None:
        if coverage is None:
            return None
        return posture.get_date(posture.as_left(coverage, self._status), self._status)

    def _comparison_context(self, coverage: Coverage | None) -> ComparisonContext:
        options = self._context.options
        last = None if self._claim.scan.supersedes else self._status.last_scan
        return ComparisonContext(
            scan_id=self._claim.scan.id,
            now=self._context.clock.now(),
            new_id=self._context.new_id,
            baseline=self._claim.scan.baseline,
            status_as_of=self._last_read(coverage),
            # The previous full scan, if it finished.
            follows=last.id if last and last.state is not ScanState.FAILED else None,
            hostname=options.hostname,
            exceptions_off=self._context.exemptions is None,
            fix_within=options.expectations.fix_within,
        )

    def _unwritten(self, planned: Planned, stored: StoredSubscription, gap: Gap) -> Coverage:
        """Count a subscription that cannot be recorded as a gap, without writing."""
        last_read = self._last_read(stored.known.coverage)
        self._unwritten_gaps.append(UnwrittenGap(planned.subscription.id, last_read))
        if self._names_broken_keys:
            findings = stored.known.findings
            self._broken_keys[planned.subscription.id] = list_broken_keys(findings)
        return unwritten(planned.subscription, stored.known, gap, self._context.clock.now())


async def _await_to_end[T](recording: Coroutine[Any, Any, T]) -> T:
    """Await the end of a recording, even if cancelled, and then raise the cancellation."""
    task = asyncio.create_task(recording)
    try:
        return await asyncio.shield(task)
    except asyncio.CancelledError:
        await asyncio.wait({task})
        raise
