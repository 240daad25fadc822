"""Run a scan within this process: the app's own four steps, over a queue in memory.

    start -> plan -> run_slice (each slice) -> finish

A message that fails is delivered again, as by the Functions host, and finally goes to ``fail``.
"""

import asyncio
import logging
from collections import deque
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field, replace
from datetime import timedelta
from typing import Final

from cmk_check.config.settings_error import SettingsError
from cmk_check.core.enums import ScanState, Trigger
from cmk_check.core.scan_request import StartAnswer, StartOutcome
from cmk_check.limits import LOCAL_PAUSES_SECONDS
from cmk_check.ports import AT_ONCE, SliceMessage, StoreError
from cmk_check.queues.slices import parse_message
from cmk_check.scan.finish import fail_scan
from cmk_check.scan.scan_context import ScanContext
from cmk_check.scan.slice import fail, run_slice
from cmk_check.scan.slice_plan import plan
from cmk_check.scan.start import request, start

_log = logging.getLogger(__name__)

INTERRUPTED: Final = "The scan was interrupted at the command line."
_NEEDS_FULL_SCAN: Final = (
    "needs a finished scan of the whole estate in this store with these settings: "
    "first run a scan without it"
)
_OVERTAKEN: Final = "Another scan took over because this scan did not end in time."

type Sleep = Callable[[float], Awaitable[None]]


@dataclass(frozen=True, slots=True)
class LocalScanOutcome:
    """The outcome of a scan; ``reason`` says why it failed, ``not_found`` lists missing ids.

    ``state`` is RUNNING if another scan was running and no scan was started. ``ignored`` are the
    ids of accounts of other kinds, which no store contains.
    """

    scan_id: str
    state: ScanState
    reason: str | None = None
    interrupted: bool = False
    not_found: tuple[str, ...] = ()
    ignored: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class QueueHere:
    """Implements ``ports.TextQueue`` for slices in memory, in order."""

    waiting: deque[SliceMessage] = field(default_factory=deque)

    async def send(self, texts: Sequence[str], *, delay: timedelta = AT_ONCE) -> None:  # noqa: ARG002 - none is delayed
        """Append the messages; see ``TextQueue.send``."""
        self.waiting.extend(map(parse_message, texts))


async def scan_here(
    context: ScanContext, sleep: Sleep = asyncio.sleep, *, subscription_ids: Sequence[str] = ()
) -> LocalScanOutcome:
    """Run a scan to its end unless another scan is running; if cancelled, close it as failed.

    Raises:
        SettingsError: the subscriptions in ``subscription_ids`` cannot be scanned separately.
        StoreError: the scan cannot start or end because the store fails.
    """
    queue = QueueHere()
    context = replace(context, slice_queue=queue, keeps_cut_off=True, overdue_queue=None)
    starting = asyncio.create_task(_start(context, subscription_ids, sleep))
    try:
        # Shielded, because the lease must be released if it was acquired.
        started = await asyncio.shield(starting)
        if started.new:
            while queue.waiting:
                await _deliver(context, queue.waiting.popleft(), sleep)
            return await _outcome(context, started.scan_id)
    except asyncio.CancelledError:
        return await _close_interrupted(context, await starting)
    return LocalScanOutcome(started.scan_id, ScanState.RUNNING)


async def _start(context: ScanContext, ids: Sequence[str], sleep: Sleep) -> StartAnswer:
    if not ids:
        return await start(context, Trigger.REQUEST)
    while True:
        scan_start = await request(context, ids)
        if scan_start.outcome is StartOutcome.TOO_SOON:
            await sleep(scan_start.wait.total_seconds())
        elif scan_start.outcome in {StartOutcome.NO_SCAN_YET, StartOutcome.SCOPE_CHANGED}:
            raise SettingsError([("--subscription", _NEEDS_FULL_SCAN)])
        else:
            return scan_start


async def _deliver(context: ScanContext, message: SliceMessage, sleep: Sleep) -> None:
    for pause in (*LOCAL_PAUSES_SECONDS, None):
        try:
            if message.slice is None:
                await plan(context, message.scan_id)
            else:
                last = pause is None
                await run_slice(context, message.scan_id, message.slice, last=last)
        except Exception as error:  # noqa: BLE001 - like the host, deliver again after any failure
            name = "The plan" if message.slice is None else f"Slice {message.slice}"
            _log.warning("%s failed: %s: %s", name, type(error).__name__, error)
            if pause is not None:
                await sleep(pause)
        else:
            return
    await fail(context, message)


async def _close_interrupted(context: ScanContext, started: StartAnswer) -> LocalScanOutcome:
    """Close the scan, because its lease would keep other scans from starting."""
    if task := asyncio.current_task():
        task.uncancel()  # only once, because a second interrupt ends the program
    if not started.new:
        return LocalScanOutcome(started.scan_id, ScanState.RUNNING, interrupted=True)
    try:
        await fail_scan(context, started.scan_id, INTERRUPTED)
    except StoreError as error:
        _log.warning("The scan stays open until its lease expires in half an hour: %s", error)
    return LocalScanOutcome(started.scan_id, ScanState.FAILED, INTERRUPTED, interrupted=True)


async def _outcome(context: ScanContext, scan_id: str) -> LocalScanOutcome:
    overtaken = {ScanState.RUNNING, ScanState.ABANDONED, ScanState.SUPERSEDED}
    stored = await context.scans.scan(scan_id)
    if stored is None or stored.value.state in overtaken:
        return LocalScanOutcome(scan_id, ScanState.ABANDONED, _OVERTAKEN)
    scan = stored.value
    return LocalScanOutcome(scan_id, scan.state, scan.reason, not_found=scan.not_found)
