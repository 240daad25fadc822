"""The list of owners: sums over all findings, because an owner can have accounts anywhere."""

import asyncio
from dataclasses import dataclass, field
from datetime import datetime

from cmk_check.core.counts import AccountCounter
from cmk_check.core.model import Finding
from cmk_check.core.status import Status
from cmk_check.limits import OWNER_PAGES_KEPT
from cmk_check.web import models, parameters
from cmk_check.web.http.paging import Page
from cmk_check.web.views.aspects import to_api_keys
from cmk_check.web.views.groups import Groups, SummingView


@dataclass(slots=True)
class _Sums:
    counter: AccountCounter = field(default_factory=AccountCounter)
    oldest: datetime | None = None
    unread: int = 0

    def add(self, finding: Finding, *, unread: bool) -> None:
        self.unread += unread
        self.counter.add(finding)
        self.oldest = min(filter(None, (self.oldest, finding.violated_since)), default=None)


@dataclass(frozen=True, slots=True)
class OwnersView(SummingView):
    """Makes pages of owners; each is made once between two scans, and ``kept``."""

    kept: dict[object, Page[models.OwnerSums]] = field(default_factory=dict)
    lock: asyncio.Lock = field(default_factory=asyncio.Lock)

    async def page(self, query: parameters.OwnersQuery) -> Page[models.OwnerSums]:
        """Read one page: first the accounts without an owner, then the owners by name.

        Raises:
            RequestRefused: the token is invalid, or the estate has more findings.
            StoreError

        """
        async with self.lock:  # for concurrent requests
            current = await self.scans.lease_and_status()
            etags = current.lease.etag, current.status.etag
            asked = *etags, query.top, query.skip_token
            # Findings change only while a scan holds the lease; a scan that died still holds it.
            is_quiet = not current.lease.value.scan_id and all(etags)
            if is_quiet and (page := self.kept.get(asked)) is not None:
                return page
            page = await self._summed(query, current.status.value)
            if len(self.kept) >= OWNER_PAGES_KEPT:
                self.kept.clear()
            # No scan has begun and ended meanwhile.
            after = await self.scans.lease_and_status() if is_quiet else None
            if after and (after.lease.etag, after.status.etag) == etags:
                self.kept[asked] = page
        return page

    async def _summed(
        self, query: parameters.OwnersQuery, status: Status
    ) -> Page[models.OwnerSums]:
        owners = Groups(_Sums, query.top, query.skip_token, " ")
        async for finding, unread in self.all_findings(status, "owner"):
            # The blank sorts accounts without an owner before all owners, and is also a position.
            if sums := owners.at(f" {finding.owner.value or ''}"):
                sums.add(finding, unread=unread)
        return owners.page(self._shown)

    def _shown(self, place: str, sums: _Sums) -> models.OwnerSums:
        counts = sums.counter.counts({}, 0)
        return models.OwnerSums(
            owner=place[1:] or None,
            accounts=counts,
            keys=to_api_keys(counts) if self.key_health else None,
            overdue=counts.overdue,
            oldest_violation=sums.oldest,
            unread=sums.unread,
        )
