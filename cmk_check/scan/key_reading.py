"""Reading the keys of a slice's accounts; failures here affect only the health of keys."""

import logging
from collections.abc import Callable

from cmk_check.core.comparison.carried_scopes import carried_scopes
from cmk_check.core.comparison.changes import ComparisonContext
from cmk_check.core.comparison.compare import compare
from cmk_check.core.comparison.judge import Keys, compliant, known_vaults, unread
from cmk_check.core.comparison.updates import Difference, Known
from cmk_check.core.model import Account, Reading, Subscription
from cmk_check.core.reasons.gap_sentences import KEY_TIME_IS_UP
from cmk_check.ports import KeyInventory
from cmk_check.scan.scan_context import ScanOptions
from cmk_check.scan.side_reading import SideReader
from cmk_check.store.scan_rows import Scan

_log = logging.getLogger(__name__)


class KeyReader:
    """Reads keys for one slice."""

    def __init__(
        self, open_keys: Callable[[], KeyInventory], options: ScanOptions, scan: Scan
    ) -> None:
        self._reader = SideReader(open_keys, options)
        self._options = options
        self._scan = scan

    async def compare(
        self,
        known: Known,
        subscription: Subscription,
        reading: Reading,
        comparison: ComparisonContext,
    ) -> Difference:
        """Read the keys of a reading's accounts, and compare both with what is recorded."""
        keys = await self.read(reading.accounts, known)
        try:
            return compare(known, subscription, reading, comparison, keys)
        except Exception:
            if not keys:
                raise
            _log.exception("The keys of subscription %s could not be judged.", subscription.id)
            return compare(known, subscription, reading, comparison, {})

    async def read(self, accounts: tuple[Account, ...], known: Known) -> Keys:
        """Read the keys of the compliant accounts.

        ``known`` is what is recorded of the subscription. Facts that could not be read are
        ``Unread`` or missing.
        """
        to_read = compliant(accounts, self._options.kinds)
        if not to_read:
            return {}
        vaults = known_vaults(known.findings, to_read)
        scan = self._scan
        scopes = carried_scopes(known, to_read, scan.daily_until, scan.started_at)
        return await self._reader.read(
            f"The keys of {to_read[0].id}",
            lambda reader, seconds: reader.read(to_read, vaults, scopes, seconds=seconds),
            late={str(account.id): unread(KEY_TIME_IS_UP) for account in to_read},
            failed={},
        )
