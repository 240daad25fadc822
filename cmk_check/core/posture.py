"""Posture: the one answer, derived when it is asked for from what was recorded and how old it is.

It starts as compliant only where nothing at all speaks against it; every reason says what to do
about it.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from cmk_check.core.counts import broken_keys, unknown_keys
from cmk_check.core.enums import CoverageState, PostureReason, Verdict
from cmk_check.core.model import AccountCounts, Coverage, Status
from cmk_check.limits import CLOCK_TOLERANCE

_INFORMATIVE: Final = {PostureReason.NO_ACCOUNTS_IN_SCOPE, PostureReason.SUBSCRIPTIONS_EXCLUDED}
_NON_COMPLIANT: Final = {PostureReason.ACCOUNTS_NON_COMPLIANT, PostureReason.KEYS_BROKEN}

type Reasons = list[tuple[PostureReason, str]]

_LOWERED: Final = {
    PostureReason.RUNNING_SCAN_FOUND_WORSE: (
        "The running scan has found an account, key or subscription worse off than the last did; "
        "the answer comes when it ends."
    ),
    PostureReason.SCAN_FAILED: (
        "The last scan could not list the subscriptions: its reason says why, "
        "and the next scan tries again."
    ),
    PostureReason.NO_SUBSCRIPTION_VISIBLE: (
        "The identity sees no subscription: assign it the Reader role on the subscriptions "
        "or their management group."
    ),
}


@dataclass(frozen=True, slots=True)
class Posture:
    """The answer for an estate or a subscription; ``reasons`` are (code, sentence)."""

    verdict: Verdict
    reasons: tuple[tuple[PostureReason, str], ...]
    fresh: bool


@dataclass(frozen=True, slots=True)
class Expectations:
    """What must hold for an answer to count: its greatest age, the least visible subscriptions.

    ``require_healthy_keys``: the key behind a compliant account must be usable as well.
    """

    max_age: timedelta
    subscriptions: int = 1
    require_healthy_keys: bool = False


def of_estate(status: Status | None, now: datetime, expect: Expectations) -> Posture:
    """Derive the posture of the estate; ``status`` None means that nothing was ever recorded."""
    if status is None or status.as_of is None:
        return _before_the_first_scan(status)
    counts = status.summary.subscriptions
    reasons = _of_accounts(status.summary.accounts, expect, read=not counts.gap)
    if counts.gap:
        plural = "subscription was" if counts.gap == 1 else "subscriptions were"
        reasons.append(
            (
                PostureReason.SUBSCRIPTIONS_UNREAD,
                f"{counts.gap} {plural} not read: each gap says what to do.",
            )
        )
    reasons += _of_visibility(status, expect.subscriptions)
    reasons += _of_age(status.as_of, now, expect.max_age)
    lowered = status.lowered
    if lowered is None and status.keys_lowered and expect.require_healthy_keys:
        lowered = PostureReason.RUNNING_SCAN_FOUND_WORSE
    if lowered is not None and lowered not in {code for code, _ in reasons}:
        reasons.append((lowered, _LOWERED[lowered]))
    if counts.excluded:
        are, were = ("is", "was") if counts.excluded == 1 else ("are", "were")
        text = (
            f"{counts.excluded} of {counts.total} subscriptions {are} excluded by the settings "
            f"and {were} not read."
        )
        reasons.append((PostureReason.SUBSCRIPTIONS_EXCLUDED, text))
    return _posture(reasons, fresh=is_fresh(status.as_of, now, expect.max_age))


def of_subscription(
    coverage: Coverage, status: Status | None, now: datetime, expect: Expectations
) -> Posture:
    """Derive the posture of one recorded subscription."""
    if status is None or status.as_of is None:
        return _before_the_first_scan(status)
    read = coverage.state in {CoverageState.READ, CoverageState.RETIRED}
    reasons = _of_accounts(coverage.accounts, expect, read=read)
    match coverage.state:
        case CoverageState.GAP:
            reasons.append(
                (PostureReason.SUBSCRIPTIONS_UNREAD, "It was not read: its gap says what to do.")
            )
        case CoverageState.PENDING:
            text = "Its first recording has not ended yet: the next scan completes it."
            reasons.append((PostureReason.SUBSCRIPTIONS_UNREAD, text))
        case CoverageState.EXCLUDED:
            # Alone, an excluded subscription has no answer; "compliant" would be a claim about what
            # nobody read.
            text = "It is excluded by the settings and was not read."
            return Posture(
                Verdict.UNKNOWN, ((PostureReason.SUBSCRIPTIONS_EXCLUDED, text),), fresh=False
            )
        case CoverageState.READ | CoverageState.RETIRED:
            pass
    dated = as_of(coverage, status.as_of)
    if dated is not None:
        reasons += _of_age(dated, now, expect.max_age)
    return _posture(reasons, fresh=dated is not None and is_fresh(dated, now, expect.max_age))


def as_of(coverage: Coverage, last_scan: datetime | None) -> datetime | None:
    """Return of when a subscription's findings are: an old "compliant" must not look new.

    ``last_scan`` is when the last finished scan began. None where it was never read.
    """
    if coverage.state is CoverageState.READ and last_scan is not None:
        return last_scan
    if coverage.state is CoverageState.RETIRED:
        return last_scan
    return coverage.last_read


def is_fresh(as_of: datetime, now: datetime, max_age: timedelta) -> bool:
    """Tell whether an answer of that time still counts now."""
    return -CLOCK_TOLERANCE <= now - as_of <= max_age


def _before_the_first_scan(status: Status | None) -> Posture:
    text = "No scan has finished yet: wait for the schedule, or start one with POST /api/scan."
    if status is not None and status.last_scan is not None:
        # It ended and left no time: it failed, and so will the next one while the cause stays.
        text = "No scan has succeeded yet: lastScan.reason says why."
    reasons: Reasons = [(PostureReason.NO_SCAN_YET, text)]
    if status is not None and status.lowered is not None:
        reasons.insert(0, (status.lowered, _LOWERED[status.lowered]))
    return Posture(Verdict.UNKNOWN, tuple(reasons), fresh=False)


def _of_accounts(accounts: AccountCounts, expect: Expectations, *, read: bool) -> Reasons:
    reasons: Reasons = []
    of_all = f"of {accounts.total} account{'s' if accounts.total != 1 else ''}"
    if bad := accounts.non_compliant:
        text = f"{bad} {of_all} {'is' if bad == 1 else 'are'} not under a customer-managed key."
        reasons.append((PostureReason.ACCOUNTS_NON_COMPLIANT, text))
    if unknown := accounts.unknown:
        text = f"{unknown} {of_all} could not be judged: each finding says what to do."
        reasons.append((PostureReason.ACCOUNTS_UNKNOWN, text))
    if expect.require_healthy_keys:
        reasons += _of_keys(accounts, of_all)
    if read and not accounts.total:
        reasons.append(
            (PostureReason.NO_ACCOUNTS_IN_SCOPE, "There is no account of a kind in scope.")
        )
    return reasons


def _of_keys(accounts: AccountCounts, of_all: str) -> Reasons:
    reasons: Reasons = []
    if broken := broken_keys(accounts):
        have = "has" if broken == 1 else "have"
        text = f"{broken} {of_all} {have} a key that cannot be used: each finding says what to do."
        reasons.append((PostureReason.KEYS_BROKEN, text))
    if unknown := unknown_keys(accounts):
        have = "has" if unknown == 1 else "have"
        text = (
            f"{unknown} {of_all} {have} a key whose health is not known: each finding says what "
            "to do, and the next scan looks at those that have never been looked at."
        )
        reasons.append((PostureReason.KEYS_UNKNOWN, text))
    return reasons


def _of_visibility(status: Status, expected: int) -> Reasons:
    counts = status.summary.subscriptions
    if not status.visible:
        return [
            (PostureReason.NO_SUBSCRIPTION_VISIBLE, _LOWERED[PostureReason.NO_SUBSCRIPTION_VISIBLE])
        ]
    reasons: Reasons = []
    if not counts.read and not counts.gap:
        text = (
            "No subscription is in scope: every visible one is excluded or retired; "
            "look at CMK_INCLUDE_SUBSCRIPTIONS and CMK_EXCLUDE_SUBSCRIPTIONS."
        )
        reasons.append((PostureReason.NO_SUBSCRIPTION_VISIBLE, text))
    if status.visible < expected:
        text = (
            f"{status.visible} of at least {expected} expected subscriptions are visible: "
            "assign the identity the Reader role on the others, or lower CMK_EXPECT_SUBSCRIPTIONS."
        )
        reasons.append((PostureReason.FEWER_SUBSCRIPTIONS_THAN_EXPECTED, text))
    return reasons


def _of_age(as_of: datetime, now: datetime, max_age: timedelta) -> Reasons:
    if as_of - now > CLOCK_TOLERANCE:
        return [
            (
                PostureReason.CLOCK_SKEW,
                "The last scan lies in the future: set the clock right, here or where it ran.",
            )
        ]
    if now - as_of > max_age:
        minutes = max_age // timedelta(minutes=1)
        text = (
            f"The last finished scan began more than {minutes} minutes ago: "
            "see whether the schedule still fires."
        )
        return [(PostureReason.STALE, text)]
    return []


def _posture(reasons: Reasons, *, fresh: bool) -> Posture:
    codes = {code for code, _ in reasons} - _INFORMATIVE
    verdict = Verdict.UNKNOWN
    if codes & _NON_COMPLIANT:
        verdict = Verdict.NON_COMPLIANT
    elif not codes:
        verdict = Verdict.COMPLIANT
    return Posture(verdict, tuple(reasons), fresh)
