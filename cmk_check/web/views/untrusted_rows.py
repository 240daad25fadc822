"""The replacement of an unusable coverage row: a gap."""

from datetime import datetime

from cmk_check.core.account import Subscription
from cmk_check.core.enums import CoverageState, GapReason
from cmk_check.core.gap import Gap
from cmk_check.core.model import Coverage
from cmk_check.errors import RowUnusable
from cmk_check.store.row_times import UNDATED


def untrusted(subscription_id: str, why: RowUnusable) -> Coverage:
    """Return the gap that a scan would record for such a row, without a date."""
    gap = Gap(GapReason.SLICE_FAILED, detail=str(why))
    return Coverage(Subscription(subscription_id), CoverageState.GAP, UNDATED, gap)


def to_api_since(since: datetime) -> datetime | None:
    """Return the date, None if it is unknown."""
    return None if since == UNDATED else since
