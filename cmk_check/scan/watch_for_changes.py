"""The watch for changes: a partial scan of subscriptions that changed, per Resource Graph.

The watch makes no verdict: it only names subscriptions to read. A change is done once a scan that
began after the change has read its subscription and finished. Azure dates a change on detection, so
such a reading contains the change. The watch therefore need not remember single changes, even if
they arrive late, twice or out of order:

    changes (Azure)    a ........ b ..... b again, late
    looks                  1   2     3         4
    scans                  [a ]      [b ]          nothing to do: b was before the last scan began

The next full scan finds a change that never arrives, or arrives later than ``WATCH_OVERLAP``.
"""

import logging
from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime

from cmk_check.core.account import Subscription
from cmk_check.core.enums import Disposition, Trigger, WatchState
from cmk_check.core.gap import Gap
from cmk_check.core.watch_state import RecentChanges, Watch
from cmk_check.limits import (
    CLOCK_TOLERANCE,
    MAX_SUBSCRIPTIONS_NAMED,
    WATCH_BLIND_REPEATED,
    WATCH_OVERLAP,
    WATCH_QUERY_SECONDS,
    WATCH_VAULTS_PER_LOOK,
    WATCH_VAULTS_REMEMBERED,
)
from cmk_check.ports import ChangeInventory, WriteConflict
from cmk_check.scan.scan_context import ScanContext
from cmk_check.scan.start import request

_log = logging.getLogger(__name__)


async def look(context: ScanContext, inventory: ChangeInventory) -> None:
    """Read changes, start a scan of the affected subscriptions, and record the watch's state.

    Do nothing until a full scan has finished, since there is nothing to compare with. After an
    error, the next look repeats everything.
    """
    now = context.clock.now()
    as_of = (await context.scans.status()).value.as_of
    if as_of is None:
        return
    stored = await context.scans.watch()
    before = stored.value
    since = max(as_of, before.cursor or as_of)
    has_keys = context.keys is not None
    recent = await inventory.changes(since, vaults=has_keys, seconds=WATCH_QUERY_SECONDS)
    recent = _omit_future(recent, now)
    due = await _due(context, recent, before, as_of, now)
    if due.subscriptions:
        oldest_first = sorted(due.subscriptions, key=lambda one: (due.subscriptions[one], one))
        start = await request(context, oldest_first[:MAX_SUBSCRIPTIONS_NAMED], Trigger.WATCH)
        _log.info("A scan of recent changes: %s %s", start.outcome, start.scan_id)
    cursor = since
    if not due.subscriptions and recent.gap is None:
        cursor = max(as_of, due.until or now - WATCH_OVERLAP)
    times = [before.last_change, *recent.subscriptions.values(), *recent.vaults.values()]
    after = replace(
        _build_state(before, recent.gap, now),
        cursor=cursor,
        last_change=max(filter(None, times), default=None),
        vaults=_limit_vaults(due.vaults, min(cursor, now - WATCH_OVERLAP)),
    )
    if after.logged_at != before.logged_at:
        await context.scan_sink.report_watch(after, recent.gap)
    try:
        await context.scans.write_watch(after, stored)
    except WriteConflict:
        _log.info("Another look was faster; the next one reads the changes again.")


def _omit_future(recent: RecentChanges, now: datetime) -> RecentChanges:
    """Leave out changes dated in the future, which no scan could follow yet."""

    def past(changes: Mapping[str, datetime]) -> dict[str, datetime]:
        return {name: at for name, at in changes.items() if at <= now + CLOCK_TOLERANCE}

    return replace(recent, subscriptions=past(recent.subscriptions), vaults=past(recent.vaults))


async def _due(
    context: ScanContext, recent: RecentChanges, before: Watch, as_of: datetime, now: datetime
) -> RecentChanges:
    """Return the subscriptions not read since their change, with the time of the latest change.

    ``vaults`` are the vaults whose changes need no further reading.
    """
    due, vaults, until = dict[str, datetime](), dict(before.vaults), recent.until
    if not recent.subscriptions and not recent.vaults:
        return RecentChanges(due, vaults, until)
    read = await _last_read(context, as_of, now)
    scope = context.options.scope

    def add_if_unread(subscription_id: str, at: datetime) -> bool:
        in_scope = scope.judge_listed(Subscription(subscription_id)) is Disposition.READ
        if not in_scope or read.get(subscription_id, as_of) >= at:
            return False
        due[subscription_id] = max(at, due.get(subscription_id, at))
        return True

    for subscription_id, at in recent.subscriptions.items():
        add_if_unread(subscription_id, at)
    new = [(at, name) for name, at in recent.vaults.items() if vaults.get(name, as_of) < at]
    for number, (at, vault_id) in enumerate(sorted(new)):
        if number == WATCH_VAULTS_PER_LOOK:
            until = min(at, until or at)
            break
        users = await context.findings_table.list_with_keys_in(vault_id)
        unread = [user for user in users if add_if_unread(user, at)]
        if not unread:
            vaults[vault_id] = at
    return RecentChanges(due, vaults, until)


async def _last_read(context: ScanContext, as_of: datetime, now: datetime) -> dict[str, datetime]:
    """Return when each subscription was last read, if a partial scan has read it.

    The full scan that began at ``as_of`` read the others. A subscription that a finished scan could
    not read waits for the next full scan.
    """
    read: dict[str, datetime] = {}
    for scan in await context.scans.read_started_between(as_of, now + CLOCK_TOLERANCE):
        if scan.summary is not None:
            for subscription_id in scan.named:
                read.setdefault(subscription_id, scan.started_at)
    return read


def _build_state(before: Watch, gap: Gap | None, now: datetime) -> Watch:
    """Return the state after an answer or a gap; new states and long blindness are to be logged."""
    state = WatchState.SEEING if gap is None else WatchState.BLIND
    after = before if gap else replace(before, last_look=now)
    if state is not before.state:
        return replace(after, state=state, since=now, logged_at=now)
    silent = before.logged_at is None or now - before.logged_at >= WATCH_BLIND_REPEATED
    return replace(after, logged_at=now) if gap and silent else after


def _limit_vaults(
    vaults: Mapping[str, datetime], since: datetime
) -> tuple[tuple[str, datetime], ...]:
    """Return the vaults whose changes may be reported again, limited to the latest ones."""
    kept = sorted((at, name) for name, at in vaults.items() if at >= since)
    return tuple((name, at) for at, name in kept[-WATCH_VAULTS_REMEMBERED:])
