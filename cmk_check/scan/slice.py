"""A slice: read, judge, compare, record, tell, for every subscription in a range of the table.

The table is read once, as one range, in the order of its keys; each subscription is worked on by
itself, from when its own rows are read, so that one in trouble costs only itself.
"""

import asyncio
import logging
from collections import deque
from collections.abc import AsyncIterator, Iterable
from dataclasses import replace

from cmk_check.core.comparison.changes import ComparisonContext
from cmk_check.core.comparison.compare import compare, compare_unread
from cmk_check.core.comparison.difference import Difference
from cmk_check.core.counts import summarise
from cmk_check.core.enums import CoverageState, Disposition, GapReason
from cmk_check.core.model import Coverage, Gap, Reading, Status, Subscription
from cmk_check.errors import (
    ClaimLost,
    LimitExceeded,
    SliceIncomplete,
    StoreError,
    StoreUnavailable,
    WriteConflict,
)
from cmk_check.limits import ATTEMPTS_PER_STEP, MAX_GAP_DETAIL_CHARS
from cmk_check.ports import SliceMessage
from cmk_check.scan.claim import Claim, renew_lease, take
from cmk_check.scan.context import ScanContext
from cmk_check.scan.downgrade import StatusDowngrade
from cmk_check.scan.finish import fail_scan, finish
from cmk_check.scan.key_reading import KeyReader
from cmk_check.store import table_keys
from cmk_check.store.findings import record_batches
from cmk_check.store.scan_rows import Planned
from cmk_check.store.subscription_rows import OutboxEntry, StoredSubscription

_log = logging.getLogger(__name__)

_NO_TIME_LEFT = Gap(
    GapReason.TIMEOUT,
    detail="The time of its slice was up: lower CMK_SLICE_SIZE or raise CMK_MAX_IN_FLIGHT.",
)
_POISONED = Gap(
    GapReason.SLICE_FAILED,
    detail="It failed four times; the log says why. The next scan tries again.",
)


async def run_slice(context: ScanContext, scan_id: str, number: int) -> None:
    """Work through one slice; finish the scan if it was the last.

    Raises:
        SliceHeld, SliceIncomplete, StoreError: deliver the message again.

    """
    await _run(context, scan_id, number, poisoned=False)


async def fail(context: ScanContext, message: SliceMessage) -> None:
    """Give up what could not be worked through: a slice becomes gaps, a plan ends the scan.

    Raises:
        SliceHeld, SliceIncomplete, StoreError: deliver the message again.

    """
    if message.slice is None:
        await fail_scan(context, message.scan_id, "It could not be planned in four tries.")
    else:
        await _run(context, message.scan_id, message.slice, poisoned=True)


async def _run(context: ScanContext, scan_id: str, number: int, *, poisoned: bool) -> None:
    taken = await take(context, scan_id, number)
    if taken is None:
        await context.scans.drop_slices(scan_id)
        return
    if isinstance(taken, Claim):
        try:
            await SliceRun(context, taken, poisoned=poisoned).work()
        except ClaimLost as error:
            _log.warning("Slice %d of scan %s stops: %s", number, scan_id, error)
            return
        except BaseException:
            await taken.release(context)
            raise
    await finish(context, scan_id)


class SliceRun:
    """One worker's run through a claimed slice."""

    def __init__(self, context: ScanContext, claim: Claim, *, poisoned: bool) -> None:
        self._context = context
        self._claim = claim
        self._poisoned = poisoned
        self._pending: dict[str, OutboxEntry] = {}
        self._left_over: frozenset[str] = frozenset()
        self._recorded: set[str] = set()
        self._status: Status | None = None
        self._downgrade = StatusDowngrade(context)
        self._keys = KeyReader(context.keys, context.options) if context.keys else None
        time_to_read = context.options.reading_deadline.total_seconds()
        self._deadline = asyncio.get_running_loop().time() + time_to_read

    async def work(self) -> None:
        """Work through the slice and mark it done.

        Raises:
            ClaimLost: another worker has it now.
            SliceIncomplete: some subscription could not be recorded; the others are.
            StoreError

        """
        context = self._context
        await renew_lease(context, self._claim.scan, context.clock.now())
        status = await context.scans.status()
        self._status = status.value if status else None
        try:
            recorded = await self._work_on_all()
        finally:
            await self._publish()
        summary = summarise(recorded, len(self._recorded - self._left_over))
        await self._claim.done(context, summary, failed=self._poisoned)

    async def _work_on_all(self) -> list[Coverage]:
        """Work on each subscription as soon as its rows are read, while the next ones come in."""
        unread: StoreError | None = None
        try:
            async with asyncio.TaskGroup() as group:
                try:
                    async with self._context.table_lock:
                        todo = self._todo()
                        tasks = [group.create_task(self._work_on(*entry)) async for entry in todo]
                except StoreError as error:
                    unread = error  # what has begun comes to its end first
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

    async def _todo(self) -> AsyncIterator[tuple[Planned, StoredSubscription]]:
        """Yield what is to be worked on, once its rows are read.

        A subscription in whose outbox a worker that died left changes waits for their publication,
        all of them at once: what is old goes first.
        """
        behind: list[tuple[Planned, StoredSubscription]] = []
        async for planned, stored in self._joined():
            if stored.outbox:
                self._wait(stored.outbox)
                self._left_over |= {entry.change.id for entry in stored.outbox}
                behind.append((planned, stored))
            else:
                yield planned, stored
        if behind:
            await self._publish()
        for entry in behind:
            yield entry

    async def _joined(self) -> AsyncIterator[tuple[Planned, StoredSubscription]]:
        """Join what was planned with what is stored; what only one side has is not missed."""
        entry = self._claim.slice.value
        planned = {table_keys.partition_of(one.subscription.id): one for one in entry.subscriptions}
        left = deque(sorted(planned))
        async for stored in self._context.findings_table.subscriptions(entry.low, entry.high):
            while left and left[0] < stored.partition:
                partition = left.popleft()
                yield planned[partition], StoredSubscription(partition)
            if left and left[0] == stored.partition:
                yield planned[left.popleft()], stored
            else:
                yield self._unplanned(stored), stored
        for partition in left:
            yield planned[partition], StoredSubscription(partition)

    def _unplanned(self, stored: StoredSubscription) -> Planned:
        """Say what to do with a subscription that is recorded and no longer listed."""
        had = stored.known.coverage
        subscription = Subscription(table_keys.unescape(stored.partition))
        disposition = self._context.options.scope.of_unlisted(
            subscription.id, had.state if had else None
        )
        return Planned(subscription, disposition)

    async def _work_on(self, planned: Planned, stored: StoredSubscription) -> Coverage | None:
        """Work on one subscription, from the start again whenever a race or an answer was lost.

        None where it could not be recorded.
        """
        async with self._context.subscription_limit:
            for attempt in range(ATTEMPTS_PER_STEP):
                try:
                    if attempt:
                        stored = await self._context.findings_table.read_one(stored.partition)
                        self._wait(stored.outbox)
                    return await self._read_and_record(planned, stored)
                except (WriteConflict, StoreUnavailable) as error:
                    _log.warning("Subscription %s starts over: %s", planned.subscription.id, error)
        return None

    async def _read_and_record(self, planned: Planned, stored: StoredSubscription) -> Coverage:
        if stored.unusable is not None:
            return self._unusable(planned, stored, stored.unusable)
        if stored.mark is not None:
            stored = await self._context.findings_table.clear_mark(stored)
        try:
            return await self._record(stored, await self._compare(planned, stored))
        except LimitExceeded as error:
            return await self._record_too_much(planned, stored, error)

    async def _record_too_much(
        self, planned: Planned, stored: StoredSubscription, error: LimitExceeded
    ) -> Coverage:
        """Record the gap of a subscription that holds more than the table takes."""
        why = f"It holds more than a row can: {error}. Report this to the makers of cmk_check."
        _log.error("Subscription %s: %s", planned.subscription.id, why)
        fresh = await self._context.findings_table.read_one(stored.partition)
        self._wait(fresh.outbox)
        gap = Gap(GapReason.SLICE_FAILED, detail=why[:MAX_GAP_DETAIL_CHARS])
        difference = compare(
            fresh.known, planned.subscription, Reading(gap=gap), self._comparison_context()
        )
        return await self._record(fresh, difference)

    async def _compare(self, planned: Planned, stored: StoredSubscription) -> Difference:
        subscription, disposition = planned.subscription, planned.disposition
        if disposition is not Disposition.READ:
            return compare_unread(
                stored.known, subscription, disposition, self._comparison_context()
            )
        reading = Reading(gap=_POISONED)
        if not self._poisoned:
            reading = await self._read(subscription)
        if self._keys is None:
            return compare(stored.known, subscription, reading, self._comparison_context())
        return await self._keys.compare(
            stored.known, subscription, reading, self._comparison_context()
        )

    async def _read(self, subscription: Subscription) -> Reading:
        """Read a subscription within its time, or within what is left of the slice's."""
        left = self._deadline - asyncio.get_running_loop().time()
        if left <= 0:
            return Reading(gap=_NO_TIME_LEFT)
        seconds = min(self._context.options.subscription_timeout, left)
        reading = await self._context.inventory.read(subscription.id, seconds=seconds)
        if seconds == left and reading.gap and reading.gap.reason is GapReason.TIMEOUT:
            return replace(reading, gap=_NO_TIME_LEFT)
        return reading

    async def _record(self, stored: StoredSubscription, difference: Difference) -> Coverage:
        """Record what differs; return the coverage row as it stands."""
        if difference.is_empty:
            return difference.coverage
        estate = self._context.findings_table
        batches = tuple(record_batches(stored, difference, self._claim.id))
        # One insert where nothing stood is a fence by itself; anything else could be overtaken.
        fenced = stored.known.coverage is None and len(batches) == 1
        if not fenced:
            stored = await estate.mark(stored, difference, self._claim.id)
            await self._claim.check(self._context)
        await self._downgrade.lower(difference)
        self._wait(await estate.record(stored, batches))
        if fenced and not self._claim.scan.baseline:
            await self._confirm(difference)
        return difference.coverage

    async def _confirm(self, difference: Difference) -> None:
        """Take back what a newer scan may have said that does not list this subscription.

        Such a scan writes nothing that the insert could have met. Before any scan has finished,
        there is nothing to take back.
        """
        if not (difference.is_worse or difference.keys_are_worse):
            return
        try:
            await self._claim.check(self._context)
        except ClaimLost:
            self._downgrade.forget()
            await self._downgrade.lower(difference)
            raise

    def _wait(self, outbox: Iterable[OutboxEntry]) -> None:
        """Keep changes until they are published, each once and in the order they were made."""
        for entry in outbox:
            self._pending.setdefault(entry.change.id, entry)
            self._recorded.add(entry.change.id)

    async def _publish(self) -> None:
        pending, self._pending = list(self._pending.values()), {}
        left = await self._context.relay.publish(pending, self._context.findings_table.clear_outbox)
        # Others may have been recorded meanwhile: what is left stays before them.
        self._pending = {entry.change.id: entry for entry in left} | self._pending

    def _comparison_context(self) -> ComparisonContext:
        options = self._context.options
        return ComparisonContext(
            scan_id=self._claim.scan.id,
            now=self._context.clock.now(),
            new_id=self._context.new_id,
            kinds=options.kinds,
            baseline=self._claim.scan.baseline,
            status_as_of=self._status.as_of if self._status else None,
            hostname=options.hostname,
        )

    def _unusable(self, planned: Planned, stored: StoredSubscription, why: str) -> Coverage:
        """Count a subscription whose coverage row must not be touched as a gap, unwritten."""
        known = stored.known
        return Coverage(
            subscription=planned.subscription,
            state=CoverageState.GAP,
            since=self._context.clock.now(),
            gap=Gap(GapReason.SLICE_FAILED, detail=why[:MAX_GAP_DETAIL_CHARS]),
            accounts=known.count(known.findings, {}, len(known.findings) + len(known.untrusted)),
        )
