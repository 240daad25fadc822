"""The subscriptions of a slice: planned subscriptions joined with recorded subscriptions."""

import logging
from collections import deque
from collections.abc import AsyncIterator
from dataclasses import dataclass, replace

from cmk_check.core.account import Subscription
from cmk_check.core.enums import CoverageState, Disposition, GapReason
from cmk_check.core.scope import Scope
from cmk_check.scan.claim import Claim
from cmk_check.scan.scan_context import ScanContext
from cmk_check.store import table_keys
from cmk_check.store.scan_rows import Planned, Scan
from cmk_check.store.subscription_rows import StoredSubscription

_log = logging.getLogger(__name__)


async def read_subscriptions(
    context: ScanContext, claim: Claim
) -> AsyncIterator[tuple[Planned, StoredSubscription]]:
    """Yield the subscriptions of a slice, each as soon as its rows are read."""
    entry = claim.slice.value
    planned = {table_keys.get_partition(one.subscription.id): one for one in entry.subscriptions}
    unlisted = _Unlisted(context.options.scope, claim.scan)
    if claim.scan.is_partial:
        for partition in sorted(planned):
            stored = await context.findings_table.read_one(partition)
            _log_untrusted(stored)
            yield unlisted.plan_known(planned[partition], stored), stored
        return
    left = deque(sorted(planned))
    async for stored in context.findings_table.subscriptions(entry.low, entry.high):
        _log_untrusted(stored)
        while left and left[0] < stored.partition:
            partition = left.popleft()
            yield planned[partition], StoredSubscription(partition)
        if left and left[0] == stored.partition:
            yield unlisted.plan_known(planned[left.popleft()], stored), stored
        else:
            subscription = Subscription(table_keys.unescape(stored.partition))
            yield unlisted.plan_recorded(subscription, stored), stored
    for partition in left:
        yield planned[partition], StoredSubscription(partition)


@dataclass(frozen=True, slots=True)
class _Unlisted:
    """Decides on subscriptions that Azure does not list, by the source of their id.

    A subscription that Azure once listed, or that is ``expected``, is a gap until a person excludes
    it, and is a gap again when the exclusion is removed. A subscription that only a management
    group named is dropped when the group no longer names it. An excluded subscription remains
    excluded until something names it.
    """

    scope: Scope
    scan: Scan

    def plan_known(self, planned: Planned, stored: StoredSubscription) -> Planned:
        """Return the plan for a planned subscription that may be recorded."""
        hidden = planned.disposition is Disposition.NOT_VISIBLE
        if hidden and not planned.subscription.expected:
            # The group still names a subscription that was deleted.
            return self.plan_recorded(planned.subscription, stored)
        return planned

    def plan_recorded(self, subscription: Subscription, stored: StoredSubscription) -> Planned:
        """Return the plan for a recorded subscription, which a group may still name."""
        coverage = stored.known.coverage
        state = coverage.state if coverage else None
        disposition = self.scope.judge_unlisted(subscription.id, state)
        if subscription.is_from_group or coverage is None or not _is_never_seen(stored):
            return Planned(subscription, disposition)
        knows_group = not self.scan.is_partial and self.scan.group_unread is None
        leaves = knows_group or state is CoverageState.EXCLUDED
        if leaves and disposition is not Disposition.EXCLUDED:
            disposition = Disposition.UNEXPECTED
        return Planned(replace(subscription, name=coverage.subscription.name), disposition)


def _is_never_seen(stored: StoredSubscription) -> bool:
    """Return whether no scan ever read the subscription and only a group ever named it."""
    rows, coverage = stored.known, stored.known.coverage
    if coverage is None or rows.findings or rows.untrusted or coverage.last_read is not None:
        return False
    subscription = coverage.subscription
    if subscription.expected or not subscription.is_from_group:
        return False
    is_not_visible = coverage.gap is not None and coverage.gap.reason is GapReason.NOT_VISIBLE
    return is_not_visible or coverage.state is CoverageState.EXCLUDED


def _log_untrusted(stored: StoredSubscription) -> None:
    """Log unreadable findings: a person who can write to the table could hide an account."""
    for finding in stored.known.untrusted.values():
        _log.warning("Account %a is unknown: %s", finding.id.text, finding.judgement.message)
