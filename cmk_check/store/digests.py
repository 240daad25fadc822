"""The periods of digests, with a row for each route in a partition of their own.

A period begins where the last delivered period ended, so the next digest covers what was missed.
"""

from abc import ABC, abstractmethod
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from pydantic import TypeAdapter

from cmk_check.config.ncrontab import next_time
from cmk_check.core.alert_routes import Route
from cmk_check.core.model import Change
from cmk_check.limits import EARLY_TIMER, LONGEST_DELIVERY_DELAY
from cmk_check.ports import Store, Table, TableQuery, WriteConflict
from cmk_check.store import codec
from cmk_check.store.codec import RowUnusable
from cmk_check.store.scan_rows import Stored, document, value_of, value_or

_PARTITION: Final = "digest"


@dataclass(frozen=True, slots=True)
class DigestState:
    """``since`` is the end of the last delivered period.

    ``due`` is the end of the period that is tried now. ``tried`` is the number of the last try that
    is over.
    """

    since: datetime
    due: datetime | None = None
    tried: int = -1


_STATE: Final = TypeAdapter(DigestState)


@dataclass(frozen=True, slots=True)
class Digests(ABC):
    """The digests of some routes; ``schedule`` says when they are due.

    All methods raise StoreError.
    """

    store: Store
    schedule: str
    routes: tuple[str, ...]

    @abstractmethod
    async def make(self, route: Route, state: DigestState) -> Change:
        """Return the digest of a period."""

    def due(self, now: datetime) -> datetime:
        """Return the end of the period that is due, which is the same in each process."""
        return next_time(self.schedule, now + EARLY_TIMER, -1) or now

    def get_missed(self, state: DigestState) -> datetime | None:
        """Return when the first undelivered digest before the current digest was due, or None."""
        due = next_time(self.schedule, state.since)
        return due if due and state.due and due < state.due else None

    async def start(self, now: datetime) -> None:
        """Begin the first period of each new route, so that its first digest can be late.

        Without this step, nothing would show that a timer never fires.
        """
        first = DigestState(self.due(now))
        for route in self.routes:
            if await self.store.get(Table.SCANS, _PARTITION, route) is None:
                with suppress(WriteConflict):  # another process has already begun the period
                    await self.write(route, first, Stored(first, ""))

    async def begin(self, route: str, due: datetime, attempt: int) -> Stored[DigestState] | None:
        """Return the state of the period that ends at ``due``, or None if it needs no such try.

        No try is needed if the digest was delivered, if a later one is due, or if the queue has
        already delivered this message.
        """
        entity = await self.store.get(Table.SCANS, _PARTITION, route)
        before = next_time(self.schedule, due - timedelta(seconds=1), -1)
        first = DigestState(before or due - timedelta(weeks=1))
        stored = value_or(first, _STATE, entity)
        since, times, tried = stored.value.since, stored.value.due, stored.value.tried
        if due <= since or due < (times or due) or (due == times and attempt <= tried):
            return None
        return stored if due == times else await self.write(route, DigestState(since, due), stored)

    async def write(
        self, route: str, state: DigestState, before: Stored[DigestState]
    ) -> Stored[DigestState]:
        """Write the state of a route if it is unchanged since it was read."""
        write = codec.write(route, document(_STATE, state), before.etag)
        (etag,) = await self.store.commit(Table.SCANS, _PARTITION, [write])
        return Stored(state, etag)

    async def late(self, now: datetime) -> str:
        """Return the routes without their last digest, with when it was due, or ""."""
        late_routes: list[str] = []
        async for entity in self.store.query(Table.SCANS, TableQuery(partition=_PARTITION)):
            if entity.row not in self.routes:
                continue
            try:
                state = value_of(_STATE, entity).value
            except RowUnusable:
                late_routes.append(f"{entity.row}: its row cannot be read")
                continue
            due = next_time(self.schedule, state.since) or state.due
            if due and due + LONGEST_DELIVERY_DELAY < now:
                late_routes.append(f"{entity.row}: due {due:%Y-%m-%d %H:%M} UTC")
        return ", ".join(late_routes)
