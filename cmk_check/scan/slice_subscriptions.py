"""The subscriptions of a slice: what is planned, joined with what is recorded."""

import logging
from collections import deque
from collections.abc import AsyncIterator

from cmk_check.core.enums import Disposition
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
            yield await _named(context, planned[partition], partition)
        return
    left = deque(sorted(planned))
    async for stored in context.findings_table.subscriptions(entry.low, entry.high):
        _log_untrusted(stored)
        while left and left[0] < stored.partition:
            partition = left.popleft()
            yield planned[partition], StoredSubscription(partition)
        if left and left[0] == stored.partition:
            yield planned[left.popleft()], stored
        else:
            yield _unplanned(context, stored), stored
    for partition in left:
        yield planned[partition], StoredSubscription(partition)


async def _named(context: ScanContext, planned: Planned, partition: str) -> Joined:
    """Read a subscription of a partial scan; one that is not listed may have been recorded."""
    stored = await context.findings_table.read_one(partition)
    _log_untrusted(stored)
    listed = planned.disposition is not Disposition.NOT_VISIBLE
    return planned if listed else _unplanned(context, stored), stored


def _unplanned(context: ScanContext, stored: StoredSubscription) -> Planned:
    """Return what to do with a subscription that is not listed, but may be recorded."""
    coverage = stored.known.coverage
    subscription = Subscription(table_keys.unescape(stored.partition))
    disposition = context.options.scope.of_unlisted(
        subscription.id, coverage.state if coverage else None
    )
    return Planned(subscription, disposition)


def _log_untrusted(stored: StoredSubscription) -> None:
    """Log the findings that cannot be read: who can write the table could hide an account so."""
    for finding in stored.known.untrusted.values():
        _log.warning("Account %a is unknown: %s", finding.id.text, finding.judgement.message)
