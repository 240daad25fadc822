"""Scans of small estates with one thing going wrong, and what must come out all the same."""

from abc import ABC, abstractmethod
from collections.abc import Mapping
from datetime import timedelta
from functools import partial
from typing import Final

from cmk_check.core.model import Account, Finding
from cmk_check.core.words import Verdict
from cmk_check.ports import Query, SliceMessage, Table
from cmk_check.store import keys
from tests.fakes.world import MAX_DELIVERIES, World, bad, good
from tests.unit.scan.processes import ONE, THREE, TWO, Invocation, scan_changes

type Estate = Mapping[str, tuple[Account, ...]]

RED: Final[tuple[Estate, Estate]] = (
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
)
GREEN: Final[tuple[Estate, Estate]] = (
    {ONE: (good(ONE, "broken"),), TWO: (good(TWO, "removed"),), THREE: (good(THREE, "same"),)},
    {ONE: (bad(ONE, "broken"),), TWO: (), THREE: (good(THREE, "same"), good(THREE, "new"))},
)
FIRST: Final[tuple[Estate, Estate]] = ({}, RED[1])
HISTORIES: Final = {"red": RED, "green": GREEN, "first scan": FIRST}


class Run(ABC):
    """One scan; a subclass says how its processes run, and what goes wrong in them."""

    def __init__(self, world: World) -> None:
        self.world = world
        self.processes = 0

    async def scan(self) -> None:
        """Scan, with messages that come again as the queue brings them."""
        self.world.clock.advance(timedelta(hours=1))
        await self._invoke(self.world.start)
        waiting = [(message, 1) for message in self._sent()]
        while waiting:
            message, tries = waiting.pop(0)
            handle = self.world.deliver if tries <= MAX_DELIVERIES else self.world.poison
            if not await self._invoke(partial(handle, message)):
                self.world.clock.advance(timedelta(minutes=5))
                assert tries < 2 * MAX_DELIVERIES, f"{message} never came to an end"
                waiting.append((message, tries + 1))
            waiting += [(sent, 1) for sent in self._sent()]

    @abstractmethod
    async def process(self, number: int, handle: Invocation) -> bool:
        """Run the ``number``-th process, from 0; False where its message comes again."""

    async def _invoke(self, handle: Invocation) -> bool:
        ended = await self.process(self.processes, handle)
        self.processes += 1
        await self._check_green()
        return ended

    async def _check_green(self) -> None:
        """P1, after every process: compliant is not said while anything else is recorded."""
        if (await self.world.posture()).verdict is Verdict.COMPLIANT:
            found = await self.world.verdicts()
            assert set(found.values()) <= {"compliant"}

    def _sent(self) -> list[SliceMessage]:
        sent, self.world.queue.messages = self.world.queue.messages, []
        return sent


async def begun(history: tuple[Estate, Estate]) -> World:
    """Return a world whose estate was recorded once, unless it is to be, and has changed since."""
    before, after = history
    world = World(slice_size=2)
    if before:
        script(world, before)
        await world.scan()
    script(world, after)
    return world


def script(world: World, estate: Estate) -> None:
    """Let Azure list and answer an estate."""
    world.listed(*estate)
    for subscription_id, accounts in estate.items():
        world.read(subscription_id, *accounts)


async def outcome(world: World) -> dict[str, object]:
    """Return all that must not depend on what went wrong, without ids and times."""
    status = await world.status()
    assert status is not None
    feed = sorted(
        (change.source, change.sequence, change.type, change.subject, said(change.data))
        for change in await world.feed()
        if change.source.startswith("/subscriptions/")
    )
    stored = {
        where: await world.parts.estate.read_one(keys.partition_of(where))
        for where in (ONE, TWO, THREE)
    }
    return {
        "findings": {key: facts(entry) for key, entry in (await world.findings()).items()},
        "coverage": {
            key: (entry.mark, len(entry.outbox), entry.known.coverage.sequence)
            for key, entry in stored.items()
            if entry.known.coverage is not None
        },
        "feed": feed,
        "posture": await world.posture(),
        "accounts": status.summary.accounts,
        "subscriptions": status.summary.subscriptions,
    }


def facts(finding: Finding) -> tuple[object, ...]:
    """Return what a finding says, without its times and scans."""
    passed = [(entry.verdict, entry.reason) for entry in finding.history]
    return finding.judgement, finding.previous_verdict, finding.changes, passed


def said(data: Mapping[str, object]) -> str:
    """Return what a change says of before and after."""
    return f"{data['before']} -> {data['after']}, baseline {data['baseline']}"


async def check_told(world: World) -> None:
    """Check that all is told, that recovery follows trouble, and that nothing is left over."""
    feed = await world.feed()
    for source in {change.source for change in feed}:
        numbers = [change.sequence for change in feed if change.source == source]
        assert numbers == sorted(numbers)
    ids = [change.id for change in feed]
    assert len(set(ids)) == len(ids)
    assert {change.id for _, change in world.teller.told} >= set(ids)
    of_scans = await scan_changes(world)
    trouble = {"scan.abandoned", "scan.failed"} & set(of_scans)
    assert of_scans.count("scan.baseline") == 1
    assert of_scans.count("scan.recovered") == bool(trouble)
    left = Query(partition_from="slice|", partition_to="slice}")
    assert [row async for row in world.store.query(Table.SCANS, left)] == []
    assert await world.parts.scans.outbox() == ()
