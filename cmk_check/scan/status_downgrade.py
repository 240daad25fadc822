"""Downgrade: a status of "compliant" is withdrawn before anything worse is recorded.

So is one of "compliant with exceptions": before a violation, and before an exception ends or is
cut short.

Otherwise the API would report a compliant estate while the table already says otherwise. Only the
end of a scan raises the status again.
"""

from dataclasses import replace
from typing import Final, Literal

from cmk_check.core import posture
from cmk_check.core.comparison.updates import Difference
from cmk_check.core.enums import ExceptionMode, PostureReason, PostureVerdict
from cmk_check.core.status import Status
from cmk_check.errors import StoreUnavailable, WriteConflict
from cmk_check.limits import ATTEMPTS_PER_STEP
from cmk_check.scan.scan_context import ScanContext
from cmk_check.store.scan_rows import Stored
from cmk_check.store.scans import LeaseAndStatus

type _Side = Literal["verdicts", "keys", "data"]

_HIGH: Final = {PostureVerdict.COMPLIANT, PostureVerdict.COMPLIANT_WITH_EXCEPTIONS}


class StatusDowngrade:
    """Lowers the status for one worker, once for verdicts, once for keys and once for data.

    Whether keys and data count are settings, which may differ when the status is read: a downgrade
    because of these is therefore stored separately, whatever the settings are now.

    ``status`` was read after the worker had its claim. Only the end of a scan raises a status, and
    no scan can end before this worker is done or has lost its claim. So one that is low already is
    not read again.
    """

    def __init__(self, context: ScanContext, status: Stored[Status] | None) -> None:
        self._context = context
        self._status = status
        self._done: set[_Side] = set()

    async def lower(self, difference: Difference) -> None:
        """Withdraw what will no longer be true after recording this difference.

        Raises:
            StoreError

        """
        if difference.is_worse:
            await self._withdraw("verdicts")
        if difference.keys_are_worse:
            await self._withdraw("keys")
        if difference.data_is_worse:
            await self._withdraw("data")

    async def _withdraw(self, side: _Side) -> None:
        if side in self._done:
            return
        status = self._status
        for _ in range(ATTEMPTS_PER_STEP):
            if status is None or not self._is_high(status.value, side):
                break
            lowered = _lowered(status.value, side)
            current = LeaseAndStatus(lease=None, status=status)
            try:
                await self._context.scans.commit(status=lowered, current=current)
            except WriteConflict:
                status = await self._context.scans.status()
                continue
            break
        else:
            raise StoreUnavailable("The status could not be lowered: each try met another write.")
        self._done.add(side)

    def _is_high(self, status: Status, side: _Side) -> bool:
        """Return whether the status is compliant while it is fresh, with or without exceptions.

        For keys and data: as if these alone were required.
        """
        if status.as_of is None:
            return False
        # These are settings, which may differ for whoever reads the status.
        expect = replace(
            self._context.options.expectations,
            subscriptions=0,
            require_healthy_keys=side == "keys",
            require_covered_data=side == "data",
            scope=None,
            exceptions=ExceptionMode.ACCEPT,
        )
        answer = posture.of_estate(status, status.as_of, expect)
        return answer.verdict in _HIGH


def _lowered(status: Status, side: _Side) -> Status:
    if side == "keys":
        return replace(status, keys_lowered=True)
    if side == "data":
        return replace(status, data_lowered=True)
    return replace(status, lowered=PostureReason.RUNNING_SCAN_FOUND_WORSE)
