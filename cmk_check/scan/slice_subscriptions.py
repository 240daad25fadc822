"""The subscriptions of a slice: what is planned, joined with what is recorded."""

import logging
from collections import deque
from collections.abc import AsyncIterator

from cmk_check.core.enums import CoverageState, Disposition, GapReason
from cmk_check.core.model import Subscription
from cmk_check.scan.claim import Claim
from cmk_check.scan.scan_context import ScanContext
from cmk_check.store import table_keys
from cmk_check.store.scan_rows import Planned
from cmk_check.store.subscription_rows import StoredSubscription

_log = logging.getLogger(__name__)

type Joined = tuple[Planned, StoredSubscription]


async def subscriptions_of(context: ScanContext, claim: Claim) -> AsyncIterator[Joined]:
    """Yield the subscriptions of a slice, each as soon as its rows are read.

    Raises:
        StoreError

    """
    entry = claim.slice.value
    planned = {table_keys.partition_of(one.subscription.id): one for one in entry.subscriptions}
    if claim.scan.is_partial:
        for partition in sorted(planned):
            yield await _named(context, claim, planned[partition], partition)
        return
    left = deque(sorted(planned))
    async for stored in context.findings_table.subscriptions(entry.low, entry.high):
        _log_untrusted(stored)
        while left and left[0] < stored.partition:
            partition = left.popleft()
            yield planned[partition], StoredSubscription(partition)
        if left and left[0] == stored.partition:
            yield _known(context, claim, planned[left.popleft()], stored), stored
        else:
            yield _unplanned(context, claim, stored), stored
    for partition in left:
        yield planned[partition], StoredSubscription(partition)


async def _named(context: ScanContext, claim: Claim, planned: Planned, partition: str) -> Joined:
    """Read a subscription of a partial scan; one that is not listed may have been recorded."""
    stored = await context.findings_table.read_one(partition)
    _log_untrusted(stored)
    listed = planned.disposition is not Disposition.NOT_VISIBLE
    return planned if listed else _unplanned(context, claim, stored), stored


def _known(
    context: ScanContext, claim: Claim, planned: Planned, stored: StoredSubscription
) -> Planned:
    """Return what to do with a planned subscription that is recorded."""
    hidden = planned.disposition is Disposition.NOT_VISIBLE and planned.subscription.is_from_group
    # The group goes on naming a subscription that was deleted.
    return _unplanned(context, claim, stored, planned.subscription) if hidden else planned


def _unplanned(
    context: ScanContext,
    claim: Claim,
    stored: StoredSubscription,
    in_group: Subscription | None = None,
) -> Planned:
    """Return what to do with a subscription that is not listed, but may be recorded.

    ``in_group``: the management group names it.
    """
    coverage = stored.known.coverage
    subscription = in_group or Subscription(table_keys.unescape(stored.partition))
    disposition = context.options.scope.of_unlisted(
        subscription.id, coverage.state if coverage else None
    )
    ought_to_be_seen = in_group or disposition is not Disposition.NOT_VISIBLE
    if ought_to_be_seen or coverage is None or not _was_never_seen(stored):
        return Planned(subscription, disposition)
    if claim.scan.knows_group or coverage.state is CoverageState.EXCLUDED:
        disposition = Disposition.UNEXPECTED
    return Planned(Subscription(subscription.id, coverage.subscription.name), disposition)


def _was_never_seen(stored: StoredSubscription) -> bool:
    """Tell whether a row is all that names a subscription: a group did once, or only a request.

    Until the group is read again it stays a gap. If only a request named it, that gap was its one
    change: a row with more may have been deleted by hand and recorded again without its name.
    """
    known, coverage = stored.known, stored.known.coverage
    if coverage is None or known.findings or known.untrusted or not coverage.was_never_listed:
        return False
    had_more = coverage.sequence > 1 and not coverage.is_forgotten
    if coverage.subscription.name is None and had_more:
        return False
    is_not_visible = coverage.gap is not None and coverage.gap.reason is GapReason.NOT_VISIBLE
    return is_not_visible or coverage.state is CoverageState.EXCLUDED


def _log_untrusted(stored: StoredSubscription) -> None:
    """Log the findings that cannot be read: who can write the table could hide an account so."""
    for finding in stored.known.untrusted.values():
        _log.warning("Account %a is unknown: %s", finding.id.text, finding.judgement.message)
