"""The watch for changes as the status and the metrics show it."""

import logging

from cmk_check.core.watch import Watch
from cmk_check.errors import RowUnusable
from cmk_check.store.watch import WatchTable

_log = logging.getLogger(__name__)


async def read_watch(table: WatchTable | None) -> Watch | None:
    """Return what the watch remembers; None if it is off or a newer version wrote its row.

    Raises:
        StoreError

    """
    if table is None:
        return None
    try:
        return (await table.read()).value
    except RowUnusable as error:
        _log.warning("The watch is missing from the status. %s", error)
        return None
    return stored.value if stored else Watch()
