"""Comparing a reading with what the table knows: which findings change, and what is told of it.

An incomplete reading can only make things worse: it adds findings and worsens them; it removes,
resolves and refreshes nothing, because what it did not bring may say otherwise.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Final

from cmk_check.core import changes
from cmk_check.core.changes import Context
from cmk_check.core.difference import Difference, Known, Step
from cmk_check.core.model import (
    Account,
    Coverage,
    Finding,
    Gap,
    Judgement,
    Reading,
    Subscription,
    Transition,
)
from cmk_check.core.rule import RULE_VERSION, judge
from cmk_check.core.words import (
    CoverageState,
    Disposition,
    GapReason,
    Reason,
    RemovalReason,
    Verdict,
)

KEPT_TRANSITIONS: Final = 20
_REMOVALS: Final = {
    Disposition.EXCLUDED: (CoverageState.EXCLUDED, RemovalReason.SUBSCRIPTION_EXCLUDED),
    Disposition.RETIRED: (CoverageState.RETIRED, RemovalReason.SUBSCRIPTION_RETIRED),
}
_NOT_VISIBLE: Final = Gap(
    GapReason.NOT_VISIBLE,
    detail=(
        "Azure does not list this subscription: give the identity its role there, "
        "or accept it by adding the id to CMK_EXCLUDE_SUBSCRIPTIONS."
    ),
)

type Judged = Mapping[str, tuple[Account, Judgement]]


@dataclass(frozen=True, slots=True)
class _Seen:
    """What a reading says of the subscription as a whole; ``ids`` are the accounts it brought."""

    state: CoverageState
    gap: Gap | None = None
    ignored_by_kind: Mapping[str, int] | None = None
    ids: frozenset[str] = frozenset()


def compare(
    known: Known, subscription: Subscription, reading: Reading, context: Context
) -> Difference:
    """Compare what was read of a subscription with what is known of it."""
    judged = _judge_all(reading.accounts, context.kinds)
    complete = reading.gap is None
    steps = list(_upserts(known, subscription, judged, context, complete=complete))
    if complete:
        for account_id in sorted(known.findings.keys() - judged.keys()):
            reason = RemovalReason.GONE
            if account_id in reading.ignored_ids:
                reason = RemovalReason.KIND_OUT_OF_SCOPE
            steps.append(_removal(known.findings[account_id], subscription, reason, context))
    state = CoverageState.READ if complete else CoverageState.GAP
    seen = _Seen(state, reading.gap, reading.ignored_by_kind, frozenset(judged))
    return _difference(known, subscription, steps, seen, context)


def compare_unread(
    known: Known, subscription: Subscription, disposition: Disposition, context: Context
) -> Difference:
    """Compare a subscription that is not read: excluded, retired, or not visible."""
    if disposition not in _REMOVALS:
        return compare(known, subscription, Reading(gap=_NOT_VISIBLE), context)
    state, reason = _REMOVALS[disposition]
    gone = (finding for _, finding in sorted(known.findings.items()))
    steps = [_removal(finding, subscription, reason, context) for finding in gone]
    return _difference(known, subscription, steps, _Seen(state), context)


def _judge_all(accounts: Iterable[Account], kinds: Mapping[str, str]) -> Judged:
    """Judge accounts, in the order of their ids; of two entries with one id the worse counts.

    Of two that are equally bad one is chosen by what they say, never by which came first: the
    order of an answer varies, and would be told as a change.
    """
    judged: dict[str, tuple[Account, Judgement]] = {}
    for account in accounts:
        spelled = replace(account, kind=kinds.get((account.kind or "").lower(), account.kind))
        judgement = judge(spelled)
        entry = (spelled, judgement)
        had = judged.setdefault(str(account.id), entry)
        judged[str(account.id)] = max(had, entry, key=_weight)
    return dict(sorted(judged.items()))


def _weight(entry: tuple[Account, Judgement]) -> tuple[object, ...]:
    account, judgement = entry
    said = _folded(account.kind, account.location, judgement)
    return (judgement.verdict.badness, judgement.reason, said, sorted(account.tags.items()))


def _upserts(
    known: Known, subscription: Subscription, judged: Judged, context: Context, *, complete: bool
) -> Iterable[Step]:
    for account_id, (account, judgement) in judged.items():
        before = known.findings.get(account_id)
        if account_id in known.untrusted:
            continue
        if before is not None:
            worse = judgement.verdict.badness > before.judgement.verdict.badness
            if not (complete or worse) or _says_the_same(before, account, judgement):
                continue
        after = _finding(before, account, judgement, context)
        yield Step(before, after, changes.of_account(before, after, subscription, context))


def _finding(
    before: Finding | None, account: Account, judgement: Judgement, context: Context
) -> Finding:
    """Return the finding from now on; its time never goes back, whatever the clock does."""
    now = context.now if before is None else max(context.now, before.changed_at)
    transition = Transition(now, judgement.verdict, judgement.reason, context.scan_id)
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
    )
    if before is None:
        return finding
    lasts = before.judgement.verdict is judgement.verdict
    return replace(
        finding,
        first_seen=before.first_seen,
        violated_since=before.violated_since if violated and lasts else finding.violated_since,
        previous_verdict=before.previous_verdict if lasts else before.judgement.verdict,
        changes=before.changes + 1,
        history=(*before.history, transition)[-KEPT_TRANSITIONS:],
    )


def _says_the_same(before: Finding, account: Account, judgement: Judgement) -> bool:
    """Tell whether a finding still holds; spelling that varies between answers is no difference."""
    return (
        before.judgement.reason is judgement.reason
        and before.rule_version == RULE_VERSION
        and before.tags == account.tags
        and _folded(before.kind, before.location, before.judgement)
        == _folded(account.kind, account.location, judgement)
    )


def _folded(kind: str | None, location: str | None, judgement: Judgement) -> tuple[str, ...]:
    evidence = judgement.evidence
    # Azure returns one vault with and without the trailing slash and the port.
    uri = (evidence.key_vault_uri or "").casefold().rstrip("/").removesuffix(":443")
    # What is malformed stands in the message alone; every other message says what the reason says,
    # and a new wording is no change of the account.
    malformed = judgement.message if judgement.reason is Reason.MALFORMED else None
    parts = (
        kind,
        location,
        malformed,
        evidence.key_source,
        evidence.key_name,
        evidence.key_version,
        evidence.identity_type,
        evidence.identity_client_id,
        evidence.provisioning_state,
    )
    return (uri, *((part or "").casefold() for part in parts))


def _removal(
    finding: Finding, subscription: Subscription, reason: RemovalReason, context: Context
) -> Step:
    return Step(finding, None, changes.of_removal(finding, subscription, reason, context))


def _difference(
    known: Known,
    subscription: Subscription,
    steps: list[Step],
    seen: _Seen,
    context: Context,
) -> Difference:
    before = known.coverage
    first = 1 if before is None else before.sequence + 1
    numbered = tuple(
        replace(step, change=replace(step.change, sequence=number))
        for number, step in enumerate(steps, first)
    )
    told = changes.of_coverage(before, seen.state, seen.gap, subscription, context)
    if told is not None:
        told = replace(told, sequence=first + len(steps))
    coverage = Coverage(
        subscription=_remembered(subscription, before),
        state=seen.state,
        since=before.since if before and before.state is seen.state else context.now,
        gap=_same_gap(before, seen.gap),
        last_read=_last_read(before, seen.state, context),
        accounts=known.count(*_counted(known, steps, seen)),
        sequence=first - 1 + len(steps) + (told is not None),
    )
    return Difference(known, coverage, numbered, told)


def _counted(
    known: Known, steps: Iterable[Step], seen: _Seen
) -> tuple[Mapping[str, Finding], Mapping[str, int], int]:
    """Return what to count: the findings, the ignored accounts, and how many were not read."""
    after = known.after(steps)
    ignored = seen.ignored_by_kind or {}
    if seen.gap is None:
        return after, ignored, 0
    if known.coverage is not None:
        ignored = known.coverage.accounts.ignored_by_kind
    return after, ignored, len((after.keys() | known.untrusted.keys()) - seen.ids)


def _remembered(subscription: Subscription, before: Coverage | None) -> Subscription:
    """Keep the name and tenant last known where Azure no longer tells them."""
    if before is None:
        return subscription
    had = before.subscription
    return Subscription(
        subscription.id,
        subscription.name or had.name,
        subscription.tenant_id or had.tenant_id,
        subscription.state or had.state,
    )


def _same_gap(before: Coverage | None, gap: Gap | None) -> Gap | None:
    """Keep the stored wording of a gap that lasts: varying error texts are no difference."""
    had = before.gap if before else None
    if gap and had and (gap.reason, gap.missing_action) == (had.reason, had.missing_action):
        return had
    return gap


def _last_read(before: Coverage | None, state: CoverageState, context: Context) -> datetime | None:
    if before is None or state is not CoverageState.GAP:
        return None
    return context.status_as_of if before.state is CoverageState.READ else before.last_read
