"""Downgrade: "compliant" is taken back before anything worse stands in the table.

Whoever asks in between would be told that an estate is compliant of which the table says otherwise.
Only the end of a scan raises the status again.
"""

from dataclasses import replace

from cmk_check.core import posture
from cmk_check.core.comparison.difference import Difference
from cmk_check.core.enums import PostureReason, Verdict
from cmk_check.core.model import Status
from cmk_check.errors import StoreUnavailable, WriteConflict
from cmk_check.limits import ATTEMPTS_PER_STEP
from cmk_check.scan.context import ScanContext
from cmk_check.store.scans import LeaseAndStatus


class StatusDowngrade:
    """Lowers the status for one worker, once for verdicts and once for keys.

    Whether keys count is a setting, and may be another one when the status is asked for: what a key
    takes back is marked by itself, whatever the setting is now.
    """

    def __init__(self, context: ScanContext) -> None:
        self._context = context
        self._done: set[bool] = set()

    async def lower(self, difference: Difference) -> None:
        """Take back what recording this difference will make untrue.

        Raises:
            StoreError

        """
        if difference.is_worse:
            await self._take_back(keys=False)
        if difference.keys_are_worse:
            await self._take_back(keys=True)

    async def _take_back(self, *, keys: bool) -> None:
        if keys in self._done:
            return
        for _ in range(ATTEMPTS_PER_STEP):
            status = await self._context.scans.status()
            if status is None or not self._is_high(status.value, keys=keys):
                break
            lowered = _lowered(status.value, keys=keys)
            current = LeaseAndStatus(lease=None, status=status)
            try:
                await self._context.scans.commit(status=lowered, current=current)
            except WriteConflict:
                continue
            break
        else:
            raise StoreUnavailable("The status could not be lowered: others wrote at every try.")
        self._done.add(keys)

    def _is_high(self, status: Status, *, keys: bool) -> bool:
        """Tell whether the status says compliant to whoever asks while it is fresh.

        ``keys``: to one for whom an account counts only while its key can be used.
        """
        if status.as_of is None:
            return False
        # How many subscriptions are expected is a setting, and may be another one when it is asked.
        expect = replace(
            self._context.options.expectations, subscriptions=0, require_healthy_keys=keys
        )
        answer = posture.of_estate(status, status.as_of, expect)
        return answer.verdict is Verdict.COMPLIANT


def _lowered(status: Status, *, keys: bool) -> Status:
    if keys:
        return replace(status, keys_lowered=True)
    return replace(status, lowered=PostureReason.RUNNING_SCAN_FOUND_WORSE)
