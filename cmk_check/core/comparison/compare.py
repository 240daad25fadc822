"""Compare a reading with recorded findings, and return updates and changes to announce.

An incomplete reading can only add findings or make findings worse. An incomplete reading never
removes, resolves or refreshes a finding, because the missing part may contradict it.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from itertools import count
from typing import Final

from cmk_check.core.account import Reading, Subscription
from cmk_check.core.account_groups import encode_groups
from cmk_check.core.aspects import ASPECTS
from cmk_check.core.aspects.aspect import AllJudged, AnyAccount, Judged, News, Occasion
from cmk_check.core.comparison import changes
from cmk_check.core.comparison.changes import ComparisonContext
from cmk_check.core.comparison.judge_accounts import agree
from cmk_check.core.comparison.updates import Difference, FindingUpdate, Known
from cmk_check.core.enums import (
    ChangeType,
    CoverageState,
    Disposition,
    GapReason,
    Reason,
    RemovalReason,
    Verdict,
)
from cmk_check.core.gap import Gap
from cmk_check.core.model import AccountCounts, Coverage, Finding
from cmk_check.core.reasons.gap_sentences import KNOWN_FROM_GROUP, make_gap
from cmk_check.core.rule import RULE_VERSION
from cmk_check.limits import MAX_TRANSITIONS

_REMOVALS: Final = {
    Disposition.EXCLUDED: (CoverageState.EXCLUDED, RemovalReason.SUBSCRIPTION_EXCLUDED),
    Disposition.RETIRED: (CoverageState.RETIRED, RemovalReason.SUBSCRIPTION_RETIRED),
}
_READ: Final = [each.side for each in ASPECTS if each.side not in Finding.REMEMBERED]
_IN_HISTORY: Final = [each for each in ASPECTS if each.in_history]
# For an aspect in the history, a change of wording is not recorded.
_FILLED_IN: Final = [each.side for each in ASPECTS if each.side in _READ and not each.in_history]
_REPLACE_UPDATE: Final = {kind for each in _IN_HISTORY for kind in each.changes}


@dataclass(frozen=True, slots=True)
class _Seen:
    """The result of a reading for the whole subscription; ``ids`` are the accounts that were read.

    ``removed`` is the reason why the subscription is out of scope, or None if it is in scope.
    """

    state: CoverageState
    gap: Gap | None = None
    ignored_by_kind: Mapping[str, int] | None = None
    ids: frozenset[str] = frozenset()
    removed: RemovalReason | None = None


def compare(
    rows: Known,
    subscription: Subscription,
    reading: Reading,
    judged: AllJudged,
    context: ComparisonContext,
) -> Difference:
    """Compare a subscription's reading with its recorded ``rows``.

    ``judged`` contains the accounts of the reading, with their verdicts and aspects.
    """
    complete = reading.gap is None
    steps = list(_upserts(rows, subscription, judged, context, complete=complete))
    if complete:
        for account_id in sorted(rows.findings.keys() - judged.keys()):
            reason = RemovalReason.GONE
            if account_id in reading.ignored_ids:
                reason = RemovalReason.KIND_OUT_OF_SCOPE
            steps.append(_removal(rows.findings[account_id], subscription, reason, context))
    else:
        unchanged = rows.findings.keys() - {str(step.finding.id) for step in steps}
        steps += _find_expiries(rows, sorted(unchanged), subscription, context)
    state = CoverageState.READ if complete else CoverageState.GAP
    seen = _Seen(state, reading.gap, reading.ignored_by_kind, frozenset(judged))
    return _difference(rows, subscription, steps, seen, context)


def compare_unread(
    rows: Known, subscription: Subscription, disposition: Disposition, context: ComparisonContext
) -> Difference:
    """Compare a subscription that is not read because it is out of scope or not visible.

    Azure may omit a subscription from one response and list it in the next, so a subscription that
    was in a management group leaves the scope only after two full scans in a row did not find it.
    """
    before = rows.coverage
    unexpected_by = before.unexpected_by if before else None
    if disposition is Disposition.UNEXPECTED and before is not None:
        if _is_out_of_scope(before, context):
            reason = RemovalReason.NOT_IN_MANAGEMENT_GROUP
            seen = _Seen(CoverageState.EXCLUDED, removed=reason)
            return _difference(rows, subscription, [], seen, context)
        unexpected_by = context.scan_id
    if disposition not in _REMOVALS:
        gap = KNOWN_FROM_GROUP if subscription.is_from_group else make_gap(GapReason.NOT_VISIBLE)
        difference = compare(rows, subscription, Reading(gap=gap), {}, context)
        coverage = replace(difference.coverage, unexpected_by=unexpected_by)
        return replace(difference, coverage=coverage)
    state, reason = _REMOVALS[disposition]
    removed = (finding for _, finding in sorted(rows.findings.items()))
    steps = [_removal(finding, subscription, reason, context) for finding in removed]
    return _difference(rows, subscription, steps, _Seen(state, removed=reason), context)


def _is_out_of_scope(before: Coverage, context: ComparisonContext) -> bool:
    """Return whether a subscription that no list contains any more is now out of scope."""
    if before.state is not CoverageState.GAP:
        return True
    return before.unexpected_by is not None and before.unexpected_by == context.follows


def _upserts(
    rows: Known,
    subscription: Subscription,
    judged: AllJudged,
    context: ComparisonContext,
    *,
    complete: bool,
) -> Iterator[FindingUpdate]:
    """Yield an update for each finding that a reading adds or changes."""
    for account_id, read in judged.items():
        if account_id in rows.untrusted:
            continue
        before = rows.findings.get(account_id)
        taken = read if complete or before is None else _find_worsening(before, read)
        if taken is None:
            continue
        after, news = _update(before, taken, read, context)
        announced = changes.of_account(news, before, after, subscription, context)
        if after != before or announced:
            yield FindingUpdate(before, after, announced)


def _find_expiries(
    rows: Known, ids: Iterable[str], subscription: Subscription, context: ComparisonContext
) -> Iterator[FindingUpdate]:
    """Yield updates that only the passage of time causes, for accounts without another update."""
    unread = replace(context, unread=True)
    for before in map(rows.findings.__getitem__, ids):
        after, news = _aspect_news(before, before, before, unread)
        if after is not before:
            announced = changes.of_account(news, before, after, subscription, context)
            yield FindingUpdate(before, after, announced)


def _aspect_news(
    before: Finding | None, after: Finding, read: AnyAccount, occasion: Occasion
) -> tuple[Finding, list[News]]:
    """Return the finding, which records the announcements made, and the news of all aspects."""
    news: list[News] = []
    for aspect in ASPECTS:
        after, more = aspect.list_news(before, after, read, occasion)
        news += more
    return after, news


def _update(
    before: Finding | None, entry: Judged, read: Judged, context: ComparisonContext
) -> tuple[Finding, list[News]]:
    """Return the updated finding and its news; ``read`` is the account as Azure returned it."""
    if before is not None and _is_unchanged(before, entry):
        return _aspect_news(before, _fill_in(before, entry), read, context)
    news = _account_news(before, entry)
    after, more = _aspect_news(before, _finding(before, entry, context), read, context)
    if any(each.type in _REPLACE_UPDATE for each in more):
        # Every other change also contains the content of an account update.
        news = [each for each in news if each.type is not ChangeType.ACCOUNT_UPDATED]
    return after, news + more


def _account_news(before: Finding | None, after: Judged) -> list[News]:
    """Return the news about a new or changed finding, in the order of announcement.

    Changes of the verdict, the kind and each aspect are announced separately, because they are
    independent: an account whose new key is broken is resolved, and also has a broken key.
    """
    kind = _of_verdict(before, after)
    if before is None or not _has_new_kind(before, after):
        return [News(kind)]
    new_kind = News(ChangeType.ACCOUNT_KIND_CHANGED)
    # Every other change also contains the content of an account update.
    return [new_kind] if kind is ChangeType.ACCOUNT_UPDATED else [News(kind), new_kind]


def _has_new_kind(before: Finding, after: Judged) -> bool:
    """Return whether an account's kind has changed; return False if either kind is unknown."""
    kind_before, has = before.kind, after.kind
    return kind_before is not None and has is not None and kind_before.casefold() != has.casefold()


def _of_verdict(before: Finding | None, after: Judged) -> ChangeType:
    verdict = after.judgement.verdict
    if before is not None and _verdict_of(before) is verdict:
        return ChangeType.ACCOUNT_UPDATED
    match verdict:
        case Verdict.NON_COMPLIANT:
            return ChangeType.ACCOUNT_VIOLATED
        case Verdict.UNKNOWN:
            return ChangeType.ACCOUNT_UNVERIFIABLE
        case Verdict.COMPLIANT:
            return ChangeType.ACCOUNT_DISCOVERED if before is None else ChangeType.ACCOUNT_RESOLVED


def _verdict_of(before: Finding) -> Verdict:
    """Return the announced verdict, which is compliant if the row has values of a newer version."""
    judgement = before.judgement
    is_unheard_of = judgement.reason is Reason.ROW_TOO_NEW and judgement.verdict is Verdict.UNKNOWN
    return Verdict.COMPLIANT if is_unheard_of else judgement.verdict


def _finding(before: Finding | None, entry: Judged, context: ComparisonContext) -> Finding:
    """Return the new finding, whose change time never goes backwards, even if the clock does."""
    account, judgement = entry.account, entry.judgement
    now = context.now if before is None else max(context.now, before.changed_at)
    transition = entry.transition(now, context.scan_id)
    violated = judgement.verdict is Verdict.NON_COMPLIANT
    finding = Finding(
        id=account.id,
        kind=account.kind,
        location=account.location,
        tags=account.tags,
        judgement=judgement,
        rule_version=RULE_VERSION,
        first_seen=now,
        changed_at=now,
        violated_since=now if violated else None,
        history=(transition,),
        vault_id=entry.vault_id,
        **{side: getattr(entry, side) for side in _READ},
    )
    if before is None:
        return finding
    verdict_before = _verdict_of(before)
    lasts = verdict_before is judgement.verdict
    return replace(
        finding,
        first_seen=before.first_seen,
        violated_since=before.violated_since if violated and lasts else finding.violated_since,
        previous_verdict=before.previous_verdict if lasts else verdict_before,
        changes=before.changes + 1,
        history=(*before.history, transition)[-MAX_TRANSITIONS:],
        vault_id=finding.vault_id or before.vault_id,
        **{side: getattr(before, side) for side in Finding.REMEMBERED},
    )


def _fill_in(before: Finding, entry: Judged) -> Finding:
    """Return the finding with those new values that are recorded but never announced as an update.

    An account that was recreated between two scans, for example, has a new creation date.
    """
    beside = {side: getattr(entry, side) for side in _FILLED_IN}
    # ``replace`` costs more than the rest of this function.
    if any(value != getattr(before, side) for side, value in beside.items()):
        before = replace(before, **beside)
    created_at = entry.judgement.evidence.created_at
    if before.judgement.evidence.created_at == created_at:
        return before
    evidence = replace(before.judgement.evidence, created_at=created_at)
    return replace(before, judgement=replace(before.judgement, evidence=evidence))


def _find_worsening(before: Finding, entry: Judged) -> Judged | None:
    """Return the parts of an incomplete reading that got worse, or None if no part did.

    Every part that did not get worse keeps its recorded value.
    """
    badness_before, has = before.judgement.verdict.badness, entry.judgement.verdict.badness
    worse = [aspect for aspect in ASPECTS if aspect.is_worse(before, entry)]
    if has < badness_before or not (has > badness_before or worse):
        return None
    for aspect in ASPECTS:
        if aspect not in worse:
            entry = aspect.keep_recorded(before, entry)
    return entry


def _is_unchanged(before: Finding, entry: Judged) -> bool:
    """Return whether a finding is unchanged, apart from spelling, which Azure sometimes varies."""
    account = entry.account
    return (
        before.judgement.reason is entry.judgement.reason
        and before.rule_version == RULE_VERSION
        and before.tags == account.tags
        and agree(before, account, entry.judgement)
        and all(aspect.is_same(before, entry) for aspect in _IN_HISTORY)
    )


def _removal(
    finding: Finding, subscription: Subscription, reason: RemovalReason, context: ComparisonContext
) -> FindingUpdate:
    news = [News(ChangeType.ACCOUNT_REMOVED, {"removed": reason.value})]
    _, more = _aspect_news(finding, finding, finding, replace(context, removed=True))
    announced = changes.of_account(news + more, finding, None, subscription, context)
    return FindingUpdate(finding, None, announced)


def _difference(
    rows: Known,
    subscription: Subscription,
    steps: list[FindingUpdate],
    seen: _Seen,
    context: ComparisonContext,
) -> Difference:
    before, after = rows.coverage, rows.apply_steps(steps)
    findings = (*after.values(), *rows.untrusted.values())
    numbers = count(rows.last_sequence(context.now) + 1)
    numbered = tuple(
        replace(step, changes=tuple(replace(each, sequence=next(numbers)) for each in step.changes))
        for step in steps
    )
    why = seen.gap or seen.removed
    coverage_change = changes.of_coverage(before, seen.state, why, subscription, context)
    if coverage_change is not None:
        coverage_change = replace(coverage_change, sequence=next(numbers))
    coverage = Coverage(
        subscription=_fill_in_subscription(
            subscription, before.subscription if before else rows.listed
        ),
        state=seen.state,
        since=before.since if before and before.state is seen.state else context.now,
        gap=_keep_gap(before, seen.gap),
        last_read=_last_read(before, seen.state, context),
        accounts=_count(rows, after, seen),
        sequence=next(numbers) - 1,
        **encode_groups(findings),
    )
    return Difference(rows, coverage, numbered, coverage_change)


def _count(rows: Known, after: Mapping[str, Finding], seen: _Seen) -> AccountCounts:
    """Count the findings, the ignored accounts and the unread accounts."""
    ignored, unread = seen.ignored_by_kind or {}, 0
    if seen.gap is not None:
        unread = len((after.keys() | rows.untrusted.keys()) - seen.ids)
        if rows.coverage is not None:
            ignored = rows.coverage.accounts.ignored_by_kind
    return rows.count(after, ignored, unread)


def _fill_in_subscription(
    subscription: Subscription, recorded: Subscription | None
) -> Subscription:
    """Return the subscription, with recorded values for properties that Azure no longer sends."""
    if recorded is None:
        return subscription
    return Subscription(
        subscription.id,
        subscription.name or recorded.name,
        subscription.tenant_id or recorded.tenant_id,
        subscription.state or recorded.state,
        expected=subscription.expected or recorded.expected,
    )


def _keep_gap(before: Coverage | None, gap: Gap | None) -> Gap | None:
    """Return the recorded gap if it persists, because the new ``gap`` may have other wording."""
    old = before.gap if before else None
    if gap and old and (gap.reason, gap.missing_action) == (old.reason, old.missing_action):
        return old
    return gap


def _last_read(
    before: Coverage | None, state: CoverageState, context: ComparisonContext
) -> datetime | None:
    if before is None or state is not CoverageState.GAP:
        return None
    return context.status_as_of if before.state is CoverageState.READ else before.last_read
