"""Schedules in which all that could fall silent does so at once.

The receiver of alerts is away for 26 hours. Meanwhile the feed or its queue refuses changes, more
subscriptions cannot be recorded than a status names, and workers write after their scan was closed.
Compliant is never said without reason, each scan shows every silence that began before it, and when
all is well again each alert has arrived.
"""

import asyncio
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import replace
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Final, cast
from unittest.mock import patch

import pytest

from cmk_check.alerts.deliver import DeliveryContext, deliver, resend
from cmk_check.alerts.delivery_queue import format_message, parse_message, ranges_of
from cmk_check.core.account import Reading, Subscription
from cmk_check.core.alert_routes import is_alert
from cmk_check.core.enums import ChangeType, CoverageState, PostureReason, ScanState
from cmk_check.core.model import Change
from cmk_check.core.posture import as_left
from cmk_check.core.status import Status
from cmk_check.doctor import storage_checks
from cmk_check.errors import CmkCheckError
from cmk_check.limits import MAX_UNWRITTEN_NAMED, SLICE_CLAIM
from cmk_check.ports import (
    DeliveryFailed,
    QueueError,
    Replace,
    SliceMessage,
    StoreUnavailable,
    Table,
    TableQuery,
)
from cmk_check.store import table_keys
from cmk_check.store.change_feed import FeedTable
from cmk_check.store.codec import SCHEMA, RowTooNew
from cmk_check.web.views.prometheus import StatusCollector, write
from tests.fakes.delivery import MemoryTexts, ScriptedWebhook
from tests.fakes.faults import Fault, FaultyStore, Place
from tests.fakes.recording_store import OperationName
from tests.fakes.world import RecordingSink, sub
from tests.soak.history import History
from tests.soak.schedule import Schedule
from tests.soak.tally import FalseGreenError, LostChangeError, Tally
from tests.unit.doctor.subjects import AZURITE, ScriptedPatient, told

if TYPE_CHECKING:
    from cmk_check.composition_root import SystemClock

AWAY: Final = timedelta(hours=26)
_STEPS: Final = 100
_ACCEPTS: Final = 0.8
_CROWD: Final = [Subscription(sub(n), "crowd", "t", "Enabled") for n in range(5_000, 6_010)]
_FEW: Final = 5
_WHOLE_CROWDS: Final = 100
_ALERTS: Final = frozenset(ChangeType)
_SLICE: Final = 400


class SilentError(AssertionError):
    """Something fell silent, and a scan that came later does not show it."""


class Refused(set[str]):
    """The partitions that take no writes: those that are chosen, and at times those of a crowd."""

    with_crowd = False

    def __contains__(self, partition: object) -> bool:
        is_crowd = self.with_crowd and partition in _CROWD_PARTITIONS
        return is_crowd or super().__contains__(partition)


_CROWD_PARTITIONS: Final = {table_keys.partition_of(one.id) for one in _CROWD}


class Receiver(RecordingSink, ScriptedWebhook):
    """The queue ``cmk-tell``, which may refuse, and the receiver, which may be away."""

    def __init__(self) -> None:
        RecordingSink.__init__(self)
        ScriptedWebhook.__init__(self)
        self.again, self.poison = MemoryTexts(), MemoryTexts()
        self.is_away = self.is_queue_down = False
        self.waiting: dict[str, Change] = {}

    async def accept(self, published: Sequence[tuple[int, Change]]) -> None:
        """Queue the numbers, then note what was published."""
        if self.is_queue_down:
            raise QueueError("cmk-tell: refused")
        ranges = ranges_of([number for number, _ in published])
        await self.again.send([format_message(one) for one in ranges])
        await RecordingSink.accept(self, published)

    async def post(self, changes: Sequence[Change]) -> list[int]:
        """Accept the changes, or be away."""
        known = {change.id: change for change in changes}
        if self.is_away:
            self.waiting |= known
            raise DeliveryFailed("503", permanent=False)
        self.waiting = {key: self.waiting[key] for key in self.waiting.keys() - known.keys()}
        return await ScriptedWebhook.post(self, changes)


def run_silence(seed: int, tally: Tally) -> None:
    """Run a schedule.

    Raises:
        AssertionError: something does not hold.

    """
    with patch("cmk_check.core.counts.MAX_UNWRITTEN_NAMED", _named(seed)):
        asyncio.run(Silence(seed, tally).run())


def _named(seed: int) -> int:
    """Return how many unwritten gaps a status names: what depends on it is the same with few."""
    return _FEW if seed % _WHOLE_CROWDS else MAX_UNWRITTEN_NAMED


class Silence(Schedule):
    """Workers that take turns, while one thing after the other falls silent."""

    def __init__(self, seed: int, tally: Tally) -> None:
        super().__init__(seed, tally)
        self._forges = False
        self.checks = replace(self.checks, is_by_hand=False)
        self.store.before = self._refuse
        self._refused: Refused = Refused()
        self._crowd: list[Subscription] = []
        self._crowd_size = _named(seed) + 5
        self.receiver = self.world.teller = Receiver()
        self._posts: list[tuple[datetime, str]] = []
        self.patient = ScriptedPatient.over(store=self.store, environ=AZURITE)
        self.patient.clock = cast("SystemClock", self.world.clock)

    async def run(self) -> None:
        """Let all fall silent in any order, then let all be well."""
        self._calm_down()
        await History.scan(self)
        self.receiver.is_away = True
        self.account_becomes(self._home[0], "a", "non_compliant")
        await self._scan_and_see()
        await self._deliver_due()
        away_until = self.world.clock.now() + AWAY
        deeds = [self._mute, self._unmute, self._mute, self._be_many, self._write_late]
        self._random.shuffle(deeds)
        for deed in deeds:
            await deed()
            await self._scan_and_see()
            if self._random.random() < _ACCEPTS:
                self._refused.with_crowd = False
            await self._take_turns()
        while self.world.clock.now() <= away_until:
            self.world.clock.advance(timedelta(minutes=50))
            await self._deliver_due()
        await self._deliver_due()
        await self._scan_and_see()
        await self._be_well()

    async def _take_turns(self) -> None:
        try:
            for _ in range(_STEPS):
                await self._step()
                if self._random.random() < 0.1:
                    await self._deliver_due()
            while self._workers:
                await self._go_on()
        finally:
            await self._stop()
        self._sent()
        self._waiting.clear()
        self._refused.clear()
        self.list_fails = False

    async def _be_well(self) -> None:
        """P3, P11: each alert arrives, some only when a person sends them again."""
        self._refused.with_crowd = self.receiver.is_away = False
        status = await self._status()
        if self.receiver.poison.sent and not self._is_muted():
            assert status.undelivered is not None
        if self.is_head_newer:
            with pytest.raises(RowTooNew):
                await resend(self._delivery, 1, 1)
        await self._unmute()
        await self._scan_and_see()
        status = await self._status()
        if (left := status.undelivered) is not None:
            assert await resend(self._delivery, left.first, left.last)
        while self._posts or self.receiver.again.sent:
            self.world.clock.advance(timedelta(hours=1))
            await self._deliver_due()
        await History.scan(self)  # a gap leaves in the second scan after it was recorded
        await self.settle()
        await self._recover()
        while self._posts or self.receiver.again.sent:
            await self._deliver_due()
        assert self.receiver.poison.sent, "the receiver was away for more than a day"
        posted = set(self.receiver.ids())
        alerts = {one.id for one in await self.world.feed() if is_alert(one, _ALERTS)}
        if posted != alerts:
            raise LostChangeError(f"{alerts - posted} never arrived, {posted - alerts} are none")
        status = await self._status()
        assert not self.receiver.waiting
        assert (status.undelivered, status.unpublished.changes, status.summary.unnamed) == (
            None,
            0,
            0,
        )

    async def _scan_and_see(self) -> None:
        """Scan undisturbed; whatever is silent now must be seen in all places."""
        self._script()
        await History.scan(self)
        await self.wake_all()
        await self.checks.green()
        await self.api.check()
        await self._see()
        await self._deliver_due()

    async def _see(self) -> None:
        status, posture = await self._status(), await self.world.posture()
        codes = {code for code, _ in posture.reasons}
        scraped = StatusCollector(
            status, posture, self.world.clock.now(), ("OpenAI",), key_health=True, owners=True
        )
        metrics = write(scraped, "")[0].decode()
        doctor = " ".join(text for _, text in await told(storage_checks.scans, self.patient))
        refused = {
            PostureReason.CHANGES_UNPUBLISHED: await self._outboxes() > 0,
            PostureReason.ALERTS_UNDELIVERED: bool(self.receiver.waiting),
            PostureReason.SUBSCRIPTIONS_UNREAD: self._refused.with_crowd,
        }
        for code, is_silent in refused.items():
            shown = (
                code in codes,
                f'cmkcheck_posture_reason{{reason="{code}"}} 1.0' in metrics,
                f"{code}: " in doctor,
            )
            if set(shown) != {is_silent} and not (is_silent is False and "unread" in code):
                raise SilentError(f"{code} is {is_silent}; status, metrics, doctor: {shown}")
        # A scan that fails reads no subscription, so what waits there counts after the next one.
        last = status.last_scan
        is_counted = last is not None and last.state is not ScanState.FAILED
        if is_counted and status.unpublished.changes != await self._outboxes():
            raise SilentError(f"{status.unpublished} of {await self._outboxes()} are counted")
        if self.is_head_newer:
            ((mark, text),) = await told(storage_checks.feed, self.patient)
            assert (mark, "newer version" in text) == ("problem", True)
        if self._refused.with_crowd:
            await self._see_crowd(status)

    async def _see_crowd(self, status: Status) -> None:
        """P1: while some gaps have no name, no subscription is better than unknown."""
        assert status.summary.unnamed > 0
        assert status.summary.unwritten >= self._crowd_size
        for where in self.truth:
            row = await self.world.context.findings_table.coverage(where)
            if row is not None and as_left(row, status).state is CoverageState.READ:
                raise FalseGreenError(f"{where} is read, and so may be none of the gaps")

    async def _deliver_due(self) -> None:
        """Deliver what is due, some messages twice, as the queue may."""
        now, receiver = self.world.clock.now(), self.receiver
        self._posts += [(now + delay, text) for text, delay in receiver.again.sent]
        receiver.again.sent.clear()
        due = [text for at, text in self._posts if at <= now]
        self._posts = [(at, text) for at, text in self._posts if at > now]
        for text in due:
            for _ in range(self._random.choice([1, 1, 1, 2])):
                await deliver(self._delivery, parse_message(text), now)

    @property
    def _delivery(self) -> DeliveryContext:
        receiver, feed = self.receiver, FeedTable(self.store)
        queues = receiver.again, receiver.poison
        return DeliveryContext(feed, [receiver], _ALERTS, *queues, self.world.clock)

    async def _outboxes(self) -> int:
        rows = TableQuery(row_from=table_keys.OUTBOX_FROM, row_to=table_keys.OUTBOX_TO)
        found = [self.store.query(table, rows) for table in (Table.FINDINGS, Table.SCANS)]
        return len([row for rows_of in found async for row in rows_of])

    async def _status(self) -> Status:
        status = await self.world.status()
        assert status is not None
        return status

    def _is_muted(self) -> bool:
        return self.is_head_newer or self.receiver.is_queue_down

    is_head_newer = False

    async def _mute(self) -> None:
        """Let a newer version publish, or the queue refuse."""
        if self._random.random() < 0.5:
            await self._stamp_head(SCHEMA + 1)
        else:
            self.receiver.is_queue_down = True

    async def _unmute(self) -> None:
        await self._stamp_head(SCHEMA)
        self.receiver.is_queue_down = False

    async def _stamp_head(self, schema: int) -> None:
        head = await self.store.get(Table.CHANGES, "feed", "head")
        assert head is not None, "the first scan publishes what it found"
        write = Replace("head", {**head.values, "schema": schema}, head.etag)
        await self.store.commit(Table.CHANGES, "feed", [write])
        self.is_head_newer = schema != SCHEMA

    async def _be_many(self) -> None:
        """Let more subscriptions appear than a status can name, none of which can be recorded."""
        self._crowd = _CROWD[: self._crowd_size]
        self._refused.with_crowd = True
        if self._crowd_size > _SLICE:
            self.world.options = replace(self.world.options, slice_size=_SLICE)
        await self._write_late()

    async def _write_late(self) -> None:
        """Close a scan as failed while a worker is about to write, then let it write."""
        where = self._random.choice(self._home)
        self.account_becomes(where, "a", self._random.choice(["non_compliant", "unknown"]))
        self._script()
        self.world.clock.advance(timedelta(hours=1))
        await self.world.start()
        (plan,) = self._sent()
        await self.world.deliver(plan)
        slices = self._sent()
        commit = Place("commit", Table.FINDINGS, self._random.choice([0, 1]), where)
        store = FaultyStore(self.store, places={commit: Fault.SLEEP})
        workers = [asyncio.create_task(self._late(message, store)) for message in slices]
        asleep = asyncio.create_task(store.asleep.wait())
        await asyncio.wait([asleep, *workers], return_when=asyncio.FIRST_COMPLETED)
        await self.world.poison(plan)
        await self.checks.green()
        self._calm_down()
        if self._random.random() < 0.5:
            self.world.clock.advance(SLICE_CLAIM)
            await History.scan(self, wakes=False)
            await self.checks.green()
        store.wake.set()
        await asyncio.gather(*workers)
        asleep.cancel()
        self._sent()
        await self.checks.green()
        await self.api.check()

    async def _late(self, message: SliceMessage, store: FaultyStore) -> None:
        with suppress(CmkCheckError):
            await self.world.deliver(message, self.world.process(store))

    async def _refuse(self, name: OperationName, table: Table, partition: str) -> None:
        if (name, table) == ("commit", Table.FINDINGS) and partition in self._refused:
            raise StoreUnavailable("refused")

    def _script(self) -> None:
        super()._script()
        self.world.inventory.listed += tuple(self._crowd)

    def _script_readings(self) -> None:
        super()._script_readings()
        self.world.inventory.readings |= {one.id: Reading() for one in self._crowd}
