"""The watch for changes as the status and the metrics show it."""

import logging

from cmk_check.core.watch import Watch
from cmk_check.errors import RowUnusable
from cmk_check.store.watch import WatchTable
from cmk_check.web import models

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


def to_api_watch(watch: Watch | None) -> models.Watch | None:
    """Return the watch for the API."""
    if watch is None:
        return None
    return models.Watch(last_look=watch.last_look, last_change=watch.last_change, state=watch.state)
