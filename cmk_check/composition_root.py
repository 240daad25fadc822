"""The composition root, which builds each real adapter once, when it is first needed.

An invocation loads only the modules that it uses. In particular, a cold start of the HTTP API must
not load the management SDK, and a scan must not load FastAPI.
"""

import asyncio
import gc
import logging
import uuid
from collections.abc import Awaitable, Callable
from contextlib import AsyncExitStack
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from functools import cache, cached_property
from typing import TYPE_CHECKING, Final

from cmk_check.config.settings_error import SettingsError
from cmk_check.limits import API_STORAGE_SECONDS, CHANGES_MESSAGE_LIFETIME, GARBAGE_OBJECTS

if TYPE_CHECKING:
    from cmk_check.alerts.deliver import DeliveryContext
    from cmk_check.asgi_adapter import HttpAdapter
    from cmk_check.config.settings import Settings
    from cmk_check.core.scan_request import StartAnswer
    from cmk_check.inventory.azure_inventory import AzureInventory
    from cmk_check.ports import Clock, QueueService, Store
    from cmk_check.scan.scan_context import ScanContext, ScanOptions
    from cmk_check.web.views.digest import DigestView
    from cmk_check.web.views.health import Health

_log = logging.getLogger(__name__)

# At level INFO these loggers log every request.
_TALKATIVE: Final = ("azure.core.pipeline.policies.http_logging_policy", "azure.identity")


class SystemClock:
    """The clock of this machine, in whole seconds."""

    def now(self) -> datetime:
        """Return the current time as a timezone-aware datetime in UTC."""
        return datetime.now(UTC).replace(microsecond=0)


class Lazy[T]:
    """A value that is built on first use, and only once for all concurrent callers."""

    def __init__(self, build: Callable[[], Awaitable[T]]) -> None:
        self._build = build
        self._lock = asyncio.Lock()
        self._built: tuple[T] | None = None

    async def __call__(self) -> T:
        """Return the value; if building it raises an exception, the next call builds it again."""
        async with self._lock:
            if self._built is None:
                self._built = (await self._build(),)
        return self._built[0]


class App:
    """The adapters of one process and one event loop.

    ``inventory`` reads Azure for a scan. ``scan_context`` contains the ports for a scan, and
    ``delivery_context`` the ports for delivery. ``api`` is the HTTP API, ``scan_now`` is the
    application that starts scans, and ``health`` is the health check.
    """

    def __init__(self, settings: "Settings") -> None:
        self.settings = settings
        self.clock: Clock = SystemClock()
        self.inventory = Lazy(self._open_azure)
        self.scan_context = Lazy(self._build_scan_context)
        self.delivery_context = Lazy(self._build_delivery_context)
        self.api = Lazy(self._build_api)
        self.scan_now = Lazy(self._build_scan_now)
        self.health = Lazy(self._build_health)
        self._storage = Lazy(self._build_storage)
        self._opened = AsyncExitStack()
        for name in _TALKATIVE:
            logging.getLogger(name).setLevel(logging.WARNING)
        gc.set_threshold(GARBAGE_OBJECTS, *gc.get_threshold()[1:])

    @cached_property
    def scan_options(self) -> "ScanOptions":
        """The options of a scan, which tests of a running app replace before the first use."""
        return scan_options(self.settings)

    async def close(self) -> None:
        """Close all adapters that were opened."""
        await self._opened.aclose()

    async def _build_scan_context(self) -> "ScanContext":
        from cmk_check.alerts.delivery_queue import CHANGES_QUEUE, DELIVERY_QUEUE, QueueSink
        from cmk_check.alerts.log_lines import LogSink
        from cmk_check.alerts.outbox_relay import Relay
        from cmk_check.queues.slices import OVERDUE_QUEUE, SLICES_QUEUE
        from cmk_check.scan.scan_context import ScanContext
        from cmk_check.store.change_feed import FeedTable
        from cmk_check.store.findings import FindingsTable
        from cmk_check.store.scans import ScanTable

        store, queues = await self._storage()
        subscribed = self.settings.changes_queue
        changes = queues.queue(CHANGES_QUEUE, CHANGES_MESSAGE_LIFETIME) if subscribed else None
        inventory = await self.inventory()
        sinks, log = QueueSink(queues.queue(DELIVERY_QUEUE), changes), LogSink()
        feed = FeedTable(store, self.clock)
        return ScanContext(
            inventory=inventory,
            findings_table=FindingsTable(store),
            scans=ScanTable(store),
            relay=Relay(feed, sinks, log),
            feed=feed,
            keep=self.settings.retention,
            slice_queue=queues.queue(SLICES_QUEUE),
            overdue_queue=queues.queue(OVERDUE_QUEUE),
            scan_sink=log,
            clock=self.clock,
            subscription_limit=asyncio.Semaphore(self.settings.max_in_flight),
            recording_limit=asyncio.Semaphore(self.settings.max_in_flight),
            table_lock=asyncio.Lock(),
            new_id=lambda: str(uuid.uuid4()),
            options=self.scan_options,
            keys=inventory.keys if self.settings.key_health else None,
            account_search=inventory.account_search() if self.settings.cross_check else None,
            exemptions=inventory.exemptions if self.settings.exceptions != "off" else None,
        )

    async def _open_azure(self) -> "AzureInventory":
        from cmk_check.inventory.azure_inventory import open_inventory

        inventory = await open_inventory(self.settings)
        self._opened.push_async_callback(inventory.close)
        return inventory

    async def _build_delivery_context(self) -> "DeliveryContext":
        from cmk_check.alerts.deliver import DeliveryContext
        from cmk_check.alerts.delivery_queue import DELIVERY_POISON_QUEUE, DELIVERY_QUEUE
        from cmk_check.alerts.webhook import open_webhook
        from cmk_check.store.change_feed import FeedTable

        store, queues = await self._storage()
        webhooks = [open_webhook(route, self.settings) for route in self.settings.routes]
        for webhook in webhooks:
            self._opened.push_async_callback(webhook.close)
        return DeliveryContext(
            feed=FeedTable(store),
            webhooks=webhooks,
            alert_on=self.settings.alert_on,
            again=queues.queue(DELIVERY_QUEUE),
            poison=queues.queue(DELIVERY_POISON_QUEUE),
            clock=self.clock,
            digests=await self.digests(),
        )

    async def digests(self) -> "DigestView | None":
        """Return the view that builds digests, or None if digests are switched off."""
        if (due := self.settings.digests) is None:
            return None
        from cmk_check.web.views.digest import DigestView

        store, _ = await self._storage()
        expect, hostname = self.scan_options.expectations, self.scan_options.hostname
        return DigestView(store, *due, clock=self.clock, expect=expect, hostname=hostname)

    async def _build_api(self) -> "HttpAdapter":
        from cmk_check.asgi_adapter import HttpAdapter
        from cmk_check.store.azure_tables import AzureTables
        from cmk_check.web.routes import create_app

        store, _ = await self._storage()
        if isinstance(store, AzureTables):
            store = store.within(API_STORAGE_SECONDS)  # callers wait for the response
        expect = self.scan_options.expectations
        return HttpAdapter(create_app(store, self.clock, expect, self.settings))

    async def _build_scan_now(self) -> "HttpAdapter":
        from cmk_check.alerts.deliver import resend
        from cmk_check.asgi_adapter import HttpAdapter
        from cmk_check.scan.start import request
        from cmk_check.web.scan_now import create_app

        async def ask(subscription_ids: frozenset[str]) -> "StartAnswer":
            return await request(await self.scan_context(), subscription_ids)

        async def send_again(first: int, last: int) -> bool:
            return await resend(await self.delivery_context(), first, last)

        return HttpAdapter(create_app(ask, send_again, self.settings, self.scan_options.scope))

    async def _build_health(self) -> "Health":
        from cmk_check.store.scans import ScanTable
        from cmk_check.web.views.health import Health

        store, _ = await self._storage()
        return Health(ScanTable(store), self.clock, self.settings.max_age)

    async def _build_storage(self) -> "tuple[Store, QueueService]":
        from cmk_check.config.settings import ConnectionString, InMemory

        settings, storage = self.settings, self.settings.storage
        if isinstance(storage, InMemory):
            from cmk_check.queues.null_queues import NoQueues
            from cmk_check.store.memory import MemoryStore

            return MemoryStore(), NoQueues()
        import aiohttp

        from cmk_check.inventory.credential import SharedCredential, open_credential
        from cmk_check.inventory.http_session import open_session, share_transport
        from cmk_check.queues.storage_queue import StorageQueues
        from cmk_check.store.azure_tables import AzureTables

        if isinstance(storage, ConnectionString):
            # Azurite runs on this machine, without a proxy.
            session = aiohttp.ClientSession(cookie_jar=aiohttp.DummyCookieJar())
            transport = share_transport(session)
            store = AzureTables.open(storage.value, transport=transport)
            queues = StorageQueues.open(storage.value, transport=transport)
        else:
            session = open_session(storage.table_url)
            transport = share_transport(session)
            credential = SharedCredential(open_credential(settings, storage.client_id))
            self._opened.push_async_callback(credential.close)
            store = AzureTables.open(storage.table_url, credential, transport=transport)
            queues = StorageQueues.open(storage.queue_url, credential, transport=transport)
        for opened in (session, store, queues):
            self._opened.push_async_callback(opened.close)
        return store, queues


def scan_options(settings: "Settings") -> "ScanOptions":
    """Return the options of a scan that the settings define."""
    from cmk_check.config.settings import InMemory
    from cmk_check.core.exceptions.judge_exception import ExceptionRules
    from cmk_check.core.posture import Expectations
    from cmk_check.core.scope import Scope
    from cmk_check.scan.scan_context import ScanOptions

    options = ScanOptions(
        kinds={kind.lower(): kind for kind in settings.kinds},
        expectations=Expectations(
            settings.max_age,
            requires=settings.requires,
            exceptions=settings.exceptions,
            # With a store in memory, each scan is the first.
            fix_within=None if isinstance(settings.storage, InMemory) else settings.fix_within,
        ),
        scope=Scope(settings.include, settings.exclude),
        hostname=settings.hostname if settings.on_azure else None,
        management_group=settings.management_group,
        exception_rules=ExceptionRules(
            timedelta(days=settings.exception_days),
            settings.exception_policies,
            settings.exception_assignments,
        ),
    )
    expect = replace(options.expectations, scope=options.recorded_scope)
    return replace(options, expectations=expect)


@cache
def get_app() -> App:
    """Return the app of this process, which is built at the first invocation.

    Raises:
        SettingsError: the settings are invalid; the error lists every fault.
    """
    from cmk_check.config.settings import Settings, setting_warnings

    try:
        app = App(Settings.load())
    except SettingsError as error:
        _log.critical("The settings are not valid. %s", error)
        raise
    if warnings := setting_warnings():
        from cmk_check.alerts.log_lines import LogEvent, write_line

        write_line(logging.WARNING, LogEvent.SETTINGS, {"warnings": warnings})
    return app
