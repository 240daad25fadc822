"""A slice: read, judge, compare, record, tell, for every subscription in a range of the table.

The table is read once, as one range; each subscription is then worked on by itself, so that one in
trouble costs only itself.
"""

import asyncio
import logging
from collections.abc import Iterable, Mapping
from dataclasses import replace

from cmk_check.core import posture
from cmk_check.core.changes import Context
from cmk_check.core.compare import compare, compare_unread
from cmk_check.core.counts import summarise
from cmk_check.core.difference import Difference
from cmk_check.core.model import Coverage, Gap, Reading, Status, Subscription
from cmk_check.core.words import CoverageState, Disposition, GapReason, PostureReason, Verdict
from cmk_check.errors import ClaimLost, SliceIncomplete, StoreUnavailable, WriteConflict
from cmk_check.ports import SliceMessage
from cmk_check.scan.claim import Claim, renew_lease, take
from cmk_check.scan.finish import fail_scan, finish
from cmk_check.scan.parts import READING_DEADLINE, TRIES, Parts
from cmk_check.store import keys
from cmk_check.store.estate import Pending, StoredSubscription, cut
from cmk_check.store.scan_rows import Planned

_log = logging.getLogger(__name__)

_POISONED = Gap(
    GapReason.SLICE_FAILED,
    detail="It failed four times; the log says why. The next scan tries again.",
)


async def run_slice(parts: Parts, scan_id: str, number: int) -> None:
    """Work through one slice; finish the scan if it was the last.

    Raises:
        SliceHeld, SliceIncomplete, StoreError: deliver the message again.

    """
    await _run(parts, scan_id, number, poisoned=False)


async def fail(parts: Parts, message: SliceMessage) -> None:
    """Give up what could not be worked through: a slice becomes gaps, a plan ends the scan.

    Raises:
        SliceHeld, SliceIncomplete, StoreError: deliver the message again.

    """
    if message.slice is None:
        await fail_scan(parts, message.scan_id, "It could not be planned in four tries.")
    else:
        await _run(parts, message.scan_id, message.slice, poisoned=True)


async def _run(parts: Parts, scan_id: str, number: int, *, poisoned: bool) -> None:
    taken = await take(parts, scan_id, number)
    if taken is None:
        await parts.scans.drop_slices(scan_id)
        return
    if isinstance(taken, Claim):
        try:
            await SliceRun(parts, taken, poisoned=poisoned).work()
        except ClaimLost as error:
            _log.warning("Slice %d of scan %s stops: %s", number, scan_id, error)
            return
        except BaseException:
            await taken.release(parts)
            raise
    await finish(parts, scan_id)


class SliceRun:
    """One worker's run through a claimed slice."""

    def __init__(self, parts: Parts, claim: Claim, *, poisoned: bool) -> None:
        self._parts = parts
        self._claim = claim
        self._poisoned = poisoned
        self._pending: dict[str, Pending] = {}
        self._left_over: frozenset[str] = frozenset()
        self._recorded: set[str] = set()
        self._status: Status | None = None
        self._lowered = False
        self._slots = asyncio.Semaphore(parts.options.concurrency)
        self._deadline = asyncio.get_running_loop().time() + READING_DEADLINE.total_seconds()

    async def work(self) -> None:
        """Work through the slice and mark it done.

        Raises:
            ClaimLost: another worker has it now.
            SliceIncomplete: some subscription could not be recorded; the others are.
            StoreError

        """
        parts, entry = self._parts, self._claim.slice.value
        await renew_lease(parts, self._claim.scan, parts.clock.now())
        stored = await parts.estate.read_range(entry.low, entry.high)
        for found in stored.values():
            self._wait(found.outbox)
        self._left_over = frozenset(self._pending)
        await self._publish()
        status = await parts.scans.status()
        self._status = status.value if status else None
        try:
            recorded = await self._work_on_all(self._todo(stored))
        finally:
            await self._publish()
        summary = summarise(recorded, len(self._recorded - self._left_over))
        await self._claim.done(parts, summary, failed=self._poisoned)

    def _todo(
        self, stored: Mapping[str, StoredSubscription]
    ) -> list[tuple[Planned, StoredSubscription]]:
        """Join what was planned with what is stored; what only one side has is not missed."""
        scope = self._parts.options.scope
        planned = {
            keys.partition_of(entry.subscription.id): entry
            for entry in self._claim.slice.value.subscriptions
        }
        for partition in stored.keys() - planned.keys():
            had = stored[partition].known.coverage
            subscription = Subscription(keys.unescape(partition))
            state = had.state if had else None
            planned[partition] = Planned(subscription, scope.of_unlisted(subscription.id, state))
        return [
            (entry, stored.get(partition, StoredSubscription(partition)))
            for partition, entry in sorted(planned.items())
        ]

    async def _work_on_all(self, todo: list[tuple[Planned, StoredSubscription]]) -> list[Coverage]:
        try:
            async with asyncio.TaskGroup() as group:
                tasks = [group.create_task(self._work_on(*entry)) for entry in todo]
        except* ClaimLost as lost:
            raise ClaimLost(str(lost.exceptions[0])) from lost
        recorded = [coverage for task in tasks if (coverage := task.result()) is not None]
        if len(recorded) < len(tasks):
            missing = len(tasks) - len(recorded)
            raise SliceIncomplete(f"{missing} of {len(tasks)} subscriptions were not recorded.")
        return recorded

    async def _work_on(self, planned: Planned, stored: StoredSubscription) -> Coverage | None:
        """Work on one subscription, from the start again whenever a race or an answer was lost.

        None where it could not be recorded.
        """
        async with self._slots:
            for attempt in range(TRIES):
                try:
                    if attempt:
                        stored = await self._parts.estate.read_one(stored.partition)
                        self._wait(stored.outbox)
                    return await self._read_and_record(planned, stored)
                except (WriteConflict, StoreUnavailable) as error:
                    _log.warning("Subscription %s starts over: %s", planned.subscription.id, error)
        return None

    async def _read_and_record(self, planned: Planned, stored: StoredSubscription) -> Coverage:
        if stored.unusable is not None:
            return self._unusable(planned, stored.unusable)
        if stored.mark is not None:
            stored = await self._parts.estate.clear_mark(stored)
        difference = await self._compare(planned, stored)
        if not difference.is_empty:
            await self._record(stored, difference)
        return difference.coverage

    async def _compare(self, planned: Planned, stored: StoredSubscription) -> Difference:
        subscription, disposition = planned.subscription, planned.disposition
        if disposition is not Disposition.READ:
            return compare_unread(stored.known, subscription, disposition, self._context())
        reading = Reading(gap=_POISONED)
        if not self._poisoned:
            seconds = self._deadline - asyncio.get_running_loop().time()
            seconds = min(self._parts.options.subscription_timeout, seconds)
            reading = await self._parts.inventory.read(subscription.id, seconds=seconds)
        return compare(stored.known, subscription, reading, self._context())

    async def _record(self, stored: StoredSubscription, difference: Difference) -> None:
        estate = self._parts.estate
        batches = tuple(cut(stored, difference, self._claim.id))
        # One insert where nothing stood is a fence by itself; anything else could be overtaken.
        if stored.known.coverage is not None or len(batches) > 1:
            stored = await estate.mark(stored, difference, self._claim.id)
            await self._claim.check(self._parts)
        if difference.is_worse:
            await self._lower()
        self._wait(await estate.record(stored, batches))

    def _wait(self, outbox: Iterable[Pending]) -> None:
        """Keep changes until they are published, each once and in the order they were made."""
        for entry in outbox:
            self._pending.setdefault(entry.change.id, entry)
            self._recorded.add(entry.change.id)

    async def _publish(self) -> None:
        pending = list(self._pending.values())
        left = await self._parts.relay.publish(pending, self._parts.estate.clear_outbox)
        self._pending = {entry.change.id: entry for entry in left}

    async def _lower(self) -> None:
        """Take back "compliant" before anything worse stands in the table."""
        if self._lowered:
            return
        for _ in range(TRIES):
            board = replace(await self._parts.scans.board(), lease=None)
            if board.status is None or not _says_compliant(self._parts, board.status.value):
                break
            lowered = replace(board.status.value, lowered=PostureReason.RUNNING_SCAN_FOUND_WORSE)
            try:
                await self._parts.scans.commit(status=lowered, board=board)
            except WriteConflict:
                continue
            break
        else:
            raise StoreUnavailable("The status could not be lowered: others wrote at every try.")
        self._lowered = True

    def _context(self) -> Context:
        options = self._parts.options
        return Context(
            scan_id=self._claim.scan.id,
            now=self._parts.clock.now(),
            new_id=self._parts.new_id,
            kinds=options.kinds,
            baseline=self._claim.scan.baseline,
            status_as_of=self._status.as_of if self._status else None,
            hostname=options.hostname,
        )

    def _unusable(self, planned: Planned, why: str) -> Coverage:
        """Count a subscription whose rows must not be touched as a gap, without writing it."""
        return Coverage(
            subscription=planned.subscription,
            state=CoverageState.GAP,
            since=self._parts.clock.now(),
            gap=Gap(GapReason.SLICE_FAILED, detail=why),
        )


def _says_compliant(parts: Parts, status: Status) -> bool:
    """Tell whether the status says compliant to whoever asks while it is fresh."""
    if status.as_of is None:
        return False
    answer = posture.of_estate(status, status.as_of, parts.options.expectations)
    return answer.verdict is Verdict.COMPLIANT
