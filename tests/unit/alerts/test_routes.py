"""Several routes: each gets its own alerts in time, whatever happens to the others or the app."""

import json
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from random import Random
from typing import override

import pytest

from cmk_check.alerts.deliver import DeliveryContext, deliver
from cmk_check.alerts.delivery_queue import parse_message
from cmk_check.core.alert_routes import Route
from cmk_check.core.enums import ChangeType
from cmk_check.core.model import Change
from cmk_check.ports import AT_ONCE, DeliveryMessage
from cmk_check.store.change_feed import FeedTable
from tests.fakes.delivery import MemoryTexts, ScriptedWebhook
from tests.fakes.recording_store import RecordingStore
from tests.fakes.world import BEGINNING, MovableClock
from tests.unit.alerts.delivery_scene import DOWN, VIOLATED, Scene

HOUR = timedelta(hours=1)
MINUTE = timedelta(minutes=1)
OWNERS = ["data", "web", None, "DATA", "data", None]
WHO = {"all": [1, 2, 3, 4, 5, 6], "data": [1, 5], "nobody": [3, 6]}
ROUTES = [Route("all", ""), Route("data", "", owners={"data"}), Route("nobody", "", owners={None})]


class Killed(BaseException):
    """The process is gone."""


@dataclass
class Steps:
    """Counts the program's external operations, and kills it at one of them."""

    dies_at: int | None = None
    taken: int = 0

    def take(self) -> None:
        """Take one step, or be killed at it."""
        self.taken += 1
        if self.taken == self.dies_at:
            raise Killed


@dataclass
class Receiver(ScriptedWebhook):
    """Records what arrived when; it is unavailable until a given time."""

    steps: Steps = field(default_factory=Steps)
    clock: MovableClock = field(default_factory=MovableClock)
    away_until: datetime = BEGINNING
    times: list[timedelta] = field(default_factory=list)

    @override
    async def post(self, changes: Sequence[Change]) -> list[int]:
        self.steps.take()  # before the receiver has it
        if self.clock.now() < self.away_until:
            raise DOWN
        statuses = await super().post(changes)
        self.times += [self.clock.now() - BEGINNING] * len(changes)
        self.steps.take()  # after it has it, before we know
        return statuses


@dataclass
class Queue(MemoryTexts):
    """A queue that can be interrupted before and after each message."""

    steps: Steps = field(default_factory=Steps)

    @override
    async def send(self, texts: Sequence[str], *, delay: timedelta = AT_ONCE) -> None:
        for text in texts:
            self.steps.take()
            await super().send([text], delay=delay)
            self.steps.take()


class Estate:
    """Six alerts of several owners, three routes, and the host that hands out messages."""

    def __init__(self, dies_at: int | None = None) -> None:
        self.clock = MovableClock()
        self.steps = Steps(dies_at)
        self.receivers = {
            route.name: Receiver(route=route, steps=self.steps, clock=self.clock)
            for route in ROUTES
        }
        self.queue, self.poison = Queue(steps=self.steps), MemoryTexts()
        self.messages: list[tuple[datetime, str, datetime]] = []
        self.feed = FeedTable(RecordingStore())
        self.context = DeliveryContext(
            self.feed,
            list(self.receivers.values()),
            {VIOLATED.value, ChangeType.ACCOUNT_RESOLVED.value},
            self.queue,
            self.poison,
            self.clock,
        )

    async def told(self) -> dict[str, list[str]]:
        """Publish and deliver until nothing is left; return what each route got."""
        changes = [
            Change(f"c{number}", VIOLATED, BEGINNING, "/s", "/a", {"owner": _owner(owner)}, number)
            for number, owner in enumerate(OWNERS, 1)
        ]
        await self.feed.publish(changes)
        self.messages.append((BEGINNING, '{"first": 1, "last": 6}', BEGINNING))
        while self.messages:
            self.messages.sort()
            self.wait_until(self.messages[0][0])
            await self.hand_out(*self.messages.pop(0)[1:])
        return {name: receiver.ids() for name, receiver in self.receivers.items()}

    def wait_until(self, time: datetime) -> None:
        """Let time pass."""
        self.clock.advance(max(time - self.clock.now(), timedelta()))

    async def hand_out(self, text: str, queued: datetime) -> None:
        """Deliver a message; the host hands it out again if the process dies over it."""
        try:
            await deliver(self.context, parse_message(text), queued)
        except Killed:
            self.messages.append((self.clock.now() + 5 * MINUTE, text, queued))
        now = self.clock.now()
        self.messages += [(now + delay, sent, now) for sent, delay in self.queue.sent]
        self.queue.sent.clear()


def _owner(name: str | None) -> object:
    return None if name is None else {"value": name, "source": "account"}


def _ids(name: str) -> list[str]:
    return [f"c{number}" for number in WHO[name]]


@pytest.mark.parametrize("dead", [None, *WHO])
async def test_p3_a_receiver_that_is_away_for_an_hour_delays_no_other(dead: str | None) -> None:
    """The others get alerts at once; it gets all its alerts once, when it is back."""
    estate = Estate()
    if dead:
        estate.receivers[dead].away_until = BEGINNING + HOUR

    assert await estate.told() == {name: _ids(name) for name in WHO}
    for name, receiver in estate.receivers.items():
        late = max(receiver.times)
        assert HOUR <= late <= 2 * HOUR if name == dead else late == timedelta()
    assert estate.poison.sent == []


async def test_p3_a_receiver_that_is_away_for_good_is_given_up_alone() -> None:
    """Its message on the poison queue names the route, and a resend goes only there."""
    estate = Estate()
    estate.receivers["data"].away_until = BEGINNING + timedelta(days=3)
    await estate.told()
    (text,) = estate.poison.texts()
    estate.clock.advance(timedelta(days=3))

    await deliver(estate.context, parse_message(text))

    assert json.loads(text) == {"first": 1, "last": 6, "route": "data"}
    assert {name: one.ids() for name, one in estate.receivers.items()} == {
        name: _ids(name) for name in WHO
    }


@pytest.mark.parametrize("away", [None, "all"])
async def test_p3_killed_at_every_step_of_delivery_nothing_is_lost(away: str | None) -> None:
    """In the end each receiver has all its alerts and no others."""

    async def run(dies_at: int | None) -> int:
        estate = Estate(dies_at)
        if away:
            estate.receivers[away].away_until = BEGINNING + HOUR
        told = await estate.told()
        assert {name: sorted(set(ids)) for name, ids in told.items()} == {
            name: _ids(name) for name in WHO
        }, dies_at
        assert estate.poison.sent == []
        return estate.steps.taken

    steps = await run(None)
    assert steps >= 12
    for step in range(1, steps + 1):
        await run(step)


async def test_a_range_that_waits_keeps_its_day_when_a_route_is_added(scene: Scene) -> None:
    """It was tried for the one webhook before."""
    other = ScriptedWebhook(route=Route("other", ""))
    scene.delivery = replace(scene.delivery, webhooks=[scene.webhook, other])

    await deliver(scene.delivery, DeliveryMessage(1, 1, 3, BEGINNING))

    assert [parse_message(text) for text in scene.again.texts()] == [
        DeliveryMessage(1, 1, 3, BEGINNING, name) for name in ("webhook", "other")
    ]


@pytest.mark.parametrize("webhooks", [0, 1])
async def test_p3_an_unknown_route_is_given_up_at_once_with_a_line(
    scene: Scene, webhooks: int
) -> None:
    """A person must decide who gets it now; a guess could reach the wrong team."""
    await scene.publish([VIOLATED])
    scene.delivery = replace(scene.delivery, webhooks=[scene.webhook] * webhooks)
    message = DeliveryMessage(1, 1, 2, BEGINNING, "gone")

    await deliver(scene.delivery, message)

    assert scene.webhook.posts == []
    assert [parse_message(text) for text in scene.poison.texts()] == [
        DeliveryMessage(1, 1, route="gone")
    ]
    (line,) = scene.lines()
    assert (line["state"], line["route"], scene.levels()) == ("given_up", "gone", ["ERROR"])
    assert "No route has this name" in line["reason"]


class Day(Estate):
    """Verdicts change for hours; receivers come and go, the app dies, and a message comes twice."""

    def __init__(self, seed: int, *, dies: float = 0.1) -> None:
        super().__init__()
        self.random = Random(seed)
        self.changes: list[Change] = []
        self._dies = dies

    async def told_of(
        self, changes: list[datetime], away: list[tuple[datetime, datetime, str]]
    ) -> None:
        """Publish changes at these times, and deliver until nothing is left."""
        changes = sorted(changes)
        while changes or self.messages:
            self.messages.sort()
            now = min([*changes[:1], *(due for due, _, _ in self.messages[:1])])
            self.wait_until(now)
            for start, end, name in away:
                if start <= self.clock.now() < end:
                    self.receivers[name].away_until = end
            if changes and now == changes[0]:
                await self._publish(changes.pop(0))
            else:
                await self.hand_out(*self.messages.pop(0)[1:])

    async def _publish(self, now: datetime) -> None:
        number = len(self.changes) + 1
        name = self.random.choice(["chat", "lab"])
        had = [change.type for change in self.changes if change.subject == f"/{name}"]
        kind = ChangeType.ACCOUNT_RESOLVED if had[-1:] == [VIOLATED] else VIOLATED
        data = {"owner": _owner({"chat": "data", "lab": None}[name]), "scanId": str(now)}
        change = Change(f"c{number}", kind, now, "/s", f"/{name}", data, number)
        self.changes.append(change)
        await self.feed.publish([change])
        self.messages.append((now, json.dumps({"first": number, "last": number}), now))

    @override
    async def hand_out(self, text: str, queued: datetime) -> None:
        if self.random.random() < 0.1:
            self.messages.append((self.clock.now() + 5 * MINUTE, text, queued))
        dies = self.random.random() < self._dies
        self.steps.dies_at = self.steps.taken + self.random.randint(1, 6) if dies else None
        await super().hand_out(text, queued)


@pytest.mark.parametrize("seed", range(20))
async def test_p3_what_comes_late_says_so_and_what_holds_does_not(seed: int) -> None:
    """In each route, an account's last alert without an out-of-date mark is its current state."""
    day, chance = Day(seed), Random(seed)
    quarters = [BEGINNING + HOUR * step / 4 for step in range(24)]
    starts = [(chance.choice(quarters), name) for name in WHO for _ in "ab"]

    await day.told_of(
        chance.sample(quarters, 12), [(start, start + HOUR, name) for start, name in starts]
    )

    newest = {change.subject: change.id for change in day.changes}
    for name, receiver in day.receivers.items():
        last: Counter[str] = Counter()
        for change in (change for post in receiver.posts for change in post):
            is_old = change.sequence < last[change.subject]
            assert ("overtakenBy" in change.data) >= is_old, (name, change)
            assert "overtakenBy" not in change.data or change.id not in newest.values()
            last[change.subject] = max(last[change.subject], change.sequence)
        mine = [change for change in day.changes if receiver.route.takes(change)]
        assert {change.id for change in mine} == set(receiver.ids())
    assert day.poison.sent == []


@pytest.mark.parametrize("seed", range(5))
async def test_p8_a_message_that_is_handed_out_twice_starts_no_second_chain(seed: int) -> None:
    """After most of a day without a receiver each alert arrives once, not once for each chain."""
    day = Day(seed, dies=0)
    back = BEGINNING + 22 * HOUR

    await day.told_of(
        [BEGINNING + minute * MINUTE for minute in range(9)],
        [(BEGINNING, back, name) for name in WHO],
    )

    told = Counter(day.receivers["all"].ids())
    assert set(told) == {change.id for change in day.changes}
    assert max(told.values()) <= 2, told
