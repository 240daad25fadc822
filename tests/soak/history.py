"""One history in memory: an estate changes, breaks and mends, scans are disturbed and die.

After every scan what is stored, published and answered is compared with the known truth.
"""

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import replace
from datetime import timedelta
from functools import partial
from random import Random
from typing import Final

from cmk_check.core.account import Subscription
from cmk_check.core.enums import ExceptionMode
from cmk_check.core.posture import Expectations
from cmk_check.core.scope import Scope
from cmk_check.errors import CmkCheckError
from cmk_check.limits import EXEMPTION_TURNS
from cmk_check.ports import InventoryError, SliceMessage, Table
from cmk_check.scan.scan_context import ScanContext
from tests.fakes.exemptions import DENIED, ScriptedExemptions
from tests.fakes.faults import DeathError, Fault, FaultyStore
from tests.fakes.keys import ScriptedKeys
from tests.fakes.recording_store import RecordingStore
from tests.fakes.world import MAX_DELIVERIES, World
from tests.soak.answers import Answers
from tests.soak.checks import Checks
from tests.soak.past import Past
from tests.soak.tally import Tally
from tests.soak.truth import EXEMPTED, FORBIDDEN, NAMES, STATES, SUBSCRIPTIONS, Truth

TROUBLE: Final = [
    [Fault.SLEEP],
    [Fault.DEATH_BEFORE, Fault.DEATH_AFTER],
    [Fault.NO_ANSWER, Fault.LOST_ANSWER],
    list(Fault),
]
_HOUR: Final = timedelta(hours=1)
_CHANGES: Final = 0.3
_OMITS_TO_THE_END: Final = 3
# What Resource Graph shows of the subscriptions with an exemption, at times late or wrong.
GRAPH: Final[Mapping[str, Callable[[Truth], bool] | None]] = {
    "unknown": None,
    "all": lambda _: True,
    "none": lambda _: False,
    "right": lambda truth: any(state in EXEMPTED for state in truth.accounts.values()),
    "wrong": lambda truth: not any(state in EXEMPTED for state in truth.accounts.values()),
}
_TAKEN_BACK: Final = 0.7


class History:
    """Scans of an estate that changes, breaks and mends; ``tally`` counts what happens."""

    def __init__(self, tally: Tally) -> None:
        self.store = RecordingStore()
        self.keys = ScriptedKeys()
        self.world = World(
            self.store,
            keys=self.keys,
            slice_size=2,
            expectations=Expectations(timedelta(hours=100), exceptions=ExceptionMode.ACCEPT),
        )
        self.world.exemptions = self.exemptions = ScriptedExemptions()
        self.graph_shows = "unknown"
        self.exemptions_hide = False
        self.truth = {SUBSCRIPTIONS[0]: Truth({"a": "compliant"})}
        self.excluded: set[str] = set()
        self.list_fails = False
        self.tally = tally
        self.past = Past(self.world.clock)
        self.checks = Checks(self.world, self.truth, self.excluded, self.past)
        self.api = Answers(self.world, self.past)
        self.seed(0)
        self.trouble: Sequence[Fault] = ()
        self._changed: tuple[str, str, str] | None = None
        self._sleepers: list[tuple[FaultyStore, asyncio.Task[bool]]] = []

    def seed(self, seed: int) -> None:
        """Let this seed decide what chance does from here on."""
        self._random = Random(seed)

    def account_becomes(self, where: str, name: str, state: str | None) -> None:
        """Create or change an account, let its kind leave the scope, or delete it (None)."""
        accounts = self.truth.setdefault(where, Truth()).accounts
        accounts.pop(name, None)
        if state is not None:
            accounts[name] = state

    def turns(self, where: str, fact: str) -> None:
        """Let a subscription be ``listed``, ``deleted`` or ``readable``, or no longer."""
        truth = self.truth.setdefault(where, Truth())
        setattr(truth, fact, not getattr(truth, fact))

    async def scan(self, share: float = 0, *, wakes: bool = True) -> None:
        """Scan, a share of all storage operations going wrong; whoever sleeps may wake in it."""
        self._script()
        self.world.clock.advance(_HOUR)
        await self._run(self.world.start, share)
        pending = [(message, 0) for message in self._sent()]
        while pending:
            message, tries = pending.pop(self._random.randrange(len(pending)))
            if share and self._random.random() < _CHANGES:
                self._change_something()
            handle = self.world.deliver if tries < MAX_DELIVERIES else self.world.poison
            if not await self._run(partial(handle, message), share):
                self.world.clock.advance(timedelta(minutes=self._random.choice([5, 11])))
                if tries + 1 < 2 * MAX_DELIVERIES:
                    pending.append((message, tries + 1))
            pending += [(sent, 0) for sent in self._sent()]
            if self._random.random() < share / 2:
                pending.append((message, 0))
            if wakes and self._sleepers and self._random.random() < 0.5:
                await self._wake(self._random.randrange(len(self._sleepers)))
        self.tally.scans += 1
        if not (share or self.list_fails):
            await self.checks.count(self.tally)

    async def _run(self, invoke: Callable[[ScanContext], Awaitable[object]], share: float) -> bool:
        """Run an invocation in a process of its own; False where it failed, died or fell asleep."""
        faults = {
            number: self._random.choice(self.trouble)
            for number in range(200)
            if self._random.random() < share
        }
        store = FaultyStore(self.store, faults)

        async def process() -> bool:
            try:
                await invoke(self.world.process(store))
            except (CmkCheckError, DeathError, BaseExceptionGroup):
                return False
            return True

        task = asyncio.create_task(process())
        asleep = asyncio.create_task(store.asleep.wait())
        await asyncio.wait({task, asleep}, return_when=asyncio.FIRST_COMPLETED)
        self.tally.faults += sum(number < store.operations for number in faults)
        self.tally.deaths += store.is_dead
        if not task.done():
            self._sleepers.append((store, task))
            return False
        asleep.cancel()
        return task.result()

    async def _wake(self, number: int) -> None:
        """Let a process go on that slept while others took over its work."""
        store, task = self._sleepers.pop(number)
        store.faults = {}
        store.wake.set()
        await task

    def _sent(self) -> list[SliceMessage]:
        sent, self.world.queue.messages = self.world.queue.messages, []
        return sent

    def _script(self) -> None:
        inventory = self.world.inventory
        inventory.listed = tuple(
            Subscription(where, "name", "tenant", "Deleted" if truth.deleted else "Enabled")
            for where, truth in self.truth.items()
            if truth.listed
        )
        inventory.list_error = InventoryError(FORBIDDEN) if self.list_fails else None
        self.world.options = replace(
            self.world.options, scope=Scope(exclude=frozenset(self.excluded))
        )
        self._script_readings()

    def _script_readings(self) -> None:
        self.world.inventory.readings = {
            where: truth.reading(where) for where, truth in self.truth.items()
        }
        self.keys.facts = {
            account_id: facts
            for where, truth in self.truth.items()
            for account_id, facts in truth.keys(where).items()
        }
        self.past.note(self.truth, self.excluded)
        self.exemptions.facts = {
            where: DENIED if self.exemptions_hide else truth.exemptions(where)
            for where, truth in self.truth.items()
        }
        shows = GRAPH[self.graph_shows]
        self.exemptions.shown = shows and frozenset(
            where for where, truth in self.truth.items() if shows(truth)
        )

    def _change_something(self) -> None:
        """Change an account while the scan runs, or take the last such change back.

        Only what was changed back tells whether a worker that was overtaken writes what it read
        before: whoever took over finds nothing to write.
        """
        if self._changed is not None and self._random.random() < _TAKEN_BACK:
            where, name, state = self._changed
            self._changed = None
        else:
            where, name = self._random.choice(list(self.truth)), self._random.choice(NAMES)
            state = self._random.choice(STATES)
            self._changed = where, name, self.truth[where].accounts.get(name, "other kind")
        self.truth[where].accounts[name] = state
        self._script_readings()

    async def settle(self) -> None:
        """End with a scan that nothing disturbs, compare everything, see the next scan quiet."""
        self.list_fails = self.exemptions_hide = False
        await self._settle_exemptions()
        for truth in self.truth.values():
            truth.pages_read = None
        await self.scan()
        await self.wake_all()
        self._sent()
        await self.scan()
        await self.checks.green()
        await self.checks.everything()
        if not any(truth.listed for truth in self.truth.values()):
            return  # each scan of an empty list fails, and says so
        now = self.world.clock.now()
        if any(now < end <= now + _HOUR for end in EXEMPTED.values()):
            return  # the end of an exception is told by the next scan
        before, told = len(self.store.log), len(self.world.teller.told)
        await self.scan()
        operations = self.store.log[before:]
        written = [o for o in operations if o.table is Table.FINDINGS and o.writes]
        assert not written, f"a scan of an unchanged estate wrote {written}"
        assert len(self.world.teller.told) == told, "a scan of an unchanged estate told something"

    async def _settle_exemptions(self) -> None:
        """Let Resource Graph be right, or omit new exemptions until each has had its turn."""
        if self._random.randrange(_OMITS_TO_THE_END):
            self.graph_shows = "right"
            return
        self.graph_shows = "none"
        await self.scan()
        for truth in self.truth.values():
            for name, state in truth.accounts.items():
                if state == "non_compliant":
                    truth.accounts[name] = "accepted"
        for _ in range(EXEMPTION_TURNS):
            await self.scan()

    async def wake_all(self) -> None:
        """P9: what slept through a newer scan puts no older reading over a newer one."""
        before = await self.world.findings()
        while self._sleepers:
            await self._wake(0)
        after = await self.world.findings()
        assert {key: after.get(key) for key in before} == before, "an older reading was written"
