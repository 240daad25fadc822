"""The metrics: the status for Prometheus, from one row of the store.

As in the status, the values are derived at the time of the scrape: if scans stop, ``compliant``
must not stay in the time series. If the row cannot be read, the scrape fails and ``up`` is 0.
"""

import asyncio
from dataclasses import dataclass

from cmk_check.core import posture
from cmk_check.core.posture import Expectations
from cmk_check.ports import Clock
from cmk_check.store.scans import ScanTable
from cmk_check.store.watch import WatchTable
from cmk_check.web.views.watch import read_watch


@dataclass(frozen=True, slots=True)
class MetricsView:
    """Makes the response to a scrape.

    ``kinds`` are those in scope, ``key_health`` is whether keys are read, ``owners`` whether owners
    are kept. ``watch_table`` is None without a watch for changes.
    """

    scans: ScanTable
    clock: Clock
    expect: Expectations
    kinds: tuple[str, ...]
    key_health: bool
    owners: bool
    watch_table: WatchTable | None = None

    async def scrape(self, accept: str) -> tuple[bytes, str]:
        """Return the metrics in an accepted format, and the content type.

        Raises:
            StoreError

        """
        # The library takes long to load, and no other request needs it.
        from cmk_check.web.views.prometheus import StatusCollector, write  # noqa: PLC0415

        stored, watch = await asyncio.gather(self.scans.status(), read_watch(self.watch_table))
        status = stored.value
        now = self.clock.now()
        answer = posture.of_estate(status, now, self.expect)
        looked_at = watch.last_look if watch else None
        scraped = StatusCollector(
            status, answer, now, self.kinds, self.key_health, self.owners, looked_at
        )
        return write(scraped, accept)
