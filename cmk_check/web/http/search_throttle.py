"""Searches take turns, and rest in between, so that everything else is answered as if alone.

A search of a large estate compares thousands of rows on the one thread that also answers status
and health, and asks the storage for them that these read as well.
"""

import asyncio
from collections.abc import AsyncIterator

from cmk_check.limits import MAX_SEARCH_REST_SECONDS, SEARCH_REST


class Turns:
    """The turns of a process; ``rest`` is in times of what the last turn took."""

    def __init__(self, rest: float = SEARCH_REST) -> None:
        self._rest = rest
        self._turn = asyncio.Lock()
        self._not_before = 0.0

    async def each[T](self, parts: AsyncIterator[T]) -> AsyncIterator[T]:
        """Iterate over parts of searches; each is read in a turn of its own."""
        time = asyncio.get_running_loop().time
        while True:
            async with self._turn:
                await asyncio.sleep(max(0.0, self._not_before - time()))
                began = time()
                part = await anext(parts, None)
                rest = self._rest * (time() - began)
                self._not_before = time() + min(rest, MAX_SEARCH_REST_SECONDS)
            if part is None:
                return
            yield part
