"""A reader's cursor while others publish: each change once, in order, at any interleaving."""

import asyncio
from itertools import cycle
from typing import Final

from hypothesis import given, settings
from hypothesis import strategies as st

from cmk_check.core.model import Change
from cmk_check.ports import Table
from cmk_check.store.change_feed import FeedTable
from tests.fakes.recording_store import RecordingStore
from tests.unit.store.test_change_feed import changes

# Changes are single letters, so that writers publish the same ones, as relays after a crash do.
_BATCH: Final = st.lists(st.sampled_from("abcdefghijkl"), min_size=1, max_size=5, unique=True)
_WRITERS: Final = st.lists(st.lists(_BATCH, min_size=1, max_size=3), min_size=1, max_size=4)
_PAUSES: Final = st.lists(st.integers(0, 4), min_size=1, max_size=20)


@settings(max_examples=60, deadline=None)
@given(_WRITERS, st.lists(st.integers(1, 4), min_size=1, max_size=3), _PAUSES)
def test_p3_p9_no_cursor_skips_or_repeats_a_change(
    writers: list[list[list[str]]], tops: list[int], pauses: list[int]
) -> None:
    """A row that slipped in behind a cursor would be an alert that nobody ever sees."""

    async def race() -> None:
        pause = cycle(pauses)

        async def give_way(_name: str, _table: Table, _partition: str) -> None:
            for _ in range(next(pause)):
                await asyncio.sleep(0)

        store = RecordingStore(before=give_way)

        async def write(batches: list[list[str]]) -> None:
            for ids in batches:
                await FeedTable(store).publish(changes(*ids))

        async def follow(top: int) -> list[tuple[int, Change]]:
            seen: list[tuple[int, Change]] = []
            while True:
                is_last = writing.done()
                page = await FeedTable(store).read(seen[-1][0] if seen else 0, top)
                seen += page
                if is_last and not page:
                    return seen
                await asyncio.sleep(0)

        writing = asyncio.gather(*(write(batches) for batches in writers))
        readers = await asyncio.gather(*(follow(top) for top in tops))
        await writing

        published = {name for batches in writers for ids in batches for name in ids}
        for seen in readers:
            assert [number for number, _ in seen] == list(range(1, len(published) + 1))
            assert {change.id for _, change in seen} == published
            assert seen == readers[0]

    asyncio.run(race())
