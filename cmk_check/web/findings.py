"""The list of findings: pages of the findings table, joined with each subscription's coverage."""

import asyncio
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from http import HTTPStatus
from itertools import batched
from typing import Final, Literal
from urllib.parse import quote

from cmk_check.core import posture
from cmk_check.core.counts import KIND_UNKNOWN
from cmk_check.core.model import Coverage, Evidence, Finding, Status
from cmk_check.core.words import CoverageState
from cmk_check.errors import RowUnusable
from cmk_check.store import keys
from cmk_check.store.estate import EstateTable, FindingFilter
from cmk_check.store.rows import UNDATED
from cmk_check.store.scans import ScanTable
from cmk_check.web import models, queries
from cmk_check.web.answers import Refused, not_recorded
from cmk_check.web.places import Place, place_of, token_of

_READS_AT_ONCE: Final = 16


@dataclass(frozen=True, slots=True)
class Page:
    """A page of findings and the token of the next one, if there is one."""

    value: list[models.Finding]
    skip_token: str | None


@dataclass(frozen=True, slots=True)
class FindingsView:
    """Makes pages of findings. ``kinds`` are those in scope, ``portal`` the origin of Azure's."""

    estate: EstateTable
    scans: ScanTable
    kinds: tuple[str, ...]
    portal: str

    @property
    def allowed_kinds(self) -> tuple[str, ...]:
        """What may be asked for as a kind."""
        return (*self.kinds, KIND_UNKNOWN)

    async def page(self, query: queries.FindingsQuery) -> Page:
        """Read one page.

        Raises:
            Refused: the kind is not in scope, the token is none, or the subscription is not
                recorded: an empty list would read as "nothing wrong there".
            StoreError

        """
        kind = self._kind(query.kind)
        after = None if query.skip_token is None else place_of(query.skip_token, keys.FINDINGS_FROM)
        stored = await self.scans.status()
        status = stored.value if stored else Status()
        where = FindingFilter(
            verdict=query.verdict,
            kind=_spelling(kind, status),
            subscription_id=query.subscription,
        )
        found = await self._read(where, kind, after, query.top)
        if not found and query.subscription and not await self._is_recorded(query.subscription):
            raise not_recorded(query.subscription)
        shown = found[: query.top]
        coverages = await self._coverages(finding.id.subscription_id for _, finding in shown)
        return Page(
            [self._shown(finding, coverages, status.as_of) for _, finding in shown],
            token_of(shown[-1][0]) if len(found) > len(shown) else None,
        )

    def _kind(self, asked: str | None) -> str | None:
        if asked is None or asked.casefold() in {kind.casefold() for kind in self.allowed_kinds}:
            return asked
        raise Refused(
            HTTPStatus.BAD_REQUEST,
            "InvalidParameter",
            f"kind is one of {', '.join(self.allowed_kinds)}, in any case.",
            "kind",
        )

    async def _read(
        self, where: FindingFilter, kind: str | None, after: Place | None, top: int
    ) -> list[tuple[Place, Finding]]:
        """Read one finding more than the page holds, which tells whether there is another page."""
        found: list[tuple[Place, Finding]] = []
        rows = self.estate.findings(where, after)
        async for place, finding in rows:
            if kind is None or _is_of_kind(finding, kind):
                found.append((place, finding))
            if len(found) > top:
                break
        return found

    async def _is_recorded(self, subscription_id: str) -> bool:
        try:
            return await self.estate.coverage(subscription_id) is not None
        except RowUnusable:
            return True

    async def _coverages(self, subscription_ids: Iterable[str]) -> dict[str, Coverage | None]:
        distinct = list(dict.fromkeys(subscription_ids))
        found: dict[str, Coverage | None] = {}
        for some in batched(distinct, _READS_AT_ONCE, strict=False):
            rows = await asyncio.gather(*map(self._usable_coverage, some))
            found.update(zip(some, rows, strict=True))
        return found

    async def _usable_coverage(self, subscription_id: str) -> Coverage | None:
        try:
            return await self.estate.coverage(subscription_id)
        except RowUnusable:
            return None  # shown as a gap; it must not take the page with it

    def _shown(
        self, finding: Finding, coverages: Mapping[str, Coverage | None], as_of: datetime | None
    ) -> models.Finding:
        coverage = coverages[finding.id.subscription_id]
        subscription = coverage.subscription if coverage else None
        judgement = finding.judgement
        dated = finding.first_seen != UNDATED
        return models.Finding(
            id=finding.id.text,
            name=finding.id.name,
            resource_group=finding.id.resource_group,
            subscription_id=finding.id.subscription_id,
            subscription_name=subscription.name if subscription else None,
            tenant_id=subscription.tenant_id if subscription else None,
            kind=finding.kind,
            location=finding.location,
            tags=dict(finding.tags),
            verdict=judgement.verdict,
            reason=judgement.reason,
            message=judgement.message,
            rule_version=finding.rule_version,
            evidence=evidence_shown(judgement.evidence),
            key_health=None,
            first_seen=finding.first_seen if dated else None,
            changed_at=finding.changed_at if dated else None,
            violated_since=finding.violated_since,
            previous_verdict=finding.previous_verdict,
            coverage=_coverage(coverage),
            as_of=posture.as_of(coverage, as_of) if coverage else None,
            portal_url=f"{self.portal}/#resource{quote(finding.id.text)}",
        )


def evidence_shown(evidence: Evidence) -> models.Evidence:
    """Show what a verdict rests on."""
    return models.Evidence(
        key_source=evidence.key_source,
        key_name=evidence.key_name,
        key_version=evidence.key_version,
        key_vault_uri=evidence.key_vault_uri,
        identity_type=evidence.identity_type,
        identity_client_id=evidence.identity_client_id,
        provisioning_state=evidence.provisioning_state,
    )


def _coverage(coverage: Coverage | None) -> Literal["read", "gap", "excluded", "retired"]:
    match coverage.state if coverage else CoverageState.UNREAD:
        case CoverageState.READ:
            return "read"
        case CoverageState.EXCLUDED:
            return "excluded"
        case CoverageState.RETIRED:
            return "retired"
        case CoverageState.GAP | CoverageState.UNREAD:
            return "gap"


def _is_of_kind(finding: Finding, kind: str) -> bool:
    return (finding.kind or KIND_UNKNOWN).casefold() == kind.casefold()


def _spelling(kind: str | None, status: Status) -> str | None:
    """Return the kind as the rows spell it, where that is certain enough for the table to compare.

    Azure spells kinds, and settings may spell them otherwise; the last scan's sums tell. Rows
    without a kind have nothing to compare.
    """
    if kind is None or kind.casefold() == KIND_UNKNOWN:
        return None
    known = [name for name in status.summary.accounts.by_kind if name.casefold() == kind.casefold()]
    return known[0] if len(known) == 1 else None
