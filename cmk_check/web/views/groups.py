"""Lists of groups of accounts, by owner or by key, whose sums need every finding."""

from bisect import insort
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass
from http import HTTPStatus

from cmk_check.core import posture
from cmk_check.core.model import Finding
from cmk_check.core.status import Status
from cmk_check.limits import MAX_FINDINGS_SUMMED
from cmk_check.store.finding_filter import FindingFilter
from cmk_check.store.findings import FindingsTable
from cmk_check.store.scans import ScanTable
from cmk_check.web.http.paging import Page, text_of, token_of_text
from cmk_check.web.http.refusals import RequestRefused


@dataclass(frozen=True, slots=True)
class SummingView:
    """Sums all findings, at most ``most``; ``key_health`` is whether keys are read."""

    findings_table: FindingsTable
    scans: ScanTable
    key_health: bool
    most: int = MAX_FINDINGS_SUMMED

    async def all_findings(
        self, status: Status, filter_name: str
    ) -> AsyncIterator[tuple[Finding, bool]]:
        """Iterate over all findings, each with whether its subscription was not read.

        Raises:
            RequestRefused: too many findings; a sum over some of them would be too small.
            StoreError

        """
        examined = 0
        rows = self.findings_table.findings(FindingFilter(), None, joined=True)
        async for _, match in rows:
            if match is None:
                continue  # the row of a subscription
            finding, coverage = match
            examined += 1
            if examined > self.most:
                raise RequestRefused(
                    HTTPStatus.BAD_REQUEST,
                    "TooManyFindings",
                    f"Accounts are summed over at most {self.most:,} findings; for the accounts "
                    f"of one {filter_name}, use /api/v1/findings?{filter_name}=.",
                )
            yield finding, not posture.is_read(coverage, status)


class Groups[G]:
    """The groups on a page, by distinct texts that order them; other groups are not kept.

    All texts begin with ``begin``.

    Raises:
        RequestRefused: the token is invalid.

    """

    def __init__(self, make: Callable[[], G], top: int, skip_token: str | None, begin: str) -> None:
        self._make, self._top = make, top
        self._after = "" if skip_token is None else text_of(skip_token, begin)
        self._places: list[str] = []
        self._kept: dict[str, G] = {}

    def at(self, place: str) -> G | None:
        """Return the group of a text; None if it is not on the page."""
        places, kept = self._places, self._kept
        if place <= self._after or (len(places) > self._top and place > places[-1]):
            return None
        if place not in kept:
            insort(places, place)
            kept[place] = self._make()
            # One more than the page holds: there is a next page.
            if len(places) > self._top + 1:
                del kept[places.pop()]
        return kept[place]

    def page[T](self, shown: Callable[[str, G], T]) -> Page[T]:
        """Return the page, once all findings were added to their groups."""
        places = self._places[: self._top]
        token = token_of_text(places[-1]) if len(self._places) > self._top else None
        return Page([shown(place, self._kept[place]) for place in places], token)
