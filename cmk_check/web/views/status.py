"""Read the current status from its row, the watch's row, and a subscription's row if requested.

Metrics come from the same rows and are derived at the time of the scrape, because ``compliant``
must not remain in the time series if scans stop. If the status cannot be read, the scrape fails and
``up`` is 0.
"""

import asyncio
import hashlib
import logging
from dataclasses import asdict, dataclass, replace
from datetime import datetime

from cmk_check.config.settings import Settings
from cmk_check.core import posture
from cmk_check.core.counts import summarise
from cmk_check.core.enums import PostureReason
from cmk_check.core.model import Coverage
from cmk_check.core.posture import Expectations, Posture
from cmk_check.core.status import Status, Summary
from cmk_check.core.watch_state import Watch
from cmk_check.ports import Clock, EarlierBuild
from cmk_check.store.codec import RowUnusable
from cmk_check.store.digests import Digests
from cmk_check.store.findings import FindingsTable
from cmk_check.store.scan_rows import Stored
from cmk_check.store.scans import ScanTable
from cmk_check.web import models
from cmk_check.web.aspect_models import to_api_accounts, to_api_keys
from cmk_check.web.http.refusals import build_not_recorded
from cmk_check.web.views.subscriptions import make_untrusted_coverage, to_api_since

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class StatusView:
    """Builds the body of the status and its ETag.

    ``key_health``: whether keys are read. ``has_watch``: whether there is a watch for changes.
    ``digests`` is None without digests.
    """

    findings_table: FindingsTable
    scans: ScanTable
    clock: Clock
    expect: Expectations
    key_health: bool
    has_watch: bool = False
    digests: Digests | None = None

    async def read_estate(self) -> tuple[bytes, str]:
        """Return the status of the whole estate."""
        stored, watch = await self._read()
        status, now = stored.value, self.clock.now()
        posture_now = posture.judge_estate(status, now, self.expect, await self._late())
        return self._build_status(posture_now, stored, status.summary, status.as_of, watch)

    async def read_subscription(self, subscription_id: str) -> tuple[bytes, str]:
        """Return the status of a subscription by lower-cased id; an unusable row is a gap.

        Raises:
            RequestRefused: the subscription is not recorded.
        """
        coverage, stored, watch = await asyncio.gather(
            self._coverage(subscription_id), self.scans.status(), self._watch()
        )
        if coverage is None:
            unwritten = stored.value.summary.unwritten_gap(subscription_id)
            if unwritten is None:
                raise build_not_recorded(subscription_id)
            coverage = posture.without_row(unwritten, stored.value, self.clock.now())
        status = await self._read_alone(subscription_id, stored.value)
        coverage = posture.as_left(coverage, status)
        posture_now = posture.judge_subscription(coverage, status, self.clock.now(), self.expect)
        as_of = posture.get_date(coverage, status)
        summary = summarise([coverage], changes=0)
        return self._build_status(posture_now, stored, summary, as_of, watch)

    async def scrape(self, accept: str, settings: Settings) -> tuple[bytes, str]:
        """Return the status as metrics in an accepted format, and the content type."""
        # The library loads slowly, and no other request needs it.
        from cmk_check.web.views.prometheus import StatusCollector, write  # noqa: PLC0415

        stored, watch = await self._read()
        status, now = stored.value, self.clock.now()
        posture_now = posture.judge_estate(status, now, self.expect, await self._late())
        looked_at = watch.last_look if watch else None
        kinds, owners = settings.kinds, bool(settings.owner_tags)
        due_dates = self.expect.fix_within is not None
        scraped = StatusCollector(
            status, posture_now, now, kinds, self.key_health, owners, looked_at, due_dates
        )
        return write(scraped, accept)

    async def _read(self) -> tuple[Stored[Status], Watch | None]:
        """Read the status and the watch, or a status that reports rows of an earlier build."""
        try:
            return await asyncio.gather(self.scans.status(), self._watch())
        except EarlierBuild:
            return Stored(Status(lowered=PostureReason.EARLIER_BUILD), ""), None

    async def _late(self) -> str:
        return await self.digests.late(self.clock.now()) if self.digests else ""

    async def _watch(self) -> Watch | None:
        """Return the state of the watch, or None if it is off or a newer version wrote its row."""
        if not self.has_watch:
            return None
        try:
            return (await self.scans.watch()).value
        except RowUnusable as error:
            _log.warning("The watch is missing from the status. %s", error)
            return None

    async def _read_alone(self, subscription_id: str, status: Status) -> Status:
        """Return the status as of the latest full or partial scan that read a subscription.

        A partial scan that finds no change writes only its own row, which shows that it read the
        subscription.
        """
        if status.as_of is None:
            return status
        for scan in await self.scans.read_started_between(status.as_of, self.clock.now()):
            if subscription_id in scan.named and scan.summary is not None:
                if not scan.has_recorded(subscription_id):
                    break
                # In this case, none of the gaps without a name is this subscription's.
                summary = replace(status.summary, unwritten=len(status.summary.unwritten_gaps))
                return replace(status, as_of=scan.started_at, summary=summary)
        return status

    async def _coverage(self, subscription_id: str) -> Coverage | None:
        try:
            return await self.findings_table.coverage(subscription_id)
        except RowUnusable as error:
            return make_untrusted_coverage(subscription_id, error)

    def _build_status(
        self,
        posture_now: Posture,
        stored: Stored[Status],
        summary: Summary,
        as_of: datetime | None,
        watch: Watch | None,
    ) -> tuple[bytes, str]:
        scope = stored.value.scope
        body = models.Status(
            posture=posture_now.verdict,
            reasons=[{"code": code, "message": message} for code, message in posture_now.reasons],
            as_of=as_of,
            fresh_until=None if as_of is None else as_of + self.expect.max_age,
            fresh=posture_now.fresh,
            accounts=to_api_accounts(summary.accounts, self.clock.now()),
            keys=to_api_keys(summary.accounts) if self.key_health else None,
            subscriptions=summary.subscriptions,
            management_group=next(iter(scope.group), None) if scope else None,
            gaps=[
                models.Gap(
                    subscription_id=gap.subscription_id,
                    name=gap.name,
                    since=to_api_since(gap.since),
                    **asdict(gap.gap),
                )
                for gap in summary.gaps
            ],
            gaps_omitted=summary.gaps_omitted,
            last_scan=stored.value.last_scan,
            unpublished=stored.value.unpublished,
            watch=watch,
        ).encode()
        # A strong ETag from the row's ETag and the body, which also depends on the time, the
        # settings and the program's version.
        digest = hashlib.blake2b(stored.etag.encode() + b"\n" + body, digest_size=16)
        return body, f'"{digest.hexdigest()}"'
