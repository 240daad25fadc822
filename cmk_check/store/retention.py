"""Retention: each scan deletes a bounded number of old changes and scans."""

from datetime import datetime, timedelta
from itertools import batched
from typing import Final

from cmk_check.limits import (
    CHANGES_PRUNED_PER_SCAN,
    MAX_TRANSACTION_WRITES,
    RETENTION_GRACE,
    SCANS_PRUNED_PER_SCAN,
)
from cmk_check.ports import Delete, Store, Table, TableQuery
from cmk_check.store import table_keys
from cmk_check.store.change_feed import FeedTable
from cmk_check.store.scans import ScanTable

_PARTITION: Final = "scan"


class Retention:
    """Deletes what is older than ``keep`` plus two days."""

    def __init__(self, store: Store, keep: timedelta) -> None:
        self._store = store
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
        if started is None:
            return
        before = min(now - RETENTION_GRACE, started) - self._keep
        await self._prune_scans(before)
        await self._feed.prune(before, CHANGES_PRUNED_PER_SCAN)

    async def _prune_scans(self, before: datetime) -> None:
        query = TableQuery(
            partition=_PARTITION,
            row_from=table_keys.scan_row(before, ""),
            row_to=table_keys.SCANS_TO,
            page=SCANS_PRUNED_PER_SCAN,
        )
        old: list[Delete] = []
        async for entity in self._store.query(Table.SCANS, query):
            old.append(Delete(entity.row, entity.etag))
            if len(old) == SCANS_PRUNED_PER_SCAN:
                break
        for some in batched(old, MAX_TRANSACTION_WRITES, strict=False):
            await self._store.commit(Table.SCANS, _PARTITION, some)
