"""The summary of a period over HTTP: what of the feed it covers, and what it costs."""

from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import pytest

from cmk_check.core.enums import ChangeType
from cmk_check.core.model import Change
from cmk_check.core.status import Unpublished
from cmk_check.ports import Delete, Table
from cmk_check.store import table_keys
from cmk_check.store.change_feed import FeedTable
from cmk_check.web.views import changes as view
from tests.fakes.world import MovableClock
from tests.unit.web.api_kit import NOON, PRODUCTION, Served, status_of
from tests.unit.web.asgi_client import send

SUMMARY = "/api/v1/summary"


async def _publish(served: Served, *days_ago: float, found: datetime | None = None) -> None:
    for number, days in enumerate(days_ago):
        at = NOON - timedelta(days=days)
        path = f"/subscriptions/{PRODUCTION}/accounts/{days}-{number}"
        change = Change(f"id-{path}", ChangeType.ACCOUNT_VIOLATED, found or at, path, path, {})
        await FeedTable(served.store, MovableClock(at)).publish([change])


async def _prune(served: Served, number: int) -> None:
    row = await served.store.get(Table.CHANGES, "feed", table_keys.feed_row(number))
    assert row is not None
    await served.store.commit(Table.CHANGES, "feed", [Delete(row.row, row.etag)])


async def _summary(served: Served, query: str = "") -> dict[str, Any]:
    answer = await send(served.app(), f"{SUMMARY}{query}")
    assert answer.status == 200
    summary: dict[str, Any] = answer.json
    return summary


@pytest.mark.parametrize(("query", "count"), [("", 2), ("?days=1", 1), ("?days=30", 4)])
async def test_changes_of_the_period_are_counted_and_shown(
    empty: Served, query: str, count: int
) -> None:
    """The default is a week. What waited in its outbox counts by when it was found."""
    await _publish(empty, 20, 6)
    await _publish(empty, 5, found=NOON - timedelta(days=9))
    await _publish(empty, 0.5)

    summary = await _summary(empty, query)

    violated = summary["happened"]["violated"]
    assert (violated["count"], len(violated["latest"]), summary["begins"]) == (count, count, None)
    assert violated["latest"][0]["subject"].endswith("0.5-0")


async def test_a_feed_that_lacks_a_part_of_the_period_says_from_when_it_counts(
    empty: Served,
) -> None:
    """No new violation in a week whose first days are not there would be a lie."""
    await _publish(empty, 6, 5, 2)
    await _prune(empty, 2)

    summary = await _summary(empty)

    assert summary["happened"]["violated"]["count"] == 1
    assert summary["begins"] == "2026-11-23T12:00:00Z"
    # A change that was pruned before the period is not missing.
    before = Served()
    await _publish(before, 20, 9, 0.5)
    await _prune(before, 1)
    assert (await _summary(before))["begins"] is None


async def test_more_changes_than_are_read_are_cut_and_the_answer_says_so(
    empty: Served, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The newest are read: a week of 50,000 changes costs ten requests."""
    monkeypatch.setattr(view, "MAX_PERIOD_CHANGES", 1)
    monkeypatch.setattr("cmk_check.store.change_feed.TABLE_PAGE_ROWS", 2)
    await _publish(empty, 6, 5, 4, 3)

    summary = await _summary(empty)

    assert (summary["happened"]["violated"]["count"], summary["begins"]) == (
        2,
        "2026-11-21T12:00:00Z",
    )


async def test_an_empty_feed_is_whole_and_changes_that_wait_are_named(empty: Served) -> None:
    """Before the first scan nothing has happened; what waits is not counted yet."""
    summary = await _summary(empty)
    await empty.put_status(replace(status_of(), unpublished_of_scans=Unpublished(3, NOON)))

    assert (summary["text"], summary["begins"], summary["firstScan"]) == ("no news", None, None)
    assert (await _summary(empty))["waiting"] == 3
