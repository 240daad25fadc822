"""Add up findings for a subscription, subscriptions for a slice, and slices for a scan."""

from collections import Counter
from collections.abc import Collection, Hashable, Iterable, Mapping, Sequence
from itertools import chain, islice
from typing import Final

from cmk_check.core import cross_check
from cmk_check.core.aspects import ASPECTS
from cmk_check.core.aspects.aspect import AnyAccount
from cmk_check.core.enums import CoverageState, GapReason, KeySeverity, KeyState, Verdict
from cmk_check.core.keys.key_health import BrokenKey
from cmk_check.core.kinds import count_left_out, get_azure_openai_kind
from cmk_check.core.model import AccountCounts, Coverage, Finding, VerdictCounts
from cmk_check.core.reasons.gap_sentences import make_gap
from cmk_check.core.status import KnownGap, SubscriptionCounts, Summary, Unpublished, UnwrittenGap
from cmk_check.limits import (
    MAX_BROKEN_KEY_REASONS,
    MAX_BROKEN_KEYS_LISTED,
    MAX_GAPS_LISTED,
    MAX_KIND_CHARS,
    MAX_KINDS_COUNTED,
    MAX_UNWRITTEN_NAMED,
)

KIND_UNKNOWN: Final = "unknown"
OTHER_KINDS: Final = "other"
# For a row that is a gap but has no reason.
_UNEXPLAINED: Final = make_gap(GapReason.SLICE_FAILED, "its row does not say why")


class AccountCounter:
    """Counts accounts by verdict, reason and aspect, and lets accounts be added and removed."""

    def __init__(self) -> None:
        self._cells: Counter[tuple[str, Verdict]] = Counter()
        self._reasons: Counter[str] = Counter()
        self._labels: list[Counter[Hashable]] = [Counter() for _ in ASPECTS]

    def add(self, account: AnyAccount, times: int = 1) -> None:
        """Add one account to the counts; ``times=-1`` removes the account from the counts."""
        judgement = account.judgement
        self._cells[account.kind or KIND_UNKNOWN, judgement.verdict] += times
        self._reasons[judgement.reason.value] += times
        for aspect, labels in zip(ASPECTS, self._labels, strict=True):
            if (label := aspect.get_label(account)) is not None:
                labels[label] += times

    def merge(self, counts: AccountCounts, kinds: Collection[str]) -> None:
        """Add another subscription's ``counts``, combining all kinds that are not in ``kinds``."""
        for name, more in counts.by_kind.items():
            kind = name if name in kinds else OTHER_KINDS
            self._cells[kind, Verdict.COMPLIANT] += more.compliant
            self._cells[kind, Verdict.NON_COMPLIANT] += more.non_compliant
            self._cells[kind, Verdict.UNKNOWN] += more.unknown
        self._reasons.update(counts.by_reason)
        for aspect, labels in zip(ASPECTS, self._labels, strict=True):
            labels.update(dict(aspect.list_counts(counts)))

    def counts(self, ignored_by_kind: Mapping[str, int], unread: int) -> AccountCounts:
        """Return the current counts, leaving out kinds, reasons and labels with a count of zero."""
        cells = +self._cells
        counts = AccountCounts(
            by_kind={
                kind: VerdictCounts(*(cells[kind, verdict] for verdict in Verdict))
                for kind in sorted({kind for kind, _ in cells})
            },
            by_reason=dict(sorted((+self._reasons).items())),
            ignored_by_kind=_few(ignored_by_kind),
            unread=unread,
        )
        for aspect, labels in zip(ASPECTS, self._labels, strict=True):
            counts = aspect.add_counts(counts, +labels)
        return counts


def contradiction(accounts: AccountCounts) -> str | None:
    """Return why a subscription's counts must be wrong, or None if these counts are plausible.

    ``unread`` may exceed the total, because an interrupted recording leaves ``unread`` unchanged.
    """
    cells = ((one.compliant, one.non_compliant, one.unknown) for one in accounts.by_kind.values())
    sums = (accounts.by_reason, accounts.ignored_by_kind)
    if min(chain((accounts.unread,), *cells, *(part.values() for part in sums))) < 0:
        return "has a count below zero"
    if sum(accounts.by_reason.values()) != accounts.total:
        return "counts different numbers of accounts by reason and by kind"
    for aspect in ASPECTS:
        numbers = [count for _, count in aspect.list_counts(accounts)]
        if min(numbers, default=0) < 0:
            return "has a count below zero"
        if (number := sum(numbers)) and number > aspect.count_applicable(accounts):
            return "counts more accounts than there are"
    return None


def list_broken_keys(findings: Mapping[str, Finding]) -> list[BrokenKey]:
    """Return a subscription's broken keys, up to the number that a summary can contain."""
    broken_keys = []
    for account_id, finding in sorted(findings.items()):
        key, is_compliant = finding.key_health, finding.judgement.verdict is Verdict.COMPLIANT
        if key is not None and key.state is KeyState.BROKEN and is_compliant:
            codes = [each.code for each in key.concerns if each.severity is KeySeverity.BROKEN]
            broken_keys.append(BrokenKey(account_id, tuple(codes[:MAX_BROKEN_KEY_REASONS])))
    return broken_keys[:MAX_BROKEN_KEYS_LISTED]


def summarise(
    recorded: Iterable[Coverage],
    changes: int,
    broken: Iterable[BrokenKey] = (),
    *,
    unwritten: Sequence[UnwrittenGap] = (),
    new: int = 0,
) -> Summary:
    """Add up the coverage rows of a slice.

    ``broken`` are the keys to name, ``unwritten`` the gaps without a row, and ``new`` the number of
    subscriptions that were not counted before.
    """
    rows = list(recorded)
    states = Counter(row.state for row in rows)
    gaps = [get_known_gap(row) for row in rows if row.state is CoverageState.GAP]
    return Summary(
        accounts=_sum_accounts(row.accounts for row in rows),
        subscriptions=SubscriptionCounts(
            read=states[CoverageState.READ],
            gap=len(gaps),
            excluded=states[CoverageState.EXCLUDED],
            retired=states[CoverageState.RETIRED],
        ),
        gaps=tuple(gaps[:MAX_GAPS_LISTED]),
        gaps_omitted=max(0, len(gaps) - MAX_GAPS_LISTED),
        changes=changes,
        broken_keys=tuple(broken)[:MAX_BROKEN_KEYS_LISTED],
        unwritten=len(unwritten),
        new=new,
        unwritten_gaps=tuple(unwritten[:MAX_UNWRITTEN_NAMED]),
    )


def get_known_gap(row: Coverage) -> KnownGap:
    """Return the gap in a subscription's coverage row."""
    return KnownGap(row.subscription.id, row.subscription.name, row.gap or _UNEXPLAINED, row.since)


def merge(summaries: Iterable[Summary]) -> Summary:
    """Add up the summaries of slices."""
    parts = list(summaries)
    gaps = [gap for part in parts for gap in part.gaps]
    unwritten = [gap for part in parts for gap in part.unwritten_gaps]
    broken_keys = [key for part in parts for key in part.broken_keys]
    subscriptions = [part.subscriptions for part in parts]
    return Summary(
        accounts=_sum_accounts(part.accounts for part in parts),
        subscriptions=SubscriptionCounts(
            read=sum(part.read for part in subscriptions),
            gap=sum(part.gap for part in subscriptions),
            excluded=sum(part.excluded for part in subscriptions),
            retired=sum(part.retired for part in subscriptions),
        ),
        gaps=tuple(gaps[:MAX_GAPS_LISTED]),
        gaps_omitted=sum(part.gaps_omitted for part in parts) + max(0, len(gaps) - MAX_GAPS_LISTED),
        changes=sum(part.changes for part in parts),
        broken_keys=tuple(broken_keys[:MAX_BROKEN_KEYS_LISTED]),
        unwritten=sum(part.unwritten for part in parts),
        new=sum(part.new for part in parts),
        cross_check=cross_check.merge(part.cross_check for part in parts),
        unwritten_gaps=tuple(unwritten[:MAX_UNWRITTEN_NAMED]),
        unpublished=Unpublished.add(part.unpublished for part in parts),
    )


def _sum_accounts(counts: Iterable[AccountCounts]) -> AccountCounts:
    parts, total = list(counts), AccountCounter()
    kept, ignored = _select_kinds({kind for part in parts for kind in part.by_kind}), Counter[str]()
    for part in parts:
        total.merge(part, kept)
        ignored.update(part.ignored_by_kind)
    return total.counts(ignored, sum(part.unread for part in parts))


def _select_kinds(kinds: Iterable[str]) -> list[str]:
    short = (kind for kind in sorted(kinds) if len(kind) <= MAX_KIND_CHARS)
    return list(islice(short, MAX_KINDS_COUNTED))


def _few(by_kind: Mapping[str, int]) -> dict[str, int]:
    """Combine kinds beyond the number that fits in a row, because Azure may send any string.

    Azure OpenAI kinds are kept first, in one spelling, because the posture counts their accounts.
    """
    first = count_left_out(by_kind)
    others = _select_kinds(kind for kind in by_kind if get_azure_openai_kind(kind) is None)
    kept = others[: MAX_KINDS_COUNTED - len(first)]
    few = dict(sorted((first | {kind: by_kind[kind] for kind in kept}).items()))
    if rest := sum(by_kind.values()) - sum(few.values()):
        few[OTHER_KINDS] = few.get(OTHER_KINDS, 0) + rest
    return few
