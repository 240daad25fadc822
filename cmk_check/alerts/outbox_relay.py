"""The outbox relay: it publishes recorded changes, and then deletes their outbox rows.

    record (state + outbox row) -> publish in the feed -> pass to the sinks -> delete the outbox row

If a process dies before the end, the outbox row remains, and the next scan continues from there: a
change that is already in the feed keeps its number and is passed to the sinks once more.
"""

import asyncio
import logging
from collections.abc import Sequence
from itertools import groupby

from cmk_check.limits import CHANGES_PER_PUBLICATION
from cmk_check.ports import ChangeSink, QueueError, StoreError, WriteConflict
from cmk_check.store.change_feed import FeedTable
from cmk_check.store.outbox import OutboxEntry

_log = logging.getLogger(__name__)


class Relay:
    """Publishes outbox rows and passes them to each of ``sinks`` in turn."""

    def __init__(self, feed: FeedTable, *sinks: ChangeSink) -> None:
        self._feed = feed
        self._sinks = sinks
        # Concurrent publications of one process would only compete for the head of the feed.
        self._one_at_a_time = asyncio.Lock()

    async def publish(self, pending: Sequence[OutboxEntry]) -> list[OutboxEntry]:
        """Publish changes in order, then delete their rows.

        Return the changes that could not be published. Such changes remain in the outbox for the
        next scan, so a failure of the feed or of a queue does not fail a slice.
        """
        left = list({entry.place: entry for entry in pending}.values())
        async with self._one_at_a_time:
            while left:
                try:
                    await self._publish(left[:CHANGES_PER_PUBLICATION])
                except (StoreError, QueueError) as error:
                    _log.error("Changes stay in the outbox. %s", error)
                    break
                del left[:CHANGES_PER_PUBLICATION]
        return left

    async def _publish(self, batch: Sequence[OutboxEntry]) -> None:
        published = await self._feed.publish([entry.change for entry in batch])
        for sink in self._sinks:
            await sink.accept(published)
        for _, entries in groupby(batch, key=lambda entry: entry.place[:2]):
            try:
                await self._feed.clear_outbox(list(entries))
            except WriteConflict:
                # Another relay has already deleted the rows after publishing the same changes.
                continue
