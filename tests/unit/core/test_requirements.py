"""Each requirement is in every posture and is lowered separately."""

from dataclasses import replace
from datetime import timedelta
from itertools import permutations
from typing import Final

import pytest

from cmk_check.config.settings import Settings
from cmk_check.core.account import Reading, Subscription
from cmk_check.core.aspects import ASPECTS
from cmk_check.core.aspects.key_health import KEY_HEALTH
from cmk_check.core.comparison.compare import compare
from cmk_check.core.comparison.updates import Difference, FindingUpdate, Known
from cmk_check.core.enums import (
    CoverageState,
    ExceptionMode,
    PostureReason,
    PostureVerdict,
    ReasonSeverity,
)
from cmk_check.core.model import AccountCounts, Coverage, Finding, VerdictCounts
from cmk_check.core.posture import Expectations, judge_estate, judge_subscription
from cmk_check.core.reasons.catalogue import POSTURE_REASONS
from cmk_check.core.requirements import HEALTHY_KEYS, REQUIREMENTS, VERDICTS, Requirement
from cmk_check.core.status import Status, SubscriptionCounts, Summary
from tests.unit.config.settings_kit import AZURITE
from tests.unit.core.aspects.test_catalogue import EXAMPLES, FINDINGS, counted, read_as
from tests.unit.core.examples import FORBIDDEN, ID, NOON, SUBSCRIPTION, context

GOOD_POSTURES: Final = {PostureVerdict.COMPLIANT, PostureVerdict.COMPLIANT_WITH_EXCEPTIONS}
NOTHING_IS_KNOWN: Final = AccountCounts(by_kind={"OpenAI": VerdictCounts(compliant=2)})

BROKEN, HEALTHY = map(KEY_HEALTH.get_label, EXAMPLES["keyHealth"])
NOTHING_IS_WELL: Final = KEY_HEALTH.add_counts(NOTHING_IS_KNOWN, {BROKEN: 2})
# Of every aspect the second example.
EVERYTHING_IS_WELL: Final = counted(
    2 * [next(each for each in FINDINGS if KEY_HEALTH.get_label(each) == HEALTHY)]
)
each_requirement: Final = pytest.mark.parametrize(
    "requirement", REQUIREMENTS, ids=lambda it: it.name
)


def status_of(accounts: AccountCounts) -> Status:
    """Return the status of one completely read subscription."""
    summary = Summary(accounts, SubscriptionCounts(read=1), unwritten=0)
    return Status(NOON, summary, 1)


def against(requirement: Requirement, accounts: AccountCounts) -> int:
    """Return how many accounts speak against a requirement."""
    return sum(requirement.counts(accounts).values())


def asks(*requirements: Requirement) -> Expectations:
    """Return the expectations for an answer."""
    return Expectations(timedelta(hours=3), requires=frozenset(requirements))


def reasons_of(status: Status, expect: Expectations) -> set[PostureReason]:
    """Return the reasons of the estate, which must be those of its one subscription too."""
    estate = judge_estate(status, NOON, expect)
    row = Coverage(Subscription(ID), CoverageState.READ, NOON, accounts=status.summary.accounts)
    subscription = judge_subscription(row, status, NOON, expect)
    assert estate.verdict is subscription.verdict
    assert estate.reasons == subscription.reasons
    return {code for code, _ in estate.reasons}


def test_all_of_them_can_be_met() -> None:
    """A requirement that nothing meets would be switched off."""
    assert not reasons_of(status_of(EVERYTHING_IS_WELL), asks(*REQUIREMENTS))


@pytest.mark.parametrize("accounts", [NOTHING_IS_WELL, NOTHING_IS_KNOWN], ids=["bad", "unknown"])
def test_p1_keys_reach_every_posture_and_only_if_they_are_required(accounts: AccountCounts) -> None:
    """Compliant is what remains when nothing speaks against it."""
    status = status_of(accounts)

    found = reasons_of(status, asks(HEALTHY_KEYS))

    counts = HEALTHY_KEYS.counts(accounts)
    assert found == {code for code, count in counts.items() if count}
    assert len(found) == 1
    assert not found & reasons_of(status, asks())


@each_requirement
def test_what_breaks_each_is_an_error_and_what_is_not_known_an_unknown(
    requirement: Requirement,
) -> None:
    """One of both severities each: the verdict of the posture follows from them."""
    codes = requirement.counts(AccountCounts())

    severities = [POSTURE_REASONS[code].severity for code in codes]

    assert severities == [ReasonSeverity.ERROR, ReasonSeverity.UNKNOWN]


def test_each_but_the_verdicts_has_a_switch_and_each_switch_a_requirement() -> None:
    """One that cannot be switched on is off while everything is green."""
    switches = {f"require_{each.name}" for each in REQUIREMENTS if each is not VERDICTS}

    assert switches == {name for name in Settings.model_fields if name.startswith("require_")}
    for name in switches:
        required = Settings.load({**AZURITE, f"CMK_{name.upper()}": "on"}).requires
        assert {f"require_{each.name}" for each in required} == {name}


@each_requirement
def test_p1_a_status_is_lowered_for_each_by_itself(requirement: Requirement) -> None:
    """What a running scan has found counts where it is required, and nowhere else."""
    status = status_of(EVERYTHING_IS_WELL)

    lowered = requirement.lower(status)

    assert [each for each in REQUIREMENTS if each.is_lowered(lowered)] == [requirement]
    assert not any(each.is_lowered(status) for each in REQUIREMENTS)
    answer = judge_estate(lowered, NOON, asks(requirement))
    assert answer.verdict is PostureVerdict.UNKNOWN
    assert [code for code, _ in answer.reasons] == [PostureReason.RUNNING_SCAN_FOUND_WORSE]
    is_always_required = requirement is VERDICTS
    assert bool(judge_estate(lowered, NOON, asks()).reasons) == is_always_required


def is_good(finding: Finding, expect: Expectations) -> bool:
    """Return whether an estate of one account would be compliant, perhaps with exceptions."""
    return judge_estate(status_of(counted([finding])), NOON, expect).verdict in GOOD_POSTURES


@pytest.mark.parametrize("mode", [ExceptionMode.SHOW, ExceptionMode.ACCEPT])
@each_requirement
def test_p1_whatever_ends_compliance_lowers_the_status_first(
    requirement: Requirement, mode: ExceptionMode
) -> None:
    """Otherwise a reader would see compliant although the table has worse; also when incomplete."""
    expect = replace(asks(requirement), exceptions=mode)
    row = Coverage(Subscription(ID), CoverageState.READ, NOON)
    seen = set[PostureReason]()

    for before, after in permutations(FINDINGS, 2):
        if not is_good(before, expect) or is_good(after, expect):
            continue
        account = str(before.id)
        known = Known(findings={account: before})
        difference = Difference(known, row, (FindingUpdate(before, after, ()),))
        assert any(each.is_worse(difference) for each in (VERDICTS, requirement))
        if all(each.describe(after) for each in ASPECTS if each.describe(before)):
            incomplete = Reading(gap=FORBIDDEN)
            read = {account: read_as(after)}
            steps = compare(known, SUBSCRIPTION, incomplete, read, context()).steps
            recorded = [step.after for step in steps if step.after]
            assert recorded
            assert not is_good(recorded[0], expect)
        seen |= reasons_of(status_of(counted([after])), expect)

    assert seen >= requirement.counts(AccountCounts()).keys()


@pytest.mark.parametrize(("place", "is_worse"), [(0, True), (1, False)], ids=["broken", "healthy"])
def test_p1_an_accepted_violation_that_ends_with_a_broken_key_lowers_keys(
    place: int, *, is_worse: bool
) -> None:
    """Where exceptions are accepted, the estate was compliant with both."""
    row = Coverage(Subscription(ID), CoverageState.READ, NOON)
    before, after = EXAMPLES["exception"][0], EXAMPLES["keyHealth"][place]

    found = HEALTHY_KEYS.is_worse(Difference(Known(), row, (FindingUpdate(before, after, ()),)))

    assert found is is_worse
