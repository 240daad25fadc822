"""Gaps that stand in no row, since the row must not be changed or the table refuses it."""

from datetime import datetime

from cmk_check.core.account import Subscription
from cmk_check.core.comparison.updates import Known
from cmk_check.core.enums import CoverageState, GapReason
from cmk_check.core.gap import Gap
from cmk_check.core.model import Coverage
from cmk_check.limits import MAX_GAP_DETAIL_CHARS


def slice_failed(detail: str) -> Gap:
    """Return the gap of a subscription whose work failed."""
    return Gap(GapReason.SLICE_FAILED, detail=detail[:MAX_GAP_DETAIL_CHARS])


def unwritten(subscription: Subscription, known: Known, gap: Gap, now: datetime) -> Coverage:
    """Count a subscription as a gap, and its accounts as they are recorded."""
    return Coverage(
        subscription=subscription,
        state=CoverageState.GAP,
        since=now,
        gap=gap,
        accounts=known.count(known.findings, {}, len(known.findings) + len(known.untrusted)),
    )
