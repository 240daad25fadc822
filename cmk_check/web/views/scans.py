"""Read the history of scans and their results."""

import logging
from contextlib import suppress
from datetime import datetime
from typing import Literal

from cmk_check.core.enums import ScanState
from cmk_check.core.scan_request import is_scan_id
from cmk_check.limits import (
    CLOCK_TOLERANCE,
    MAX_GAPS_LISTED,
    ROWS_EXAMINED_PER_PAGE,
    SLICE_CLAIM,
    TABLE_PAGE_ROWS,
)
from cmk_check.ports import LimitExceeded
from cmk_check.store import table_keys
from cmk_check.store.codec import RowUnusable
from cmk_check.store.scan_rows import Scan
from cmk_check.store.scans import ScanTable
from cmk_check.web import models, parameters
from cmk_check.web.aspect_models import to_api_accounts
from cmk_check.web.http import paging
from cmk_check.web.http.paging import Page, decode_position
from cmk_check.web.http.refusals import build_not_found

_log = logging.getLogger(__name__)


async def read_page(
    scans: ScanTable, query: parameters.ScansQuery, most: int = ROWS_EXAMINED_PER_PAGE
) -> Page[models.Scan]:
    """Read one page, newest first; a request examines ``most`` rows.

    Raises:
        RequestRefused: the token is invalid.
    """
    after = decode_position(query.skip_token, table_keys.SCANS_FROM)
    # With a filter, most rows might not match. Without a filter, a single extra row shows whether
    # there is another page.
    rows = TABLE_PAGE_ROWS if query.scope else query.top + 1
    matches = (
        (place, _to_api_scan(scan) if scan and query.scope in {None, _get_scope(scan)} else None)
        async for place, scan in scans.read_listed(after and after[1], rows)
    )
    return await paging.gather(matches, query.top, most)


async def read_one(scans: ScanTable, scan_id: str, now: datetime) -> models.ScanInDetail:
    """Read one scan; for a running scan, also read its slices and the lease.

    Raises:
        RequestRefused: no scan has this id.
    """
    stored = None
    if is_scan_id(scan_id):
        # A start time that is centuries away does not fit into a key.
        with suppress(LimitExceeded):
            stored = await scans.scan(scan_id)
    if stored is None:
        raise build_not_found(
            "There is no record of a scan with this id; /api/v1/scans lists all recorded scans."
        )
    scan = stored.value
    progress = await _progress(scans, scan, now) if scan.state is ScanState.RUNNING else None
    return models.ScanInDetail(**dict(_to_api_scan(scan)), progress=progress)


async def _progress(scans: ScanTable, scan: Scan, now: datetime) -> models.Progress | None:
    try:
        lease = (await scans.lease()).value
        slices = await scans.slices(scan) if scan.plan_id else []
    except RowUnusable as error:
        _log.warning("The progress of a scan is not shown. %s", error)
        return None
    most = SLICE_CLAIM + CLOCK_TOLERANCE
    done = [entry.summary.subscriptions.total for entry in slices if entry.summary]
    return models.Progress(
        slices=scan.slices if scan.plan_id else None,
        slices_done=len(done),
        slices_in_work=sum(not entry.is_done and entry.is_held(now, most) for entry in slices),
        subscriptions_done=sum(done),
        lease_expires_at=lease.expires if lease.scan_id == scan.id else None,
    )


def _get_scope(scan: Scan) -> Literal["full", "partial"]:
    return "partial" if scan.is_partial else "full"


def _to_api_scan(scan: Scan) -> models.Scan:
    summary = scan.summary
    return models.Scan(
        **dict(models.LastScan.model_validate(scan)),
        scope=_get_scope(scan),
        requested_subscriptions=len(scan.named) or None,
        not_found=scan.not_found[:MAX_GAPS_LISTED],
        not_found_omitted=max(0, len(scan.not_found) - MAX_GAPS_LISTED),
        posture=scan.posture,
        accounts=summary and to_api_accounts(summary.accounts, scan.finished_at or scan.started_at),
        subscriptions=summary and summary.subscriptions,
        changes=summary and summary.changes,
        cross_check=summary and summary.cross_check,
        rule_version=scan.rule_version,
    )
