"""Digests: what they say, to whom, under which id, and what happens to one that is refused."""

from contextlib import suppress
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from random import Random
from typing import Any

import pytest

from cmk_check.alerts import deliver as module
from cmk_check.alerts.deliver import DeliveryContext, deliver, queue_digest
from cmk_check.alerts.delivery_queue import parse_message
from cmk_check.alerts.slack_teams_text import format_change
from cmk_check.core.alert_routes import Route
from cmk_check.core.enums import ChangeType
from cmk_check.core.model import Change
from cmk_check.core.posture import Expectations
from cmk_check.core.status import Unpublished
from cmk_check.core.text import write_time
from cmk_check.limits import LATE_PUBLICATION
from cmk_check.ports import DeliveryFailed, Entity, Table
from cmk_check.store import table_keys
from cmk_check.store.change_feed import FeedTable
from cmk_check.store.outbox import OutboxEntry, get_place, outbox_write
from cmk_check.web.views.digest import DigestView
from tests.fakes.delivery import MemoryTexts, ScriptedWebhook
from tests.fakes.faults import DeathError, Fault, FaultyStore, Place
from tests.fakes.world import MovableClock, give_way
from tests.unit.web.api_kit import (
    MAX_AGE,
    MIXED,
    PRODUCTION,
    Served,
    as_served,
    counted,
    coverage,
    finding,
    status_of,
)
from tests.unit.web.asgi_client import send

MONDAYS = "0 0 8 * * 1"
MONDAY = datetime(2026, 11, 30, 8, tzinfo=UTC)
WEEK, HOUR = timedelta(weeks=1), timedelta(hours=1)
DOWN = DeliveryFailed("503", permanent=False)


@dataclass
class Scene:
    """An estate, receivers and the queue; the queue is handed out as far as it is due."""

    served: Served = field(default_factory=lambda: Served(clock=MovableClock(MONDAY)))
    webhooks: list[ScriptedWebhook] = field(default_factory=lambda: [ScriptedWebhook()])
    queue: MemoryTexts = field(default_factory=MemoryTexts)
    poison: MemoryTexts = field(default_factory=MemoryTexts)
    most: int = 9

    @property
    def clock(self) -> MovableClock:
        """The clock of all processes."""
        return self.served.clock

    def instance(self, *, with_digest: bool = True, dies_at: int = -1) -> DeliveryContext:
        """Return what one process delivers with; it may die after an operation of the store."""
        store = FaultyStore(self.served.store, {dies_at: Fault.DEATH_AFTER})
        names = tuple(each.route.name for each in self.webhooks)
        expect, most = Expectations(MAX_AGE), self.most
        view = DigestView(store, MONDAYS, names, clock=self.clock, expect=expect, most=most)
        digests = view if with_digest else None
        queues, feed = (self.queue, self.poison), FeedTable(store)
        return DeliveryContext(feed, self.webhooks, set(), *queues, self.clock, digests)

    async def hand_out(
        self, until: datetime | None = None, *, twice: bool = False, chance: Random | None = None
    ) -> None:
        """Deliver what waits, each when it is due, up to a time: by default, the first tries.

        With a ``chance``, some processes die first, and the queue delivers the message again.
        """
        until = until or self.clock.time + LATE_PUBLICATION
        due = [(self.clock.time + delay, text) for text, delay in self.queue.sent]
        self.queue.sent.clear()
        while due:
            due.sort()
            at, text = due.pop(0)
            if at > until:
                self.queue.sent.append((text, at - self.clock.time))
                continue
            self.clock.time = max(at, self.clock.time)
            kept, self.queue.sent = self.queue.sent, []
            deaths = [chance.randrange(9) for _ in range(chance.randrange(3))] if chance else []
            for dies_at in [*deaths, *[-1] * (1 + twice)]:
                with suppress(DeathError):
                    context = self.instance(dies_at=dies_at)
                    await deliver(context, parse_message(text), self.clock.time)
            due += [(self.clock.time + delay, text) for text, delay in self.queue.sent]
            self.queue.sent = kept

    async def tick(self, at: datetime = MONDAY) -> None:
        """Fire the timer and deliver what it sends."""
        self.clock.time = at
        await queue_digest(self.instance())
        await self.hand_out()

    async def publish(self, at: datetime, kind: ChangeType, subject: str = "/a") -> None:
        """Record and publish a change."""
        change = Change(f"{kind}{subject}{at}", kind, at, "/subscriptions/s", subject, {})
        await FeedTable(self.served.store, MovableClock(at)).publish([change])

    async def marker(self, change_id: str) -> Entity | None:
        """Return what the feed keeps of a change until it is pruned."""
        marker = table_keys.feed_marker(change_id)
        return await self.served.store.get(Table.CHANGES, "feed", marker)

    async def reasons(self) -> list[str]:
        """Return the posture's reasons from the status."""
        routes = tuple(each.route for each in self.webhooks)
        digests = {"digest_schedule": MONDAYS, "given_routes": routes}
        app = self.served.app(as_served(**digests))
        answer = await send(app, "/api/v1/status")
        return [reason["message"] for reason in answer.json["reasons"]]

    def got(self, number: int = 0) -> list[Any]:
        """Return the data of the digests that a receiver got."""
        return [change.data for post in self.webhooks[number].posts for change in post]


@pytest.fixture
async def scene() -> Scene:
    """An estate with one violation, read an hour before the first digest is due."""
    scene = Scene()
    await scene.served.put(coverage(accounts=counted(MIXED)), MIXED)
    await scene.served.put_status(
        replace(status_of(coverage(accounts=counted(MIXED))), as_of=MONDAY - HOUR)
    )
    return scene


@pytest.mark.parametrize("late", [timedelta(), timedelta(days=2)])
async def test_a_digest_says_of_the_posture_what_the_status_says_when_it_is_posted(
    scene: Scene, late: timedelta
) -> None:
    """P1: never green from a stale row, even if the message has waited for days."""
    await queue_digest(scene.instance())
    scene.clock.time += late

    await scene.hand_out()

    (data,) = scene.got()
    status = (await send(scene.served.app(), "/api/v1/status")).json
    assert {name: data[name] for name in ("posture", "asOf", "fresh")} == {
        name: status[name] for name in ("posture", "asOf", "fresh")
    }
    assert data["fresh"] is not bool(late)
    assert any("OUT OF DATE" in text for text in data["text"]) is bool(late)


async def test_a_quiet_week_is_said(scene: Scene) -> None:
    """Who misses it on Monday knows that this way of hearing is broken."""
    await scene.tick()

    (data,) = scene.got()
    assert "since 2026-11-23 08:00 UTC: nothing changed" in data["text"]
    assert (data["changes"], data["notDeliveredSince"]) == (0, None)


async def test_a_digest_names_the_owners_with_most_violations_and_what_waits(scene: Scene) -> None:
    """An owner may have any name: it is text."""
    more = [replace(finding(f"x{number}"), owner=MIXED[1].owner) for number in range(3)]
    other = coverage(subscription_id=PRODUCTION.replace("1", "7"), accounts=counted(more))
    await scene.served.put(other, more)
    status = (await scene.served.scans.status()).value
    await scene.served.put_status(replace(status, unpublished_of_scans=Unpublished(3, MONDAY)))

    await scene.tick()

    ((change,),) = scene.webhooks[0].posts
    line = format_change(change, "")
    assert "; 3 changes waiting, not counted here; " in line.details
    assert line.title == "Digest"
    assert "; violations by owner: \U0001f511 Zoë: 3, ai-platform: 1" in line.details


async def test_the_route_of_an_owner_gets_its_own_accounts(scene: Scene) -> None:
    """Not the posture of an estate that it cannot act on."""
    owners = Route("data", "https://hooks.test", owners=frozenset({"ai-platform"}))
    scene.webhooks = [ScriptedWebhook(), ScriptedWebhook(route=owners)]
    await scene.publish(MONDAY - HOUR, ChangeType.COVERAGE_LOST)

    await scene.tick()

    (everything,), (own,) = scene.got(0), scene.got(1)
    assert (everything["changes"], own["changes"], own["posture"]) == (1, 0, None)
    assert (own["accounts"]["total"], own["accounts"]["nonCompliant"]) == (1, 1)
    assert own["fresh"] is True


async def test_owners_that_cannot_be_summed_are_no_owners_without_violations(scene: Scene) -> None:
    """0 of 0 accounts would be good news."""
    owners = Route("data", "https://hooks.test", owners=frozenset({"ai-platform"}))
    scene.webhooks, scene.most = [ScriptedWebhook(), ScriptedWebhook(route=owners)], 0
    await scene.served.change(Table.FINDINGS, PRODUCTION, table_keys.COVERAGE, owners=None)

    await scene.tick()

    (everything,), (own,) = scene.got(0), scene.got(1)
    assert everything["accounts"]["total"] == len(MIXED)
    assert own["accounts"] is None
    assert all(
        any("at most 0 findings" in text for text in one["text"]) for one in (everything, own)
    )


async def test_two_instances_and_messages_that_come_twice_make_one_digest(scene: Scene) -> None:
    """Their clocks differ by some seconds, and a timer may be early."""
    for seconds in (-2, 3):
        scene.clock.time = MONDAY + timedelta(seconds=seconds)
        await queue_digest(scene.instance())

    await scene.hand_out(twice=True)

    assert len(scene.webhooks[0].ids()) == 1


async def test_a_receiver_that_was_down_for_a_day_gets_the_digest_under_one_id(
    scene: Scene,
) -> None:
    """Tries do not multiply if the queue delivers each message twice."""
    scene.webhooks[0].failures = [DOWN] * 20
    await scene.tick()
    await scene.hand_out(MONDAY + 2 * HOUR, twice=True)
    (late,) = [text for text in await scene.reasons() if "digest" in text]
    assert "webhook: due 2026-11-30 08:00 UTC" in late

    await scene.hand_out(MONDAY + 24 * HOUR, twice=True)

    (digest,) = [change for post in scene.webhooks[0].posts for change in post]
    assert digest.time == MONDAY
    assert not scene.queue.sent
    assert not any("digest" in text for text in await scene.reasons())


async def test_the_next_digest_says_which_were_not_delivered(scene: Scene) -> None:
    """And the tries of the one before end: it would come too late."""
    await scene.publish(MONDAY - HOUR, ChangeType.ACCOUNT_VIOLATED)
    scene.webhooks[0].failures = [DOWN] * 1_000
    await scene.tick()
    await scene.hand_out(MONDAY + WEEK - HOUR)
    scene.webhooks[0].failures = []

    await scene.tick(MONDAY + WEEK)
    await scene.hand_out(MONDAY + WEEK + HOUR)

    (data,) = scene.got()
    assert data["notDeliveredSince"] == "2026-11-30T08:00:00Z"
    assert any("NOT DELIVERED" in text for text in data["text"])
    assert data["happened"]["violated"] == 1
    assert not scene.queue.sent


async def test_a_change_that_waited_past_the_end_of_a_period_is_in_the_next_digest_alone(
    scene: Scene,
) -> None:
    """Even if the receiver was down, and the digest is made after its publication."""
    scene.webhooks[0].failures = [DOWN] * 8
    await scene.tick()
    path, feed = "/subscriptions/s", FeedTable(scene.served.store, MovableClock(MONDAY + HOUR / 2))
    kind = ChangeType.ACCOUNT_VIOLATED
    await feed.publish([Change("late", kind, MONDAY - HOUR, path, path, {})])
    await scene.hand_out(MONDAY + 9 * HOUR)
    await scene.tick(MONDAY + WEEK)

    assert [data["happened"]["violated"] for data in scene.got()] == [0, 1]


@pytest.mark.parametrize("dated", [-2, 0, 2])
@pytest.mark.parametrize("fired", [-4, 0, 4])
async def test_a_change_around_the_end_of_a_period_is_in_one_digest(
    scene: Scene, fired: int, dated: int
) -> None:
    """A timer may be early, clocks differ, and a publication takes a while after it is dated."""
    scene.clock.time = MONDAY + timedelta(seconds=fired)
    await queue_digest(scene.instance())
    await scene.hand_out(scene.clock.time)
    for subject, seconds in (("/ahead", 3), ("/behind", dated)):
        at = MONDAY + timedelta(seconds=seconds)
        await scene.publish(at, ChangeType.ACCOUNT_VIOLATED, subject)

    await scene.hand_out(MONDAY + HOUR)
    await scene.tick(MONDAY + WEEK)

    before = int(dated < 0)
    assert [data["changes"] for data in scene.got()] == [before, 2 - before]
    assert [data["happened"]["violated"] for data in scene.got()] == [before, 2 - before]


async def test_a_message_for_a_later_digest_does_not_end_the_tries_of_the_due_one(
    scene: Scene,
) -> None:
    """Somebody forged it, or the clock was moved back between timer and delivery."""
    number = 10**18 + int((MONDAY + 2 * HOUR).timestamp())
    await scene.queue.send([f'{{"first": {number}, "last": {number}}}'])

    await scene.tick()

    assert [data["until"] for data in scene.got()] == [write_time(MONDAY)]
    assert not scene.queue.sent


async def test_a_schedule_that_was_missed_shows_in_the_status_and_in_the_next_digest(
    scene: Scene,
) -> None:
    """The host was down, or the timer had stopped, or it never fired."""
    digests = scene.instance().digests
    assert digests is not None
    for now in (MONDAY + HOUR, MONDAY + WEEK + HOUR):  # the first scan starts the period
        await digests.start(now)
        scene.clock.time = now
        assert not any("webhook: due" in text for text in await scene.reasons())
    scene.clock.time = MONDAY + WEEK + 2 * HOUR
    assert any("webhook: due 2026-12-07 08:00 UTC" in text for text in await scene.reasons())

    await scene.tick(MONDAY + 2 * WEEK)

    data = scene.got()[-1]
    assert (data["since"], data["notDeliveredSince"]) == (
        "2026-11-30T08:00:00Z",
        "2026-12-07T08:00:00Z",
    )


async def test_a_head_of_the_feed_that_is_too_new_does_not_mute_a_digest(scene: Scene) -> None:
    """It says that nobody knows the week, not that nothing changed."""
    await scene.publish(MONDAY - HOUR, ChangeType.ACCOUNT_VIOLATED)
    await scene.served.change(Table.CHANGES, "feed", "head", schema=99, writtenBy="9.0.0")

    await scene.tick()

    (data,) = scene.got()
    assert data["happened"] is None
    assert any("not known, because another version" in text for text in data["text"])


@pytest.mark.parametrize(("schema", "why"), [(99, "9.0.0"), (1, "rows from an early build")])
async def test_a_status_of_another_version_does_not_mute_a_digest(
    scene: Scene, schema: int, why: str
) -> None:
    """Tries until the next one would be silence; and it is no good news."""
    await scene.served.change(Table.SCANS, "scan", "status", schema=schema, writtenBy="9.0.0")

    await scene.tick()

    (data,) = scene.got()
    assert (data["posture"], data["fresh"], data["accounts"], data["waiting"]) == (
        "unknown",
        False,
        None,
        None,
    )
    assert any(why in text for text in data["text"])


@pytest.mark.parametrize("number", [10**20, 10**18])
async def test_a_version_without_digests_passes_the_message_over(
    scene: Scene, monkeypatch: pytest.MonkeyPatch, number: int
) -> None:
    """To such a version it is a range that the feed does not hold; so it is if they are off."""
    await queue_digest(scene.instance())
    ((text, _),) = scene.queue.sent
    scene.queue.sent.clear()
    monkeypatch.setattr(module, "FIRST_DIGEST", number)

    await deliver(scene.instance(with_digest=False), parse_message(text), MONDAY)

    assert [*scene.queue.sent, *scene.poison.sent, *scene.webhooks[0].posts] == []


@pytest.mark.parametrize(
    "seed", [0, 1, *(pytest.param(seed, marks=pytest.mark.long) for seed in range(2, 14))]
)
async def test_the_weeks_of_a_quarter_are_those_of_a_second_writing(seed: int) -> None:
    """Processes die, messages come twice, receivers are down, and the feed is pruned as by scans.

    A change is in the digest of the week in which it was published, or in the next one that was
    delivered; if it was pruned before, that digest says that something is missing.
    """
    chance, scene, since = Random(seed), Scene(), MONDAY
    kinds = {ChangeType.ACCOUNT_VIOLATED: "violated", ChangeType.COVERAGE_LOST: "gapOpened"}
    published = dict[str, tuple[datetime, Change]]()
    commit = Place("commit", Table.CHANGES)
    waits, begun = list[OutboxEntry](), False
    for week in range(13):
        end = MONDAY + week * WEEK
        for hour in sorted(chance.sample(range(24 * 7), chance.randrange(12))):
            at = scene.clock.time = end - WEEK + timedelta(hours=hour, minutes=1)
            kind, subject = chance.choice(list(kinds)), f"/{chance.randrange(4)}"
            change = Change(f"{at}", kind, at, "/subscriptions/s", subject, {})
            place = get_place(change)[:2]
            (etag,) = await scene.served.store.commit(*place, [outbox_write(change)])
            waits = [*waits, OutboxEntry(change, etag)]
            fault = chance.choice([None, Fault.DEATH_BEFORE, Fault.DEATH_AFTER])
            view = FaultyStore(scene.served.store, places={commit: fault} if fault else {})
            sent = waits
            with suppress(DeathError):
                feed = FeedTable(view, scene.clock, sleep=give_way)
                await feed.publish([entry.change for entry in waits])
                await feed.clear_outbox(waits)
                waits = []
            if fault is not Fault.DEATH_BEFORE:
                published = {each.change.id: (at, each.change) for each in sent} | published
        scene.clock.time = end
        await FeedTable(scene.served.store).prune(end - timedelta(days=9), 490)
        if chance.random() < 0.2:
            continue  # the host is down
        since, begun = since if begun else end - WEEK, True
        scene.webhooks[0].failures = [DOWN] * (1_000 if chance.random() < 0.2 else 2)
        before = len(scene.got())
        await queue_digest(scene.instance())
        await scene.hand_out(end + timedelta(days=6), twice=True, chance=chance)
        inside = [change for at, change in published.values() if since <= at < end]
        kept = [one for one in inside if await scene.marker(one.id)]
        expected = {happening: set[str]() for happening in kinds.values()}
        for change in kept:
            expected[kinds[change.type]].add(change.subject)
        for data in scene.got()[before:]:
            assert (data["since"], data["until"]) == (write_time(since), write_time(end))
            assert data["changes"] == len(kept)
            assert {name: data["happened"][name] for name in expected} == {
                name: len(subjects) for name, subjects in expected.items()
            }
            assert data["begins"] or len(kept) == len(inside)
        since = end if len(scene.got()) > before else since
    digests = {change.id: change.time for post in scene.webhooks[0].posts for change in post}
    assert len(digests) == len(set(digests.values())) > 3
