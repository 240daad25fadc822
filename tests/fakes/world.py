"""A whole program in memory: a scripted estate, a clock that a test moves, queues it delivers."""

import asyncio
import uuid
from collections.abc import Sequence
from copy import copy
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from random import Random
from typing import TYPE_CHECKING, Any, Self

from cmk_check.alerts.outbox_relay import Relay
from cmk_check.core import posture
from cmk_check.core.account import Account, Reading, Subscription
from cmk_check.core.enums import ScanState, Trigger
from cmk_check.core.gap import Gap
from cmk_check.core.model import Change, Finding
from cmk_check.core.posture import Expectations, Posture
from cmk_check.core.resource_id import AccountId
from cmk_check.core.scan_request import StartAnswer
from cmk_check.core.status import ALL_PUBLISHED, Status, Unpublished
from cmk_check.core.watch_state import Watch
from cmk_check.ports import (
    AT_ONCE,
    AccountSearch,
    QueueError,
    SliceMessage,
    Store,
    Table,
    TableQuery,
)
from cmk_check.queues.slices import parse_message
from cmk_check.scan.scan_context import ScanContext, ScanOptions
from cmk_check.scan.slice import fail, run_slice
from cmk_check.scan.slice_plan import plan
from cmk_check.scan.start import request, start
from cmk_check.store import codec
from cmk_check.store.change_feed import FeedTable
from cmk_check.store.finding_filter import FindingFilter
from cmk_check.store.findings import FindingsTable
from cmk_check.store.scan_rows import Scan
from cmk_check.store.scans import ScanTable
from tests.fakes.inventory import ScriptedInventory
from tests.fakes.keys import PRINCIPAL, ScriptedKeys
from tests.fakes.recording_store import RecordingStore

if TYPE_CHECKING:
    from tests.fakes.exemptions import ScriptedExemptions

BEGINNING = datetime(2026, 11, 24, 23, 15, tzinfo=UTC)
MAX_DELIVERIES = 4
KEPT = timedelta(days=400)


@dataclass
class MovableClock:
    """A clock that stands until it is moved; ``latest`` is the latest time that it ever showed."""

    time: datetime = BEGINNING
    latest: datetime = field(default=BEGINNING, repr=False)

    def now(self) -> datetime:
        """Return the time."""
        return self.time

    def advance(self, by: timedelta) -> None:
        """Move on."""
        self.time += by
        self.latest = max(self.latest, self.time)


@dataclass
class MemoryQueue:
    """The queue of slices, as a list of what was sent and not yet delivered."""

    messages: list[SliceMessage] = field(default_factory=list)
    is_down: bool = False

    async def send(self, texts: Sequence[str], *, delay: timedelta = AT_ONCE) -> None:
        """Append, or fail as a queue that is down."""
        assert delay == AT_ONCE
        if self.is_down:
            raise QueueError("the queue is down")
        self.messages += map(parse_message, texts)


@dataclass
class RecordingSink:
    """Whoever hears of changes."""

    told: list[tuple[int, Change]] = field(default_factory=list)
    ended: list[tuple[str, str, str | None]] = field(default_factory=list)
    partial_ended: list[tuple[str, str, str | None]] = field(default_factory=list)
    unpublished: Unpublished = ALL_PUBLISHED
    started: list[str] = field(default_factory=list)
    watch: list[tuple[Watch, Gap | None]] = field(default_factory=list)

    async def accept(self, published: Sequence[tuple[int, Change]]) -> None:
        """Keep them."""
        self.told += published

    async def report_scan(self, scan: Scan, unpublished: Unpublished = ALL_PUBLISHED) -> None:
        """Keep its id, and how it ended; only a scan that failed has no outcome."""
        if scan.state is ScanState.RUNNING:
            self.started.append(f"{scan.id}{' (partial)' if scan.is_partial else ''}")
            return
        self.unpublished = unpublished
        assert (scan.posture is None) == (scan.summary is None) == (scan.state is ScanState.FAILED)
        (self.partial_ended if scan.is_partial else self.ended).append(
            (scan.id, scan.state.value, scan.reason)
        )

    async def report_watch(self, watch: Watch, gap: Gap | None) -> None:
        """Keep it."""
        self.watch.append((watch, gap))


async def give_way(_seconds: float) -> None:
    """Let the others go on instead of sleeping."""
    await asyncio.sleep(0)


class World:
    """The scan's context with everything around scripted; without ``keys``, key health is off."""

    def __init__(
        self,
        store: Store | None = None,
        seed: int = 0,
        keys: ScriptedKeys | None = None,
        **options: Any,  # noqa: ANN401 - those of ScanOptions
    ) -> None:
        self.store: Store = store or RecordingStore()
        self.inventory = ScriptedInventory()
        self.keys = keys
        self.account_search: AccountSearch | None = None
        self.exemptions: ScriptedExemptions | None = None
        self.places = 32
        self.queue = MemoryQueue()
        self.teller = RecordingSink()
        self.clock = MovableClock()
        self._ids = Random(seed)
        expectations = Expectations(timedelta(minutes=180))
        self.options = replace(
            ScanOptions({"openai": "OpenAI", "aiservices": "AIServices"}, expectations), **options
        )

    @property
    def context(self) -> ScanContext:
        """The context of a fresh process: nothing is kept but what the store keeps."""
        return self.process(self.store)

    def process(self, store: Store) -> ScanContext:
        """Return the context of a process that has its own view of the store."""
        feed = FeedTable(store, self.clock, sleep=give_way)
        return ScanContext(
            inventory=self.inventory,
            findings_table=FindingsTable(store),
            scans=ScanTable(store),
            relay=Relay(feed, self.teller),
            feed=feed,
            keep=KEPT,
            slice_queue=self.queue,
            scan_sink=self.teller,
            clock=self.clock,
            subscription_limit=asyncio.Semaphore(self.places),
            recording_limit=asyncio.Semaphore(self.places),
            table_lock=asyncio.Lock(),
            new_id=lambda: str(uuid.UUID(int=self._ids.getrandbits(128), version=4)),
            options=self.options,
            keys=self.keys.open if self.keys else None,
            account_search=self.account_search,
            exemptions=self.exemptions.open if self.exemptions else None,
        )

    def copy(self) -> Self:
        """Return a world that goes on by itself from here; only what tests script is shared."""
        assert isinstance(self.store, RecordingStore)
        twin, told = copy(self), self.teller
        twin.store = self.store.copy()
        twin.queue = MemoryQueue(list(self.queue.messages), self.queue.is_down)
        lists = (list(told.told), list(told.ended), list(told.partial_ended))
        twin.teller = RecordingSink(*lists, told.unpublished, list(told.started))
        twin.clock = MovableClock(self.clock.time)
        twin._ids = copy(self._ids)  # noqa: SLF001 - its own kind
        return twin

    def content(self) -> str:
        """Return, as text, all that decides how it goes on but what tests script."""
        assert isinstance(self.store, RecordingStore)
        ids = self._ids.getstate()
        return f"{self.store.content()} {self.queue} {self.teller} {self.clock} {ids}"

    def listed(self, *ids: str, state: str = "Enabled") -> None:
        """Let Azure list these subscriptions."""
        self.inventory.listed = tuple(Subscription(i, f"name of {i}", "t", state) for i in ids)

    def read(self, subscription_id: str, *accounts: Account, gap: Gap | None = None) -> None:
        """Let the next readings of a subscription bring these accounts."""
        self.inventory.readings[subscription_id] = Reading(accounts, gap=gap)

    async def start(self, context: ScanContext | None = None) -> StartAnswer:
        """Start a scan as the timer does."""
        return await start(context or self.context, Trigger.TIMER)

    async def start_partial(
        self, named: Sequence[str], context: ScanContext | None = None
    ) -> StartAnswer:
        """Ask for a scan of these subscriptions alone."""
        return await request(context or self.context, named)

    async def deliver(self, message: SliceMessage, context: ScanContext | None = None) -> None:
        """Deliver one message once, as the functions do."""
        if message.slice is None:
            await plan(context or self.context, message.scan_id)
        else:
            await run_slice(context or self.context, message.scan_id, message.slice)

    async def poison(self, message: SliceMessage, context: ScanContext | None = None) -> None:
        """Deliver one message from the poison queue."""
        await fail(context or self.context, message)

    async def drain(self) -> None:
        """Deliver messages until none is left; what raises is not delivered again."""
        while self.queue.messages:
            await self.deliver(self.queue.messages.pop(0))

    async def scan(self) -> str:
        """Run a whole scan an hour after the last one; return its id."""
        self.clock.advance(timedelta(hours=1))
        started = await self.start()
        await self.drain()
        return started.scan_id

    async def findings(self) -> dict[str, Finding]:
        """Return what is stored, by account id."""
        listed = FindingsTable(self.store).findings(FindingFilter(), None)
        return {str(match[0].id): match[0] async for _, match in listed if match}

    async def verdicts(self) -> dict[str, str]:
        """Return the stored verdicts by account name."""
        return {
            finding.id.name: finding.judgement.verdict.value
            for finding in (await self.findings()).values()
        }

    async def coverage(self, subscription_id: str) -> str | None:
        """Return the recorded coverage of a subscription."""
        found = await FindingsTable(self.store).coverage(subscription_id)
        return found.state.value if found else None

    async def status(self) -> Status | None:
        """Return the stored status."""
        stored = await ScanTable(self.store).status()
        return stored.value if stored.etag else None

    async def posture(self) -> Posture:
        """Return the answer that the API gives now."""
        return posture.judge_estate(
            await self.status(), self.clock.now(), self.options.expectations
        )

    async def scan_row(self, scan_id: str) -> Scan:
        """Return a scan's row."""
        stored = await ScanTable(self.store).scan(scan_id)
        assert stored is not None
        return stored.value

    async def feed(self) -> list[Change]:
        """Return the change feed; its numbers are checked to have no hole."""
        query = TableQuery(partition="feed", row_from="0", row_to="9")
        found = [entity async for entity in self.store.query(Table.CHANGES, query)]
        numbers = [int(entity.row) for entity in found]
        assert numbers == list(range(1, len(numbers) + 1))
        return [codec.decode_change(entity) for entity in found]

    def told_types(self) -> list[str]:
        """Return the types of the changes told, without their common prefix."""
        return [change.type.value.removeprefix("cmkcheck.") for _, change in self.teller.told]


def sub(number: int) -> str:
    """Return the id of a made-up subscription."""
    return f"00000000-0000-4000-8000-{number:012d}"


def account(subscription_id: str, name: str, **fields: object) -> Account:
    """Return an account without a customer-managed key."""
    text = (
        f"/subscriptions/{subscription_id}/resourceGroups/rg/providers"
        f"/Microsoft.CognitiveServices/accounts/{name}"
    )
    account_id = AccountId.parse(text)
    assert account_id is not None
    return replace(Account(account_id, "OpenAI", "westeurope"), **fields)  # type: ignore[arg-type]


def bad(subscription_id: str, name: str = "chat") -> Account:
    """Return an account that Microsoft's key encrypts."""
    return account(subscription_id, name, key_source="Microsoft.CognitiveServices")


def good(subscription_id: str, name: str = "chat") -> Account:
    """Return an account encrypted with a customer-managed key."""
    return account(
        subscription_id,
        name,
        key_source="Microsoft.KeyVault",
        key_name="cmk",
        key_vault_uri="https://kv-cmk.vault.azure.net/",
        principal_id=PRINCIPAL,
    )


def odd(subscription_id: str, name: str = "chat") -> Account:
    """Return an account that cannot be judged."""
    return account(subscription_id, name, malformed="properties is not an object")
