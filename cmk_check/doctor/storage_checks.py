"""The storage: whether tables and queues can be read and written, and what stands in them.

Nothing is left behind but empty tables and queues, which the app would make itself.
"""

import asyncio
import uuid
from collections.abc import Sequence
from contextlib import suppress
from typing import Final

from cmk_check.alerts.delivery_queue import CHANGES_QUEUE, DELIVERY_POISON_QUEUE, DELIVERY_QUEUE
from cmk_check.app import scan_options
from cmk_check.config.settings import ConnectionString
from cmk_check.core.enums import PostureReason, ScanState
from cmk_check.core.posture import of_estate
from cmk_check.doctor.results import CheckFailed, Mark, MarkedText, NotTried
from cmk_check.doctor.subject import DoctorSubject
from cmk_check.errors import QueueError, StoreError, StoreUnavailable, WriteConflict
from cmk_check.ports import Delete, Insert, QueueService, Replace, Store, Table, Write
from cmk_check.queues.slices import SLICES_QUEUE
from cmk_check.queues.storage_queue import StorageQueue
from cmk_check.store.scans import ScanTable

_PARTITION: Final = "doctor"
_NOBODY: Final = "none"
# Of the form of an ETag of the service; no row has it.
_NO_ETAG: Final = "W/\"datetime'2000-01-01T00%3A00%3A00.0000000Z'\""
_POISON: Final = f"{SLICES_QUEUE}-poison"
_LOOK: Final = ": see whether the storage account is there and its firewall lets this in."
_LOOK_AT_AZURITE: Final = ": see whether Azurite runs, and CMK_STORAGE names its ports."
# What accounts are like is no matter of the set-up; what lowers the posture for a while passes.
_OF_THE_SET_UP: Final = (
    PostureReason.NO_SUBSCRIPTION_VISIBLE,
    PostureReason.SCAN_FAILED,
    PostureReason.NO_SCAN_YET,
    PostureReason.STALE,
    PostureReason.CLOCK_SKEW,
    PostureReason.FEWER_SUBSCRIPTIONS_THAN_EXPECTED,
    PostureReason.SUBSCRIPTIONS_UNREAD,
)


async def tables(subject: DoctorSubject) -> Sequence[MarkedText]:
    """Read and write each table, in vain on purpose."""
    store, _ = await subject.storage()
    tried = await asyncio.gather(*(_try_table(store, table) for table in Table))
    _fail_on(subject, [error for error in tried if error])
    return [(Mark.OK, f"{', '.join(Table)} can be read and written.")]


async def queues(subject: DoctorSubject) -> Sequence[MarkedText]:
    """Try each queue, and count what waits where nobody takes it."""
    _, service = await subject.storage()
    names = [
        SLICES_QUEUE,
        _POISON,
        DELIVERY_QUEUE,
        DELIVERY_POISON_QUEUE,
        *([CHANGES_QUEUE] if subject.settings.changes_queue else []),
    ]
    tried = await asyncio.gather(*(_try_queue(service, name) for name in names))
    _fail_on(subject, [answer for answer in tried if isinstance(answer, QueueError)])
    waiting = dict(zip(names, tried, strict=True))
    said: list[MarkedText] = [(Mark.OK, f"{', '.join(names)} can be read and written.")]
    if waiting[_POISON]:
        text = (
            f"{waiting[_POISON]} messages wait in {_POISON}, which the function scan_slice_failed "
            "takes at once: see whether the app runs."
        )
        said.append((Mark.WARNING, text))
    if waiting[DELIVERY_POISON_QUEUE]:
        text = (
            f"{waiting[DELIVERY_POISON_QUEUE]} messages wait in {DELIVERY_POISON_QUEUE}: the "
            "webhook did not accept these alerts for a day. Repair it, then move the messages to "
            f"{DELIVERY_QUEUE}."
        )
        said.append((Mark.WARNING, text))
    return said


async def scans(subject: DoctorSubject) -> Sequence[MarkedText]:
    """Read what the last scans said of themselves."""
    store, _ = await subject.storage()
    try:
        stored = await ScanTable(store).status()
    except StoreError as error:
        raise CheckFailed(f"The status cannot be read: {error}.") from error
    status = stored.value if stored else None
    expect = scan_options(subject.settings).expectations
    posture = of_estate(status, subject.clock.now(), expect)
    reasons = [(code, text) for code, text in posture.reasons if code in _OF_THE_SET_UP]
    if not reasons and status is not None:
        return [(Mark.OK, f"The last finished scan began at {status.as_of:%Y-%m-%d %H:%M:%SZ}.")]
    last = status.last_scan if status else None
    mark = Mark.PROBLEM if last else Mark.WARNING
    said: list[MarkedText] = [(mark, f"{code}: {text}") for code, text in reasons]
    if last and last.state is ScanState.FAILED:
        said.append((mark, f"The last scan failed: {last.reason or 'it does not say why'}"))
    return said


async def _try_table(store: Store, table: Table) -> StoreError | None:
    """Return what keeps a table from being read and written, None where nothing does.

    Each transaction is refused as a whole by a row that is not there (412 or 404), but only to who
    may write: others hear 403.
    """
    row = str(uuid.uuid4())
    vain: Sequence[Sequence[Write]] = (
        [Insert(row, {}), Replace(_NOBODY, {}, _NO_ETAG)],
        [Delete(_NOBODY, _NO_ETAG)],
    )
    try:
        await store.get(table, _PARTITION, row)
        for writes in vain:
            with suppress(WriteConflict):
                await store.commit(table, _PARTITION, writes)
                return StoreUnavailable(f"{table}: takes a change of a row that is not there")
    except StoreError as error:
        return error
    return None


async def _try_queue(service: QueueService, name: str) -> int | QueueError:
    queue = service.queue(name)
    if not isinstance(queue, StorageQueue):
        raise NotTried("The queues are not of a storage account.")
    try:
        return await queue.probe()
    except QueueError as error:
        return error


def _fail_on(subject: DoctorSubject, errors: Sequence[StoreError | QueueError]) -> None:
    """Say what went wrong, once for all that it happened to.

    Raises:
        CheckFailed: something did.

    """
    met: dict[str, list[str]] = {}
    for error in errors:
        name, _, what = str(error).partition(":")
        met.setdefault(what.strip(), []).append(name)
    if not met:
        return
    azurite = isinstance(subject.settings.storage, ConnectionString)
    look = _LOOK_AT_AZURITE if azurite else _LOOK
    raise CheckFailed(
        " ".join(
            # One that is refused says itself what to grant.
            f"{', '.join(names)}: {what}{'.' if 'grant' in what else look}"
            for what, names in met.items()
        )
    )
