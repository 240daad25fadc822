"""The change feed over HTTP: what a poller sees, once, in order, and nothing skipped."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import replace
from typing import Any

import pytest

from cmk_check.core.enums import ChangeType
from cmk_check.core.model import Change
from cmk_check.ports import Delete, Entity, Table, TableQuery
from cmk_check.store import table_keys
from cmk_check.store.change_feed import FeedTable
from tests.fakes.recording_store import OperationName, RecordingStore
from tests.unit.web.api_kit import NOON, PRODUCTION, Served
from tests.unit.web.asgi_client import Answer, send

CHANGES = "/api/v1/changes"


def _change(number: int) -> Change:
    path = f"/subscriptions/{PRODUCTION}"
    return Change(f"id-{number}", ChangeType.ACCOUNT_VIOLATED, NOON, path, path, {}, number)


async def _publish(served: Served, first: int, last: int) -> None:
    for number in range(first, last + 1):
        await FeedTable(served.store).publish([_change(number)])


async def _rows(served: Served) -> list[Entity]:
    query = TableQuery(partition="feed", row_from="0", row_to=":")
    return [entity async for entity in served.store.query(Table.CHANGES, query)]


async def _prune(served: Served, last: int) -> None:
    for entity in await _rows(served):
        if int(entity.row) <= last:
            write = Delete(entity.row, entity.etag)
            await served.store.commit(Table.CHANGES, "feed", [write])


def _ids(answer: Answer) -> list[str]:
    return [change["id"] for change in answer.found]


def _onwards(answer: Answer, name: str = "deltaLink") -> str:
    """Return the target of the response's link, which must be the only one."""
    assert set(answer.json) == {"value", name}
    link: str = answer.json[name]
    return link.removeprefix("https://cmk.example")


async def test_pages_lead_to_the_end_and_the_end_leads_on(empty: Served) -> None:
    """A `nextLink` means that there is more now, a `deltaLink` that there may be more later."""
    await _publish(empty, 1, 5)
    app = empty.app()

    first = await send(app, f"{CHANGES}?top=2")
    second = await send(app, _onwards(first, "nextLink"))
    third = await send(app, _onwards(second, "nextLink"))
    idle = await send(app, _onwards(third))
    await _publish(empty, 6, 6)
    later = await send(app, _onwards(idle))

    assert [_ids(page) for page in (first, second, third, idle, later)] == [
        ["id-1", "id-2"],
        ["id-3", "id-4"],
        ["id-5"],
        [],
        ["id-6"],
    ]
    assert _onwards(later) == f"{CHANGES}?since=6&top=2"
    # A last page that is full is the last one: no link leads to an empty one.
    full = await send(app, f"{CHANGES}?since=4&top=2")
    assert (_ids(full), _onwards(full)) == (["id-5", "id-6"], f"{CHANGES}?since=6&top=2")


@pytest.mark.parametrize(
    ("query", "reads"), [("since=9", [("get", 0)]), ("last=8&top=4", [("get", 0), ("query", 5)])]
)
async def test_a_poller_costs_what_it_gets(
    empty: Served, query: str, reads: list[tuple[str, int]]
) -> None:
    """Pollers send requests every few seconds, and changes are rare; the feed may be long."""
    await _publish(empty, 1, 9)
    empty.store.log.clear()

    await send(empty.app(), f"{CHANGES}?{query}")

    assert [(operation.name, operation.rows) for operation in empty.store.log] == reads


async def test_p3_nothing_is_skipped_while_changes_are_published() -> None:
    """Publications and polls meet at every storage operation; each change comes once, in order."""

    async def give_way(*_operation: object) -> None:
        await asyncio.sleep(0)

    served = Served(RecordingStore(before=give_way))
    app, seen = served.app(), list[dict[str, Any]]()

    async def publish(first: int) -> None:
        for number in range(first, first + 10):
            changes = [_change(number), _change(number + 1000)]
            await FeedTable(served.store).publish(changes)

    async def poll(onwards: str) -> str:
        answer = await send(app, onwards)
        seen.extend(answer.json["value"])
        name = "nextLink" if "nextLink" in answer.json else "deltaLink"
        return _onwards(answer, name)

    publishing = asyncio.gather(*(publish(first) for first in (0, 100, 200)))
    onwards = f"{CHANGES}?top=7"
    while not publishing.done():
        onwards = await poll(onwards)
    while onwards != (onwards := await poll(onwards)):
        pass

    in_feed = [entity.values["id"] for entity in await _rows(served)]
    assert len(in_feed) == 60
    assert [change["id"] for change in seen] == in_feed


@pytest.mark.parametrize(
    ("pruned", "since", "is_lost"),
    [(2, 0, True), (2, 1, True), (4, 1, True), (2, 2, False), (0, 0, False), (0, 5, True)],
)
async def test_a_poller_that_slept_too_long_or_met_another_feed_is_told(
    empty: Served, pruned: int, since: int, *, is_lost: bool
) -> None:
    """Pruned changes would seem never to have happened; a cursor after the end waits for ever."""
    await _publish(empty, 1, 4)
    await _prune(empty, pruned)
    app = empty.app()

    answer = await send(app, f"{CHANGES}?since={since}")

    again = await send(app, CHANGES)
    assert _ids(again) == [f"id-{number}" for number in range(pruned + 1, 5)]
    assert _ids(await send(app, _onwards(again))) == []
    if is_lost:
        assert (answer.status, answer.error) == (410, ("ResyncRequired", "since"))
    else:
        assert answer.json == again.json


class ShortPages(RecordingStore):
    """Returns two rows at once, however many are requested, as the service may."""

    def query(self, table: Table, query: TableQuery) -> AsyncIterator[Entity]:
        """Read rows in key order."""
        return super().query(table, replace(query, page=2))


async def test_pruning_between_two_pages_of_the_table_hides_nothing() -> None:
    """Otherwise changes pruned right before the second page would be silently missing."""
    pages = 0

    async def prune(name: OperationName, _: Table, __: str) -> None:
        nonlocal pages
        pages += name == "query"
        if pages == 2:
            pages += 1  # the pruning asks, too
            await _prune(served, 4)

    served = Served(ShortPages(before=prune))
    await _publish(served, 1, 6)
    pages = 0
    app = served.app()

    first = await send(app, CHANGES)
    second = await send(app, _onwards(first, "nextLink"))
    again = await send(app, CHANGES)

    assert _ids(first) == ["id-1", "id-2"]
    assert (second.status, second.error) == (410, ("ResyncRequired", "since"))
    assert _ids(again) == ["id-5", "id-6"]


@pytest.mark.parametrize(
    ("broken", "time"),
    [
        (2, "2026-11-25T12:00:00"),
        (3, "0001-01-01T00:00:00+14:00"),
        (3, "9999-12-31T23:59:59-14:00"),
    ],
)
async def test_p7_a_broken_row_costs_only_itself(empty: Served, broken: int, time: str) -> None:
    """It must not send pollers back to the beginning again and again."""
    await _publish(empty, 1, 3)
    await empty.change(Table.CHANGES, "feed", table_keys.feed_row(broken), time=time)
    app = empty.app()

    whole = await send(app, CHANGES)
    behind = await send(app, f"{CHANGES}?since=1")
    idle = await send(app, _onwards(behind))

    kept = [f"id-{number}" for number in (1, 2, 3) if number != broken]
    assert (_ids(whole), _ids(behind), _ids(idle)) == (kept, kept[1:], [])
    await _publish(empty, 4, 4)
    assert _ids(await send(app, _onwards(idle))) == ["id-4"]


@pytest.mark.parametrize(
    ("published", "pruned", "last", "first"),
    [(0, 0, 1000, 1), (2, 0, 1000, 1), (4, 2, 1000, 3), (3, 3, 1000, 4), (5, 0, 3, 3)],
)
async def test_the_newest_changes_come_oldest_first_and_lead_on(
    empty: Served, published: int, pruned: int, last: int, first: int
) -> None:
    """A page needs the latest changes without reading a whole year, and then the new ones."""
    await _publish(empty, 1, published)
    await _prune(empty, pruned)
    app = empty.app()

    newest = await send(app, f"{CHANGES}?last={last}")
    page = await send(app, f"{CHANGES}?last={last}&top=1")
    await _publish(empty, published + 1, published + 1)
    later = await send(app, _onwards(newest))

    assert _ids(newest) == [f"id-{number}" for number in range(first, published + 1)]
    assert _ids(page) == _ids(newest)[:1]
    assert _ids(later) == [f"id-{published + 1}"]
