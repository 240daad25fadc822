"""Many publishers at once: none of them starves, whatever their number."""

import asyncio
from typing import Final

import pytest

from cmk_check.limits import FIRST_PUBLICATION_BACK_OFF_SECONDS, PUBLICATION_BACK_OFF_SECONDS
from cmk_check.ports import StoreUnavailable, Table, WriteConflict
from cmk_check.store.change_feed import FeedTable
from tests.fakes.recording_store import RecordingStore
from tests.unit.store.test_change_feed import changes, feed

PUBLISHERS: Final = 40
# What an operation of the store takes: one turn of the event loop.
OPERATION_SECONDS: Final = 0.01


async def give_way(_name: str, _table: Table, _partition: str) -> None:
    """Let everybody else take a turn before an operation."""
    await asyncio.sleep(0)


async def pause(seconds: float) -> None:
    """Wait for as many turns of the event loop as operations fit into the time."""
    for _ in range(round(seconds / OPERATION_SECONDS)):
        await asyncio.sleep(0)


async def test_forty_publishers_at_once_are_all_published() -> None:
    """The plan lets functions scale out to so many: half of their changes waited for an hour."""
    store = RecordingStore(before=give_way)
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
