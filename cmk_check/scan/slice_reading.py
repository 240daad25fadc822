"""Read the subscriptions of a slice within its time limit: accounts and their aspects."""

import asyncio
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from datetime import datetime

from cmk_check.core.account import Reading, Subscription
from cmk_check.core.aspects.aspect import AllJudged
from cmk_check.core.comparison.judge_accounts import judge_all
from cmk_check.core.comparison.updates import Known
from cmk_check.core.enums import GapReason
from cmk_check.core.reasons.gap_sentences import SLICE_TIME_IS_UP
from cmk_check.core.resource_id import AccountId
from cmk_check.scan.aspect_reader import build_readers
from cmk_check.scan.cross_check import SliceCrossCheck
from cmk_check.scan.exemption_turns import ExemptionTurns
from cmk_check.scan.scan_context import ScanContext


class SliceReading:
    """Reads until the reading time is up; ``cross_check`` finds accounts that lists lack."""

    def __init__(
        self, context: ScanContext, cross_check: SliceCrossCheck | None, turns: ExemptionTurns
    ) -> None:
        self._context = context
        self._cross_check = cross_check
        seconds = context.options.reading_deadline.total_seconds()
        self._deadline = asyncio.get_running_loop().time() + seconds
        self._readers = build_readers(context, turns)
        self._is_cut_off = False

    async def read(
        self, subscription: Subscription, rows: Known, lacking: Sequence[AccountId] = ()
    ) -> Reading:
        """Read a subscription within its time limit and within the remaining time of the slice.

        ``lacking`` are the accounts that Azure's list lacks.
        """
        left = self._deadline - asyncio.get_running_loop().time()
        if left <= 0:
            return Reading(gap=SLICE_TIME_IS_UP)
        seconds = min(self._context.options.subscription_timeout, left)
        # Untrusted findings are left out, because their ids may be invalid and would make the list
        # incomplete.
        recorded = [*(finding.id for finding in rows.findings.values()), *lacking]
        reading = await self._context.inventory.read(subscription, recorded, seconds=seconds)
        if seconds == left and reading.gap and reading.gap.reason is GapReason.TIMEOUT:
            return replace(reading, gap=SLICE_TIME_IS_UP)
        return reading

    async def judge(
        self, reading: Reading, subscription: Subscription, known: Known, now: datetime
    ) -> tuple[Reading, AllJudged]:
        """Cross-check a reading, and judge its accounts and their aspects as of ``now``."""
        if self._cross_check is not None and reading.gap is None and not self._is_cut_off:
            with self.keeps(known):
                lacking = await self._cross_check.list_lacking(subscription.id, reading, known)
                if lacking:
                    reading = await self.read(subscription, known, lacking)
                    self._cross_check.confirm(subscription.id, lacking, reading)
        judged = judge_all(reading.accounts, self._context.options.kinds, subscription.owner)
        for reader in self._readers:
            with self.keeps(known):
                if not self._is_cut_off:
                    judged = await reader.read(judged, known, now)
                    continue
            judged = reader.unread(judged, known, now)
        return reading, judged

    @contextmanager
    def keeps(self, known: Known) -> Iterator[None]:
        """Stop reading on a cancellation, and keep the accounts already read if allowed.

        A partial result may only be recorded for a subscription without a row, because it would
        replace nothing.
        """
        try:
            yield
        except asyncio.CancelledError:
            if known.coverage is not None or not self._context.keeps_cut_off:
                raise
            self._is_cut_off = True
            if task := asyncio.current_task():
                task.uncancel()
