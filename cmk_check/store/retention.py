"""Retention: each scan deletes a bounded number of old changes and scans."""

from datetime import datetime, timedelta
from typing import Final

from cmk_check.limits import CHANGES_PRUNED_PER_SCAN, RETENTION_GRACE, SCANS_PRUNED_PER_SCAN
from cmk_check.ports import Delete, Store, Table, TableQuery
from cmk_check.store import table_keys
from cmk_check.store.feed import FeedTable

_PARTITION: Final = "scan"


class Retention:
    """Deletes what is older than ``keep`` plus two days."""

    def __init__(self, store: Store, keep: timedelta) -> None:
        self._store = store
        self._feed = FeedTable(store)
        self._keep = keep

    async def prune(self, now: datetime) -> None:
        """Delete up to 490 changes and 100 scans; write nothing if nothing is old enough.

        Raises:
            StoreError: the rest stays until the next scan.

        """
        before = now - self._keep - RETENTION_GRACE
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
        if old:
            await self._store.commit(Table.SCANS, _PARTITION, old)
