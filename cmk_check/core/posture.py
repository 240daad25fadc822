"""The posture, which is the overall result derived on request from recorded facts and their age.

The posture is compliant only if no reason prevents it, and every reason says what to do.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Final

from cmk_check.core.account import Subscription
from cmk_check.core.enums import (
    CoverageState,
    ExceptionMode,
    PostureReason,
    PostureVerdict,
    ReasonSeverity,
)
from cmk_check.core.exceptions.account_exception import count_honoured
from cmk_check.core.gap import Gap
from cmk_check.core.kinds import count_left_out
from cmk_check.core.model import AccountCounts, Coverage
from cmk_check.core.reasons.catalogue import POSTURE_REASONS
from cmk_check.core.reasons.gap_sentences import NOT_NAMED, NOT_RECORDED
from cmk_check.core.recorded_scope import RecordedScope
from cmk_check.core.requirements import REQUIREMENTS, VERDICTS, Requirement
from cmk_check.core.status import Status, UnwrittenGap
from cmk_check.limits import CLOCK_TOLERANCE

_THIS_ONE: Final = "1 of 1"
_PENDING: Final = "its first recording has not ended; the next scan completes it"
_NO_ROW: Final = "its row is missing, so no gap names it; the next full scan reads it again"
# Rows of these states are written only when something changes.
_DATED_BY_SCANS: Final = (CoverageState.READ, CoverageState.RETIRED)

type Reasons = list[tuple[PostureReason, str]]


@dataclass(frozen=True, slots=True)
class Posture:
    """The posture of an estate or a subscription; ``reasons`` are (code, message) pairs."""

    verdict: PostureVerdict
    reasons: tuple[tuple[PostureReason, str], ...]
    fresh: bool


@dataclass(frozen=True, slots=True)
class Expectations:
    """The conditions that the recorded facts must meet for a compliant posture.

    ``max_age`` is the maximum age of the facts. Verdicts always affect the posture. ``requires``
    are the other requirements that affect the posture. ``scope`` is the scope that the scan must
    have had, or None for any. ``exceptions`` says whether honoured exceptions are accepted.
    ``fix_within`` is the time after which a problem is overdue, or None.
    """

    max_age: timedelta
    requires: frozenset[Requirement] = frozenset()
    scope: RecordedScope | None = None
    exceptions: ExceptionMode = ExceptionMode.SHOW
    fix_within: timedelta | None = None


def judge_estate(
    status: Status | None, now: datetime, expect: Expectations, late_digests: str = ""
) -> Posture:
    """Derive the posture of the estate; ``status`` is None if no scan was ever recorded.

    ``late_digests`` names the receivers that did not get their digest.
    """
    if status is None or status.as_of is None:
        return _judge_without_scan(status)
    counts, accounts = status.summary.subscriptions, status.summary.accounts
    reasons = _judge_accounts(accounts, now, expect, read=not counts.gap)
    if counts.gap:
        note = f"{counts.gap:,} of {counts.total:,}"
        reasons.append(_reason(PostureReason.SUBSCRIPTIONS_UNREAD, note))
    reasons += _judge_visibility(status)
    reasons += _judge_group(status.group_unread)
    reasons += _judge_scope(status, expect)
    reasons += _judge_age(status.as_of, now, expect.max_age)
    lowered = status.lowered
    if lowered is None and any(each.is_lowered(status) for each in expect.requires):
        lowered = PostureReason.RUNNING_SCAN_FOUND_WORSE
    if lowered is not None and lowered not in {code for code, _ in reasons}:
        is_unread = lowered is PostureReason.SUBSCRIPTIONS_UNREAD
        reasons.append(_reason(lowered, _NO_ROW if is_unread else None))
    reasons += _judge_exceptions(accounts, now, expect)
    reasons += _judge_kinds(accounts)
    if counts.excluded:
        note = f"{counts.excluded:,} of {counts.total:,}"
        reasons.append(_reason(PostureReason.SUBSCRIPTIONS_EXCLUDED, note))
    reasons += _judge_changes(status)
    if late_digests:
        reasons.append(_reason(PostureReason.DIGEST_UNDELIVERED, late_digests))
    return _posture(reasons, fresh=is_fresh(status.as_of, now, expect.max_age))


def judge_subscription(
    coverage: Coverage, status: Status | None, now: datetime, expect: Expectations
) -> Posture:
    """Derive the posture of one recorded subscription."""
    if status is None or status.as_of is None:
        return _judge_without_scan(status)
    coverage = as_left(coverage, status)
    read = coverage.state in {CoverageState.READ, CoverageState.RETIRED}
    reasons = _judge_accounts(coverage.accounts, now, expect, read=read)
    match coverage.state:
        case CoverageState.GAP:
            reasons.append(_reason(PostureReason.SUBSCRIPTIONS_UNREAD, _THIS_ONE))
        case CoverageState.PENDING:
            reasons.append(_reason(PostureReason.SUBSCRIPTIONS_UNREAD, _PENDING))
        case CoverageState.EXCLUDED:
            # "Compliant" would be a claim about accounts that were never read.
            reason = _reason(PostureReason.SUBSCRIPTIONS_EXCLUDED, _THIS_ONE)
            return Posture(PostureVerdict.UNKNOWN, (reason,), fresh=False)
        case CoverageState.READ | CoverageState.RETIRED:
            pass
    reasons += _judge_scope(status, expect)
    dated = get_date(coverage, status)
    if dated is not None:
        reasons += _judge_age(dated, now, expect.max_age)
    reasons += _judge_exceptions(coverage.accounts, now, expect)
    reasons += _judge_kinds(coverage.accounts)
    return _posture(reasons, fresh=dated is not None and is_fresh(dated, now, expect.max_age))


def as_left(coverage: Coverage, status: Status) -> Coverage:
    """Return coverage as the last scan found it: a row that the scan could not write is a gap.

    If the status does not name all rows that the scan could not write, any row may be one of these
    rows. All code that shows a subscription's state or date must call ``as_left``, because the row
    alone would suggest that the last scan read the subscription.
    """
    name, state, summary = coverage.subscription.id, coverage.state, status.summary
    unwritten = summary.unwritten_gap(name)
    may_be_one = state in _DATED_BY_SCANS and summary.unnamed > 0
    if state is CoverageState.GAP or not (unwritten or may_be_one):
        return coverage
    listed = next((gap for gap in summary.gaps if gap.subscription_id == name), None)
    return replace(
        coverage,
        state=CoverageState.GAP,
        since=listed.since if listed else status.as_of or coverage.since,
        gap=listed.gap if listed else NOT_RECORDED if unwritten else NOT_NAMED,
        last_read=unwritten.last_read if unwritten else status.unnamed_until,
        accounts=replace(coverage.accounts, unread=coverage.accounts.total),
    )


def without_row(unwritten: UnwrittenGap, status: Status, now: datetime) -> Coverage:
    """Return the coverage of a new subscription whose row could not be written."""
    name, gaps = unwritten.subscription_id, status.summary.gaps
    listed = next((gap.name for gap in gaps if gap.subscription_id == name), None)
    return as_left(Coverage(Subscription(name, listed), CoverageState.PENDING, now), status)


def is_read(coverage: Coverage | None, status: Status) -> bool:
    """Return whether the last scan left no gap for a subscription; None means an unusable row."""
    return coverage is not None and as_left(coverage, status).state in _DATED_BY_SCANS


def get_date(coverage: Coverage, status: Status) -> datetime | None:
    """Return the date of a subscription's findings, which keeps old findings from looking new.

    ``coverage`` is the result of ``as_left``. A subscription that was never read has no date.
    """
    if coverage.state in _DATED_BY_SCANS and status.as_of is not None:
        return status.as_of
    return None if coverage.state is CoverageState.RETIRED else coverage.last_read


def is_fresh(as_of: datetime, now: datetime, max_age: timedelta) -> bool:
    """Return whether facts from ``as_of`` are still recent enough at ``now``."""
    return -CLOCK_TOLERANCE <= now - as_of <= max_age


def _reason(code: PostureReason, note: str | None = None) -> tuple[PostureReason, str]:
    return code, POSTURE_REASONS[code].text(note)


def _judge_without_scan(status: Status | None) -> Posture:
    reasons: Reasons = [_reason(PostureReason.NO_SCAN_YET)]
    if status is not None and status.lowered is not None:
        reasons.insert(0, _reason(status.lowered))
    if status is not None:
        reasons += _judge_changes(status)
    return Posture(PostureVerdict.UNKNOWN, tuple(reasons), fresh=False)


def _judge_accounts(
    accounts: AccountCounts, now: datetime, expect: Expectations, *, read: bool
) -> Reasons:
    violated = accounts.non_compliant
    if expect.exceptions is ExceptionMode.ACCEPT:
        # If one violation is not accepted, all violations count.
        violated = 0 if count_honoured(accounts.excepted, now) >= violated else violated
    counts = VERDICTS.counts(accounts)
    reasons = _list_count_reasons(
        {**counts, PostureReason.ACCOUNTS_NON_COMPLIANT: violated}, accounts
    )
    if read and not accounts.total:
        reasons.append(_reason(PostureReason.NO_ACCOUNTS_IN_SCOPE))
    for requirement in REQUIREMENTS:
        # Verdicts are counted above, without accepted violations.
        if requirement in expect.requires and requirement is not VERDICTS:
            reasons += _list_count_reasons(requirement.counts(accounts), accounts)
    return reasons


def _list_count_reasons(counts: Mapping[PostureReason, int], accounts: AccountCounts) -> Reasons:
    of = f"of {accounts.total:,}"
    return [_reason(code, f"{count:,} {of}") for code, count in counts.items() if count]


def _judge_exceptions(accounts: AccountCounts, now: datetime, expect: Expectations) -> Reasons:
    excepted = count_honoured(accounts.excepted, now)
    if not excepted or expect.exceptions is ExceptionMode.OFF:
        return []
    return [_reason(PostureReason.ACCOUNTS_EXCEPTED, f"{excepted:,} of {accounts.non_compliant:,}")]


def _judge_kinds(accounts: AccountCounts) -> Reasons:
    """Return a reason if the settings leave out kinds of accounts that this program exists for."""
    counts = ", ".join(
        f"{kind}: {number:,}" for kind, number in count_left_out(accounts.ignored_by_kind).items()
    )
    return [_reason(PostureReason.KINDS_EXCLUDED, counts)] if counts else []


def _judge_visibility(status: Status) -> Reasons:
    counts = status.summary.subscriptions
    if not status.visible:
        return [_reason(PostureReason.NO_SUBSCRIPTION_VISIBLE)]
    if not counts.read and not counts.gap:
        return [_reason(PostureReason.NO_SUBSCRIPTION_VISIBLE, f"{status.visible:,} visible")]
    return []


def _judge_group(unread: Gap | None) -> Reasons:
    if unread is None:
        return []
    missing = f", missing {unread.missing_action}" if unread.missing_action else ""
    return [_reason(PostureReason.MANAGEMENT_GROUP_UNREAD, f"{unread.reason}{missing}")]


def _judge_changes(status: Status) -> Reasons:
    reasons: Reasons = []
    left, refused = status.unpublished, status.undelivered
    if left.changes:
        since = f", the oldest since {left.since:%Y-%m-%d %H:%M} UTC" if left.since else ""
        reasons.append(_reason(PostureReason.CHANGES_UNPUBLISHED, f"{left.changes:,}{since}"))
    if refused is not None:
        since = f"since {refused.since:%Y-%m-%d %H:%M} UTC"
        note = f"{since}, --from {refused.first} --to {refused.last}"
        reasons.append(_reason(PostureReason.ALERTS_UNDELIVERED, note))
    return reasons


def _judge_scope(status: Status, expect: Expectations) -> Reasons:
    """Return a reason if the scope of the last scan differs from the expected scope."""
    if status.scope is None or expect.scope is None:
        return []
    differences = status.scope.differences(expect.scope)
    return [_reason(PostureReason.SCOPE_CHANGED, ", ".join(differences))] if differences else []


def _judge_age(as_of: datetime, now: datetime, max_age: timedelta) -> Reasons:
    if as_of - now > CLOCK_TOLERANCE:
        return [_reason(PostureReason.CLOCK_SKEW)]
    if now - as_of > max_age:
        minutes = max_age // timedelta(minutes=1)
        return [_reason(PostureReason.STALE, f"it began more than {minutes} minutes ago")]
    return []


def _posture(reasons: Reasons, *, fresh: bool) -> Posture:
    severities = {POSTURE_REASONS[code].severity for code, _ in reasons}
    verdict = PostureVerdict.UNKNOWN
    if ReasonSeverity.ERROR in severities:
        verdict = PostureVerdict.NON_COMPLIANT
    elif severities <= {ReasonSeverity.INFO}:
        excepted = any(code is PostureReason.ACCOUNTS_EXCEPTED for code, _ in reasons)
        verdict = PostureVerdict.COMPLIANT_WITH_EXCEPTIONS if excepted else PostureVerdict.COMPLIANT
    return Posture(verdict, tuple(reasons), fresh)
