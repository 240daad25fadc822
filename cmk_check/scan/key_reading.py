"""Reading the keys behind the accounts of a slice: whatever fails here costs their health alone."""

import asyncio
import logging
from collections.abc import Callable, Mapping

from cmk_check.core.comparison.changes import ComparisonContext
from cmk_check.core.comparison.compare import compare
from cmk_check.core.comparison.difference import Difference, Known
from cmk_check.core.comparison.judge import Keys, compliant, known_vaults, unread
from cmk_check.core.model import Account, Finding, Reading, Subscription
from cmk_check.core.reasons.gaps import KEY_TIME_IS_UP
from cmk_check.limits import KEY_READING_SHARE
from cmk_check.ports import KeyInventory
from cmk_check.scan.context import ScanOptions

_log = logging.getLogger(__name__)


class KeyReader:
    """Reads keys for one slice, until ``deadline`` on the clock of the event loop.

    What accounts share is asked for once, so it must not be older than the claim of the slice:
    whoever had it before may have written something newer.
    """

    def __init__(self, open_keys: Callable[[], KeyInventory], options: ScanOptions) -> None:
        self._open = open_keys
        self._inventory: KeyInventory | None = None
        self._options = options
        time = options.reading_deadline.total_seconds() * KEY_READING_SHARE
        self._deadline = asyncio.get_running_loop().time() + time

    async def compare(
        self,
        known: Known,
        subscription: Subscription,
        reading: Reading,
        comparison: ComparisonContext,
    ) -> Difference:
        """Read the keys behind a reading, and compare both with what is known."""
        keys = await self.read(reading.accounts, known.findings)
        try:
            return compare(known, subscription, reading, comparison, keys)
        except Exception:
            if not keys:
                raise
            _log.exception("The keys of subscription %s could not be judged.", subscription.id)
            return compare(known, subscription, reading, comparison, {})

    async def read(self, accounts: tuple[Account, ...], findings: Mapping[str, Finding]) -> Keys:
        """Read the keys of those of these accounts that are compliant.

        ``findings`` are what is known of the subscription's accounts. What could not be read is
        ``Unread``, or not there at all.
        """
        looked_at = compliant(accounts, self._options.kinds)
        if not looked_at:
            return {}
        left = self._deadline - asyncio.get_running_loop().time()
        if left <= 0:
            return {str(account.id): unread(KEY_TIME_IS_UP) for account in looked_at}
        seconds = min(self._options.subscription_timeout, left)
        vaults = known_vaults(findings, looked_at)
        try:
            if self._inventory is None:
                self._inventory = self._open()
            return await self._inventory.read(looked_at, vaults, seconds=seconds)
        except Exception:  # noqa: BLE001 - a fault of ours in here must cost no verdict
            _log.exception("The keys of %s could not be looked at.", looked_at[0].id)
            return {}
