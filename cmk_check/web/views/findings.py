"""Join findings with their subscriptions' coverage, for pages of the table and single findings."""

import asyncio
from collections.abc import AsyncIterator, Iterable
from contextlib import suppress
from dataclasses import dataclass, field, replace
from http import HTTPStatus
from itertools import batched
from math import ceil
from typing import Final

from cmk_check.core.counts import KIND_UNKNOWN
from cmk_check.core.enums import Verdict
from cmk_check.core.model import Coverage
from cmk_check.core.resource_id import AccountId
from cmk_check.core.status import Status
from cmk_check.limits import (
    COVERAGE_READS_AT_ONCE,
    MAX_PAGE_SIZE,
    MAX_WORKBOOK_FINDINGS,
    MAX_WORKBOOK_PAGES,
    ROWS_EXAMINED_PER_PAGE,
    ROWS_SEARCHED_PER_PAGE,
    TABLE_PAGE_ROWS,
)
from cmk_check.ports import Clock, LimitExceeded
from cmk_check.store import table_keys
from cmk_check.store.codec import RowUnusable
from cmk_check.store.finding_filter import FindingFilter
from cmk_check.store.findings import FindingsTable, JoinedFinding
from cmk_check.store.scans import ScanTable
from cmk_check.web import models, parameters
from cmk_check.web.http import paging
from cmk_check.web.http.paging import Page, decode_position
from cmk_check.web.http.refusals import RequestRefused, build_not_found, build_not_recorded
from cmk_check.web.http.table_walk_limit import Turns
from cmk_check.web.views.finding import add_details, to_api_finding
from cmk_check.web.views.findings_search import Search

# For subscriptions with fewer accounts than average, so that a page needs no second request.
_MARGIN: Final = 1.1
_LIKE: Final = (
    "subscriptions/<id>/resourceGroups/<name>/providers/Microsoft.CognitiveServices/accounts/<name>"
)


@dataclass(frozen=True, slots=True)
class FindingsView:
    """Builds pages of findings, and single findings.

    ``kinds`` are the kinds in scope, ``portal`` is the origin of the Azure portal, and
    ``vault_domain``, needed only for single findings, is the domain of vaults. A request examines
    ``most`` rows, and a search examines ``most_searched`` rows. All searches share the ``turns``.
    """

    findings_table: FindingsTable
    scans: ScanTable
    clock: Clock
    kinds: tuple[str, ...]
    portal: str
    vault_domain: str = ""
    most: int = ROWS_EXAMINED_PER_PAGE
    most_searched: int = ROWS_SEARCHED_PER_PAGE
    turns: Turns = field(default_factory=Turns)

    @property
    def allowed_kinds(self) -> tuple[str, ...]:
        """The values of the parameter ``kind``."""
        return (*self.kinds, KIND_UNKNOWN)

    def search(self, query: parameters.FindingsQuery) -> Search:
        """Return the search conditions of a request, as of now."""
        return Search(query, self.clock.now())

    async def page(
        self, query: parameters.FindingsQuery, search: Search | None = None
    ) -> Page[models.Finding]:
        """Read one page; ``search`` is the search of the query, if it was built before.

        Raises:
            RequestRefused: the kind is not in scope, the token is invalid, or the subscription is
                not recorded (an empty list would mean that the subscription has no findings).
        """
        kind = self._kind(query.kind)
        after = decode_position(query.skip_token, table_keys.FINDINGS_FROM, table_keys.COVERAGE)
        status = (await self.scans.status()).value
        spelled = _spelling(kind, status)
        search = search or self.search(query)
        where, now = replace(search.where, kind=spelled), search.where.at
        join_all = bool(search.words) or _is_cheap_to_join(where, status)
        if search.is_compared_here or (kind and spelled is None):
            parts = self.findings_table.search(where, after, search.may_find, joined=join_all)
            matches = (
                (place, match if match and search.finds(*match) else None)
                async for part in self.turns.iterate(parts)
                for place, match in part
            )
            rows_of_page = await paging.gather(matches, query.top, self.most_searched)
        else:
            at_once = _rows_at_once(query.top, where, status, joined=join_all)
            rows = self.findings_table.findings(where, after, joined=join_all, at_once=at_once)
            rows_of_page = await paging.gather(rows, query.top, self.most)
        if not rows_of_page.value and query.subscription:
            await self._make_sure_it_is_known(query.subscription, status)
        joined = rows_of_page.value if join_all else await self._join_coverage(rows_of_page.value)
        value = [to_api_finding(*each, status, now, self.portal) for each in joined]
        return Page(value, rows_of_page.skip_token)

    async def read_one(self, account_id: str) -> models.FindingDetail:
        """Read one finding by its ARM id, case-insensitive, with three concurrent point reads.

        The adapter has already decoded the id; decoding it again would break a name that contains
        a percent sign and two digits.

        Raises:
            RequestRefused: the id is not the id of an account, or the account has no recorded
                finding.
        """
        account = AccountId.parse(f"/{account_id.removeprefix('/')}")
        if account is None:
            raise build_not_found(f"id must be the ARM id of an account, like {_LIKE}.")
        finding, coverage, stored = await asyncio.gather(
            self.findings_table.finding(account),
            self._read_usable_coverage(account.subscription_id),
            self.scans.status(),
        )
        if finding is None:
            raise build_not_found(
                "No scan has recorded an account with this id; /api/v1/findings lists all recorded "
                "accounts."
            )
        model = to_api_finding(finding, coverage, stored.value, self.clock.now(), self.portal)
        return add_details(model, finding, self.portal, self.vault_domain)

    async def table_pages(
        self, query: parameters.FindingsQuery, search: Search
    ) -> AsyncIterator[Page[models.Finding]]:
        """Read the pages of a table: as many as fit into a workbook, or one for ``top`` or CSV.

        Raises:
            RequestRefused: as for a page.
        """
        is_one = query.format != "xlsx" or "top" in query.model_fields_set
        left, pages = (query.top, 1) if is_one else (MAX_WORKBOOK_FINDINGS, MAX_WORKBOOK_PAGES)
        token = query.skip_token
        for _ in range(pages):
            updates = {"skip_token": token, "top": min(MAX_PAGE_SIZE, left)}
            page = await self.page(query.model_copy(update=updates), search)
            yield page
            left, token = left - len(page.value), page.skip_token
            if token is None or left == 0:
                return

    def _kind(self, kind: str | None) -> str | None:
        if kind is None or kind.casefold() in {kind.casefold() for kind in self.allowed_kinds}:
            return kind
        raise RequestRefused(
            HTTPStatus.BAD_REQUEST,
            "InvalidParameter",
            f"kind must be one of {', '.join(self.allowed_kinds)}; case does not matter.",
            "kind",
        )

    async def _make_sure_it_is_known(self, subscription_id: str, status: Status) -> None:
        if status.summary.unwritten_gap(subscription_id):
            return
        with suppress(RowUnusable):  # recorded, whatever the row contains
            if await self.findings_table.coverage(subscription_id) is not None:
                return
            # The row may have been deleted by hand although findings exist that the filter left
            # out.
            every = FindingFilter(subscription_id=subscription_id)
            async for _ in self.findings_table.findings(every, None, at_once=1):
                return
            raise build_not_recorded(subscription_id)

    async def _join_coverage(self, joined_findings: Iterable[JoinedFinding]) -> list[JoinedFinding]:
        """Read the coverage rows of the findings, each only once."""
        findings = [finding for finding, _ in joined_findings]
        distinct = list(dict.fromkeys(finding.id.subscription_id for finding in findings))
        rows: dict[str, Coverage | None] = {}
        for some in batched(distinct, COVERAGE_READS_AT_ONCE, strict=False):
            read = await asyncio.gather(*map(self._read_usable_coverage, some))
            rows.update(zip(some, read, strict=True))
        return [(finding, rows[finding.id.subscription_id]) for finding in findings]

    async def _read_usable_coverage(self, subscription_id: str) -> Coverage | None:
        """Read a coverage row; return None if unusable, so that findings can still be shown."""
        try:
            return await self.findings_table.coverage(subscription_id)
        except (RowUnusable, LimitExceeded):
            return None


def _matching(where: FindingFilter, status: Status) -> int | None:
    """Return how many findings match by the last scan's counts, or None if not counted."""
    conditions, accounts = where.equals(), status.summary.accounts
    if not conditions:
        return accounts.total
    counts = {Verdict.COMPLIANT: accounts.compliant, Verdict.NON_COMPLIANT: accounts.non_compliant}
    return counts.get(where.verdict) if where.verdict and len(conditions) == 1 else None


def _is_cheap_to_join(where: FindingFilter, status: Status) -> bool:
    """Return whether to read all coverage rows with the findings, or only those of the page.

    With a filter that the table applies, few findings may come from many subscriptions, and reading
    the coverage rows of all these subscriptions would be expensive.
    """
    subscriptions, matching = status.summary.subscriptions.total, _matching(where, status) or 0
    return not where.equals() or subscriptions <= max(TABLE_PAGE_ROWS, matching)


def _rows_at_once(top: int, where: FindingFilter, status: Status, *, joined: bool) -> int:
    """Return how many rows to request from the table at once.

    The number is the rows that a page needs, in equal parts, if all subscriptions have the average
    number of accounts. Most of a page's cost comes from decoding rows.
    """
    matching, subscriptions = _matching(where, status), status.summary.subscriptions.total
    if not matching:
        return TABLE_PAGE_ROWS
    rows_per_finding = 1 + (subscriptions / matching if joined else 0)
    needed = ceil((top + 1) * rows_per_finding * _MARGIN)
    return ceil(needed / ceil(needed / TABLE_PAGE_ROWS))


def _spelling(kind: str | None, status: Status) -> str | None:
    """Return the kind as the rows spell it, or None if the table cannot compare it.

    Settings may spell a kind differently from Azure, but the counts of the last scan have Azure's
    spelling. Rows without a kind have nothing to compare.
    """
    if kind is None or kind.casefold() == KIND_UNKNOWN:
        return None
    names = status.summary.accounts.by_kind
    spellings = [name for name in names if name.casefold() == kind.casefold()]
    return spellings[0] if len(spellings) == 1 else None
