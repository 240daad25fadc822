"""Runs a whole scan in this process, with the real composition root, and counts every request."""

import asyncio
import json
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final

import aiohttp

from bench.counting import CountedInventory, CountedQueue, CountedStore, Counts, SliceQueueHere
from cmk_check.alerts.delivery_queue import DELIVERY_QUEUE, QueueSink
from cmk_check.alerts.log_lines import LogSink
from cmk_check.alerts.outbox_relay import Relay
from cmk_check.composition_root import App
from cmk_check.config.settings import ConnectionString, Settings
from cmk_check.core.enums import ScanState, Trigger
from cmk_check.inventory.http_session import share_transport
from cmk_check.ports import SliceMessage, Store, TextQueue
from cmk_check.queues.storage_queue import StorageQueues
from cmk_check.scan.scan_context import ScanContext
from cmk_check.scan.slice import run_slice
from cmk_check.scan.slice_plan import plan
from cmk_check.scan.start import start
from cmk_check.store.azure_tables import AzureTables
from cmk_check.store.change_feed import FeedTable
from cmk_check.store.findings import FindingsTable
from cmk_check.store.scans import ScanTable

_HOST: Final = Path(__file__).parents[1] / "host.json"


@dataclass(frozen=True, slots=True)
class Scanned:
    """One scan: its wall-clock and processor seconds, its requests, and its summary."""

    seconds: float
    cpu: float
    counts: Counts
    accounts: int
    changes: int


class Scanning:
    """Scans in an app's context with a counted store; ``alerts`` is the queue of ``tell``."""

    def __init__(self, context: ScanContext, store: Store, alerts: TextQueue) -> None:
        self._context = context
        self._store = store
        self._alerts = alerts

    async def scan(self, *, keep_commits: bool = False) -> Scanned:
        """Run one scan to its end.

        Raises:
            RuntimeError: The scan is not complete.

        """
        counts = Counts(commits=[] if keep_commits else None)
        queue = SliceQueueHere(counts)
        context = self._counted(counts, queue)
        began, cpu = time.perf_counter(), time.process_time()
        started = await start(context, Trigger.TIMER)
        await _listen(context, queue)  # planning, and slices as they come
        seconds, cpu = time.perf_counter() - began, time.process_time() - cpu
        ended = await self._context.scans.scan(started.scan_id)
        if ended is None or ended.value.state is not ScanState.COMPLETE:
            raise RuntimeError(f"The scan is not complete: {ended}")
        summary = ended.value.summary
        assert summary is not None  # noqa: S101 - a complete scan has one
        return Scanned(seconds, cpu, counts, summary.accounts.total, summary.changes)

    def _counted(self, counts: Counts, queue: SliceQueueHere) -> ScanContext:
        """Return the app's context over counted ports."""
        store = CountedStore(self._store, counts)
        alerts = QueueSink(CountedQueue(self._alerts, counts), None)
        feed = FeedTable(store, self._context.clock)
        return replace(
            self._context,
            inventory=CountedInventory(self._context.inventory, counts),
            findings_table=FindingsTable(store),
            scans=ScanTable(store),
            relay=Relay(feed, alerts, LogSink()),
            slice_queue=queue,
            feed=feed,
        )


async def _listen(context: ScanContext, queue: SliceQueueHere) -> None:
    """Process the messages, as many at once as the host does on one instance."""
    at_once, working = slices_at_once(), set[asyncio.Task[None]]()
    while True:
        while len(working) < at_once and (message := queue.receive()) is not None:
            working.add(asyncio.create_task(_deliver(context, message)))
        if not working:
            return
        done, working = await asyncio.wait(working, return_when=asyncio.FIRST_COMPLETED)
        for task in done:
            task.result()


async def _deliver(context: ScanContext, message: SliceMessage) -> None:
    if message.slice is None:
        await plan(context, message.scan_id)
    else:
        await run_slice(context, message.scan_id, message.slice)


def slices_at_once() -> int:
    """Return how many messages of one queue an instance processes at once."""
    queues = json.loads(_HOST.read_text())["extensions"]["queues"]
    return int(queues["batchSize"] + queues["newBatchThreshold"])


@asynccontextmanager
async def scanning() -> AsyncIterator[Scanning]:
    """Build the app that the environment describes, and scan with it."""
    settings = Settings.load()
    app = App(settings)
    try:
        async with open_tables(settings) as (store, queues):
            yield Scanning(await app.scan_context(), store, queues.queue(DELIVERY_QUEUE))
    finally:
        await app.close()


@asynccontextmanager
async def open_tables(settings: Settings) -> AsyncIterator[tuple[AzureTables, StorageQueues]]:
    """Open tables and queues of Azurite as the app does."""
    assert isinstance(settings.storage, ConnectionString)  # noqa: S101 - a bench has Azurite
    text = settings.storage.value
    # Azurite closes a connection after five idle seconds; aiohttp would keep it for fifteen, and
    # lose the answer of a write on it.
    connector = aiohttp.TCPConnector(keepalive_timeout=3)
    async with aiohttp.ClientSession(
        connector=connector, cookie_jar=aiohttp.DummyCookieJar()
    ) as session:
        transport = share_transport(session)
        store = AzureTables.open(text, transport=transport)
        queues = StorageQueues.open(text, transport=transport)
        try:
            yield store, queues
        finally:
            await store.close()
            await queues.close()
