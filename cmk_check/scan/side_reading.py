"""Reading what stands beside verdicts, for one slice; failures here affect nothing else."""

import asyncio
import logging
from collections.abc import Awaitable, Callable

from cmk_check.core.aspects.aspect import AllJudged
from cmk_check.limits import KEY_READING_SHARE
from cmk_check.scan.scan_context import ScanOptions

_log = logging.getLogger(__name__)


class SideReader[Inventory]:
    """Opens a reader for a slice, and gives its readings a part of the slice's time.

    What accounts share is read once. It must not be older than the claim of the slice, because the
    previous worker may have recorded something newer. So the reader is opened with the first
    reading.
    """

    def __init__(
        self,
        open_inventory: Callable[[], Inventory],
        options: ScanOptions,
        share: float = KEY_READING_SHARE,
    ) -> None:
        self._open = open_inventory
        self._inventory: Inventory | None = None
        self._timeout = options.subscription_timeout
        time = options.reading_deadline.total_seconds() * share
        self._deadline = asyncio.get_running_loop().time() + time

    async def read[Facts](
        self,
        what: str,
        ask: Callable[[Inventory, float], Awaitable[Facts]],
        *,
        late: Facts,
        failed: Facts,
    ) -> Facts:
        """Return what ``ask`` reads within so many seconds.

        ``what`` names it in the log. ``late`` is returned where the time is up, ``failed`` where
        there is a bug: it must not affect verdicts.
        """
        left = self._deadline - asyncio.get_running_loop().time()
        if left <= 0:
            return late
        try:
            if self._inventory is None:
                self._inventory = self._open()
            return await ask(self._inventory, min(self._timeout, left))
        except Exception:  # noqa: BLE001 - see above
            _log.exception("%s could not be read.", what)
            return failed


def judged_or_unread[Facts](
    what: str, judge: Callable[[Facts], AllJudged], facts: Facts, nothing: Facts
) -> AllJudged:
    """Judge facts, and after a bug ``nothing`` instead: it must not affect verdicts."""
    try:
        return judge(facts)
    except Exception:  # noqa: BLE001 - see above
        _log.exception("%s could not be judged.", what)
        return judge(nothing)
