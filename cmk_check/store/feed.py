"""The change feed: published changes under gapless numbers, each exactly once.

A reader's cursor is a number. One transaction moves the head and writes the rows and a marker per
change id, so two publishers can neither share a number nor publish one change twice, and a slow one
cannot slip a row in behind a reader:

    A: read head 7 .. write 8, 9, 10 and head 10
    B: read head 7 ........................ write 8, 9 and head 9: head has changed
       read head 10, write 11, 12 and head 12
"""

from collections.abc import Sequence
from typing import Final

from cmk_check.core.model import Change
from cmk_check.errors import RowUnusable, StoreUnavailable, WriteConflict
from cmk_check.ports import Insert, Replace, Store, Table, Write
from cmk_check.store import keys, rows

# Per change a row and a marker, and the head: 2 x 49 + 1 of the 100 operations of a transaction.
MOST_PER_PUBLICATION: Final = 49
_PARTITION: Final = "feed"
_HEAD: Final = "head"
_TRIES: Final = 20


class FeedTable:
    """The table of published changes."""

    def __init__(self, store: Store) -> None:
        self._store = store

    async def publish(self, changes: Sequence[Change]) -> list[tuple[int, Change]]:
        """Publish up to 49 changes, those not in the feed yet; return all with their numbers.

        Raises:
            StoreError: the feed could not be written; nothing or everything of this call is in it.

        """
        numbers: dict[str, int] = {}
        for _ in range(_TRIES):
            fresh = list({c.id: c for c in changes if c.id not in numbers}.values())
            if not fresh:
                return [(numbers[change.id], change) for change in changes]
            try:
                numbers |= await self._append(fresh)
            except WriteConflict:
                numbers = await self._published(changes)
        message = "The change feed's head moved at every try; the changes stay in the outbox."
        raise StoreUnavailable(message)

    async def _published(self, changes: Sequence[Change]) -> dict[str, int]:
        """Find the numbers of those in the feed that a publisher who died left in the outbox."""
        numbers = {}
        for change in changes:
            marker = await self._store.get(Table.CHANGES, _PARTITION, keys.feed_marker(change.id))
            if marker is not None:
                numbers[change.id] = rows.Reader(marker).number("number")
        return numbers

    async def _append(self, fresh: Sequence[Change]) -> dict[str, int]:
        head = await self._store.get(Table.CHANGES, _PARTITION, _HEAD)
        if head is not None and rows.is_too_new(head):
            raise RowUnusable("A newer version of cmk_check publishes: deploy that version again.")
        last = 0 if head is None else rows.Reader(head).number("last")
        numbers = {change.id: number for number, change in enumerate(fresh, last + 1)}
        moved = {"schema": rows.SCHEMA, "last": last + len(fresh)}
        writes: list[Write] = [
            Insert(_HEAD, moved) if head is None else Replace(_HEAD, moved, head.etag)
        ]
        for change in fresh:
            number = numbers[change.id]
            writes.append(Insert(keys.feed_row(number), rows.change_values(change)))
            marker = {"schema": rows.SCHEMA, "number": number}
            writes.append(Insert(keys.feed_marker(change.id), marker))
        await self._store.commit(Table.CHANGES, _PARTITION, writes)
        return numbers
