"""The change feed: gapless numbers, each change exactly once, whoever dies, races or reads."""

import asyncio
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from itertools import cycle
from typing import Final

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cmk_check.core.enums import ChangeType
from cmk_check.core.model import Change
from cmk_check.limits import FIRST_PUBLICATION_BACK_OFF_SECONDS, PUBLICATION_BACK_OFF_SECONDS
from cmk_check.ports import (
    Delete,
    Entity,
    Insert,
    Replace,
    Scalar,
    StoreError,
    StoreUnavailable,
    Table,
    TableQuery,
    Write,
    WriteConflict,
)
from cmk_check.store import codec, table_keys
from cmk_check.store.change_feed import FeedTable
from tests.fakes.recording_store import RecordingStore
from tests.fakes.world import give_way

NOON: Final = datetime(2026, 11, 25, 12, tzinfo=UTC)
SOURCE: Final = "/subscriptions/s"


def changes(*ids: str) -> list[Change]:
    """Return changes with these ids."""
    return [
        Change(name, ChangeType.ACCOUNT_VIOLATED, NOON, SOURCE, f"{SOURCE}/{name}", {}, number)
        for number, name in enumerate(ids, 1)
    ]


def _delete(row: Entity) -> Write:
    return Delete(row.row, row.etag)


def _write(last: int | None) -> Callable[[Entity], Write]:
    values: dict[str, Scalar] = {"schema": 4} if last is None else {"schema": 4, "last": last}
    return lambda row: Replace(row.row, values, row.etag)


async def feed(store: RecordingStore) -> dict[int, Change]:
    """Return what stands in the feed; the head must name its last number, markers all of them."""
    found = [entry async for entry in store.query(Table.CHANGES, TableQuery(partition="feed"))]
    published = {
        int(entry.row): codec.decode_change(entry) for entry in found if entry.row[0] == "0"
    }
    head = {entry.values["last"] for entry in found if entry.row == "head"}
    markers = {entry.values["number"] for entry in found if entry.row.startswith("id|")}
    assert list(published) == list(range(1, len(published) + 1))
    assert head == ({len(published)} if published else set())
    assert markers == set(published)
    return published


def numbered(found: list[tuple[int, Change]]) -> list[tuple[int, str]]:
    """Return numbers and ids."""
    return [(number, change.id) for number, change in found]


async def spoil(store: RecordingStore, number: int, values: Mapping[str, Scalar]) -> None:
    """Write something else into a row of the feed."""
    row = table_keys.feed_row(number)
    found = await store.get(Table.CHANGES, "feed", row)
    assert found is not None
    await store.commit(Table.CHANGES, "feed", [Replace(row, values, found.etag)])


async def test_a_change_whose_row_somebody_deleted_is_not_published_again() -> None:
    """Its marker is enough (P9): readers have seen it, and know it by its id."""
    store = RecordingStore()
    table = FeedTable(store, sleep=give_way)
    await table.publish(changes("a"))
    row = await store.get(Table.CHANGES, "feed", table_keys.feed_row(1))
    assert row is not None
    await store.commit(Table.CHANGES, "feed", [_delete(row)])

    assert numbered(await table.publish(changes("a"))) == [(1, "a")]


# Changes are single letters, so that writers publish the same ones, as relays after a crash do.
_BATCH: Final = st.lists(st.sampled_from("abcdefghijkl"), min_size=1, max_size=5, unique=True)
_WRITERS: Final = st.lists(st.lists(_BATCH, min_size=1, max_size=3), min_size=1, max_size=4)
_PAUSES: Final = st.lists(st.integers(0, 4), min_size=1, max_size=20)


@settings(max_examples=60, deadline=None)
@given(_WRITERS, st.lists(st.integers(1, 4), min_size=1, max_size=3), _PAUSES)
def test_p3_p9_whoever_races_all_see_each_change_once_under_one_number(
    writers: list[list[list[str]]], tops: list[int], pauses: list[int]
) -> None:
    """A row that slipped in behind a reader's cursor would be an alert that nobody ever sees."""

    async def race() -> None:
        pause = cycle(pauses)

        async def wait(_name: str, _table: Table, _partition: str) -> None:
            for _ in range(next(pause)):
                await asyncio.sleep(0)

        store = RecordingStore(before=wait)

        async def write(batches: list[list[str]]) -> list[tuple[int, str]]:
            told = []
            for ids in batches:
                answer = await FeedTable(store, sleep=give_way).publish(changes(*ids))
                assert [change.id for _, change in answer] == ids
                told += numbered(answer)
            return told

        async def follow(top: int) -> list[tuple[int, str]]:
            seen: list[tuple[int, str]] = []
            while True:
                is_last = writing.done()
                page = await FeedTable(store).read(seen[-1][0] if seen else 0, top)
                seen += numbered(page)
                if is_last and not page:
                    return seen
                await asyncio.sleep(0)

        writing = asyncio.gather(*(write(batches) for batches in writers))
        readers = await asyncio.gather(*(follow(top) for top in tops))
        answers = await writing

        published = [(number, change.id) for number, change in (await feed(store)).items()]
        assert sorted(name for _, name in published) == sorted(
            {name for batches in writers for ids in batches for name in ids}
        )
        assert readers == [published] * len(tops)
        assert all(set(answer) <= set(published) for answer in answers)

    asyncio.run(race())


async def test_a_head_of_a_newer_version_is_not_overwritten() -> None:
    """What a newer version keeps there is not ours to drop; the changes wait in the outbox."""
    store = RecordingStore()
    await store.commit(Table.CHANGES, "feed", [Insert("head", {"schema": 5, "last": 5})])

    with pytest.raises(StoreError):
        await FeedTable(store).publish(changes("a"))

    head = await store.get(Table.CHANGES, "feed", "head")
    assert head is not None
    assert head.values == {"schema": 5, "last": 5}


@pytest.mark.parametrize("ids", ["a", "ab"])
@pytest.mark.parametrize(
    "write", [_delete, _write(None), _write(-5)], ids=["deleted", "empty", "below zero"]
)
async def test_a_head_that_was_deleted_or_is_broken_is_rebuilt(
    write: Callable[[Entity], Write], ids: str
) -> None:
    """Numbers must not start again at 1, and the next changes must not wait for ever."""
    store = RecordingStore()
    table = FeedTable(store, sleep=give_way)
    await table.publish(changes(*ids))
    head = await store.get(Table.CHANGES, "feed", "head")
    assert head is not None
    await store.commit(Table.CHANGES, "feed", [write(head)])

    last = await table.last()
    await table.publish(changes("c"))

    assert last == len(ids)
    assert [change.id for change in (await feed(store)).values()] == [*ids, "c"]


async def test_a_reader_goes_on_behind_its_number() -> None:
    """Page after page it sees every change once, in order."""
    table = FeedTable(RecordingStore())
    await table.publish(changes("a", "b", "c", "d"))

    assert numbered(await table.read(0, 3)) == [(1, "a"), (2, "b"), (3, "c")]
    assert numbered(await table.read(3, 3)) == [(4, "d")]
    assert await table.read(4, 3) == await table.read(10**30, 3) == []
    assert await table.read(table_keys.LAST_NUMBER, 3) == []
    assert numbered(await table.read(-7, 1)) == [(1, "a")]
    assert await table.read(0, 0) == []


async def test_rows_that_are_broken_or_somebody_elses_hold_no_reader_up(
    caplog: pytest.LogCaptureFixture,
) -> None:
    """One bad row costs only itself, and is shown (P7)."""
    store = RecordingStore()
    table = FeedTable(store)
    await table.publish(changes("a", "b", "c"))
    await spoil(store, 2, {"schema": 4})
    await store.commit(
        Table.CHANGES, "feed", [Insert("0", {"x": 1}), Insert(f"{1:020}x", {"x": 1})]
    )

    assert numbered(await table.read(0, 2)) == [(1, "a"), (3, "c")]
    assert "cannot be read" in caplog.text


@pytest.mark.parametrize("values", [{"schema": 5}, {"type": "cmkcheck.account.renamed"}])
async def test_a_row_of_a_newer_version_is_not_passed_over(values: dict[str, Scalar]) -> None:
    """A cursor that went past it would never see it, when that version is back."""
    store = RecordingStore()
    table = FeedTable(store)
    await table.publish(changes("a", "b", "c"))
    await spoil(store, 2, values)

    assert numbered(await table.read(0, 9)) == [(1, "a")]
    with pytest.raises(StoreError, match="newer"):
        await table.read(1, 9)


async def test_a_note_stands_at_a_published_change_alone() -> None:
    """What a newer version wrote is left alone, and what is not published is not there."""
    store = RecordingStore()
    table = FeedTable(store)
    await table.publish(changes("a", "b"))
    row = table_keys.feed_marker("b")
    found = await store.get(Table.CHANGES, "feed", row)
    assert found is not None
    newer = Replace(row, {**found.values, "schema": 5}, found.etag)
    await store.commit(Table.CHANGES, "feed", [newer])

    for name in ("a", "b", "c"):
        await table.note(name, "tries", "once")

    assert [await table.read_note(name, "tries") for name in ("a", "b", "c")] == ["once", "", ""]
    assert (await table.read_note("a", "other"), len(await feed(store))) == ("", 2)


PUBLISHERS: Final = 40
# What an operation of the store takes: one turn of the event loop.
OPERATION_SECONDS: Final = 0.01


async def take_turns(_name: str, _table: Table, _partition: str) -> None:
    """Let everybody else take a turn before an operation."""
    await asyncio.sleep(0)


async def pause(seconds: float) -> None:
    """Wait for as many turns of the event loop as operations fit into the time."""
    for _ in range(round(seconds / OPERATION_SECONDS)):
        await asyncio.sleep(0)


async def test_forty_publishers_at_once_are_all_published() -> None:
    """The plan lets functions scale out to so many: half of their changes waited for an hour."""
    store = RecordingStore(before=take_turns)
    lists = [changes(*(f"{who}-{n}" for n in range(5))) for who in range(PUBLISHERS)]

    await asyncio.gather(*(FeedTable(store, sleep=pause).publish(some) for some in lists))

    published = await feed(store)
    ids = sorted(change.id for change in published.values())
    assert ids == sorted(change.id for some in lists for change in some)
    assert len(set(ids)) == PUBLISHERS * 5


async def test_whoever_loses_waits_for_a_random_time_that_doubles() -> None:
    """Whoever comes first then reads the head alone; in the end the outbox keeps changes (P8)."""
    waits: list[list[float]] = []

    async def refuse(name: str, _table: Table, _partition: str) -> None:
        if name == "commit":
            raise WriteConflict("the head moved")

    async def wait(seconds: float) -> None:
        waits[-1].append(seconds)

    for _ in range(200):
        waits.append([])
        with pytest.raises(StoreUnavailable, match="outbox"):
            await FeedTable(RecordingStore(before=refuse), sleep=wait).publish(changes("a"))

    for attempt, taken in enumerate(zip(*waits, strict=True)):
        longest = FIRST_PUBLICATION_BACK_OFF_SECONDS * 2**attempt
        longest = min(longest, PUBLICATION_BACK_OFF_SECONDS)
        assert 0 <= min(taken) < longest / 10
        assert longest * 9 / 10 < max(taken) <= longest
