"""A feed, a receiver and the queues between them, for the tests of delivery."""

import json
import logging
from collections.abc import Sequence
from datetime import timedelta
from typing import Any, Final

import pytest

from cmk_check.alerts.deliver import DeliveryContext, deliver
from cmk_check.alerts.delivery_queue import parse_message
from cmk_check.core.enums import ChangeType
from cmk_check.core.model import Change
from cmk_check.ports import DeliveryFailed, Replace, Scalar, Table
from cmk_check.store import table_keys
from cmk_check.store.change_feed import FeedTable
from tests.fakes.delivery import MemoryTexts, ScriptedWebhook
from tests.fakes.faults import Place
from tests.fakes.recording_store import RecordingStore
from tests.fakes.world import BEGINNING, MovableClock

VIOLATED: Final = ChangeType.ACCOUNT_VIOLATED
UPDATED: Final = ChangeType.ACCOUNT_UPDATED
DOWN: Final = DeliveryFailed("503", permanent=False)
TOO_LARGE: Final = DeliveryFailed("413", permanent=True)
READ_FEED: Final = Place("query", Table.CHANGES, None)


class Scene:
    """A feed, a webhook, both queues and a clock; the log lines of delivery."""

    def __init__(self, caplog: pytest.LogCaptureFixture) -> None:
        caplog.set_level(logging.INFO, logger="cmk_check.lines")
        self._caplog = caplog
        self.store = RecordingStore()
        self.webhook = ScriptedWebhook()
        self.again, self.poison = MemoryTexts(), MemoryTexts()
        self.clock = MovableClock()
        self.delivery = self.over(FeedTable(self.store))

    def over(self, feed: FeedTable) -> DeliveryContext:
        """Return what delivery works with, over another view of the feed."""
        return DeliveryContext(
            feed, [self.webhook], {VIOLATED.value}, self.again, self.poison, self.clock
        )

    async def publish(self, kinds: Sequence[ChangeType]) -> None:
        """Publish changes of these types, with the ids c1, c2, ..."""
        changes = [
            Change(f"c{number}", kind, BEGINNING, "/subscriptions/s", "/a", {}, number)
            for number, kind in enumerate(kinds, 1)
        ]
        for start in range(0, len(changes), 49):
            await FeedTable(self.store).publish(changes[start : start + 49])

    async def replace_in_feed(self, number: int, **values: Scalar) -> None:
        """Write other values into the row of a change."""
        row = table_keys.feed_row(number)
        found = await self.store.get(Table.CHANGES, "feed", row)
        assert found is not None
        other = Replace(row, {**found.values, **values}, found.etag)
        await self.store.commit(Table.CHANGES, "feed", [other])

    async def deliver_again(self) -> timedelta:
        """Wait as the last message asks, deliver it, and return how long it took."""
        text, delay = self.again.sent[-1]
        self.clock.advance(delay)
        await deliver(self.delivery, parse_message(text))
        return delay

    def lines(self) -> list[Any]:
        """Return the log lines, each without what all of them have."""
        records = [each for each in self._caplog.records if each.name == "cmk_check.lines"]
        lines = [json.loads(record.getMessage()) for record in records]
        assert all((line.pop("event"), line.pop("v")) == ("cmk.tell", 1) for line in lines)
        return lines

    def levels(self) -> list[str]:
        """Return the levels of the program's log lines; libraries write of sessions left open."""
        own = [each for each in self._caplog.records if each.name.startswith("cmk_check")]
        return [record.levelname for record in own]
