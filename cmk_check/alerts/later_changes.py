"""What the feed holds beyond a range that is delivered: it may have overtaken what is in it."""

from collections.abc import Sequence

from cmk_check.core.model import Change
from cmk_check.core.overtaken import LatestChanges
from cmk_check.errors import RowUnusable
from cmk_check.limits import LATER_CHANGES_EXAMINED, TABLE_PAGE_ROWS
from cmk_check.store.change_feed import FeedTable


class LaterChanges:
    """Marks changes that the feed has overtaken; ``after`` is the last number of the range."""

    def __init__(self, feed: FeedTable, after: int) -> None:
        self._feed = feed
        self._after = after
        self._end = after + LATER_CHANGES_EXAMINED
        self.latest = LatestChanges()

    async def marked(self, changes: Sequence[Change]) -> list[Change]:
        """Look at what is new in the feed, and return the changes, marked where it overtakes them.

        Raises:
            StoreError: the feed could not be read.

        """
        while self._after < self._end:
            top = min(TABLE_PAGE_ROWS, self._end - self._after)
            try:
                page = await self._feed.read(self._after, top)
            except RowUnusable:
                break  # what a newer version published must not hold up what this one can deliver
            if page:
                self._after = page[-1][0]
                self.latest.see(change for _, change in page)
            if len(page) < top:
                break
        return [self.latest.marked(change) for change in changes]
