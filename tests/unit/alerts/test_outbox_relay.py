"""The relay: publish, send, delete, in this order, so that a crash in between loses nothing."""

import contextlib
import json
from datetime import UTC, datetime
from typing import Final

import pytest

from cmk_check.alerts.delivery_queue import QueueSink
from cmk_check.alerts.outbox_relay import Relay
from cmk_check.core.enums import ChangeType
from cmk_check.core.model import Change
from cmk_check.ports import Table
from cmk_check.store.change_feed import FeedTable
from cmk_check.store.findings import FindingsTable
from cmk_check.store.outbox import OutboxEntry, outbox_write
from tests.fakes.delivery import MemoryTexts
from tests.fakes.faults import DeathError, Fault, FaultyStore, Place
from tests.fakes.recording_store import RecordingStore
from tests.fakes.world import RecordingSink

NOON: Final = datetime(2026, 11, 25, 12, tzinfo=UTC)


async def recorded(store: RecordingStore, partition: str, *ids: str) -> list[OutboxEntry]:
    """Let a subscription record changes; return its outbox as read."""
    source = f"/subscriptions/{partition}"
    changes = [
        Change(name, ChangeType.ACCOUNT_VIOLATED, NOON, source, f"{source}/{name}", {}, number)
        for number, name in enumerate(ids, 1)
    ]
    writes = [outbox_write(change) for change in changes]
    for start in range(0, len(writes), 100):
        await store.commit(Table.FINDINGS, partition, writes[start : start + 100])
    return await outbox(store, partition)


async def outbox(store: RecordingStore, partition: str) -> list[OutboxEntry]:
    """Return the pending rows of an outbox."""
    return list((await FindingsTable(store).read_one(partition)).outbox.entries)


def told(sink: RecordingSink) -> list[tuple[int, str]]:
    """Return the numbers and ids that were sent."""
    return [(number, change.id) for number, change in sink.told]


async def test_changes_are_published_told_and_forgotten_in_their_order() -> None:
    """A subscription's changes are sent in the order in which they happened."""
    store, sink = RecordingStore(), RecordingSink()
    await Relay(FeedTable(store), sink).publish([])
    assert store.log == []  # a scan without changes sends nothing (P4)
    pending = await recorded(store, "s", "b", "a", "c")
    before = len(store.log)

    await Relay(FeedTable(store), sink).publish(pending)

    assert told(sink) == [(1, "b"), (2, "a"), (3, "c")]
    assert await outbox(store, "s") == []
    writes = [operation for operation in store.log[before:] if operation.name == "commit"]
    assert [operation.table for operation in writes] == [Table.CHANGES, Table.FINDINGS]


async def test_many_changes_of_several_subscriptions_are_published_in_parts() -> None:
    """One publication takes 49; each outbox is cleared in its own partition."""
    store, sink = RecordingStore(), RecordingSink()
    one = await recorded(store, "one", *(f"a{n:03}" for n in range(70)))
    two = await recorded(store, "two", *(f"b{n:03}" for n in range(40)))

    await Relay(FeedTable(store), sink).publish([*one, *two])

    assert told(sink) == list(enumerate((entry.change.id for entry in [*one, *two]), 1))
    assert await outbox(store, "one") == await outbox(store, "two") == []


async def test_nothing_is_published_before_what_a_failure_held_up(
    caplog: pytest.LogCaptureFixture,
) -> None:
    """P3: later changes would get lower numbers. A feed that is down fails no scan."""
    store, sink = RecordingStore(), RecordingSink()
    pending = await recorded(store, "s", *(f"c{number}" for number in range(60)))
    first = Place("commit", Table.CHANGES, 0)
    feed = FeedTable(FaultyStore(store, places={first: Fault.NO_ANSWER}))

    left = await Relay(feed, sink).publish(pending)

    assert left == await outbox(store, "s") == pending
    assert await FeedTable(store).last() == 0
    assert sink.told == []
    assert "stay in the outbox" in caplog.text


async def test_what_is_pending_twice_or_cleared_by_another_relay_is_no_trouble() -> None:
    """A restarted subscription brings its outbox twice; two slices may bring the same rows."""
    store, sink = RecordingStore(), RecordingSink()
    one = await recorded(store, "one", "a")
    two = await recorded(store, "two", "b")
    await FeedTable(store).clear_outbox(one)

    await Relay(FeedTable(store), sink).publish([*one, *two, two[0]])

    assert told(sink) == [(1, "a"), (2, "b")]
    assert await outbox(store, "two") == []


async def test_sinks_hear_in_turn_and_none_behind_one_that_failed() -> None:
    """P3: a log line confirms that a change was passed on, so the queues come first."""
    store, log = RecordingStore(), RecordingSink()
    queue = QueueSink(MemoryTexts(is_down=True), None)
    pending = await recorded(store, "s", "a")

    left = await Relay(FeedTable(store), queue, log).publish(pending)

    assert log.told == []
    assert left == await outbox(store, "s") == pending
    await Relay(FeedTable(store), RecordingSink(), log).publish(pending)
    assert told(log) == [(1, "a")]


@pytest.mark.parametrize("fault", [Fault.DEATH_BEFORE, Fault.DEATH_AFTER, Fault.NO_ANSWER])
@pytest.mark.parametrize("operation", range(3))
@pytest.mark.parametrize("down", ["ranges", "events", "none"])
async def test_no_fault_keeps_a_change_off_the_queues(
    fault: Fault, operation: int, down: str
) -> None:
    """Read head, publish, clear: whichever fails or is the last, nothing is lost (P3)."""
    store, log = RecordingStore(), RecordingSink()
    ranges, events = MemoryTexts(is_down=down == "ranges"), MemoryTexts(is_down=down == "events")
    pending = await recorded(store, "s", "a", "b")
    failing = FaultyStore(store, {operation: fault})
    with contextlib.suppress(DeathError):
        relay = Relay(FeedTable(failing), QueueSink(ranges, events), log)
        await relay.publish(pending)
    if await outbox(store, "s"):
        ranges.is_down = events.is_down = False

    await Relay(FeedTable(store), QueueSink(ranges, events), log).publish(await outbox(store, "s"))

    assert await outbox(store, "s") == []
    assert set(told(log)) == {(1, "a"), (2, "b")}
    assert set(ranges.texts()) == {'{"first": 1, "last": 2}'}
    assert {event["id"] for text in events.texts() for event in json.loads(text)} == {"a", "b"}
