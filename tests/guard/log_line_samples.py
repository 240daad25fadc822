"""A log line of each kind, in each of its shapes, as the code writes it."""

import logging
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

from cmk_check.alerts.deliver import DeliveryContext, deliver
from cmk_check.alerts.log_lines import LogSink, write_line
from cmk_check.core.account import Account, Reading
from cmk_check.core.comparison.changes import ComparisonContext, of_baseline, of_coverage, of_scan
from cmk_check.core.enums import (
    ChangeType,
    CoverageState,
    ExceptionReason,
    GapReason,
    KeyReason,
    KeyState,
    PostureVerdict,
    ScanState,
    Trigger,
    WatchState,
)
from cmk_check.core.exceptions.account_exception import AccountException
from cmk_check.core.gap import Gap
from cmk_check.core.keys.key_health import BrokenKey
from cmk_check.core.model import AccountCounts, Change, VerdictCounts
from cmk_check.core.status import KnownGap, Summary
from cmk_check.core.watch_state import Watch
from cmk_check.ports import DeliveryFailed, DeliveryMessage
from cmk_check.store.change_feed import FeedTable
from cmk_check.store.scan_rows import Scan
from tests.fakes.delivery import MemoryTexts, ScriptedWebhook
from tests.fakes.keys import DISABLED, HEALTHY, UNPROTECTED
from tests.fakes.recording_store import RecordingStore
from tests.fakes.world import MovableClock, bad, good, odd
from tests.unit.core.examples import (
    HOUR,
    ID,
    NOON,
    SUBSCRIPTION,
    compared_reading,
    context,
    known_of,
    recorded,
)


async def write_lines() -> None:
    """Write all bad news, a scan that ended with a gap, one that failed, and deliveries."""
    scan = context(NOON + HOUR, hostname="cmk.example.net")
    fine, violating = _owned(good(ID)), _owned(bad(ID))
    for account in (violating, _owned(odd(ID))):
        await _write_changes(".account.", fine, [account], scan)
    late = replace(scan, now=NOON + 25 * HOUR, fix_within=24 * HOUR)
    overdue = await _write_changes(".account.", violating, [violating], late)
    await _write_changes(".key.", fine, [HEALTHY, DISABLED, HEALTHY, UNPROTECTED], scan)
    waiver = AccountException(ExceptionReason.HONOURED, "/e", expires_on=scan.now + HOUR)
    await _write_changes(".exception.", violating, [waiver, None], scan)
    for number, kind in enumerate((ChangeType.SCAN_FAILED, ChangeType.SCAN_ABANDONED), 3):
        await LogSink().accept([(number, of_scan(kind, "s", NOON, "id", "why"))])
    lost = of_coverage(None, CoverageState.GAP, Gap(GapReason.FORBIDDEN), SUBSCRIPTION, scan)
    time = datetime(2026, 11, 25, 12, tzinfo=UTC)
    ended = Scan("s", 1, Trigger.TIMER, time, ScanState.INCOMPLETE, finished_at=time, reason="why")
    gap = Gap(GapReason.FORBIDDEN, "a/read", "detail")
    keys = AccountCounts({"OpenAI": VerdictCounts(1)}, by_key_health={KeyState.BROKEN: 1})
    broken = (BrokenKey("/a/chat", (KeyReason.KEY_DISABLED,)),)
    summary = Summary(keys, gaps=(KnownGap(ID, "Lab", gap, time),), broken_keys=broken)
    first = of_baseline("s", NOON, "id", summary, "cmk.example.net")
    await LogSink().accept([(5, change) for change in (lost, first) if change])
    for scanned in (ended, replace(ended, named=(ID,))):
        await LogSink().report_scan(replace(scanned, state=ScanState.RUNNING))
        await LogSink().report_scan(replace(scanned, state=ScanState.FAILED))
        found = replace(scanned, posture=PostureVerdict.UNKNOWN, summary=summary)
        await LogSink().report_scan(found)
    await _write_deliveries(overdue)
    blind = Watch(state=WatchState.BLIND, since=time)
    await LogSink().report_watch(blind, gap)
    write_line(logging.WARNING, "cmk.settings", {"warnings": {"CMK_OWNER": "is not a setting"}})


def _owned(account: Account) -> Account:
    return replace(account, tags={"owner": "x"}, owner="x")


async def _write_changes(
    kind: str, account: Account, readings: list[Any], scan: ComparisonContext
) -> Change:
    """Read an account again and again, write the changes of a kind, and return the last one.

    What is read is the account itself, or what stands beside its verdict.
    """
    known, changes = known_of(account), list[Change]()
    for reading in readings:
        beside = {str(account.id): reading}
        found = compared_reading(
            known,
            Reading((reading if kind == ".account." else account,)),
            scan,
            keys=beside if kind == ".key." else None,
            exceptions=beside if kind == ".exception." else None,
        )
        told = [one for step in found.steps for one in step.changes if kind in one.type]
        await LogSink().accept(list(enumerate(told, 7)))
        changes += told
        known = recorded(found)
    return changes[-1]


async def _write_deliveries(change: Change) -> None:
    feed = FeedTable(RecordingStore())
    await feed.publish([change])
    for answer in (None, DeliveryFailed("503", permanent=False)):
        webhook = ScriptedWebhook([] if answer is None else [answer])
        delivery = DeliveryContext(
            feed, [webhook], {change.type.value}, MemoryTexts(), MemoryTexts(), MovableClock()
        )
        await deliver(delivery, DeliveryMessage(1, 1, route="webhook"))
