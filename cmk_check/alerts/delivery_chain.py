"""A chain of tries: one range for one route, from the first failed try to the last.

A message may be handed out twice, and each time send a successor. So each try notes, after it has
sent one or needs none, that it is over; whoever comes with the same try then stops. The note stands
at the last alert of the range, which stays the same for all tries, and is deleted with it.

A note that could not be written or read costs nothing but another repetition.
"""

from collections.abc import Sequence
from contextlib import suppress

from cmk_check.core.model import Change
from cmk_check.errors import StoreError
from cmk_check.limits import MAX_DELIVERY_ATTEMPT
from cmk_check.ports import DeliveryMessage
from cmk_check.store.change_feed import FeedTable


class Chain:
    """The chain of a message for a route."""

    def __init__(self, feed: FeedTable, message: DeliveryMessage, route: str) -> None:
        self._feed = feed
        self._name = f"tries_{route}"
        self._since = message.since.isoformat() if message.since else None
        self._attempt = message.attempt
        self._last: Change | None = None

    async def is_over(self, alerts: Sequence[tuple[int, Change]]) -> bool:
        """Tell whether this try is over already; ``alerts`` are those of its range, by number.

        Raises:
            StoreError: the feed could not be read.

        """
        if self._since is None or not alerts:
            return False
        self._last = alerts[-1][1]
        note = await self._feed.noted(self._last.id, self._name)
        since, _, over = note.partition("|")
        is_known = since == self._since and over.isdecimal()
        return is_known and self._attempt <= int(over[: len(str(MAX_DELIVERY_ATTEMPT))])

    async def end(self) -> None:
        """Note that this try is over."""
        if self._last is not None:
            note = f"{self._since}|{self._attempt}"
            with suppress(StoreError):
                await self._feed.note(self._last.id, self._name, note)
