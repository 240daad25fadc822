"""Pruning the feed: what is old goes, and nothing that could still be published a second time."""

import asyncio
import contextlib
from dataclasses import replace
from datetime import timedelta
from typing import Final

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cmk_check.core.model import Change
from cmk_check.limits import CHANGES_PER_PUBLICATION
from cmk_check.ports import Delete, Entity, StoreError, Table, TableQuery
from cmk_check.store import codec, table_keys
from cmk_check.store.change_feed import FeedTable
from cmk_check.store.outbox import outbox_write
from tests.fakes.faults import DeathError, Fault, FaultyStore
from tests.fakes.recording_store import RecordingStore
from tests.fakes.world import MovableClock
from tests.unit.store.test_change_feed import changes, numbered

_FAULT: Final = st.sampled_from(
    [None, None, Fault.NO_ANSWER, Fault.LOST_ANSWER, Fault.DEATH_BEFORE, Fault.DEATH_AFTER]
)


async def test_old_changes_go_with_their_markers_and_numbers_go_on() -> None:
    """The feed does not grow for ever, and no number is given twice."""
    clock, store = MovableClock(), RecordingStore()
    table = FeedTable(store, clock)
    for start in (0, 40, 80):
        await table.publish(changes(*(f"old{n}" for n in range(start, start + 40))))
    clock.advance(timedelta(days=1))
    await table.publish(changes("young"))

    assert await table.prune(clock.now(), 70) == 70
    assert await table.prune(clock.now(), 70) == 50
    assert await table.prune(clock.now(), 70) == 0

    left = [entry.row async for entry in store.query(Table.CHANGES, TableQuery(partition="feed"))]
    assert left == [f"{121:020}", "head", "id|young"]
    assert numbered(await table.publish(changes("next"))) == [(122, "next")]
    assert numbered(await table.read(0, 9)) == [(121, "young"), (122, "next")]


async def test_pruning_what_is_young_costs_a_page_and_no_write() -> None:
    """It runs with every scan (P4)."""
    clock, store = MovableClock(), RecordingStore()
    table = FeedTable(store, clock)
    for start in (0, 40):
        await table.publish(changes(*(f"c{n}" for n in range(start, start + 40))))
    before = len(store.log)

    await table.prune(clock.now(), 490)
    await table.read(80, 9)

    assert [(entry.name, entry.rows) for entry in store.log[before:]] == [
        ("query", CHANGES_PER_PUBLICATION),
        ("query", 0),
    ]


@pytest.mark.parametrize(
    ("source", "table", "partition"),
    [
        ("/subscriptions/Odd Id/1", Table.FINDINGS, table_keys.get_partition("Odd Id/1")),
        ("/scans/20261124T231500Z-3fa9", Table.SCANS, "scan"),
    ],
    ids=["of a subscription", "of a scan"],
)
async def test_a_change_whose_outbox_row_stands_keeps_its_marker(
    source: str, table: Table, partition: str
) -> None:
    """Without it the next relay would publish the change once more, as a second one (P9)."""
    clock, store = MovableClock(), RecordingStore()
    feed = FeedTable(store, clock)
    first, second, third = (replace(change, source=source) for change in changes("a", "b", "c"))
    (etag,) = await store.commit(table, partition, [outbox_write(second)])
    await feed.publish([first, second, third])
    later = clock.now() + timedelta(days=1)

    assert await feed.prune(later, 9) == 1
    assert await feed.publish([second]) == [(2, second)]
    await store.commit(table, partition, [Delete(outbox_write(second).row, etag)])
    assert await feed.prune(later, 9) == 2


async def test_nothing_behind_a_change_that_must_stay_is_deleted() -> None:
    """A reader whose cursor comes to it would find a hole where there was none."""
    clock, store = MovableClock(), RecordingStore()
    feed = FeedTable(store, clock)
    old = changes(*map(str, range(90)))
    await store.commit(Table.FINDINGS, "s", [outbox_write(old[1])])
    await feed.publish(old[:45])
    await feed.publish(old[45:])

    assert await feed.prune(clock.now() + timedelta(days=1), 90) == 1


@settings(max_examples=150)
@given(st.lists(st.tuples(st.sampled_from(["record", "relay", "prune"]), _FAULT), max_size=25))
def test_whatever_fails_each_change_gets_one_number(steps: list[tuple[str, Fault | None]]) -> None:
    """Relays and pruning die at any operation, days pass, and no change is published twice (P9)."""

    async def history() -> None:
        clock, store = MovableClock(), RecordingStore()
        numbers: dict[str, int] = {}
        for step, (what, fault) in enumerate(steps):
            clock.advance(timedelta(hours=9))
            view = store if fault is None else FaultyStore(store, {step % 5: fault})
            feed = FeedTable(view, clock)
            with contextlib.suppress(StoreError, DeathError):
                if what == "record":
                    (change,) = changes(f"c{step}")
                    await store.commit(Table.FINDINGS, "s", [outbox_write(change)])
                elif what == "relay":
                    pending = await outbox(store)
                    await feed.publish([change for _, change in pending])
                    deletes = [Delete(entity.row, entity.etag) for entity, _ in pending]
                    await view.commit(Table.FINDINGS, "s", deletes)
                else:
                    await feed.prune(clock.now() - timedelta(days=1), 3)
            await check(store, numbers)
        await FeedTable(store, clock).publish([change for _, change in await outbox(store)])
        await check(store, numbers)
        recorded = {f"c{step}" for step, (what, _) in enumerate(steps) if what == "record"}
        assert set(numbers) == recorded

    asyncio.run(history())


async def outbox(store: RecordingStore) -> list[tuple[Entity, Change]]:
    """Return what waits to be published."""
    query = TableQuery(partition="s")
    return [
        (entry, codec.decode_change(entry)) async for entry in store.query(Table.FINDINGS, query)
    ]


async def check(store: RecordingStore, numbers: dict[str, int]) -> None:
    """Check that each change has one number for ever, and a marker as long as it has a row."""
    found = [entry async for entry in store.query(Table.CHANGES, TableQuery(partition="feed"))]
    standing = {str(entry.values["id"]): int(entry.row) for entry in found if entry.row.isdigit()}
    markers = {
        entry.row.removeprefix("id|"): entry.values["number"]
        for entry in found
        if entry.row.startswith("id|")
    }
    assert markers == standing
    assert all(numbers.setdefault(name, number) == number for name, number in standing.items())
    assert len(set(numbers.values())) == len(numbers)
