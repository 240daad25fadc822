"""Due dates over a quarter of scans, against a second writing of the rules."""

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from random import Random
from typing import Final

import pytest

from cmk_check.core.aspects.due_dates import DUE
from cmk_check.core.enums import ChangeType, DueState, ExceptionMode
from cmk_check.core.exceptions.facts import ExemptionFacts
from cmk_check.limits import SLICE_CLAIM
from cmk_check.ports import Replace, Table
from cmk_check.store import table_keys
from tests.fakes.exemptions import DENIED, NONE, ScriptedExemptions, exempted
from tests.fakes.faults import DeathError, Fault
from tests.fakes.keys import DISABLED, HEALTHY, UNREAD, ScriptedKeys
from tests.fakes.recording_store import RecordingStore
from tests.fakes.world import bad, good, odd, sub
from tests.unit.scan.scan_world import CLEAR_OUTBOX, FORBIDDEN, PUBLISH, RECORD, ScanWorld

ONE: Final = sub(1)
DAY: Final = timedelta(days=1)
# What a scan may find, and how Azure says it.
KEYS: Final = {"good": HEALTHY, "broken": DISABLED, "keyless": UNREAD}
FOUND: Final = ("bad", "bad", "bad", "odd", "gap", "broken", "keyless", "good", "gone")


def show(world: ScanWorld, name: str, found: str, exemption: ExemptionFacts = NONE) -> None:
    """Let Azure answer so from now on, about the one account of a subscription."""
    assert world.keys is not None
    assert world.exemptions is not None
    world.exemptions.facts[name] = exemption
    world.keys.facts[str(good(name).id)] = KEYS.get(found, HEALTHY)
    account = {"bad": bad, "odd": odd}.get(found, good)(name)
    shown = () if found in {"gap", "gone"} else (account,)
    world.read(name, *shown, gap=FORBIDDEN if found == "gap" else None)


def new_world(*names: str, days: int | None = 20) -> ScanWorld:
    """Return a program with keys and exceptions, a subscription to a slice."""
    world = ScanWorld(keys=ScriptedKeys(), slice_size=1)
    world.exemptions = ScriptedExemptions()
    world.listed(*names)
    world.expect(fix_within=days and days * DAY, exceptions=ExceptionMode.SHOW)
    for name in names:
        show(world, name, "good")
    return world


async def announced(world: ScanWorld) -> list[tuple[str, object]]:
    """Return the subscriptions and dates that the feed says have passed."""
    return [
        (change.source.rpartition("/")[2], change.data["dueAt"])
        for change in await world.feed()
        if change.type is ChangeType.ACCOUNT_OVERDUE
    ]


@dataclass
class Story:
    """One account as an auditor would tell it: dates from what the scans saw, in order."""

    seen: list[tuple[datetime, str]] = field(default_factory=list)
    grants: list[datetime] = field(default_factory=list)
    """The expiries of exemptions that hold, or that this scan has found expired."""
    granted: datetime | None = None
    passed: list[datetime] = field(default_factory=list)
    """The dates that passed, of this trouble and of earlier ones."""
    of_this: list[datetime] = field(default_factory=list)
    due: datetime | None = None

    def tell(self, now: datetime, found: str, exemption: datetime | str, days: int) -> None:
        """Add what a scan finds; the exemption holds until a time, is unread, or is none."""
        if found != "gap" and (not self.seen or self.seen[-1][1] != found):
            self.seen.append((max([now, *(time for time, _ in self.seen)]), found))
        self._exempt(now, found, exemption)
        began = self._began()
        if began is None:
            self.of_this, self.grants, self.due = [], [], None
            return
        self.due = max([began + timedelta(days=days), *self.grants, *self.of_this])
        self.grants = [self.granted] if self.granted else []
        if self.due <= now and self.due not in self.of_this:
            self.of_this.append(self.due)
            self.passed.append(self.due)

    @property
    def is_overdue(self) -> bool:
        """Whether the date has been announced."""
        return self.due in self.of_this

    def _exempt(self, now: datetime, found: str, exemption: datetime | str) -> None:
        if found == "bad" and isinstance(exemption, datetime) and exemption > now:
            lasts: datetime | None = exemption
        elif found in {"gap", "odd"} or (found == "bad" and exemption == "unread"):
            lasts = self.granted
        else:
            lasts = None
        before = self.granted
        if before is not None and before > now and lasts != before and before in self.grants:
            self.grants.remove(before)  # taken back, or replaced, before it had expired
        self.granted = lasts if found == "gap" or (lasts and lasts > now) else None
        if self.granted is not None and self.granted not in self.grants:
            self.grants.append(self.granted)

    def _began(self) -> datetime | None:
        """Go back to the last proof that all was well, and take the first trouble after it."""
        for place in reversed(range(len(self.seen))):
            found, before = self.seen[place][1], [what for _, what in self.seen[:place]]
            troubles = [what for what in before if what in {"bad", "broken", "good", "gone"}]
            is_over = found == "keyless" and troubles[-1:] != ["broken"]
            if found in {"good", "gone"} or is_over:
                return self._first(place)
        return self._first(-1)

    def _first(self, place: int) -> datetime | None:
        later = self.seen[place + 1 :]
        return next((time for time, found in later if found in {"bad", "broken"}), None)


async def one_scan(world: ScanWorld, chance: Random) -> list[tuple[str, datetime]]:
    """Run a scan whose processes may die at a write; return who was recorded when."""
    started = await world.start()
    await world.deliver(world.queue.messages.pop(0))
    recorded: list[tuple[str, datetime]] = []
    names = sorted(each.id for each in world.inventory.listed)
    for name, message in zip(names, world.sent(), strict=True):
        place = chance.choice([RECORD, CLEAR_OUTBOX, PUBLISH])
        fault = chance.choice([Fault.DEATH_BEFORE, Fault.DEATH_AFTER])
        faults = {place: fault} if chance.random() < 0.1 else {}
        try:
            await world.deliver(message, world.faulty(faults))
        except DeathError:
            if place is not RECORD or fault is Fault.DEATH_AFTER:
                recorded.append((name, world.clock.now()))
            world.clock.advance(SLICE_CLAIM + timedelta(minutes=1))
            await world.deliver(message)
        recorded.append((name, world.clock.now()))
    assert (await world.scan_row(started.scan_id)).finished_at
    return recorded


def exemption_of(chance: Random, now: datetime, until: datetime | None) -> datetime | None:
    """Grant, prolong or take back an exemption, or leave it."""
    kind = chance.random()
    if kind < 0.06:
        return max(now, until or now) + chance.randint(1, 20) * DAY
    return None if kind < 0.09 else until


@pytest.mark.parametrize(
    "seed", [0, *(pytest.param(seed, marks=pytest.mark.long) for seed in (1, 2))]
)
async def test_a_quarter_is_as_it_is_written_a_second_time(seed: int) -> None:
    """P3, P9: each date once, whatever exemptions, unknowns, deaths, clocks and settings do."""
    chance = Random(seed)
    names = [sub(number) for number in range(1, 5)]
    world, days = new_world(*names, days=6), 6
    stories = {name: Story() for name in names}
    found, until = dict.fromkeys(names, "good"), dict[str, datetime | None].fromkeys(names)
    for turn in range(92):
        now = world.clock.now()
        if chance.random() < 0.04:
            days = chance.choice([3, 6, 9, 20])
            world.expect(fix_within=days * DAY)
        exempts: dict[str, datetime | str] = {}
        for name in names:
            if turn and chance.random() < 0.12:
                found[name] = chance.choice(FOUND)
            until[name] = exemption_of(chance, now, until[name])
            end, hidden = until[name], chance.random() < 0.05
            facts = DENIED if hidden else exempted(name, end) if end else NONE
            exempts[name] = "unread" if hidden else end or "none"
            show(world, name, found[name], facts)
        for _ in range(2 if chance.random() < 0.1 else 1):
            for name, time in await one_scan(world, chance):
                stories[name].tell(time, found[name], exempts[name], days)
        stored = {each.id.subscription_id: each for each in (await world.findings()).values()}
        for name, story in stories.items():
            due = stored[name].due if name in stored else None
            assert (due.at if due else None) == story.due, (turn, name, story.seen)
        status = await world.known_status()
        assert status.summary.accounts.overdue == sum(each.is_overdue for each in stories.values())
        world.clock.advance(-DAY if chance.random() < 0.03 else DAY + timedelta(minutes=7))

    wanted = sorted(
        (name, f"{date:%Y-%m-%dT%H:%M:%SZ}") for name in names for date in stories[name].passed
    )
    assert sorted(await announced(world)) == wanted
    assert wanted


async def test_switched_on_late_the_date_is_that_of_the_recorded_violation() -> None:
    """Without the setting, none; off and on again, or with fewer days, nobody hears of it again."""
    world = new_world(ONE, days=None)
    show(world, ONE, "bad")
    await world.scan()
    began = world.clock.now()
    for found in ("odd", "bad"):
        show(world, ONE, found)
        world.clock.advance(2 * DAY)
        await world.scan()
    (undated,) = (await world.findings()).values()
    assert (undated.due, (await world.known_status()).summary.accounts.overdue) == (None, 0)
    assert "dueAt" not in str([change.data for change in await world.feed()])

    for days in (9, None, 9, 3, 30):
        world.expect(fix_within=days and days * DAY)
        world.clock.advance(4 * DAY)
        await world.scan()

    (finding,) = (await world.findings()).values()
    assert finding.due is not None
    assert (finding.due.since, finding.due.at) == (began, began + 30 * DAY)
    assert [date for _, date in await announced(world)] == [f"{began + 9 * DAY:%Y-%m-%dT%H:%M:%SZ}"]


async def test_after_a_rollback_it_is_announced_under_the_same_id() -> None:
    """P9: the feed has it once, although an earlier version has dropped what people know."""
    world = new_world(ONE, days=2)
    show(world, ONE, "bad")
    await world.scan()
    world.clock.advance(3 * DAY)
    await world.scan()
    row = await world.store.get(Table.FINDINGS, ONE, table_keys.finding_row("rg", "chat"))
    assert row is not None
    values = {name: value for name, value in row.values.items() if not name.startswith("due")}
    await world.store.commit(Table.FINDINGS, ONE, [Replace(row.row, values, row.etag)])
    await world.scan()

    told = [change.id for _, change in world.teller.told if change.type.endswith("overdue")]
    assert len(told) == 2
    assert len(set(told)) == len(await announced(world)) == 1


async def test_what_history_has_forgotten_still_counts() -> None:
    """A key whose reasons change each day must not stay for ever young."""
    world = new_world(ONE, days=30)
    for turn in range(40):
        show(world, ONE, "broken" if turn % 2 else "keyless")
        world.clock.advance(DAY)
        await world.scan()

    assert len(await announced(world)) == 1


async def test_an_estate_that_stays_as_it_is_is_not_written() -> None:
    """P4: neither before the date nor after it."""
    world = new_world(ONE, days=2)
    assert isinstance(world.store, RecordingStore)
    show(world, ONE, "bad")
    await world.scan()
    for wait in (DAY / 2, 3 * DAY):
        world.clock.advance(wait)
        await world.scan()
        before = len(world.store.log)
        await world.scan()
        assert world.store.findings_commits(before) == []
    (finding,) = (await world.findings()).values()
    assert DUE.state(finding, world.clock.now()) == DueState.OVERDUE
