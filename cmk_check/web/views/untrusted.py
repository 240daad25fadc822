"""What stands in for a coverage row that cannot be trusted: a gap, whatever the row may say."""

from datetime import datetime

from cmk_check.core.enums import CoverageState, GapReason
from cmk_check.core.model import Coverage, Gap, Subscription
from cmk_check.errors import RowUnusable
from cmk_check.store.rows import UNDATED


def untrusted(subscription_id: str, why: RowUnusable) -> Coverage:
    """Return the gap that a scan makes of such a row; nobody knows since when."""
    gap = Gap(GapReason.SLICE_FAILED, detail=str(why))
    return Coverage(Subscription(subscription_id), CoverageState.GAP, UNDATED, gap)


def to_api_since(since: datetime) -> datetime | None:
    """Return a date as callers see it."""
    return None if since == UNDATED else since
