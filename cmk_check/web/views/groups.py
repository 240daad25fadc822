"""List groups of accounts, by owner or by key, across the whole estate."""

import asyncio
from bisect import insort
from collections.abc import AsyncIterator, Callable, Iterable
from dataclasses import dataclass
from http import HTTPStatus
from itertools import batched
from typing import Final

from cmk_check.core import posture
from cmk_check.core.account_groups import group_by_key, group_by_owner
from cmk_check.core.enums import CoverageState
from cmk_check.core.model import Coverage, Finding
from cmk_check.core.status import Status
from cmk_check.limits import COVERAGE_READS_AT_ONCE, MAX_FINDINGS_SUMMED, SUBSCRIPTIONS_SUMMED_ALONE
from cmk_check.store.codec import RowUnusable
from cmk_check.store.coverage_groups import decode_keys, decode_owners
from cmk_check.store.findings import FindingsTable
from cmk_check.store.scans import ScanTable
from cmk_check.store.subscription_rows import StoredSubscription
from cmk_check.web.http.paging import Page, decode_text, encode_text
from cmk_check.web.http.refusals import RequestRefused


@dataclass(frozen=True, slots=True)
class Grouping[T]:
    """A way to group accounts.

    ``name`` is the name of the filter for findings. ``read`` takes the groups from the ``column``
    of a coverage row, and ``group`` builds them from findings.
    """

    name: str
    column: str
    read: Callable[[Coverage], T | None]
    group: Callable[[Iterable[Finding]], T]


BY_OWNER: Final = Grouping("owner", "owners", decode_owners, group_by_owner)
BY_KEY: Final = Grouping("key", "keys", decode_keys, group_by_key)


@dataclass(frozen=True, slots=True)
class SummingView:
    """Sums all accounts, with at most ``most`` findings; ``key_health``: whether keys are read."""

    findings_table: FindingsTable
    scans: ScanTable
    key_health: bool
    most: int = MAX_FINDINGS_SUMMED

    async def read_groups[T](
        self, status: Status, by: Grouping[T]
    ) -> AsyncIterator[tuple[T, bool]]:
        """Yield the groups of each subscription, and whether the subscription was not read.

        The groups come from the coverage rows. Findings are read for rows without usable groups,
        and for subscriptions whose row is missing according to the status.

        Raises:
            RequestRefused: there are too many findings, and a sum over some of them would be too
                small.
        """
        left, done, rows = list[str](), set[str](), 0
        async for (partition, _), row in self.findings_table.coverages(None, None, only=by.column):
            coverage = None if isinstance(row, RowUnusable) else row
            # The status does not count a pending row.
            rows += coverage is None or coverage.state is not CoverageState.PENDING
            if coverage is None or (groups := by.read(coverage)) is None:
                left.append(partition)
            else:
                done.add(partition)
                yield groups, not posture.is_read(coverage, status)
        is_row_missing = rows < status.summary.subscriptions.total
        findings = 0
        async for stored in self._read(left, whole=is_row_missing):
            if stored.partition not in done:
                accounts = (*stored.known.findings.values(), *stored.known.untrusted.values())
                findings += len(accounts)
                if findings > self.most:
                    raise RequestRefused(
                        HTTPStatus.BAD_REQUEST,
                        "TooManyFindings",
                        f"This list can sum at most {self.most:,} findings; for the accounts of "
                        f"one {by.name}, use /api/v1/findings?{by.name}=.",
                    )
                yield by.group(accounts), not posture.is_read(stored.known.coverage, status)

    async def _read(
        self, partitions: list[str], *, whole: bool
    ) -> AsyncIterator[StoredSubscription]:
        """Read the partitions, or the whole table if that is necessary or cheaper."""
        if whole or len(partitions) > SUBSCRIPTIONS_SUMMED_ALONE:
            async for stored in self.findings_table.subscriptions("", ""):
                yield stored
            return
        for some in batched(partitions, COVERAGE_READS_AT_ONCE, strict=False):
            for stored in await asyncio.gather(*map(self.findings_table.read_one, some)):
                yield stored


class Groups[G]:
    """The groups on a page, sorted by distinct texts; other groups are not kept.

    All texts begin with ``begin``.

    Raises:
        RequestRefused: the token is invalid.
    """

    def __init__(self, make: Callable[[], G], top: int, skip_token: str | None, begin: str) -> None:
        self._make, self._top = make, top
        self._after = "" if skip_token is None else decode_text(skip_token, begin)
        self._places: list[str] = []
        self._kept: dict[str, G] = {}

    def at(self, place: str) -> G | None:
        """Return the group with a text, or None if it is not on the page."""
        places, kept = self._places, self._kept
        if place <= self._after or (len(places) > self._top and place > places[-1]):
            return None
        if place not in kept:
            insort(places, place)
            kept[place] = self._make()
            # One group more than the page can contain, so there is a next page.
            if len(places) > self._top + 1:
                del kept[places.pop()]
        return kept[place]

    def page[T](self, to_api: Callable[[str, G], T]) -> Page[T]:
        """Return the page, after all findings were added to their groups."""
        places = self._places[: self._top]
        token = encode_text(places[-1]) if len(self._places) > self._top else None
        return Page([to_api(place, self._kept[place]) for place in places], token)
