"""The list of owners: sums over all findings, because anybody can own accounts anywhere."""

from dataclasses import dataclass, field
from datetime import datetime

from cmk_check.core.counts import AccountCounter
from cmk_check.core.model import Finding
from cmk_check.core.owner import UNOWNED
from cmk_check.web import models, parameters
from cmk_check.web.http.paging import Page
from cmk_check.web.views.aspects import to_api_counts
from cmk_check.web.views.groups import Groups, SummingView


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


class OwnersView(SummingView):
    """Makes pages of owners."""

    async def page(self, query: parameters.OwnersQuery) -> Page[models.OwnerSums]:
        """Read one page: first the accounts without an owner, then the owners by name.

        Raises:
            RequestRefused: the token is invalid, or the estate has more findings.
            StoreError

        """
        owners = Groups(_Sums, query.top, query.skip_token)
        status = (await self.scans.status()).value
        async for finding, unread in self.all_findings(status, "owner"):
            sums = owners.at(_place((finding.owner or UNOWNED).value))
            if sums is not None:
                sums.add(finding, unread=unread)
        return owners.page(self._shown)

    def _shown(self, place: str, sums: _Sums) -> models.OwnerSums:
        counts = sums.counter.counts({}, 0)
        return models.OwnerSums(
            owner=place[1:] or None,
            accounts=counts,
            **to_api_counts(counts, key_health=self.key_health),
            oldest_violation=sums.oldest,
            unread=sums.unread,
        )


def _place(owner: str | None) -> str:
    """Return the place in the list: that of nobody is a blank, which is before all owners."""
    return " " if owner is None else f" {owner}"
