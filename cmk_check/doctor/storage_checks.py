"""Check whether the tables and queues can be read and written, and check their contents.

The checks leave nothing behind except empty tables and queues that the app needs anyway.
"""

import asyncio
import uuid
from collections.abc import Sequence
from contextlib import suppress
from typing import Final

from cmk_check.alerts.delivery_queue import CHANGES_QUEUE, DELIVERY_POISON_QUEUE, DELIVERY_QUEUE
from cmk_check.composition_root import scan_options
from cmk_check.config.settings import ConnectionString
from cmk_check.core.enums import PostureReason, ScanState
from cmk_check.core.posture import judge_estate
from cmk_check.doctor.examined_app import DoctorSubject
from cmk_check.doctor.results import CheckFailed, Mark, MarkedText, NotTried
from cmk_check.ports import (
    Delete,
    Insert,
    QueueError,
    QueueService,
    Replace,
    Store,
    StoreError,
    StoreUnavailable,
    Table,
    Write,
    WriteConflict,
)
from cmk_check.queues.slices import OVERDUE_QUEUE, SLICES_QUEUE
from cmk_check.queues.storage_queue import ProbedQueue, StorageQueue
from cmk_check.store.change_feed import FeedTable
from cmk_check.store.scans import ScanTable
from cmk_check.web.views.digest import DigestView

_PARTITION: Final = "doctor"
_NOBODY: Final = "none"
# A valid ETag that no row has.
_NO_ETAG: Final = "W/\"datetime'2000-01-01T00%3A00%3A00.0000000Z'\""
_POISON: Final = f"{SLICES_QUEUE}-poison"
_LOOK: Final = ": check that the storage account exists and its firewall admits this machine."
_LOOK_AT_AZURITE: Final = ": check that Azurite is running and CMK_STORAGE has its ports."
# Reasons about the set-up and not the accounts, which persist until somebody acts.
_OF_THE_SET_UP: Final = (
    PostureReason.NO_SUBSCRIPTION_VISIBLE,
    PostureReason.SCAN_FAILED,
    PostureReason.NO_SCAN_YET,
    PostureReason.STALE,
    PostureReason.CLOCK_SKEW,
    PostureReason.SCOPE_CHANGED,
    PostureReason.MANAGEMENT_GROUP_UNREAD,
    PostureReason.SUBSCRIPTIONS_UNREAD,
    PostureReason.CHANGES_UNPUBLISHED,
    PostureReason.ALERTS_UNDELIVERED,
    PostureReason.DIGEST_UNDELIVERED,
)
_BROKEN_STATUS: Final = (
    "The stored row of the status is broken, so the posture is unknown. Start a full scan, which "
    "writes the row again, and find out who broke the row."
)
_WAITING: Final = {
    _POISON: ", which the function scan_slice_failed should process at once: check that the app is "
    "running.",
    DELIVERY_POISON_QUEUE: ": the webhook did not accept these alerts for a day. Repair it, send "
    "them again with cmk-check resend, then empty the queue.",
}
# Queues that exist after a scan has ended.
_USED_BY_SCANS: Final = (SLICES_QUEUE, DELIVERY_QUEUE)


async def tables(subject: DoctorSubject) -> Sequence[MarkedText]:
    """Read each table, and try to change a nonexistent row, which requires permission to write."""
    store, _ = await subject.storage()
    tried = await asyncio.gather(*(_try_table(store, table) for table in Table))
    _fail_on(subject, [error for error in tried if error])
    return [(Mark.OK, f"{', '.join(Table)} can be read and written.")]


async def feed(subject: DoctorSubject) -> Sequence[MarkedText]:
    """Read the head of the change feed, without which no alert is sent."""
    store, _ = await subject.storage()
    try:
        last = await FeedTable(store).last()
        status = (await ScanTable(store).status()).value
    except StoreError as error:
        raise CheckFailed(f"No change can be published, so no alert is sent. {error}") from error
    if status.as_of is None or last or status.unpublished.changes:
        return [(Mark.OK, f"The last published change has the number {last:,}.")]
    text = (
        f"{Table.CHANGES} is empty although a scan has finished: somebody deleted it, with all "
        "published changes and alerts that were not yet delivered. The next change starts the feed "
        "again; its readers get 410 ResyncRequired."
    )
    return [(Mark.WARNING, text)]


async def queues(subject: DoctorSubject) -> Sequence[MarkedText]:
    """Test reading and writing for each queue, count stuck messages, and name deleted queues."""
    store, service = await subject.storage()
    names = [
        SLICES_QUEUE,
        _POISON,
        OVERDUE_QUEUE,
        DELIVERY_QUEUE,
        DELIVERY_POISON_QUEUE,
        *([CHANGES_QUEUE] if subject.settings.changes_queue else []),
    ]
    done = await asyncio.gather(*(_try_queue(service, name) for name in names))
    _fail_on(subject, [answer for answer in done if isinstance(answer, QueueError)])
    probed = {name: it for name, it in zip(names, done, strict=True) if isinstance(it, ProbedQueue)}
    results: list[MarkedText] = [(Mark.OK, f"{', '.join(names)} can be read and written.")]
    deleted = [name for name in _USED_BY_SCANS if probed[name].was_missing]
    if deleted and await _has_scanned(store):
        text = (
            f"{' and '.join(deleted)} did not exist although a scan has ended. Unless only the "
            "command line has scanned so far, somebody deleted it with its messages. It exists "
            "again. A scan that was running cannot end; the next one replaces it."
        )
        results.append((Mark.WARNING, text))
    results += [
        (Mark.WARNING, f"{probed[name].messages} messages wait in {name}{advice}")
        for name, advice in _WAITING.items()
        if probed[name].messages
    ]
    return results


async def scans(subject: DoctorSubject) -> Sequence[MarkedText]:
    """Report set-up faults that the last scan shows: its age, failure or unread subscriptions."""
    store, _ = await subject.storage()
    table = ScanTable(store)
    try:
        stored = await table.status()
        status = stored.value
        if status.as_of is None:
            await table.refuse_earlier_builds()
    except StoreError as error:
        raise CheckFailed(f"The status cannot be read. {error}") from error
    if stored.is_broken:
        raise CheckFailed(_BROKEN_STATUS)
    expect = scan_options(subject.settings).expectations
    due, clock, late = subject.settings.digests, subject.clock, ""
    if due is not None:
        late = await DigestView(store, *due, clock=clock, expect=expect).late(clock.now())
    posture = judge_estate(status, clock.now(), expect, late)
    reasons = [(code, text) for code, text in posture.reasons if code in _OF_THE_SET_UP]
    if not reasons:
        return [(Mark.OK, f"The last finished scan began at {status.as_of:%Y-%m-%d %H:%M:%SZ}.")]
    last = status.last_scan
    mark = Mark.PROBLEM if last else Mark.WARNING
    results: list[MarkedText] = [(mark, f"{code}: {text}") for code, text in reasons]
    if last and last.state is ScanState.FAILED:
        results.append((mark, f"The last scan failed: {last.reason or 'the reason is unknown'}"))
    return results


async def _try_table(store: Store, table: Table) -> StoreError | None:
    """Return why a table cannot be read and written, or None if both are possible.

    Each transaction fails because a row does not exist (412 or 404). Without permission to write,
    the table service returns 403 instead.
    """
    row = str(uuid.uuid4())
    must_fail: Sequence[Sequence[Write]] = (
        [Insert(row, {}), Replace(_NOBODY, {}, _NO_ETAG)],
        [Delete(_NOBODY, _NO_ETAG)],
    )
    try:
        await store.get(table, _PARTITION, row)
        for writes in must_fail:
            with suppress(WriteConflict):
                await store.commit(table, _PARTITION, writes)
                return StoreUnavailable(f"{table}: accepted a change of a row that does not exist")
    except StoreError as error:
        return error
    return None


async def _has_scanned(store: Store) -> bool:
    try:
        return (await ScanTable(store).status()).value.last_scan is not None
    except StoreError:
        return False  # the check of scans reports the reason


async def _try_queue(service: QueueService, name: str) -> ProbedQueue | QueueError:
    queue = service.queue(name)
    if not isinstance(queue, StorageQueue):
        raise NotTried("The queues are not in a storage account.")
    try:
        return await queue.probe()
    except QueueError as error:
        return error


def _fail_on(subject: DoctorSubject, errors: Sequence[StoreError | QueueError]) -> None:
    """Fail if there are errors, and report each kind of error once with all affected names."""
    names_by_error: dict[str, list[str]] = {}
    for error in errors:
        name, _, what = str(error).partition(":")
        names_by_error.setdefault(what.strip(), []).append(name)
    if not names_by_error:
        return
    azurite = isinstance(subject.settings.storage, ConnectionString)
    look = _LOOK_AT_AZURITE if azurite else _LOOK
    raise CheckFailed(
        " ".join(
            # A refusal already names the role to grant.
            f"{', '.join(names)}: {what}{'.' if 'grant' in what else look}"
            for what, names in names_by_error.items()
        )
    )
