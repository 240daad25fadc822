"""What must hold in a history: compared with the truth, not with another run of the program."""

from collections.abc import Mapping
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Final

from cmk_check.core import posture
from cmk_check.core.account import Account
from cmk_check.core.account_groups import group_by_key, group_by_owner, write_groups
from cmk_check.core.aspects import ASPECTS
from cmk_check.core.enums import CoverageState, PostureReason, PostureVerdict, ScanState
from cmk_check.core.model import Change, Coverage, Finding
from cmk_check.core.posture import Expectations
from cmk_check.core.requirements import HEALTHY_KEYS
from cmk_check.core.status import Status
from cmk_check.store import table_keys
from cmk_check.store.finding_filter import FindingFilter
from cmk_check.store.scans import ScanTable
from cmk_check.store.subscription_rows import StoredSubscription
from tests.fakes.world import World
from tests.soak.chain import accepted, follow, plain
from tests.soak.past import Past
from tests.soak.tally import FalseGreenError, LostChangeError, Tally
from tests.soak.truth import Truth, found_as

_MAX_AGE: Final = Expectations(timedelta(minutes=180))
_NOT_KNOWN: Final = frozenset(
    {
        PostureReason.NO_SCAN_YET,
        PostureReason.STALE,
        PostureReason.CLOCK_SKEW,
        PostureReason.SUBSCRIPTIONS_UNREAD,
    }
)

_UNLISTED: Final = "The subscriptions could not be listed"
GREEN: Final = {PostureVerdict.COMPLIANT, PostureVerdict.COMPLIANT_WITH_EXCEPTIONS}
_OF_KEYS: Final[Mapping[str | None, PostureVerdict]] = {
    "healthy": PostureVerdict.COMPLIANT,
    "at_risk": PostureVerdict.COMPLIANT,
    "broken": PostureVerdict.NON_COMPLIANT,
}


@dataclass(frozen=True)
class Checks:
    """Compares a world with the truth about its estate; both go on changing.

    ``is_by_hand``: a person deletes rows.
    """

    world: World
    truth: Mapping[str, Truth]
    excluded: AbstractSet[str]
    past: Past
    is_by_hand: bool = False

    async def everything(self) -> None:
        """Compare rows, feed, tellings and posture after a scan that nothing disturbed."""
        await self._check_rows()
        await self._check_feed()
        await self._check_posture()

    async def green(self) -> None:
        """P1: compliant is said only where every recorded account is, and everything was read.

        With exceptions it is said where each violation has one that is honoured now. Whether keys
        count is a setting that may have changed a moment ago: both must hold. What it is dated by
        must have been so. The sums of a coverage row are those of the findings beside it.
        """
        await self._check_groups()
        status = await self.world.status()
        if status is not None and status.as_of is not None and status.lowered is None:
            assert status.summary.subscriptions.total >= status.visible
        last = status.last_scan if status else None
        is_unlisted = last is not None and (last.reason or "").startswith(_UNLISTED)
        for required in (False, True):
            answer = self._posture(status, required=required)
            if answer in GREEN:
                await self._check_green(answer, required=required)
                assert status is not None
                assert status.as_of is not None
                if is_unlisted:
                    raise FalseGreenError("the last full scan could not list the estate")
                self._check_date(status.as_of, keys=required)

    async def _check_groups(self) -> None:
        async for stored in self.world.context.findings_table.subscriptions("", ""):
            coverage = stored.known.coverage
            findings = (*stored.known.findings.values(), *stored.known.untrusted.values())
            if coverage and coverage.owners is not None:
                expected = (
                    write_groups(group_by_owner(findings)),
                    write_groups(group_by_key(findings)),
                )
                if (coverage.owners, coverage.keys) != expected:
                    raise FalseGreenError(f"{stored.partition}: sums differ from the findings")

    def _check_date(self, at: datetime, *, keys: bool) -> None:
        if self.is_by_hand:
            return  # what was deleted by hand is missed by the next full scan, no sooner
        for where in self.truth:
            if not self.past.was_good(where, at, keys=keys):
                raise FalseGreenError(f"{where} was not so at {at} or later")

    async def _check_green(self, answer: PostureVerdict, *, required: bool) -> None:
        table = self.world.context.findings_table
        async for _, match in table.findings(FindingFilter(), None):
            finding = match[0] if match else None
            if finding and self._said(finding, required=required) not in _as_good_as(answer):
                key, exception = _state_of(finding), finding.exception
                said = f"{finding.judgement.verdict}, its key {key}, accepted by {exception}"
                raise FalseGreenError(f"{finding.id} is {said}")
        async for (where, _), coverage in table.coverages(CoverageState.GAP, None):
            if isinstance(coverage, Coverage):
                raise FalseGreenError(f"{where} was not read")

    async def count(self, tally: Tally) -> None:
        """Count the hour that follows a scan, for each subscription that Azure answers for."""
        status, now = await self.world.status(), self.world.clock.now()
        for where, truth in self.truth.items():
            if not truth.would_answer or where in self.excluded:
                continue
            coverage = await self.world.context.findings_table.coverage(where)
            codes: AbstractSet[PostureReason] = {PostureReason.NO_SCAN_YET}
            if coverage is not None:
                answer = posture.judge_subscription(coverage, status, now, _MAX_AGE)
                codes = {code for code, _ in answer.reasons}
            tally.hours += 1
            tally.unknown += bool(codes & _NOT_KNOWN)

    async def answer(self, *, required: bool) -> PostureVerdict:
        """Return the posture as the API would give it now, where keys count or do not."""
        return self._posture(await self.world.status(), required=required)

    def _posture(self, status: Status | None, *, required: bool) -> PostureVerdict:
        expect = replace(
            self.world.options.expectations, requires=frozenset({HEALTHY_KEYS} if required else ())
        )
        return posture.judge_estate(status, self.world.clock.now(), expect).verdict

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

    async def _stored(self, where: str) -> StoredSubscription:
        return await self.world.context.findings_table.read_one(table_keys.get_partition(where))

    async def _outbox(self) -> list[Change]:
        stored = [await self._stored(where) for where in self.truth]
        return [pending.change for entry in stored for pending in entry.outbox.entries]

    async def _check_rows(self) -> None:
        if not any(truth.listed for truth in self.truth.values()):
            return  # nothing is listed: the scan failed, and touched no finding
        for where, truth in self.truth.items():
            found = await self._stored(where)
            coverage = found.known.coverage
            if coverage is None:
                assert not truth.listed, f"{where} is listed, and not recorded"
                continue
            assert coverage.recording is None, f"{where}: a mark is left"
            if found.outbox.entries:
                raise LostChangeError(f"{where}: changes are left in the outbox")
            if coverage.state is CoverageState.RETIRED and not truth.listed:
                continue  # deleted when last seen
            is_gap = coverage.state is CoverageState.GAP
            assert is_gap == self._is_gap(where), f"{where} is {coverage.state}"
            if not is_gap:
                stored = {
                    account_id: (
                        finding.judgement.verdict.value,
                        _state_of(finding),
                        self._is_accepted(finding),
                    )
                    for account_id, finding in found.known.findings.items()
                }
                due = {
                    account_id: found_as(truth.accounts[entry.id.name], self.world.clock.now())
                    for account_id, entry in self._expected(where).items()
                }
                assert stored == due, f"{where}: {stored} are stored, {due} are right"

    async def _check_feed(self) -> None:
        """P3, P9: every transition is there once, in an unbroken chain that ends at the rows.

        Where nothing is listed no slice publishes what a dead worker left: it waits in the outbox.
        """
        feed = await self.world.feed()
        published = {change.id for change in feed}
        waiting = [change for change in await self._outbox() if change.id not in published]
        links = [*feed, *waiting]
        said = follow(links)
        told = {change.id for _, change in self.world.teller.told}
        if published != told:
            raise LostChangeError("what was told is not what stands in the feed")
        findings = await self.world.findings()
        announced = {key for key, finding in findings.items() if finding.announced}
        if accepted(links) != announced:
            raise LostChangeError(f"told of {accepted(links)}, the rows say {announced}")
        stored = {key: plain(_side(finding)) for key, finding in findings.items()}
        if said != stored:
            raise LostChangeError(f"the feed ends at {said}, the rows are {stored}")

    async def _check_posture(self) -> None:
        status = await self.world.status()
        assert status is not None, "no scan has ever ended"
        assert status.last_scan is not None, "no scan has ever ended"
        for required in (False, True):
            await self._check_answer(status.last_scan.state, required=required)
        left = await ScanTable(self.world.store).outbox()
        assert not left.entries, "changes of scans are not published"
        assert not status.unpublished.changes, "the status counts changes that are published"

    async def _check_answer(self, ended: ScanState, *, required: bool) -> None:
        answer = await self.answer(required=required)
        if ended is ScanState.FAILED:
            if answer in GREEN:
                raise FalseGreenError("the last scan failed")
            return
        findings = (await self.world.findings()).values()
        found = {self._said(finding, required=required) for finding in findings}
        gaps = [where for where in self.truth if await self._is_recorded_gap(where)]
        if answer in GREEN and (gaps or found - _as_good_as(answer)):
            raise FalseGreenError(f"{found} are stored, {gaps} are gaps")
        if PostureVerdict.NON_COMPLIANT in found:
            assert answer is PostureVerdict.NON_COMPLIANT, (
                f"{found} are stored, and it says {answer}"
            )
        elif gaps or PostureVerdict.UNKNOWN in found:
            assert answer is PostureVerdict.UNKNOWN, f"{gaps} are gaps, and it says {answer}"

    def _said(self, finding: Finding, *, required: bool) -> PostureVerdict:
        """Return what a finding makes of the posture, where keys count or do not."""
        verdict = PostureVerdict(finding.judgement.verdict.value)
        if self._is_accepted(finding):
            assert verdict is PostureVerdict.NON_COMPLIANT, f"{finding.id} has an exception"
            return PostureVerdict.COMPLIANT_WITH_EXCEPTIONS
        if verdict is not PostureVerdict.COMPLIANT or not required:
            return verdict
        return _OF_KEYS.get(_state_of(finding), PostureVerdict.UNKNOWN)

    def _is_accepted(self, finding: Finding) -> bool:
        exception, now = finding.exception, self.world.clock.now()
        until = exception.honoured_until if exception else None
        return until is not None and now < until

    async def _is_recorded_gap(self, where: str) -> bool:
        state = await self.world.coverage(where)
        return state is not None and state != "retired" and self._is_gap(where)


def _state_of(finding: Finding) -> str | None:
    return finding.key_health.state.value if finding.key_health else None


def _side(finding: Finding) -> dict[str, object]:
    """Show a finding as the changes that lead to it do."""
    judgement = finding.judgement
    side: dict[str, object] = {"verdict": judgement.verdict.value, "reason": judgement.reason.value}
    for aspect in ASPECTS:
        side |= aspect.describe(finding) or {}
    return side


def _as_good_as(answer: PostureVerdict) -> AbstractSet[PostureVerdict]:
    """Return what findings may be where the posture is one of the green ones."""
    return {PostureVerdict.COMPLIANT, answer}
