"""Report health to load balancers and uptime checks: whether the app responds with fresh data.

The health check is anonymous, so it returns nothing else and reads the store at most once in ten
seconds.
"""

import asyncio
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from http import HTTPStatus

from cmk_check.core.posture import is_fresh
from cmk_check.limits import HEALTH_KEPT, HEALTH_READ_SECONDS
from cmk_check.ports import Clock, StoreError
from cmk_check.store.scans import ScanTable

type Answer = tuple[int, dict[str, str]]


@dataclass(slots=True)
class Health:
    """Responses from one read of the status row, kept for 10 s and shared among callers.

    If a read takes longer than ``seconds``, the store is reported as unavailable.
    """

    scans: ScanTable
    clock: Clock
    max_age: timedelta
    seconds: float = field(default=HEALTH_READ_SECONDS, kw_only=True)
    _reading: asyncio.Lock = field(default_factory=asyncio.Lock, init=False)
    _kept: tuple[datetime, Answer] | None = field(default=None, init=False)

    async def check(self) -> Answer:
        """Return the HTTP status and the body."""
        async with self._reading:
            now = self.clock.now()
            # If the clock was set back, read again.
            if self._kept is None or not timedelta() <= now - self._kept[0] < HEALTH_KEPT:
                self._kept = now, await self._read(now)
            return self._kept[1]

    async def _read(self, now: datetime) -> Answer:
        try:
            async with asyncio.timeout(self.seconds):
                stored = await self.scans.status()
        except (StoreError, TimeoutError):
            return HTTPStatus.SERVICE_UNAVAILABLE, {"status": "unavailable"}
        as_of = stored.value.as_of
        fresh = as_of is not None and is_fresh(as_of, now, self.max_age)
        return HTTPStatus.OK, {"status": "ok" if fresh else "stale"}
