"""Walks through the findings table are limited so that the rest of the API stays responsive."""

import asyncio
from collections.abc import AsyncIterator

import pytest

from cmk_check.ports import Table
from cmk_check.web.http.table_walk_limit import Places, Turns, Walks
from tests.fakes.recording_store import OperationName, RecordingStore
from tests.unit.web.api_kit import Served
from tests.unit.web.asgi_client import send

WALKS = ["/api/v1/findings", "/api/v1/findings?q=a", "/api/v1/subscriptions", "/api/v1/summary"]
OTHERS = ["status", "metrics", "changes", "scans", "openapi.json"]


def _both(walks: Walks) -> Places:
    return Places(walks, walks, walks)


class Held:
    """An API over a findings table that returns no rows until it is released."""

    def __init__(self, places: Places) -> None:
        self.released = asyncio.Event()
        self.queries = 0
        self._reached = asyncio.Semaphore(0)
        self.app = Served(RecordingStore(before=self._hold)).app(places=places)

    async def _hold(self, name: OperationName, table: Table, _: str) -> None:
        if name == "query" and table is Table.FINDINGS:
            self.queries += 1
            self._reached.release()
            await self.released.wait()

    async def walking(self, count: int) -> list[asyncio.Task[int]]:
        """Start walks, and wait until all of them read."""
        tasks = [asyncio.create_task(self._walk()) for _ in range(count)]
        for _ in tasks:
            await self.reached()
        return tasks

    async def reached(self) -> None:
        """Wait until one more reads."""
        async with asyncio.timeout(5):
            await self._reached.acquire()

    async def _walk(self) -> int:
        return (await send(self.app, WALKS[0])).status


@pytest.mark.parametrize("target", WALKS)
async def test_one_walk_too_many_is_told_to_come_again(target: str) -> None:
    """Otherwise a few searches in a large estate would block the status."""
    held = Held(_both(Walks(at_once=2, seconds=0.01)))
    walking = await held.walking(2)

    async with asyncio.timeout(5):
        refused = await send(held.app, target)
    others = [(await send(held.app, f"/api/v1/{path}")).status for path in OTHERS]
    held.released.set()
    done = [await task for task in walking]
    afterwards = await send(held.app, target)

    assert (refused.status, refused.error) == (429, ("TooManyRequests", None))
    assert int(refused.headers["retry-after"]) > 0
    assert others == [200] * len(OTHERS)
    assert (done, afterwards.status) == ([200, 200], 200)


async def test_a_walk_waits_for_its_turn_before_it_is_refused() -> None:
    """A dashboard's panels send their requests at the same moment."""
    held = Held(_both(Walks(at_once=1, seconds=60)))
    (walking,) = await held.walking(1)
    waiting = asyncio.create_task(send(held.app, WALKS[0]))
    await asyncio.sleep(0.01)
    queries = held.queries

    held.released.set()

    assert queries == 1
    assert (await walking, (await waiting).status) == (200, 200)
    assert held.queries == 2


@pytest.mark.parametrize("target", ["/api/v1/findings?kind=x", "/api/v1/findings?top=0"])
async def test_a_walk_that_is_refused_gives_its_place_back(target: str) -> None:
    """A lost place would stay lost until the app restarts."""
    app = Served().app(places=_both(Walks(at_once=1, seconds=0.01)))

    statuses = [(await send(app, asked)).status for asked in (target, target, WALKS[1])]

    assert statuses == [400, 400, 200]


@pytest.mark.parametrize(
    ("filtered", "lists"), [("verdict=unknown", 1), ("location=westeurope", 2), ("unowned=true", 2)]
)
async def test_searches_keep_no_list_waiting_and_refuse_no_filter(
    filtered: str, lists: int
) -> None:
    """Searches may wait for many seconds, during which no page could load."""
    few, one = Walks(at_once=2, seconds=0.01), Walks(at_once=1, seconds=0.01)
    held = Held(Places(few, compared=Walks(seconds=0.01), searches=one))
    searching = asyncio.create_task(send(held.app, WALKS[1]))
    await held.reached()

    refused = await send(held.app, "/api/v1/findings?verdict=unknown&q=b")
    listing = await held.walking(lists)
    filtering = asyncio.create_task(send(held.app, f"/api/v1/findings?{filtered}"))
    await asyncio.sleep(0.05)
    held.released.set()

    assert refused.status == 429
    assert {await task for task in listing} == {200}
    assert {(await task).status for task in (searching, filtering)} == {200}


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
        async for _ in turns.iterate(_reading(log, name)):
            pass

    await asyncio.gather(search("a"), search("b"))


def test_a_third_of_the_time_is_theirs_however_many_there_are() -> None:
    """Otherwise the status would wait for all of them."""
    log: list[tuple[str, float]] = []

    with asyncio.Runner(loop_factory=Clocked) as runner:
        runner.run(_searches(log))

    assert log == [("a", 0.0), ("b", 0.3), ("a", 0.6), ("b", 0.9)]
