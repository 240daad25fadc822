"""Retention: each scan deletes a bounded number of old changes and scans."""

from datetime import datetime, timedelta

from cmk_check.limits import CHANGES_PRUNED_PER_SCAN, RETENTION_GRACE, SCANS_PRUNED_PER_SCAN
from cmk_check.ports import Store
from cmk_check.store.change_feed import FeedTable
from cmk_check.store.scans import ScanTable


class Retention:
    """Deletes what is older than ``keep`` plus two days."""

    def __init__(self, store: Store, keep: timedelta) -> None:
        self._feed = FeedTable(store)
        self._scans = ScanTable(store)
        self._keep = keep

    async def prune(self, now: datetime, scan_id: str) -> None:
        """Delete up to 490 changes and 1,000 scans; write nothing if nothing is old enough.

        ``scan_id`` is the scan that ends. What was deleted cannot be brought back, so its clock
        alone is not believed: no more than two days may have passed since the scan before it began.
        After a longer pause the second scan deletes.

        Raises:
            StoreError: the rest stays until the next scan.

        """
        latest = await self._scans.history(2)
        started = next((scan.started_at for scan in latest if scan.id != scan_id), None)
        if started is not None:
            before = min(now - RETENTION_GRACE, started) - self._keep
            await self._scans.prune(before, SCANS_PRUNED_PER_SCAN)
            await self._feed.prune(before, CHANGES_PRUNED_PER_SCAN)
