"""Searches rest between their turns, for longer than these take."""

import asyncio
from collections.abc import AsyncIterator

from cmk_check.web.http.table_walk_limit import Turns


class Clocked(asyncio.SelectorEventLoop):
    """A loop whose time passes only by waiting."""

    now = 0.0

    def time(self) -> float:
        """Return the time that has passed."""
        return self.now

    def _run_once(self) -> None:
        ready, scheduled = self._ready, self._scheduled  # type: ignore[attr-defined]
        if not ready and scheduled:
            self.now = max(self.now, scheduled[0].when())
        super()._run_once()  # type: ignore[misc]


async def _reading(log: list[tuple[str, float]], name: str) -> AsyncIterator[str]:
    """Two parts that take a tenth of a second each."""
    for _ in range(2):
        began = asyncio.get_running_loop().time()
        await asyncio.sleep(0.1)
        log.append((name, round(began, 3)))
        yield name


async def _searches(log: list[tuple[str, float]]) -> None:
    turns = Turns(rest=2)

    async def search(name: str) -> None:
        async for _ in turns.each(_reading(log, name)):
            pass

    await asyncio.gather(search("a"), search("b"))


def test_a_third_of_the_time_is_theirs_however_many_there_are() -> None:
    """The status would otherwise wait behind all of them."""
    log: list[tuple[str, float]] = []

    with asyncio.Runner(loop_factory=Clocked) as runner:
        runner.run(_searches(log))

    assert log == [("a", 0.0), ("b", 0.3), ("a", 0.6), ("b", 0.9)]
