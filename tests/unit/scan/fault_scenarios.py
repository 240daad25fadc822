"""Scans of small estates with one thing going wrong, and what must come out all the same."""

from abc import ABC, abstractmethod
from collections.abc import AsyncIterator, Mapping
from copy import copy
from dataclasses import dataclass, field, replace
from datetime import timedelta
from functools import partial
from typing import Final, Self

from cmk_check.core.account import Account
from cmk_check.core.enums import KeyState, PostureVerdict, Verdict
from cmk_check.core.keys.facts import KeyFacts
from cmk_check.core.model import Finding
from cmk_check.core.requirements import HEALTHY_KEYS
from cmk_check.ports import SliceMessage, Table, TableQuery
from cmk_check.store import table_keys
from cmk_check.store.outbox import Outbox
from tests.fakes.keys import DISABLED, UNREAD, ScriptedKeys
from tests.fakes.world import MAX_DELIVERIES, bad, good
from tests.unit.scan.scan_world import ONE, THREE, TWO, Invocation, ScanWorld

type Estate = Mapping[str, tuple[Account, ...]]


@dataclass(frozen=True)
class History:
    """An estate as recorded, and as it is when the disturbed scan comes.

    ``keys_before`` and ``keys`` are by the names of accounts; those not named are healthy.
    """

    before: Estate
    after: Estate
    keys_before: Mapping[str, KeyFacts] = field(default_factory=dict)
    keys: Mapping[str, KeyFacts] = field(default_factory=dict)
    require_healthy_keys: bool = False


RED: Final = History(
    {
        ONE: (bad(ONE, "fixed"), good(ONE, "broken")),
        TWO: (good(TWO, "removed"),),
        THREE: (good(THREE, "same"),),
    },
    {
        ONE: (good(ONE, "fixed"), bad(ONE, "broken")),
        TWO: (),
        THREE: (good(THREE, "same"), bad(THREE, "new")),
    },
    keys_before={"same": UNREAD},
    keys={"fixed": DISABLED},
)
GREEN: Final = History(
    {ONE: (good(ONE, "key"),), TWO: (good(TWO, "removed"),), THREE: (good(THREE, "broken"),)},
    {ONE: (good(ONE, "key"),), TWO: (), THREE: (bad(THREE, "broken"), good(THREE, "new"))},
    keys={"key": DISABLED},
    require_healthy_keys=True,
)
# A bad key of the same scan would lower the status before a bad account has to.
WORSE: Final = replace(GREEN, keys={}, require_healthy_keys=False)
FIRST: Final = History({}, RED.after, keys=RED.keys, require_healthy_keys=True)
HISTORIES: Final = {"red": RED, "green": GREEN, "worse": WORSE, "first scan": FIRST}


@dataclass(frozen=True)
class Point[How]:
    """The ``number``-th place of the ``process``-th process of a scan, and what happens there."""

    process: int
    number: int
    how: How


class Run[How](ABC):
    """One scan; a subclass says how its processes run, and what goes wrong in them.

    ``point`` is where something goes wrong; ``places`` counts, process by process, where it could.
    """

    def __init__(self, world: ScanWorld) -> None:
        self.world = world
        self.point: Point[How] | None = None
        self.places: list[int] = []
        self.waiting: list[tuple[SliceMessage, int]] = []

    async def scan(self) -> None:
        """Scan, with messages that come again as the queue brings them."""
        await self.step()
        await self.go_on()

    async def undisturbed(self) -> tuple[dict[str, object], int]:
        """Return the outcome if nothing goes wrong, and how many places there are."""
        run = self.twin()
        await run.scan()
        await run.world.scan()
        return await outcome(run.world), sum(run.places)

    async def go_on(self) -> None:
        """Scan to the end."""
        while self.waiting:
            await self.step()

    async def step(self) -> None:
        """Run one process: the start, or the delivery of a message."""
        if not self.places:
            self.world.clock.advance(timedelta(hours=1))
            await self._invoke(self.world.start)
        else:
            await self._deliver(*self.waiting.pop(0))
        self.waiting += [(sent, 1) for sent in self.world.sent()]

    async def disturbed(self, *hows: How) -> AsyncIterator[Self]:
        """Try each thing at each place of the scan; yield each run after that process.

        What comes then depends on what is stored, sent and told alone. Runs that agree in all of
        it come once.
        """
        met = set()
        for before, places in await self._before_each_process():
            points = [(number, how) for number in range(places) for how in hows]
            for number, how in points:
                run = before.twin()
                run.point = Point(len(before.places), number, how)
                await run.step()
                content = run.content()
                if content not in met:
                    met.add(content)
                    yield run

    async def _before_each_process(self) -> list[tuple[Self, int]]:
        """Return the run before each process of the scan, and how many places that has."""
        found: list[tuple[Self, int]] = []
        run = self.twin()
        while run.waiting or not found:
            before = run.twin()
            await run.step()
            found.append((before, run.places[-1]))
        return found

    def twin(self) -> Self:
        """Return a run that goes on by itself from here."""
        twin = copy(self)
        twin.world = self.world.copy()
        twin.places = list(self.places)
        twin.waiting = list(self.waiting)
        return twin

    def content(self) -> str:
        """Return, as text, all that decides how it goes on: runs of equal content end alike."""
        return f"{self.waiting} {self.world.content()}"

    @abstractmethod
    async def process(self, point: Point[How] | None, handle: Invocation) -> bool:
        """Run a process, count its places; False where its message comes again.

        ``point`` is one of this process, or None if nothing goes wrong in it.
        """

    async def _deliver(self, message: SliceMessage, tries: int) -> None:
        handle = self.world.deliver if tries <= MAX_DELIVERIES else self.world.poison
        if not await self._invoke(partial(handle, message)):
            self.world.clock.advance(timedelta(minutes=5))
            assert tries < 2 * MAX_DELIVERIES, f"{message} never came to an end"
            self.waiting.append((message, tries + 1))

    async def _invoke(self, handle: Invocation) -> bool:
        is_here = self.point is not None and self.point.process == len(self.places)
        ended = await self.process(self.point if is_here else None, handle)
        await self._check_green()
        return ended

    async def _check_green(self) -> None:
        """P1, after every process: compliant is not said while anything else is recorded."""
        if await self.world.verdict() is PostureVerdict.COMPLIANT:
            found = await self.world.findings()
            assert {each.judgement.verdict for each in found.values()} <= {Verdict.COMPLIANT}
            if HEALTHY_KEYS in self.world.options.expectations.requires:
                keys = {each.key_health and each.key_health.state for each in found.values()}
                assert keys <= {KeyState.HEALTHY, KeyState.AT_RISK}


async def begun(history: History) -> ScanWorld:
    """Return a world whose estate was recorded once, unless it is to be, and has changed since."""
    world = ScanWorld(slice_size=2, keys=ScriptedKeys())
    world.require(*[HEALTHY_KEYS] * history.require_healthy_keys)
    if history.before:
        script(world, history.before, history.keys_before)
        await world.scan()
    script(world, history.after, history.keys)
    return world


def script(world: ScanWorld, estate: Estate, keys: Mapping[str, KeyFacts]) -> None:
    """Let Azure list and answer an estate."""
    world.listed(*estate)
    assert world.keys is not None
    world.keys.facts = {
        str(each.id): keys[each.id.name]
        for accounts in estate.values()
        for each in accounts
        if each.id.name in keys
    }
    for subscription_id, accounts in estate.items():
        world.read(subscription_id, *accounts)


async def outcome(world: ScanWorld) -> dict[str, object]:
    """Return all that must not depend on what went wrong, without ids and times."""
    summary = (await world.known_status()).summary
    said = ("before", "after", "baseline")
    feed = sorted(
        (each.source, each.sequence, each.type, each.subject, str([each.data[key] for key in said]))
        for each in await world.feed()
        if each.source.startswith("/subscriptions/")
    )
    table = world.context.findings_table
    rows = [await table.read_one(table_keys.get_partition(where)) for where in (ONE, TWO, THREE)]
    return {
        "findings": {key: facts(entry) for key, entry in (await world.findings()).items()},
        "coverage": [
            (known and known.recording, len(row.outbox.entries), known and known.sequence)
            for row in rows
            for known in [row.known.coverage]
        ],
        "feed": feed,
        "posture": await world.posture(),
        "accounts": summary.accounts,
        "subscriptions": summary.subscriptions,
    }


def facts(finding: Finding) -> tuple[object, ...]:
    """Return what a finding says, without its times and scans."""
    passed = [(entry.verdict, entry.reason, entry.key_health) for entry in finding.history]
    key = finding.key_health
    return finding.judgement, key, finding.previous_verdict, finding.changes, passed


async def check_told(world: ScanWorld) -> None:
    """Check that all is told, that recovery follows trouble, and that nothing is left over."""
    feed = await world.feed()
    for source in {change.source for change in feed}:
        numbers = [change.sequence for change in feed if change.source == source]
        assert numbers == sorted(numbers)
    ids = [change.id for change in feed]
    assert len(set(ids)) == len(ids)
    assert {change.id for _, change in world.teller.told} >= set(ids)
    of_scans = await world.scan_changes()
    trouble = {"scan.abandoned", "scan.failed"} & set(of_scans)
    assert of_scans.count("scan.baseline") == 1
    assert of_scans.count("scan.recovered") == bool(trouble)
    left = TableQuery(partition_from="slice|", partition_to="slice}")
    assert [row async for row in world.store.query(Table.SCANS, left)] == []
    assert await world.context.scans.outbox() == Outbox()
