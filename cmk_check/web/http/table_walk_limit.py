"""How many lists may walk through the findings table at once.

A walk decodes up to 10,000 rows on the one thread that also answers status and health. So a few
lists of a large estate, asked at once, must not take all of its time. Searches have places of their
own: they may wait longer, and must not keep lists waiting. So have lists by a filter that the table
cannot compare: nobody who asks for exact values is refused because others search.
"""

import asyncio
import math
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from http import HTTPStatus

from cmk_check.limits import SEARCH_WAIT_SECONDS, TABLE_WALK_WAIT_SECONDS, TABLE_WALKS_AT_ONCE
from cmk_check.web.http.refusals import RequestRefused


class Walks:
    """The places for walks in a process."""

    def __init__(
        self, at_once: int = TABLE_WALKS_AT_ONCE, seconds: float = TABLE_WALK_WAIT_SECONDS
    ) -> None:
        self._places = asyncio.Semaphore(at_once)
        self._seconds = seconds

    @asynccontextmanager
    async def held(self) -> AsyncGenerator[None]:
        """Hold a place while a request is answered.

        Raises:
            RequestRefused: no place became free.

        """
        try:
            async with asyncio.timeout(self._seconds):
                await self._places.acquire()
        except TimeoutError:
            seconds = math.ceil(self._seconds)
            raise RequestRefused(
                HTTPStatus.TOO_MANY_REQUESTS,
                "TooManyRequests",
                f"The app reads as many lists as it can at once; try again in {seconds} seconds.",
                headers={"Retry-After": str(seconds)},
            ) from None
        try:
            yield
        finally:
            self._places.release()


@dataclass(frozen=True, slots=True)
class Places:
    """The places of lists, of lists of findings whose rows are compared here, and of searches."""

    lists: Walks = field(default_factory=Walks)
    compared: Walks = field(default_factory=lambda: Walks(seconds=SEARCH_WAIT_SECONDS))
    searches: Walks = field(default_factory=lambda: Walks(seconds=SEARCH_WAIT_SECONDS))
