"""The list of subscriptions, with their coverage and how to close each gap."""

from collections import deque
from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import datetime
from operator import itemgetter

from cmk_check.core import posture
from cmk_check.core.account import Subscription
from cmk_check.core.counts import get_known_gap
from cmk_check.core.enums import CoverageState, GapReason
from cmk_check.core.gap import Gap
from cmk_check.core.model import Coverage
from cmk_check.core.status import Status
from cmk_check.ports import Clock
from cmk_check.store import table_keys
from cmk_check.store.codec import RowUnusable
from cmk_check.store.findings import FindingsTable, RowPosition
from cmk_check.store.row_times import UNDATED
from cmk_check.store.scans import ScanTable
from cmk_check.web import models, parameters
from cmk_check.web.aspect_models import to_api_accounts, to_api_keys
from cmk_check.web.http import paging
from cmk_check.web.http.paging import Page, decode_position


@dataclass(frozen=True, slots=True)
class SubscriptionsView:
    """Builds pages of subscriptions; ``key_health``: whether keys are read."""

    findings_table: FindingsTable
    scans: ScanTable
    clock: Clock
    key_health: bool

    async def page(self, query: parameters.SubscriptionsQuery) -> Page[models.Subscription]:
        """Read one page, sorted by id.

        Raises:
            RequestRefused: the token is invalid.
        """
        after = decode_position(query.skip_token, table_keys.COVERAGE)
        status = (await self.scans.status()).value
        # Rows in any state may be gaps; the table can filter by the other states.
        state = None if query.coverage is CoverageState.GAP else query.coverage
        rows = self._read_joined(state, after, status)
        entries = (
            (at, self._to_api(posture.as_left(row, status), status)) async for at, row in rows
        )
        matches = (
            (place, entry if query.coverage in {None, entry.coverage} else None)
            async for place, entry in entries
        )
        return await paging.gather(matches, query.top)

    async def _read_joined(
        self, state: CoverageState | None, after: RowPosition | None, status: Status
    ) -> AsyncIterator[tuple[RowPosition, Coverage]]:
        """Yield the rows and the subscriptions whose gap has no row, in order."""
        now = self.clock.now()
        unwritten = (
            (_get_position(gap.subscription_id), posture.without_row(gap, status, now))
            for gap in status.summary.unwritten_gaps
            if after is None or _get_position(gap.subscription_id) > after
        )
        left = deque(sorted(unwritten, key=itemgetter(0)))
        async for place, row in self.findings_table.coverages(state, after):
            while left and left[0][0] < place:
                yield left.popleft()
            if left and left[0][0] == place:
                left.popleft()
            yield (
                place,
                make_untrusted_coverage(place[0], row) if isinstance(row, RowUnusable) else row,
            )
        for gap in left:
            yield gap

    def _to_api(self, row: Coverage, status: Status) -> models.Subscription:
        """Return the API's subscription from its row, as of the last scan.

        The row of a subscription in state ``read`` is written only for changes, so it does not
        contain the time of the last read.
        """
        is_read = row.state is CoverageState.READ
        return models.Subscription(
            subscription_id=row.subscription.id,
            name=row.subscription.name,
            tenant_id=row.subscription.tenant_id,
            state=row.subscription.state,
            coverage=row.state,
            since=to_api_since(row.since),
            gap=get_known_gap(row).gap if row.state is CoverageState.GAP else None,
            last_read=posture.get_date(row, status) if is_read else row.last_read,
            accounts=to_api_accounts(row.accounts, self.clock.now()),
            keys=to_api_keys(row.accounts) if self.key_health else None,
            sequence=None if to_api_since(row.since) is None else row.sequence,
        )


def _get_position(subscription_id: str) -> RowPosition:
    return table_keys.get_partition(subscription_id), table_keys.COVERAGE


def make_untrusted_coverage(subscription_id: str, why: RowUnusable) -> Coverage:
    """Return the gap that a scan would record for an unusable row, without a date."""
    gap = Gap(GapReason.SLICE_FAILED, detail=str(why))
    return Coverage(Subscription(subscription_id), CoverageState.GAP, UNDATED, gap)


def to_api_since(since: datetime) -> datetime | None:
    """Return the date, or None if it is unknown."""
    return None if since == UNDATED else since
