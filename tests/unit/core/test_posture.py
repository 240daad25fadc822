"""Posture: compliant only if nothing speaks against it, and otherwise with a reason."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from types import MappingProxyType
from typing import Final

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cmk_check.core.account import Subscription
from cmk_check.core.enums import CoverageState, ExceptionMode, PostureReason, PostureVerdict
from cmk_check.core.model import AccountCounts, Coverage, VerdictCounts
from cmk_check.core.posture import Expectations, Posture, get_date, judge_estate, judge_subscription
from cmk_check.core.reasons.catalogue import POSTURE_REASONS
from cmk_check.core.requirements import HEALTHY_KEYS
from cmk_check.core.status import Status, SubscriptionCounts, Summary
from cmk_check.limits import CLOCK_TOLERANCE
from tests.unit.core.examples import FORBIDDEN, HOUR, ID, NOON

R = PostureReason
AGE: Final = timedelta(minutes=180)
EXPECT: Final = Expectations(AGE)
SECOND: Final = timedelta(seconds=1)
INFORMATIVE: Final = {R.NO_ACCOUNTS_IN_SCOPE, R.KINDS_EXCLUDED, R.SUBSCRIPTIONS_EXCLUDED}


def status_of(
    verdicts: tuple[int, int, int] = (2, 0, 0),
    subscriptions: tuple[int, int, int, int] = (1, 0, 0, 0),
    visible: int = 1,
    lowered: PostureReason | None = None,
    keys: tuple[int, int, int, int] = (0, 0, 0, 0),
) -> Status:
    """Return a status: accounts compliant, non_compliant, unknown; read, gap, excluded, retired.

    ``keys`` are those looked at: healthy, at risk, broken, unknown.
    """
    health = dict(zip(("healthy", "at_risk", "broken", "unknown"), keys, strict=True))
    accounts = AccountCounts({"OpenAI": VerdictCounts(*verdicts)}, by_key_health=health)
    summary = Summary(accounts, SubscriptionCounts(*subscriptions))
    return Status(NOON, summary, visible, lowered=lowered)


def leaving_out(status: Status, **ignored: int) -> Status:
    """Return a status with accounts of kinds that are not judged."""
    accounts = replace(status.summary.accounts, ignored_by_kind=ignored)
    return replace(status, summary=replace(status.summary, accounts=accounts))


@dataclass(frozen=True)
class Case:
    """A status and when it is asked for; the verdict and the reasons that must come of it.

    Each reason has its note, in parentheses in its sentence, or None.
    """

    status: Status | None
    verdict: PostureVerdict
    reasons: Mapping[PostureReason, str | None] = field(default_factory=dict)
    age: timedelta = timedelta(0)
    requires_keys: bool = False


GOOD, BAD, UNKNOWN = PostureVerdict.COMPLIANT, PostureVerdict.NON_COMPLIANT, PostureVerdict.UNKNOWN
WORSE: Final = R.RUNNING_SCAN_FOUND_WORSE
KEY_WORSE: Final = replace(status_of(keys=(2, 0, 0, 0)), lowered_for=(HEALTHY_KEYS.name,))
CASES: Final[dict[str, Case]] = {
    "all compliant": Case(status_of(), GOOD),
    "no account": Case(status_of((0, 0, 0)), GOOD, {R.NO_ACCOUNTS_IN_SCOPE: None}),
    "some excluded": Case(
        status_of(subscriptions=(1, 0, 2, 0)), GOOD, {R.SUBSCRIPTIONS_EXCLUDED: "2 of 3"}
    ),
    "kinds left out, and one that nobody meant": Case(
        leaving_out(status_of(), OpenAI=9, aiservices=1, Face=2),
        GOOD,
        {R.KINDS_EXCLUDED: "AIServices: 1, OpenAI: 9"},
    ),
    "as old as allowed": Case(status_of(), GOOD, age=AGE),
    "a clock slightly ahead": Case(status_of(), GOOD, age=-CLOCK_TOLERANCE),
    "nothing recorded": Case(None, UNKNOWN, {R.NO_SCAN_YET: None}),
    "no scan finished": Case(Status(), UNKNOWN, {R.NO_SCAN_YET: None}),
    "first scan failed": Case(
        Status(lowered=R.NO_SUBSCRIPTION_VISIBLE),
        UNKNOWN,
        {R.NO_SUBSCRIPTION_VISIBLE: None, R.NO_SCAN_YET: None},
    ),
    "one bad": Case(status_of((6, 1, 0)), BAD, {R.ACCOUNTS_NON_COMPLIANT: "1 of 7"}),
    "one unknown": Case(status_of((6, 0, 1)), UNKNOWN, {R.ACCOUNTS_UNKNOWN: "1 of 7"}),
    "one gap": Case(
        status_of(subscriptions=(9, 1, 0, 0)), UNKNOWN, {R.SUBSCRIPTIONS_UNREAD: "1 of 10"}
    ),
    "one gap, where accounts may be": Case(
        status_of((0, 0, 0), (1, 1, 0, 0)), UNKNOWN, {R.SUBSCRIPTIONS_UNREAD: "1 of 2"}
    ),
    "gaps": Case(
        status_of(subscriptions=(1, 1999, 0, 0)),
        UNKNOWN,
        {R.SUBSCRIPTIONS_UNREAD: "1,999 of 2,000"},
    ),
    "none visible, which lowered it too": Case(
        status_of(visible=0, lowered=R.NO_SUBSCRIPTION_VISIBLE),
        UNKNOWN,
        {R.NO_SUBSCRIPTION_VISIBLE: None},
    ),
    "all excluded": Case(
        status_of((0, 0, 0), (0, 0, 3, 0), visible=3),
        UNKNOWN,
        {
            R.NO_ACCOUNTS_IN_SCOPE: None,
            R.NO_SUBSCRIPTION_VISIBLE: "3 visible",
            R.SUBSCRIPTIONS_EXCLUDED: "3 of 3",
        },
    ),
    "all retired": Case(
        status_of((0, 0, 0), (0, 0, 0, 2), visible=1),
        UNKNOWN,
        {R.NO_ACCOUNTS_IN_SCOPE: None, R.NO_SUBSCRIPTION_VISIBLE: "1 visible"},
    ),
    "group unread": Case(
        replace(status_of(), group_unread=FORBIDDEN),
        UNKNOWN,
        {R.MANAGEMENT_GROUP_UNREAD: f"forbidden, missing {FORBIDDEN.missing_action}"},
    ),
    "stale": Case(
        status_of(), UNKNOWN, {R.STALE: "it began more than 180 minutes ago"}, age=AGE + SECOND
    ),
    "from the future": Case(
        status_of(), UNKNOWN, {R.CLOCK_SKEW: None}, age=-CLOCK_TOLERANCE - SECOND
    ),
    "lowered by a running scan": Case(status_of(lowered=WORSE), UNKNOWN, {WORSE: None}),
    "broken keys that do not count": Case(status_of((3, 0, 0), keys=(0, 0, 2, 1)), GOOD),
    "keys at risk": Case(status_of((2, 0, 0), keys=(1, 1, 0, 0)), GOOD, requires_keys=True),
    "a broken key": Case(
        status_of((2, 0, 0), keys=(1, 0, 1, 0)), BAD, {R.KEYS_BROKEN: "1 of 2"}, requires_keys=True
    ),
    "an unknown key": Case(
        status_of((2, 0, 0), keys=(1, 0, 0, 1)),
        UNKNOWN,
        {R.KEYS_UNKNOWN: "1 of 2"},
        requires_keys=True,
    ),
    "keys never looked at": Case(
        status_of((2, 0, 0)), UNKNOWN, {R.KEYS_UNKNOWN: "2 of 2"}, requires_keys=True
    ),
    "a key that a scan found worse": Case(KEY_WORSE, UNKNOWN, {WORSE: None}, requires_keys=True),
}


def answer(case: Case, exceptions: ExceptionMode = ExceptionMode.SHOW) -> Posture:
    """Ask for the posture of a case."""
    expect = Expectations(
        AGE, requires=frozenset({HEALTHY_KEYS} if case.requires_keys else ()), exceptions=exceptions
    )
    return judge_estate(case.status, NOON + case.age, expect)


@pytest.mark.parametrize("case", CASES.values(), ids=CASES)
def test_the_posture_of_an_estate(case: Case) -> None:
    """The one answer that a dashboard shows large; the counts say how much there is to do (P11)."""
    posture = answer(case)

    assert posture.verdict is case.verdict
    sentences = [(code, POSTURE_REASONS[code].text(note)) for code, note in case.reasons.items()]
    assert list(posture.reasons) == sentences
    assert posture.fresh == (
        case.status is not None
        and case.status.as_of is not None
        and -CLOCK_TOLERANCE <= case.age <= AGE
    )


SCANNED: Final = {name: case for name, case in CASES.items() if case.status and case.status.as_of}


@pytest.mark.parametrize("case", SCANNED.values(), ids=SCANNED)
def test_p1_an_accepted_violation_hides_nothing_else(case: Case) -> None:
    """P1: whatever else speaks against compliant speaks against it with an exception, too."""
    status = case.status or Status()
    accounts = status.summary.accounts
    kind = accounts.by_kind["OpenAI"]
    violated = {"OpenAI": replace(kind, non_compliant=kind.non_compliant + 1)}
    accounts = replace(accounts, by_kind=violated, excepted=((NOON + timedelta(days=9), 1),))
    status = replace(status, summary=replace(status.summary, accounts=accounts))

    posture = answer(replace(case, status=status), ExceptionMode.ACCEPT)

    accepted = PostureVerdict.COMPLIANT_WITH_EXCEPTIONS
    assert posture.verdict is (accepted if case.verdict is GOOD else case.verdict)


def test_p1_with_one_violation_that_nobody_accepted_all_are_counted() -> None:
    """P1: whoever accepts one of two must not read that one is left."""
    status = status_of((0, 2, 0))
    accounts = replace(status.summary.accounts, excepted=((NOON + timedelta(days=9), 1),))
    status = replace(status, summary=replace(status.summary, accounts=accounts))

    posture = answer(Case(status, BAD), ExceptionMode.ACCEPT)

    code = R.ACCOUNTS_NON_COMPLIANT
    assert dict(posture.reasons)[code] == POSTURE_REASONS[code].text("2 of 2")


_STATUSES: Final = st.builds(
    status_of,
    st.tuples(*[st.integers(0, 2)] * 3),
    st.tuples(*[st.integers(0, 2)] * 4),
    st.integers(0, 3),
    st.sampled_from([None, None, R.SCAN_FAILED, R.NO_SUBSCRIPTION_VISIBLE, WORSE]),
    st.tuples(st.integers(0, 1), st.integers(0, 1), *[st.integers(0, 1)] * 2),
)


@given(status=_STATUSES, minutes=st.integers(-200, 400), required=st.booleans())
def test_nothing_is_compliant_that_anything_speaks_against(
    *, status: Status, minutes: int, required: bool
) -> None:
    """No false green (P1), and no needless unknown, checked in the opposite direction."""
    now = NOON + timedelta(minutes=minutes)

    expect = Expectations(AGE, requires=frozenset({HEALTHY_KEYS} if required else ()))
    posture = judge_estate(status, now, expect)

    accounts, subscriptions = status.summary.accounts, status.summary.subscriptions
    is_fresh = -2 <= minutes <= 180
    keys = accounts.by_key_health
    broken = required and keys["broken"]
    dark = required and accounts.compliant != sum(keys.values()) - keys["unknown"]
    nothing_against = not (
        accounts.non_compliant
        or accounts.unknown
        or subscriptions.gap
        or status.lowered
        or broken
        or dark
    )
    assert (posture.verdict is GOOD) == (
        nothing_against and status.visible > 0 and subscriptions.read > 0 and is_fresh
    )
    assert (posture.verdict is BAD) == bool(accounts.non_compliant or broken)
    assert posture.verdict is GOOD or {code for code, _ in posture.reasons} - INFORMATIVE


def coverage_of(
    state: CoverageState = CoverageState.READ,
    verdicts: tuple[int, int, int] = (1, 0, 0),
    keys: dict[str, int] | None = None,
    ignored: Mapping[str, int] = MappingProxyType({}),
) -> Coverage:
    """Return a subscription in a state."""
    gap = FORBIDDEN if state is CoverageState.GAP else None
    accounts = AccountCounts(
        {"OpenAI": VerdictCounts(*verdicts)}, ignored_by_kind=ignored, by_key_health=keys or {}
    )
    return Coverage(Subscription(ID), state, NOON, gap, accounts=accounts)


@pytest.mark.parametrize(
    ("coverage", "verdict", "reasons"),
    [
        (coverage_of(), GOOD, ()),
        (coverage_of(verdicts=(0, 0, 0)), GOOD, (R.NO_ACCOUNTS_IN_SCOPE,)),
        (
            coverage_of(verdicts=(0, 0, 0), ignored={"openai": 1}),
            GOOD,
            (R.NO_ACCOUNTS_IN_SCOPE, R.KINDS_EXCLUDED),
        ),
        (coverage_of(verdicts=(1, 1, 0)), BAD, (R.ACCOUNTS_NON_COMPLIANT,)),
        (coverage_of(verdicts=(1, 0, 1)), UNKNOWN, (R.ACCOUNTS_UNKNOWN,)),
        (coverage_of(CoverageState.GAP, (0, 0, 0)), UNKNOWN, (R.SUBSCRIPTIONS_UNREAD,)),
        (
            coverage_of(CoverageState.GAP, (0, 1, 0)),
            BAD,
            (R.ACCOUNTS_NON_COMPLIANT, R.SUBSCRIPTIONS_UNREAD),
        ),
        (coverage_of(CoverageState.PENDING), UNKNOWN, (R.SUBSCRIPTIONS_UNREAD,)),
        (coverage_of(CoverageState.EXCLUDED, (0, 0, 0)), UNKNOWN, (R.SUBSCRIPTIONS_EXCLUDED,)),
        (coverage_of(CoverageState.RETIRED, (0, 0, 0)), GOOD, (R.NO_ACCOUNTS_IN_SCOPE,)),
    ],
    ids=lambda part: str(getattr(part, "state", "")) or None,
)
def test_the_posture_of_a_subscription(
    coverage: Coverage, verdict: PostureVerdict, reasons: tuple[PostureReason, ...]
) -> None:
    """Its owner asks for it alone, whatever the others have; unread is never compliant (P1)."""
    others = status_of((0, 9, 9), (1, 5, 0, 0))

    posture = judge_subscription(coverage, others, NOON, EXPECT)

    assert posture.verdict is verdict
    assert tuple(code for code, _ in posture.reasons) == reasons


@pytest.mark.parametrize(
    ("status", "age", "reason"),
    [
        (None, 0, R.NO_SCAN_YET),
        (Status(), 0, R.NO_SCAN_YET),
        (status_of(), 181, R.STALE),
        (status_of(), -3, R.CLOCK_SKEW),
    ],
)
def test_an_old_answer_for_a_subscription_is_unknown(
    status: Status | None, age: int, reason: PostureReason
) -> None:
    """A scan that stopped a week ago proves nothing about today (P1)."""
    posture = judge_subscription(coverage_of(), status, NOON + timedelta(minutes=age), EXPECT)

    assert posture.verdict is UNKNOWN
    assert [code for code, _ in posture.reasons] == [reason]
    assert not posture.fresh


@pytest.mark.parametrize(
    ("state", "last_scan", "expected"),
    [
        (CoverageState.READ, NOON + HOUR, NOON + HOUR),
        (CoverageState.READ, None, NOON),
        (CoverageState.GAP, NOON + HOUR, NOON),
        (CoverageState.PENDING, NOON + HOUR, NOON),
        (CoverageState.RETIRED, NOON + HOUR, NOON + HOUR),
        (CoverageState.RETIRED, None, None),
    ],
)
def test_what_was_not_read_keeps_the_time_of_its_last_reading(
    state: CoverageState, last_scan: datetime | None, expected: datetime | None
) -> None:
    """This hour's scan proves nothing about accounts that were read a week ago (P1)."""
    coverage = replace(coverage_of(state), last_read=NOON)

    assert get_date(coverage, Status(last_scan)) == expected


def test_a_first_recording_that_has_not_ended_says_what_completes_it() -> None:
    """There is no gap yet that could say it (P11)."""
    posture = judge_subscription(coverage_of(CoverageState.PENDING), status_of(), NOON, EXPECT)

    ((code, text),) = posture.reasons
    assert code is R.SUBSCRIPTIONS_UNREAD
    assert "the next scan completes it" in text
