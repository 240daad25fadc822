"""Build pages of the change feed, oldest first, with a cursor that never skips a change.

A cursor is a sequence number of the feed. Numbers are missing only where changes were pruned or a
row is broken. If a poller paused for longer than the retention, or if the feed started again with
empty storage, the poller therefore gets an error: an empty page would mean "nothing happened".
"""

import asyncio
from collections.abc import Sequence
from datetime import datetime, timedelta
from http import HTTPStatus
from itertools import pairwise

from cmk_check.core.cloudevents import to_cloudevent
from cmk_check.core.model import Change
from cmk_check.core.period import build_period
from cmk_check.limits import MAX_PERIOD_CHANGES, MAX_PERIOD_CHANGES_LISTED
from cmk_check.store.change_feed import FeedTable
from cmk_check.store.scans import ScanTable
from cmk_check.web import models, parameters
from cmk_check.web.http.refusals import RequestRefused


async def read_page(
    feed: FeedTable, query: parameters.ChangesQuery
) -> tuple[list[models.ChangeEvent], str, bool]:
    """Return a page, the cursor after it, and whether the feed already has later changes.

    A poller that is up to date costs one point read.

    Raises:
        RequestRefused: the changes after the cursor are no longer in the feed.
    """
    since = None if query.since is None else int(query.since)
    # Read before the rows: if a number up to this number has no row, the row was pruned.
    last = await feed.last()
    if since == last:
        return [], str(last), False
    if since is not None and since > last:
        raise _resync_required()
    # Without a cursor, changes before the first change on the page do not count as missed.
    begin = since or 0 if query.last is None else max(last - query.last, 0)
    rows = await feed.read(begin, query.top + 1)
    lost = await _find_lost(feed, since, [number for number, _ in rows])
    if lost == 0:
        raise _resync_required()
    page = rows[:lost][: query.top]
    value = [models.ChangeEvent.model_validate(to_cloudevent(change)) for _, change in page]
    cursor = page[-1][0] if page else last
    return value, str(cursor), len(page) < len(rows)


async def period(feed: FeedTable, scans: ScanTable, days: int, now: datetime) -> models.Period:
    """Return the summary of the last days."""
    since = now - timedelta(days=days)
    (read, is_whole), status = await asyncio.gather(
        feed.read_since(since, MAX_PERIOD_CHANGES), scans.status()
    )
    begins = None if is_whole else min((change.time for change in read), default=now)
    summary = build_period([change for change in read if since <= change.time <= now], begins)
    return models.Period.of(
        summary,
        since=since,
        until=now,
        first_scan=summary.first_scan.time if summary.first_scan else None,
        waiting=status.value.unpublished.changes,
        happened={
            happening: models.Happened(count=len(events), latest=_events(events))
            for happening, events in summary.happened.items()
        },
    )


def _events(changes: Sequence[Change]) -> list[models.ChangeEvent]:
    newest = changes[: -MAX_PERIOD_CHANGES_LISTED - 1 : -1]
    return [models.ChangeEvent.model_validate(to_cloudevent(change)) for change in newest]


async def _find_lost(feed: FeedTable, since: int | None, numbers: list[int]) -> int | None:
    """Return the index of the first number after a pruned number, or None.

    Pruning removes the oldest changes first, so a hole after an older change is a broken row.
    """
    before = since if since is not None else (numbers or [1])[0] - 1
    pairs = enumerate(pairwise([before, *numbers]))
    holes = [place for place, (one, other) in pairs if other != one + 1]
    nothing_left = since is not None and not numbers
    if not holes and not nothing_left:
        return None
    oldest = await feed.read(0, 1)
    if not oldest:
        return holes[0] if holes else 0
    return next((place for place in holes if numbers[place] <= oldest[0][0]), None)


def _resync_required() -> RequestRefused:
    return RequestRefused(
        HTTPStatus.GONE,
        "ResyncRequired",
        "The changes after `since` are no longer in the feed: they were deleted after the "
        "retention time, or the feed was created again. Omit `since` to read all changes in the "
        "feed; /api/v1/findings has the current state.",
        "since",
    )
