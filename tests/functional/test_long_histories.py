"""Random estates, random changes, random faults and deaths: what is stored, published and answered
is compared with the known truth after every scan.
"""

import asyncio
from collections import defaultdict
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field, replace
from datetime import timedelta
from functools import partial
from random import Random

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from cmk_check.core.model import Account, Change, Gap, Reading, Subscription
from cmk_check.core.posture import Expectations
from cmk_check.core.scope import Scope
from cmk_check.core.words import ChangeType, CoverageState, GapReason, ScanState, Verdict
from cmk_check.errors import CmkCheckError, InventoryError
from cmk_check.ports import SliceMessage, Table
from cmk_check.scan.parts import Parts
from cmk_check.store.estate import EstateTable
from cmk_check.store.memory import MemoryStore
from cmk_check.store.scans import ScanTable
from tests.fakes.faults import DeathError, Fault, FaultyStore
from tests.fakes.world import MAX_DELIVERIES, World, bad, good, odd, sub

SUBSCRIPTIONS = [sub(number) for number in range(1, 5)]
NAMES = ["a", "b", "c"]
MAKERS = {"compliant": good, "non_compliant": bad, "unknown": odd}
FORBIDDEN = Gap(GapReason.FORBIDDEN, "Microsoft.CognitiveServices/accounts/read", "no right")
TROUBLE = [
    [Fault.SLEEP],
    [Fault.DEATH_BEFORE, Fault.DEATH_AFTER],
    [Fault.NO_ANSWER, Fault.LOST_ANSWER],
    list(Fault),
]


@dataclass
class Truth:
    """One subscription as it really is."""

    accounts: dict[str, str] = field(default_factory=dict)
    listed: bool = True
    deleted: bool = False
    readable: bool = True
    pages_read: int | None = None

    def reading(self, subscription_id: str) -> Reading:
        """Return what Azure would answer now."""
        found = [
            MAKERS[verdict](subscription_id, name)
            for name, verdict in sorted(self.accounts.items())
            if verdict in MAKERS
        ]
        ignored = [name for name, verdict in self.accounts.items() if verdict not in MAKERS]
        ids = frozenset(str(bad(subscription_id, name).id) for name in ignored)
        kinds = {"SpeechServices": len(ignored)} if ignored else {}
        if not self.readable:
            return Reading(gap=FORBIDDEN)
        if self.pages_read is not None:
            timeout = Gap(GapReason.TIMEOUT, detail="page 2 did not come")
            return Reading(tuple(found[: self.pages_read]), {}, frozenset(), timeout)
        return Reading(tuple(found), kinds, ids)


class Histories(RuleBasedStateMachine):
    """Scans of an estate that changes, breaks and mends."""

    def __init__(self) -> None:
        super().__init__()
        self.runner = asyncio.Runner()
        self.store = MemoryStore()
        self.world = World(
            self.store, slice_size=2, expectations=Expectations(timedelta(hours=100))
        )
        self.truth = {SUBSCRIPTIONS[0]: Truth({"a": "compliant"})}
        self.excluded: set[str] = set()
        self.list_fails = False
        self.random = Random(0)
        self.trouble: Sequence[Fault] = ()
        self.sleepers: list[tuple[FaultyStore, asyncio.Task[bool]]] = []

    def teardown(self) -> None:
        """End every history with a scan that nothing disturbs, and compare everything."""
        try:
            self.list_fails = False
            for truth in self.truth.values():
                truth.pages_read = None
            self.runner.run(self._settle())
        finally:
            self.runner.close()

    @rule(where=st.sampled_from(SUBSCRIPTIONS), name=st.sampled_from(NAMES), data=st.data())
    def account_becomes(self, where: str, name: str, data: st.DataObject) -> None:
        """Create or change an account, or let its kind leave the scope."""
        verdict = data.draw(st.sampled_from([*MAKERS, "other kind"]))
        self.truth.setdefault(where, Truth()).accounts[name] = verdict

    @rule(where=st.sampled_from(SUBSCRIPTIONS), name=st.sampled_from(NAMES))
    def account_goes(self, where: str, name: str) -> None:
        """Delete an account."""
        self.truth.setdefault(where, Truth()).accounts.pop(name, None)

    @rule(where=st.sampled_from(SUBSCRIPTIONS), data=st.data())
    def subscription_becomes(self, where: str, data: st.DataObject) -> None:
        """Lose or regain access, vanish, be deleted, answer a part."""
        truth = self.truth.setdefault(where, Truth())
        what = data.draw(st.sampled_from(["readable", "listed", "deleted", "part", "whole"]))
        match what:
            case "readable":
                truth.readable = not truth.readable
            case "listed":
                truth.listed = not truth.listed
            case "deleted":
                truth.deleted = not truth.deleted
            case "part":
                truth.pages_read = data.draw(st.integers(0, 2))
            case "whole":
                truth.pages_read = None

    @rule(where=st.sampled_from(SUBSCRIPTIONS))
    def exclude_or_include(self, where: str) -> None:
        """Put a subscription on the exclude list, or take it off."""
        self.excluded ^= {where}

    @rule()
    def list_breaks_or_mends(self) -> None:
        """Let the list of subscriptions fail."""
        self.list_fails = not self.list_fails

    @rule()
    def scan(self) -> None:
        """Scan without any trouble."""
        self.runner.run(self._scan())

    @rule(
        seed=st.integers(0, 2**32),
        share=st.sampled_from([0.03, 0.1, 0.2]),
        faults=st.sampled_from(TROUBLE),
    )
    def troubled_scan(self, seed: int, share: float, faults: Sequence[Fault]) -> None:
        """Scan while the estate changes and a share of all storage operations goes wrong."""
        self.random = Random(seed)
        self.trouble = faults
        self.runner.run(self._scan(share))

    @invariant()
    def green_is_earned(self) -> None:
        """P1: compliant is said only where every recorded account is, and everything was read."""
        self.runner.run(self._check_green())

    async def _scan(self, share: float = 0) -> None:
        self._script()
        self.world.clock.advance(timedelta(hours=1))
        await self._run(self.world.start, share)
        pending = [(message, 0) for message in self._sent()]
        while pending:
            message, tries = pending.pop(self.random.randrange(len(pending)))
            if self.random.random() < share:
                self._change_something()
            handle = self.world.deliver if tries < MAX_DELIVERIES else self.world.poison
            if not await self._run(partial(handle, message), share):
                self.world.clock.advance(timedelta(minutes=self.random.choice([5, 11])))
                if tries + 1 < 2 * MAX_DELIVERIES:
                    pending.append((message, tries + 1))
            pending += [(sent, 0) for sent in self._sent()]
            if self.random.random() < share / 2:
                pending.append((message, 0))
            if self.sleepers and self.random.random() < 0.5:
                await self._wake(self.random.randrange(len(self.sleepers)))

    async def _run(self, invoke: Callable[[Parts], Awaitable[object]], share: float) -> bool:
        """Run an invocation in a process of its own; False where it failed, died or fell asleep."""
        faults = {
            number: self.random.choice(self.trouble)
            for number in range(200)
            if self.random.random() < share
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
        if not task.done():
            self.sleepers.append((store, task))
            return False
        asleep.cancel()
        return task.result()

    async def _wake(self, number: int) -> None:
        """Let a process go on that slept while others took over its work."""
        store, task = self.sleepers.pop(number)
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

    def _change_something(self) -> None:
        """Change an account while the scan runs."""
        where = self.random.choice(list(self.truth))
        name = self.random.choice(NAMES)
        self.truth[where].accounts[name] = self.random.choice([*MAKERS, "other kind"])
        self._script_readings()

    async def _check_green(self) -> None:
        status, answer = await self.world.status(), await self.world.posture()
        if status is not None and status.as_of is not None:
            assert status.summary.subscriptions.total >= status.visible
        if answer.verdict is not Verdict.COMPLIANT:
            return
        for finding in (await self.world.findings()).values():
            assert finding.judgement.verdict is Verdict.COMPLIANT
        for stored in (await EstateTable(self.store).read_range("", "")).values():
            assert stored.known.coverage is not None
            assert stored.known.coverage.state not in {CoverageState.GAP, CoverageState.UNREAD}

    async def _settle(self) -> None:
        """Compare rows, feed, tellings and posture with the truth, and see the next scan quiet."""
        await self._scan()
        await self._check_overtaken()
        self._sent()
        self.world.clock.advance(timedelta(hours=1))
        await self._scan()
        await self._check_rows()
        await self._check_feed()
        await self._check_posture()
        if not any(truth.listed for truth in self.truth.values()):
            return  # each scan of an empty list fails, and says so
        before, told = len(self.store.log), len(self.world.teller.told)
        await self._scan()
        operations = self.store.log[before:]
        assert not [o for o in operations if o.table is Table.FINDINGS and o.writes]
        assert len(self.world.teller.told) == told

    async def _check_overtaken(self) -> None:
        """P9: what slept through a newer scan puts no older reading over a newer one."""
        before = await self.world.findings()
        while self.sleepers:
            await self._wake(0)
        after = await self.world.findings()
        assert {key: after.get(key) for key in before} == before

    def _expected(self, where: str) -> dict[str, Account]:
        truth = self.truth[where]
        if where in self.excluded or truth.deleted:
            return {}
        return {
            str(entry.id): entry for entry in replace(truth, readable=True).reading(where).accounts
        }

    def _is_gap(self, where: str) -> bool:
        truth = self.truth[where]
        if where in self.excluded or (truth.listed and truth.deleted):
            return False
        return not (truth.listed and truth.readable)

    async def _check_rows(self) -> None:
        if not any(truth.listed for truth in self.truth.values()):
            return  # nothing is listed: the scan failed, and touched no finding
        stored = await EstateTable(self.store).read_range("", "")
        for where, truth in self.truth.items():
            found = stored.get(where)
            if found is None:
                assert not truth.listed
                continue
            coverage = found.known.coverage
            assert coverage is not None
            assert coverage.recording is None
            assert not found.outbox
            if coverage.state is CoverageState.RETIRED and not truth.listed:
                continue  # deleted when last seen
            assert (coverage.state is CoverageState.GAP) == self._is_gap(where)
            if not self._is_gap(where):
                expected = self._expected(where)
                assert found.known.findings.keys() == expected.keys()
                verdicts = {k: f.judgement.verdict for k, f in found.known.findings.items()}
                names = {k: truth.accounts[entry.id.name] for k, entry in expected.items()}
                assert verdicts == names

    async def _check_feed(self) -> None:
        """P3, P9: every transition is there once, in an unbroken chain that ends at the rows."""
        feed = await self.world.feed()
        assert len({change.id for change in feed}) == len(feed)
        assert {change.id for change in feed} == {c.id for _, c in self.world.teller.told}
        by_source: dict[str, list[Change]] = defaultdict(list)
        for change in feed:
            if change.source.startswith("/subscriptions/"):
                by_source[change.source].append(change)
        verdicts: dict[str, object] = {}
        for changes in by_source.values():
            changes.sort(key=lambda change: change.sequence)
            assert [change.sequence for change in changes] == list(range(1, len(changes) + 1))
            for change in changes:
                if change.type.startswith("cmkcheck.account."):
                    before = verdicts.pop(change.subject, None)
                    assert change.data["before"] == before
                    if change.type is not ChangeType.ACCOUNT_REMOVED:
                        verdicts[change.subject] = change.data["after"]
        stored = await self.world.findings()
        assert verdicts == {
            key: {"verdict": f.judgement.verdict.value, "reason": f.judgement.reason.value}
            for key, f in stored.items()
        }

    async def _check_posture(self) -> None:
        status = await self.world.status()
        assert status is not None
        assert status.last_scan is not None
        if status.last_scan.state is ScanState.FAILED:
            assert (await self.world.posture()).verdict is not Verdict.COMPLIANT
            return
        found = {f.judgement.verdict.value for f in (await self.world.findings()).values()}
        known = [where for where in self.truth if await self._is_known(where)]
        gaps = any(self._is_gap(where) for where in known)
        answer = (await self.world.posture()).verdict
        if "non_compliant" in found:
            assert answer is Verdict.NON_COMPLIANT
        elif "unknown" in found or gaps:
            assert answer is Verdict.UNKNOWN
        assert not await ScanTable(self.store).outbox()

    async def _is_known(self, where: str) -> bool:
        state = await self.world.coverage(where)
        return state is not None and state != "retired"


Histories.TestCase.settings = settings(max_examples=400, stateful_step_count=25)
TestHistories = Histories.TestCase
