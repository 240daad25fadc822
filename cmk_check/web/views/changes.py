"""The change feed as pages: oldest first, with a cursor that never skips.

A cursor is a number of the feed. Numbers leave no hole but where changes are kept no longer, or
where a row is broken. So a poller that slept for longer than changes are kept, or whose feed began
anew with an empty storage, can be told: silence would be taken for "nothing happened".
"""

from dataclasses import dataclass
from http import HTTPStatus
from itertools import pairwise

from cmk_check.core.cloudevents import event_of
from cmk_check.store.feed import FeedTable
from cmk_check.web import models, queries
from cmk_check.web.http.responses import RequestRefused


@dataclass(frozen=True, slots=True)
class Page:
    """A page of changes; behind ``cursor`` there are more now, or will be later."""

    value: list[models.ChangeEvent]
    cursor: str
    more: bool


@dataclass(frozen=True, slots=True)
class ChangesView:
    """Makes pages of the change feed."""

    feed: FeedTable

    async def page(self, query: queries.ChangesQuery) -> Page:
        """Read one page. A poller that has everything costs one point read.

        Raises:
            RequestRefused: what comes next after the cursor is not in the feed.
            StoreError

        """
        since = None if query.since is None else int(query.since)
        # Before the rows: all up to here that are not among them then are kept no longer.
        last = await self.feed.last()
        if since == last:
            return Page([], str(last), more=False)
        if since is not None and since > last:
            raise _resync_required()
        # Where a caller names no cursor, nothing before the first change shown is missed.
        begin = since or 0 if query.last is None else max(last - query.last, 0)
        found = await self.feed.read(begin, query.top + 1)
        lost = await self._lost(since, [number for number, _ in found])
        if lost == 0:
            raise _resync_required()
        shown = found[:lost][: query.top]
        value = [models.ChangeEvent.model_validate(event_of(change)) for _, change in shown]
        cursor = shown[-1][0] if shown else last
        return Page(value, str(cursor), more=len(shown) < len(found))

    async def _lost(self, since: int | None, numbers: list[int]) -> int | None:
        """Return the place among the numbers before which some were pruned, None where none were.

        Pruning begins with the oldest: a hole is a broken row if anything older is still there.
        """
        before = since if since is not None else (numbers or [1])[0] - 1
        holes = [
            place
            for place, pair in enumerate(pairwise([before, *numbers]))
            if pair[1] != pair[0] + 1
        ]
        nothing_left = since is not None and not numbers
        if not holes and not nothing_left:
            return None
        oldest = await self.feed.read(0, 1)
        if not oldest:
            return holes[0] if holes else 0
        return next((place for place in holes if numbers[place] <= oldest[0][0]), None)


def _resync_required() -> RequestRefused:
    return RequestRefused(
        HTTPStatus.GONE,
        "ResyncRequired",
        "The changes behind since are not in the feed: they are no longer kept, or the feed began "
        "anew. Leave since out to go on with what is kept; /api/v1/findings says how things stand.",
        "since",
    )
