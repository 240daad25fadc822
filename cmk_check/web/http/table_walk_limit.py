"""Limit how many lists read the whole findings table at once, and how fast searches run.

A walk through the table decodes up to 10,000 rows on the one thread that also responds to status
and health requests, so concurrent lists of a large estate must not take all of its time. Searches
have separate slots: they may wait longer, and must not keep lists waiting. Lists by a filter that
the table cannot compare also have separate slots, so that searches never cause a list by exact
values to be refused.

A search reads and compares thousands of rows from the storage that all requests share. For this
reason searches take turns and pause in between, so that other requests are as fast as without them.
"""

import asyncio
import math
from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from http import HTTPStatus

from cmk_check.limits import (
    MAX_SEARCH_REST_SECONDS,
    SEARCH_REST,
    SEARCH_WAIT_SECONDS,
    TABLE_WALK_WAIT_SECONDS,
    TABLE_WALKS_AT_ONCE,
)
from cmk_check.web.http.refusals import RequestRefused


class Walks:
    """The limited number of walks in a process."""

    def __init__(
        self, at_once: int = TABLE_WALKS_AT_ONCE, seconds: float = TABLE_WALK_WAIT_SECONDS
    ) -> None:
        self._places = asyncio.Semaphore(at_once)
        self._seconds = seconds

    @asynccontextmanager
    async def hold_place(self) -> AsyncGenerator[None]:
        """Occupy one of the slots while a request is handled.

        Raises:
            RequestRefused: no slot became free.
        """
        try:
            async with asyncio.timeout(self._seconds):
                await self._places.acquire()
        except TimeoutError:
            seconds = math.ceil(self._seconds)
            raise RequestRefused(
                HTTPStatus.TOO_MANY_REQUESTS,
                "TooManyRequests",
                f"The app is busy with other requests for lists; try again in {seconds} seconds.",
                headers={"Retry-After": str(seconds)},
            ) from None
        try:
            yield
        finally:
            self._places.release()


@dataclass(frozen=True, slots=True)
class Places:
    """The slots of lists, of lists whose rows this program compares, and of searches."""

    lists: Walks = field(default_factory=Walks)
    compared: Walks = field(default_factory=lambda: Walks(seconds=SEARCH_WAIT_SECONDS))
    searches: Walks = field(default_factory=lambda: Walks(seconds=SEARCH_WAIT_SECONDS))


class Turns:
    """The turns of searches in a process; ``rest`` is a multiple of the last turn's duration."""

    def __init__(self, rest: float = SEARCH_REST) -> None:
        self._rest = rest
        self._turn = asyncio.Lock()
        self._not_before = 0.0

    async def iterate[T](self, parts: AsyncIterator[T]) -> AsyncIterator[T]:
        """Iterate over parts of searches; each part is read in a separate turn."""
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
