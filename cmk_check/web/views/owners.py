"""The list of owners: sums over all findings, because anybody can own accounts anywhere."""

from dataclasses import dataclass, field
from datetime import datetime
from http import HTTPStatus

from cmk_check.core import posture
from cmk_check.core.counts import AccountCounter
from cmk_check.core.model import Finding
from cmk_check.core.owner import UNOWNED
from cmk_check.limits import MAX_FINDINGS_SUMMED
from cmk_check.store.finding_filter import FindingFilter
from cmk_check.store.findings import FindingsTable
from cmk_check.store.scans import ScanTable
from cmk_check.web import models, parameters
from cmk_check.web.http.paging import Page
from cmk_check.web.http.refusals import RequestRefused
from cmk_check.web.http.skip_tokens import text_of, token_of_text
from cmk_check.web.views.aspects import to_api_counts


@dataclass(slots=True)
class _Sums:
    counter: AccountCounter = field(default_factory=AccountCounter)
    oldest: datetime | None = None
    unread: int = 0

    def add(self, finding: Finding, *, unread: bool) -> None:
        self.unread += unread
        self.counter.add(finding)
        since = finding.violated_since
        if since is not None and (self.oldest is None or since < self.oldest):
            self.oldest = since


@dataclass(frozen=True, slots=True)
class OwnersView:
    """Makes pages of owners.

    ``key_health`` is whether keys are read, ``most`` the number of findings that can be summed.
    """

    findings_table: FindingsTable
    scans: ScanTable
    key_health: bool
    most: int = MAX_FINDINGS_SUMMED

    async def page(self, query: parameters.OwnersQuery) -> Page[models.OwnerSums]:
        """Read one page: first the accounts without an owner, then the owners by name.

        Raises:
            RequestRefused: the token is invalid, or the estate has more findings.
            StoreError

        """
        after = "" if query.skip_token is None else text_of(query.skip_token)
        sums = await self._sums()
        left = sorted((owner for owner in sums if _place(owner) > after), key=_place)
        shown, more = left[: query.top], len(left) > query.top
        token = token_of_text(_place(shown[-1])) if more else None
        return Page([self._shown(owner, sums[owner]) for owner in shown], token)

    async def _sums(self) -> dict[str | None, _Sums]:
        sums: dict[str | None, _Sums] = {}
        status = (await self.scans.status()).value
        examined = 0
        async for _, match in self.findings_table.findings(FindingFilter(), None, joined=True):
            if match is None:
                continue  # the row of a subscription
            finding, coverage = match
            examined += 1
            if examined > self.most:
                raise RequestRefused(
                    HTTPStatus.BAD_REQUEST,
                    "TooManyFindings",
                    f"Owners are summed over {self.most:,} findings at most; ask "
                    "/api/v1/findings?owner= for the accounts of one owner.",
                )
            owner = (finding.owner or UNOWNED).value
            sums.setdefault(owner, _Sums()).add(
                finding, unread=not posture.is_read(coverage, status)
            )
        return sums

    def _shown(self, owner: str | None, sums: _Sums) -> models.OwnerSums:
        counts = sums.counter.counts({}, 0)
        return models.OwnerSums(
            owner=owner,
            accounts=counts,
            **to_api_counts(counts, key_health=self.key_health),
            oldest_violation=sums.oldest,
            unread=sums.unread,
        )


def _place(owner: str | None) -> str:
    """Return the place in the list: that of nobody is a blank, which is before all owners."""
    return " " if owner is None else f" {owner}"
