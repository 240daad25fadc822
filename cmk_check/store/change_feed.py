"""The change feed: published changes with gapless numbers, each exactly once.

A reader's cursor is a number. One transaction moves the head and writes the rows, with a marker for
each change id. For this reason two publishers can neither use the same number nor publish a change
twice, and a slow publisher cannot insert a row before a reader's cursor:

    A: read head 7 .. write 8, 9, 10 and head 10
    B: read head 7 ........................ write 8, 9 and head 9: head has changed
       read head 10, write 11, 12 and head 12

A marker may be deleted only if no outbox contains its change; otherwise the change would be
published again under a second number. A change is published from its outbox row, which is then
deleted, and ids are never reused. Without an outbox row, the change can therefore never be
published again. (If a process read the row earlier, the host stops the process within minutes, long
before the retention ends.)
"""

import asyncio
import logging
import random
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import suppress
from dataclasses import replace
from datetime import datetime
from itertools import batched, takewhile
from typing import Final
from uuid import NAMESPACE_URL, uuid5

from cmk_check.core.model import Change
from cmk_check.core.status import Undelivered
from cmk_check.limits import (
    CHANGES_PER_PUBLICATION,
    FIRST_PUBLICATION_BACK_OFF_SECONDS,
    LATE_PUBLICATION,
    MAX_TRANSACTION_WRITES,
    PUBLICATION_ATTEMPTS,
    PUBLICATION_BACK_OFF_SECONDS,
    TABLE_PAGE_ROWS,
)
from cmk_check.ports import (
    Clock,
    Delete,
    Entity,
    Insert,
    Replace,
    Store,
    StoreUnavailable,
    Table,
    TableQuery,
    Write,
    WriteConflict,
)
from cmk_check.store import codec, table_keys
from cmk_check.store.codec import RowTooNew, RowUnusable
from cmk_check.store.outbox import OutboxEntry, get_place

_log = logging.getLogger(__name__)

type Sleep = Callable[[float], Awaitable[object]]
type _Key = tuple[str, str]

_PARTITION: Final = "feed"
_HEAD: Final = "head"
_PUBLISHED: Final = "published"
_SINCE: Final = "since"


class FeedTable:
    """The table of published changes. Each method raises StoreError if the table is unavailable.

    Publishing needs ``clock``. The clock dates publications, so that a change that waited long in
    its outbox is kept as long as other changes. ``sleep`` waits for a number of seconds.
    """

    def __init__(
        self, store: Store, clock: Clock | None = None, *, sleep: Sleep = asyncio.sleep
    ) -> None:
        self._store = store
        self._clock = clock
        self._sleep = sleep

    async def read(self, after: int, top: int) -> list[tuple[int, Change]]:
        """Return up to ``top`` changes with numbers above ``after``, in order.

        A broken row is skipped and logged, so that it does not block the rows after it.

        Raises:
            RowTooNew: a newer version wrote the next change, which must not be skipped.
        """
        numbered: list[tuple[int, Change]] = []
        if top < 1 or after >= table_keys.LAST_NUMBER:
            return numbered
        async for entity in self._rows(max(after, 0), min(top, TABLE_PAGE_ROWS)):
            try:
                numbered.append((int(entity.row), codec.decode_change(entity)))
            except RowTooNew:
                if numbered:
                    break
                raise
            except RowUnusable as error:
                _log.error("A published change cannot be read: %s", error)
            if len(numbered) == top:
                break
        return numbered

    async def read_since(
        self, since: datetime, most: int, until: datetime | None = None
    ) -> tuple[list[Change], bool]:
        """Return the changes published since a time, oldest first, and whether all were read.

        Changes published at ``until`` or later are left out.

        The newest changes are read, about ``most`` of them, back to a change that was pruned or
        whose row is broken.

        Raises:
            RowTooNew: a newer version wrote the head of the feed, or one of the changes.
        """
        end, newest_first = await self.last() + 1, list[Change]()
        while end > 1 and len(newest_first) < most:
            start = max(end - TABLE_PAGE_ROWS, 1)
            rows = {int(row.row): row async for row in self._rows(start - 1, TABLE_PAGE_ROWS, end)}
            for number in range(end - 1, start - 1, -1):
                try:
                    change, published = (
                        codec.decode_change(rows[number]),
                        _read_published(rows[number]),
                    )
                    if published < since - LATE_PUBLICATION:
                        return newest_first[::-1], True
                    if since <= published and (until is None or published < until):
                        newest_first.append(change)
                except RowTooNew:
                    raise
                except (KeyError, RowUnusable):
                    return newest_first[::-1], False
            end = start
        return newest_first[::-1], end == 1

    async def last(self) -> int:
        """Return the highest number so far, or 0 before the first change."""
        return await self._last(await self._get(_HEAD))

    async def read_note(self, change_id: str, name: str) -> str:
        """Return the note with this name on a published change, or "" without such a note."""
        marker = await self._get(table_keys.feed_marker(change_id))
        return str(marker.values.get(name, "")) if marker else ""

    async def note(self, change_id: str, name: str, text: str) -> None:
        """Attach a note with a name to a published change, until the change is pruned."""
        marker = await self._get(table_keys.feed_marker(change_id))
        if marker and not codec.is_too_new(marker):
            await self._commit([Replace(marker.row, {**marker.values, name: text}, marker.etag)])

    async def note_undelivered(self, route: str, first: int, last: int, since: datetime) -> None:
        """Note that the receiver of a route has not accepted a range, unless already noted."""
        values = {**codec.STAMP, "first": first, _SINCE: since.isoformat()}
        with suppress(WriteConflict):
            await self._commit([Insert(table_keys.build_undelivered_row(route, last), values)])

    async def forget_undelivered(self, first: int, last: int, route: str | None = None) -> None:
        """Delete a route's notes on ranges that end from ``first`` to ``last``, or all routes'."""
        of_route = "" if route is None else f"{table_keys.escape(route)}|"
        notes = [
            Delete(entity.row, entity.etag)
            async for entity in self._notes(of_route)
            if first <= table_keys.parse_undelivered_number(entity.row) <= last
        ]
        for batch in batched(notes, MAX_TRANSACTION_WRITES, strict=False):
            await self._commit(batch)

    async def read_undelivered(self) -> Undelivered | None:
        """Return the span of all ranges that a receiver has not accepted, or None.

        Raises:
            RowUnusable: a note is broken.
        """
        notes = [entity async for entity in self._notes()]
        if not notes:
            return None
        readers = [codec.Reader(entity) for entity in notes]
        return Undelivered(
            min(reader.number("first", table_keys.LAST_NUMBER) for reader in readers),
            max(table_keys.parse_undelivered_number(entity.row) for entity in notes),
            min(reader.read_parsed(codec.decode_time, _SINCE) for reader in readers),
        )

    async def _notes(self, of_route: str = "") -> AsyncIterator[Entity]:
        prefix = f"{table_keys.UNDELIVERED}{of_route}"
        query = TableQuery(partition=_PARTITION, row_from=prefix, row_to=f"{prefix[:-1]}}}")
        async for entity in self._store.query(Table.CHANGES, query):
            yield entity

    async def prune(self, before: datetime, most: int) -> int:
        """Delete up to ``most`` changes published before a time, oldest first; return how many.

        Pruning stops at the first change that is newer or whose outbox row still exists. The head
        of the feed remains, because numbers are never reused. If there is nothing to delete, at
        most one page is read and nothing is written.
        """
        pruned = 0
        old = await self._older(before, most)
        for batch in batched(old, CHANGES_PER_PUBLICATION, strict=False):
            places = [get_place(change) for _, change in batch]
            waiting = await asyncio.gather(*(self._store.get(*place) for place in places))
            pairs = zip(batch, waiting, strict=True)
            free = [entry for entry, _ in takewhile(lambda pair: pair[1] is None, pairs)]
            if free:
                names = (table_keys.feed_marker(change.id) for _, change in free)
                markers = await asyncio.gather(*map(self._get, names))
                removable = [*(entity for entity, _ in free), *filter(None, markers)]
                await self._commit([Delete(entity.row, entity.etag) for entity in removable])
            pruned += len(free)
            if len(free) < len(batch):
                break
        return pruned

    async def _older(self, before: datetime, most: int) -> list[tuple[Entity, Change]]:
        old: list[tuple[Entity, Change]] = []
        async for entity in self._rows(0, CHANGES_PER_PUBLICATION):
            try:
                change = codec.decode_change(entity)
                if len(old) == most or _read_published(entity) >= before:
                    break
                old.append((entity, change))
            except RowTooNew:
                break
            except RowUnusable as error:
                _log.warning("A broken change stays in the feed: %s", error)
        return old

    async def _rows(self, after: int, page: int, until: int | None = None) -> AsyncIterator[Entity]:
        query = TableQuery(
            partition=_PARTITION,
            row_from=table_keys.feed_row(after + 1),
            row_to=table_keys.NUMBERS_TO if until is None else table_keys.feed_row(until),
            page=page,
        )
        async for entity in self._store.query(Table.CHANGES, query):
            if table_keys.is_feed_row(entity.row):  # skip rows that this program did not write
                yield entity

    async def publish(self, changes: Sequence[Change]) -> list[tuple[int, Change]]:
        """Publish up to 49 changes that are not yet in the feed; return all, with numbers.

        If publishing fails, either none or all of the changes are in the feed.
        """
        numbers: dict[_Key, int] = {}
        for attempt in range(PUBLICATION_ATTEMPTS):
            fresh = list({c.id: c for c in changes if _key(c) not in numbers}.values())
            if not fresh:
                return [(numbers[_key(change)], change) for change in changes]
            try:
                numbers |= await self._append(fresh)
            except WriteConflict:
                await self._sleep(_back_off(attempt))
                published = await asyncio.gather(*map(self._find_published, changes))
                changes = [change for change, _ in published]
                numbers = {_key(change): number for change, number in published if number}
        message = "Every try to write the feed met a conflict; the changes stay in the outbox."
        raise StoreUnavailable(message)

    async def clear_outbox(self, published: Sequence[OutboxEntry]) -> None:
        """Delete the outbox rows of published changes, up to 100 of one partition."""
        table, partition, _ = published[0].place
        writes = [Delete(entry.place[-1], entry.etag) for entry in published]
        await self._store.commit(table, partition, writes)

    async def _find_published(self, change: Change) -> tuple[Change, int | None]:
        """Return a change, with its number if a crashed publisher had already published it.

        If a change from another source has the same id, this change was not published, and gets
        another id. (An outbox row may be forged, but the program cannot know which change is the
        forgery.)
        """
        marker = await self._get(table_keys.feed_marker(change.id))
        if marker is None:
            return change, None
        number = codec.Reader(marker).number("number", table_keys.LAST_NUMBER)
        row = await self._get(table_keys.feed_row(number))
        if row is None or row.values.get("source") == change.source:
            return change, number
        _log.error(
            "Changes of two sources have the id %s. The change from %s gets a new id.",
            *_key(change),
        )
        return replace(change, id=str(uuid5(NAMESPACE_URL, "/".join(_key(change))))), None

    async def _get(self, name: str) -> Entity | None:
        return await self._store.get(Table.CHANGES, _PARTITION, name)

    async def _commit(self, writes: Sequence[Write]) -> None:
        await self._store.commit(Table.CHANGES, _PARTITION, writes)

    async def _append(self, fresh: Sequence[Change]) -> dict[_Key, int]:
        head = await self._get(_HEAD)
        last = await self._last(head)
        numbers = {_key(change): number for number, change in enumerate(fresh, last + 1)}
        moved = {**codec.STAMP, "last": last + len(fresh)}
        writes: list[Write] = [codec.write(_HEAD, moved, head.etag if head else None)]
        dated = {} if self._clock is None else {_PUBLISHED: self._clock.now().isoformat()}
        for number, change in enumerate(fresh, last + 1):
            writes.append(Insert(table_keys.feed_row(number), codec.encode_change(change) | dated))
            marker = {"schema": codec.SCHEMA, "number": number}
            writes.append(Insert(table_keys.feed_marker(change.id), marker))
        await self._commit(writes)
        return numbers

    async def _last(self, head: Entity | None) -> int:
        """Return the last number, from the rows if the head was deleted or is broken.

        Raises:
            RowTooNew: a newer version wrote the head.
        """
        if head is not None:
            try:
                return codec.Reader.open_row(head).number("last", table_keys.LAST_NUMBER)
            except RowTooNew:
                raise
            except RowUnusable as error:
                _log.warning("The next publication rebuilds the head of the feed: %s", error)
        last = 0
        async for entity in self._rows(0, TABLE_PAGE_ROWS):
            last = int(entity.row)
        return last


def _back_off(attempt: int) -> float:
    """Return the seconds to wait after a lost race.

    All publishers read the head, one of them writes, and the others lose. Without a wait, a slow
    publisher loses every time. The maximum wait doubles, so that it suits any number of publishers.
    """
    longest = min(FIRST_PUBLICATION_BACK_OFF_SECONDS * 2**attempt, PUBLICATION_BACK_OFF_SECONDS)
    return random.uniform(0, longest)  # noqa: S311 - spreads publishers, guards nothing


def _key(change: Change) -> _Key:
    """Return the id and the source of a change, which together are unique."""
    return change.id, change.source


def _read_published(entity: Entity) -> datetime:
    return codec.Reader(entity).read_parsed(codec.decode_time, _PUBLISHED)
