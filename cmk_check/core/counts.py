"""Sums: of findings into counts, of subscriptions into a slice's, of slices into a scan's."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from hashlib import blake2b
from itertools import chain, islice
from typing import TYPE_CHECKING, Final

from cmk_check.core import cross_check
from cmk_check.core.azure_policy import policy_answer
from cmk_check.core.broken_key import BrokenKey
from cmk_check.core.data_enums import DataState
from cmk_check.core.data_stores.account_data import COVERED, AccountData
from cmk_check.core.enums import (
    CoverageState,
    GapReason,
    KeySeverity,
    KeyState,
    PolicyState,
    Verdict,
)
from cmk_check.core.exceptions.account_exception import AccountException, expiries
from cmk_check.core.kinds import left_out, of_azure_openai
from cmk_check.core.model import (
    AccountCounts,
    Coverage,
    Finding,
    Judgement,
    KeyHealth,
    PolicyCounts,
    VerdictCounts,
)
from cmk_check.core.owner import UNOWNED, Owner
from cmk_check.core.reasons.gap_sentences import make_gap
from cmk_check.core.status import KnownGap, SubscriptionCounts, Summary, UnwrittenGap
from cmk_check.limits import (
    MAX_BROKEN_KEY_REASONS,
    MAX_BROKEN_KEYS_LISTED,
    MAX_GAPS_LISTED,
    MAX_KIND_CHARS,
    MAX_KINDS_COUNTED,
    MAX_OWNERS_COUNTED,
    MAX_UNWRITTEN_NAMED,
)

if TYPE_CHECKING:
    from datetime import datetime

KIND_UNKNOWN: Final = "unknown"
OTHER_KINDS: Final = "other"
# A row that says gap and does not say why.
_UNEXPLAINED: Final = make_gap(GapReason.SLICE_FAILED, "its row does not say why")


class AccountCounter:
    """Counts accounts as they come and go: by all that ``AccountCounts`` has."""

    def __init__(self) -> None:
        self._cells: Counter[tuple[str, Verdict]] = Counter()
        self._reasons: Counter[str] = Counter()
        self._keys: Counter[str] = Counter()
        self._expiries: Counter[datetime] = Counter()
        self._not_assessed = 0
        self._differs = 0
        self._owners: Counter[str | None] = Counter()
        self._data: Counter[str] = Counter()

    def add(
        self,
        kind: str | None,
        judgement: Judgement,
        key: KeyHealth | None = None,
        exception: AccountException | None = None,
        *,
        times: int = 1,
    ) -> None:
        """Count one account, or with ``times=-1`` count it no longer."""
        self._cells[kind or KIND_UNKNOWN, judgement.verdict] += times
        self._reasons[judgement.reason.value] += times
        if key is not None and judgement.verdict is Verdict.COMPLIANT:
            self._keys[key.state.value] += times
        until = exception.honoured_until if exception is not None else None
        if until is not None and judgement.verdict is Verdict.NON_COMPLIANT:
            self._expiries[until] += times
        answer = policy_answer(kind, judgement)
        if answer is not None and answer.differs:
            self._differs += times
            self._not_assessed += times * (answer.state is PolicyState.NOT_ASSESSED)

    def add_owner(self, owner: Owner | None, times: int = 1) -> None:
        """Count an account's owner; None counts as nobody."""
        self._owners[(owner or UNOWNED).value] += times

    def add_data(self, data: AccountData | None, times: int = 1) -> None:
        """Count under whose keys an account's data is; None where nobody looked."""
        if data is not None:
            self._data[data.state.value] += times

    def counts(self, ignored_by_kind: Mapping[str, int], unread: int) -> AccountCounts:
        """Return the counts as they stand; what has gone to nothing is left out."""
        cells = +self._cells
        by_kind = {
            kind: VerdictCounts(*(cells[kind, verdict] for verdict in Verdict))
            for kind in sorted({kind for kind, _ in cells})
        }
        by_reason = dict(sorted((+self._reasons).items()))
        by_key_health = dict(sorted((+self._keys).items()))
        return AccountCounts(
            by_kind,
            by_reason,
            _few(ignored_by_kind),
            unread,
            by_key_health,
            expiries(self._expiries.items()),
            PolicyCounts(self._not_assessed, self._differs) if by_kind else None,
            self._owners[None],
            _some_owners(_hash(owner) for owner in +self._owners if owner is not None),
            dict(sorted((+self._data).items())),
        )


def contradiction(accounts: AccountCounts) -> str | None:
    """Say what cannot be true of the counts of a subscription, None if nothing.

    ``unread`` may exceed the total: a recording that was interrupted leaves that of its beginning.
    """
    excepted = [count for _, count in accounts.excepted]
    policy = accounts.policy or PolicyCounts()
    cells = (
        (kind.compliant, kind.non_compliant, kind.unknown) for kind in accounts.by_kind.values()
    )
    sums = (accounts.by_reason, accounts.ignored_by_kind, accounts.by_key_health)
    counted = (*cells, *(part.values() for part in (*sums, accounts.by_data_state)), excepted)
    others = (accounts.unread, accounts.unowned, policy.not_assessed)
    if min(chain(others, *counted)) < 0:
        return "has a count below zero"
    if sum(accounts.by_reason.values()) != accounts.total:
        return "counts other accounts by reason than by kind"
    parts = (
        (sum(accounts.by_key_health.values()), accounts.compliant),
        (sum(excepted), accounts.non_compliant),
        (sum(accounts.by_data_state.values()), accounts.total),
        (accounts.unowned + len(accounts.owners), accounts.total),
        (policy.not_assessed, policy.differs),
        (policy.differs, accounts.total),
    )
    return "counts more than there are" if any(part > whole for part, whole in parts) else None


def broken_keys(accounts: AccountCounts) -> int:
    """Return how many compliant accounts have a key that cannot be used."""
    return accounts.by_key_health.get(KeyState.BROKEN, 0)


def unknown_keys(accounts: AccountCounts) -> int:
    """Return of how many compliant accounts nobody knows it; of some no key was ever looked at."""
    known = (KeyState.HEALTHY, KeyState.AT_RISK, KeyState.BROKEN)
    return accounts.compliant - sum(accounts.by_key_health.get(state, 0) for state in known)


def key_counts(accounts: AccountCounts) -> dict[str, int] | None:
    """Return the counts of log lines and changes by key health; None if no key was read."""
    if not accounts.by_key_health:
        return None
    return {
        "healthy": accounts.by_key_health.get(KeyState.HEALTHY, 0),
        "atRisk": accounts.by_key_health.get(KeyState.AT_RISK, 0),
        "broken": broken_keys(accounts),
        "unknown": unknown_keys(accounts),
    }


def covered_data(accounts: AccountCounts) -> int:
    """Return how many accounts are known to have none under Microsoft's keys."""
    return sum(accounts.by_data_state.get(state, 0) for state in COVERED)


def exposed_data(accounts: AccountCounts) -> int:
    """Return how many accounts have data under Microsoft's keys."""
    return accounts.by_data_state.get(DataState.MICROSOFT_KEYS, 0)


def unknown_data(accounts: AccountCounts) -> int:
    """Return of how many nobody knows it; of some nobody ever looked at where it lies."""
    known = (state for state in DataState if state is not DataState.UNKNOWN)
    return accounts.total - sum(accounts.by_data_state.get(state, 0) for state in known)


def data_counts(accounts: AccountCounts) -> dict[str, int] | None:
    """Return the counts by data state as answers name them; None if nobody looked at any."""
    if not accounts.by_data_state:
        return None
    return {
        "ownKeys": accounts.by_data_state.get(DataState.OWN_KEYS, 0),
        "microsoftKeys": exposed_data(accounts),
        "mayBeMicrosoftKeys": accounts.by_data_state.get(DataState.MAY_BE_MICROSOFT_KEYS, 0),
        "unknown": unknown_data(accounts),
        "none": accounts.by_data_state.get(DataState.NONE, 0),
    }


def list_broken_keys(findings: Mapping[str, Finding]) -> list[BrokenKey]:
    """Name the broken keys among the findings of a subscription, as many as a summary holds."""
    return [
        BrokenKey(
            account_id,
            tuple(
                concern.code for concern in key.concerns if concern.severity is KeySeverity.BROKEN
            )[:MAX_BROKEN_KEY_REASONS],
        )
        for account_id, finding in sorted(findings.items())
        if (key := finding.key_health) is not None
        and key.state is KeyState.BROKEN
        and finding.judgement.verdict is Verdict.COMPLIANT
    ][:MAX_BROKEN_KEYS_LISTED]


def summarise(
    recorded: Iterable[Coverage],
    changes: int,
    broken: Iterable[BrokenKey] = (),
    *,
    unwritten: Sequence[UnwrittenGap] = (),
    new: int = 0,
) -> Summary:
    """Sum subscriptions as they stand after a slice.

    ``broken`` are the keys to be named, ``unwritten`` the gaps that stand in no row, ``new`` is how
    many of the subscriptions were not counted before. The forgotten do not count.
    """
    rows = [row for row in recorded if not row.is_forgotten]
    states = Counter(row.state for row in rows)
    gaps = [known_gap(row) for row in rows if row.state is CoverageState.GAP]
    return Summary(
        accounts=_add_accounts(row.accounts for row in rows),
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


def known_gap(row: Coverage) -> KnownGap:
    """Show a coverage row as a gap."""
    return KnownGap(row.subscription.id, row.subscription.name, row.gap or _UNEXPLAINED, row.since)


def merge(summaries: Iterable[Summary]) -> Summary:
    """Sum the summaries of slices."""
    parts = list(summaries)
    gaps = [gap for part in parts for gap in part.gaps]
    subscriptions = [part.subscriptions for part in parts]
    return Summary(
        accounts=_add_accounts(part.accounts for part in parts),
        subscriptions=SubscriptionCounts(
            read=sum(part.read for part in subscriptions),
            gap=sum(part.gap for part in subscriptions),
            excluded=sum(part.excluded for part in subscriptions),
            retired=sum(part.retired for part in subscriptions),
        ),
        gaps=tuple(gaps[:MAX_GAPS_LISTED]),
        gaps_omitted=sum(part.gaps_omitted for part in parts) + max(0, len(gaps) - MAX_GAPS_LISTED),
        changes=sum(part.changes for part in parts),
        broken_keys=tuple(key for part in parts for key in part.broken_keys)[
            :MAX_BROKEN_KEYS_LISTED
        ],
        unwritten=sum(part.unwritten_count for part in parts),
        new=sum(part.new for part in parts),
        cross_check=cross_check.merge(part.cross_check for part in parts),
        unwritten_gaps=tuple(gap for part in parts for gap in part.unwritten_gaps)[
            :MAX_UNWRITTEN_NAMED
        ],
    )


def _add_accounts(counts: Iterable[AccountCounts]) -> AccountCounts:
    by_kind: dict[str, VerdictCounts] = {}
    by_reason: Counter[str] = Counter()
    ignored: Counter[str] = Counter()
    keys: Counter[str] = Counter()
    data: Counter[str] = Counter()
    excepted: list[tuple[datetime, int]] = []
    unread = unowned = 0
    owners: set[str] = set()
    policy: PolicyCounts | None = PolicyCounts()
    parts = list(counts)
    kept = _kept({kind for part in parts for kind in part.by_kind})
    for part in parts:
        for name, more in part.by_kind.items():
            kind = name if name in kept else OTHER_KINDS
            had = by_kind.get(kind, VerdictCounts())
            by_kind[kind] = VerdictCounts(
                had.compliant + more.compliant,
                had.non_compliant + more.non_compliant,
                had.unknown + more.unknown,
            )
        by_reason.update(part.by_reason)
        ignored.update(part.ignored_by_kind)
        keys.update(part.by_key_health)
        data.update(part.by_data_state)
        excepted += part.excepted
        unread += part.unread
        policy = _add_policy(policy, part.azure_policy)
        unowned += part.unowned
        owners.update(part.owners)
    return AccountCounts(
        dict(sorted(by_kind.items())),
        dict(sorted(by_reason.items())),
        _few(ignored),
        unread,
        dict(sorted(keys.items())),
        expiries(excepted),
        policy if any(counts.total for counts in by_kind.values()) else None,
        unowned,
        _some_owners(owners),
        dict(sorted(data.items())),
    )


def _add_policy(had: PolicyCounts | None, more: PolicyCounts | None) -> PolicyCounts | None:
    """Add counts; a sum without a part of it would be too small."""
    if had is None or more is None:
        return None
    return PolicyCounts(had.not_assessed + more.not_assessed, had.differs + more.differs)


def _some_owners(hashes: Iterable[str]) -> tuple[str, ...]:
    return tuple(sorted(set(hashes))[:MAX_OWNERS_COUNTED])


def _hash(owner: str) -> str:
    """Return a short name of an owner: rows of sums must be small, and owners may be people."""
    return blake2b(owner.encode(), digest_size=4).hexdigest()


def _kept(kinds: Iterable[str]) -> list[str]:
    short = (kind for kind in sorted(kinds) if len(kind) <= MAX_KIND_CHARS)
    return list(islice(short, MAX_KINDS_COUNTED))


def _few(by_kind: Mapping[str, int]) -> dict[str, int]:
    """Keep what a row can hold: a kind is any text that Azure sends.

    Those of Azure OpenAI come first, and in one spelling, because the posture counts them.
    """
    first = left_out(by_kind)
    others = _kept(kind for kind in by_kind if of_azure_openai(kind) is None)
    kept = others[: MAX_KINDS_COUNTED - len(first)]
    few = dict(sorted((first | {kind: by_kind[kind] for kind in kept}).items()))
    if rest := sum(by_kind.values()) - sum(few.values()):
        few[OTHER_KINDS] = few.get(OTHER_KINDS, 0) + rest
    return few
