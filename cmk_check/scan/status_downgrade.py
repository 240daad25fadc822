"""Downgrade: a status of "compliant" is withdrawn before anything worse is recorded.

So is one of "compliant with exceptions": before a violation, and before an exception ends or is
cut short.

Otherwise the API would report a compliant estate while the table already says otherwise. Only the
end of a scan raises the status again.
"""

from dataclasses import replace
from typing import Final

from cmk_check.core import posture
from cmk_check.core.comparison.updates import Difference
from cmk_check.core.enums import ExceptionMode, PostureVerdict
from cmk_check.core.requirements import REQUIREMENTS, Requirement
from cmk_check.core.status import Status
from cmk_check.limits import ATTEMPTS_PER_STEP
from cmk_check.ports import StoreUnavailable, WriteConflict
from cmk_check.scan.scan_context import ScanContext
from cmk_check.store.scan_rows import Stored
from cmk_check.store.scans import LeaseAndStatus

_HIGH: Final = {PostureVerdict.COMPLIANT, PostureVerdict.COMPLIANT_WITH_EXCEPTIONS}


class StatusDowngrade:
    """Lowers the status for one worker, once for each requirement.

    What is required may differ when the status is read: so each is lowered and stored by itself,
    whatever the settings are now.

    ``status`` was read after the worker had its claim. Only the end of a scan raises a status, and
    no scan can end before this worker is done or has lost its claim. So one that is low already is
    not read again.
    """

    def __init__(self, context: ScanContext, status: Stored[Status]) -> None:
        self._context = context
        self._status = status
        self._done: set[Requirement] = set()

    async def lower(self, difference: Difference) -> None:
        """Withdraw what will no longer be true after recording this difference.

        Raises:
            StoreError

        """
        for requirement in REQUIREMENTS:
            if requirement not in self._done and requirement.is_worse(difference):
                await self._withdraw(requirement)

    async def _withdraw(self, requirement: Requirement) -> None:
        status = self._status
        for _ in range(ATTEMPTS_PER_STEP):
            if not self._is_high(status.value, requirement):
                break
            current = LeaseAndStatus(status=status)
            try:
                lowered = requirement.lower(status.value)
                await self._context.scans.commit(status=lowered, current=current)
            except WriteConflict:
                status = await self._context.scans.status()
                continue
            break
        else:
            raise StoreUnavailable("The status could not be lowered: each try met another write.")
        self._done.add(requirement)

    def _is_high(self, status: Status, requirement: Requirement) -> bool:
        """Return whether the status is compliant while it is fresh, with or without exceptions.

        As if this alone were required.
        """
        if status.as_of is None:
            return False
        # These are settings, which may differ for whoever reads the status.
        expect = replace(
            self._context.options.expectations,
            subscriptions=0,
            requires=frozenset({requirement}),
            scope=None,
            exceptions=ExceptionMode.ACCEPT,
        )
        answer = posture.of_estate(status, status.as_of, expect)
        return answer.verdict in _HIGH
