"""Sums: nothing is counted twice, and nothing is dropped."""

from dataclasses import replace
from itertools import batched

from hypothesis import given
from hypothesis import strategies as st

from cmk_check.core.account import Account, Subscription
from cmk_check.core.aspects.aspect import Judged
from cmk_check.core.aspects.key_health import KEY_HEALTH
from cmk_check.core.counts import AccountCounter, list_broken_keys, merge, summarise
from cmk_check.core.enums import CoverageState, GapReason, KeyReason, KeyState
from cmk_check.core.keys.key_health import BrokenKey, KeyHealth
from cmk_check.core.kinds import count_left_out
from cmk_check.core.model import AccountCounts, Coverage, VerdictCounts
from cmk_check.core.owner import UNOWNED, Owner
from cmk_check.core.rule import judge
from cmk_check.core.status import SubscriptionCounts
from cmk_check.limits import (
    MAX_BROKEN_KEYS_LISTED,
    MAX_GAPS_LISTED,
    MAX_KIND_CHARS,
    MAX_KINDS_COUNTED,
    MAX_OWNERS_COUNTED,
)
from tests.fakes.keys import BOTH, HEALTHY, UNPROTECTED
from tests.fakes.world import bad, good, odd
from tests.unit.core.examples import FORBIDDEN, ID, NOON, known_of

_COUNTS = st.builds(
    AccountCounts,
    st.dictionaries(
        st.sampled_from(["OpenAI", "AIServices", "unknown"]),
        st.builds(VerdictCounts, *[st.integers(0, 9)] * 3),
    ),
    st.dictionaries(st.sampled_from(["never_configured", "malformed"]), st.integers(1, 9)),
    st.dictionaries(st.sampled_from(["Face", "SpeechServices"]), st.integers(1, 9)),
    st.integers(0, 9),
    st.dictionaries(st.sampled_from(["broken", "healthy"]), st.integers(1, 9)),
)
_ROWS = st.lists(
    st.builds(
        Coverage,
        st.builds(Subscription, st.text("abc", min_size=1)),
        st.sampled_from(CoverageState),
        st.just(NOON),
        gap=st.none() | st.just(FORBIDDEN),
        accounts=_COUNTS,
    ),
    max_size=12,
)


def judged(account: Account) -> Judged:
    """Judge an account."""
    return Judged(account, judge(account))


def counted(*accounts: Account | Judged) -> AccountCounts:
    """Count accounts, and judge those that are not."""
    tally = AccountCounter()
    for each in accounts:
        tally.add(each if isinstance(each, Judged) else judged(each))
    return tally.counts({}, 0)


def test_accounts_are_counted_by_kind_verdict_and_reason() -> None:
    """Each account stands in exactly one cell."""
    counts = counted(
        good(ID, "a"), bad(ID, "b"), bad(ID, "c"), odd(ID, "d"), replace(bad(ID), kind="AIServices")
    )

    assert counts.by_kind == {
        "AIServices": VerdictCounts(non_compliant=1),
        "OpenAI": VerdictCounts(compliant=1, non_compliant=2, unknown=1),
    }
    assert counts.by_reason == {
        "customer_managed_key": 1,
        "malformed": 1,
        "microsoft_managed_key": 3,
    }
    assert (counts.total, counts.compliant, counts.non_compliant, counts.unknown) == (5, 1, 3, 1)


def test_owners_are_counted_once_however_many_subscriptions_they_have() -> None:
    """Sums of subscriptions cannot be added: people own accounts in several of them."""

    def of(*owners: str | None) -> Coverage:
        found = (Owner(owner, "account") if owner else UNOWNED for owner in owners)
        accounts = counted(*(replace(judged(bad(ID)), owner=owner) for owner in found))
        return replace(_row(), accounts=accounts)

    many = [f"owner {number}" for number in range(MAX_OWNERS_COUNTED + 9)]

    assert [
        (len(each.accounts.owners), each.accounts.unowned)
        for each in (
            summarise([of("a", None), of("b", "a", None, None)], 0),
            merge([summarise([of("a")], 0), summarise([of("a", None)], 0)]),
            summarise([of(*many)], 0),
        )
    ] == [(2, 3), (1, 1), (MAX_OWNERS_COUNTED, 0)]


def test_keys_that_nobody_looked_at_are_unknown() -> None:
    """P1: what no scan has read must not count as healthy, nor beside what was looked at."""
    accounts = [judged(make(ID)) for make in (bad, good, odd, good)]
    read = replace(judged(good(ID)), key_health=KeyHealth(KeyState.BROKEN))

    none, some = counted(*accounts), counted(*accounts, read)

    assert (KEY_HEALTH.sums(none), KEY_HEALTH.get_all_sums(none)["unknown"]) == (None, 2)
    assert KEY_HEALTH.sums(some) == {"healthy": 0, "atRisk": 0, "broken": 1, "unknown": 2}


def _row() -> Coverage:
    return Coverage(Subscription(ID), CoverageState.READ, NOON)


def test_the_order_of_sums_is_fixed() -> None:
    """An unchanged estate gives the same bytes, so that it is not written again (P4)."""
    accounts = [replace(bad(ID, "a"), kind="OpenAI"), replace(odd(ID, "b"), kind="AIServices")]

    forth, back = counted(*accounts), counted(*reversed(accounts))

    assert list(forth.by_kind) == list(back.by_kind) == ["AIServices", "OpenAI"]
    assert list(forth.by_reason) == list(back.by_reason)


def test_kinds_of_azure_openai_are_counted_first_and_in_any_case() -> None:
    """What a setting leaves out must be known, however many kinds there are before it (P1)."""
    many = {f"A{number:03}": 1 for number in range(MAX_KINDS_COUNTED)}

    counts = AccountCounter().counts({**many, "openai": 2, "OPENAI": 3, "aiServices": 1}, 0)
    row = Coverage(Subscription(ID), CoverageState.READ, NOON, accounts=counts)
    total = merge([summarise([row], 0)] * 2).accounts

    assert count_left_out(counts.ignored_by_kind) == {"AIServices": 1, "OpenAI": 5}
    assert count_left_out(total.ignored_by_kind) == {"AIServices": 2, "OpenAI": 10}
    assert len(counts.ignored_by_kind) == MAX_KINDS_COUNTED + 1
    assert sum(counts.ignored_by_kind.values()) == MAX_KINDS_COUNTED + 6


def test_kinds_of_any_number_and_length_add_up_to_what_a_row_can_hold() -> None:
    """Else one row that somebody wrote would let no partial scan end any more."""
    counted = VerdictCounts(non_compliant=1)
    rows = [
        replace(_row(), accounts=AccountCounts({name: counted}, {}, {name: 2}))
        for number in range(99)
        for name in (f"kind {number}", f"{number:0199}")
    ]

    accounts = summarise(rows, 0).accounts

    assert (accounts.non_compliant, sum(accounts.ignored_by_kind.values())) == (198, 396)
    for kinds in (accounts.by_kind, accounts.ignored_by_kind):
        assert len(kinds) == MAX_KINDS_COUNTED + 1
        assert max(map(len, kinds)) <= MAX_KIND_CHARS


def test_every_state_of_coverage_is_counted_once() -> None:
    """A pending subscription does not count yet."""
    rows = [Coverage(Subscription(state), state, NOON) for state in CoverageState]

    summary = summarise(rows, 7)

    assert summary.subscriptions == SubscriptionCounts(read=1, gap=1, excluded=1, retired=1)
    assert summary.subscriptions.total == len(rows) - 1
    assert summary.changes == 7


def test_a_gap_whose_row_does_not_say_why_says_so() -> None:
    """Every gap has a reason and a way out (P11)."""
    row = Coverage(Subscription(ID, "Production"), CoverageState.GAP, NOON)

    (known,) = summarise([row], 0).gaps

    assert known.gap.reason is GapReason.SLICE_FAILED
    assert "next scan" in (known.gap.detail or "")
    assert (known.subscription_id, known.name, known.since) == (ID, "Production", NOON)


@given(_ROWS, st.integers(1, 4))
def test_slices_sum_to_the_estate(rows: list[Coverage], size: int) -> None:
    """However the estate is cut, the answer is the same."""
    slices = [summarise(part, len(part)) for part in batched(rows, size, strict=False)]

    assert merge(slices) == summarise(rows, len(rows))


def test_gaps_beyond_the_most_are_counted_and_not_listed() -> None:
    """The status row must stay small in an outage, and say how large the outage is."""
    ids = [Subscription(f"s{number:04}") for number in range(130)]
    rows = [Coverage(each, CoverageState.GAP, NOON, FORBIDDEN) for each in ids]

    summary = merge([summarise(part, 0) for part in batched(rows, 60, strict=False)])

    assert len(summary.gaps) == MAX_GAPS_LISTED == 50
    assert summary.gaps_omitted == 80
    assert summary.subscriptions.gap == 130


def test_only_a_broken_key_is_named_with_what_broke_it() -> None:
    """What only puts a key at risk does not explain why data cannot be read."""
    broken = known_of(good(ID, "b"), good(ID, "a"), keys=BOTH).findings
    others = [known_of(good(ID), keys=facts).findings for facts in (None, HEALTHY, UNPROTECTED)]
    edited = {name: replace(each, judgement=judge(bad(ID))) for name, each in broken.items()}

    reasons = (KeyReason.KEY_DISABLED,)
    assert list_broken_keys(broken) == [
        BrokenKey(str(good(ID, name).id), reasons) for name in ("a", "b")
    ]
    assert [list_broken_keys(each) for each in (*others, edited)] == [[]] * 4


def test_broken_keys_beyond_the_most_are_not_named() -> None:
    """The change must fit into a row; its counts say how many there are."""
    keys = [BrokenKey(f"a{number:03}") for number in range(130)]

    summary = merge([summarise([], 0, part) for part in batched(keys, 60, strict=False)])

    assert summary.broken_keys == tuple(keys[:MAX_BROKEN_KEYS_LISTED])
    assert len(summarise([], 0, keys).broken_keys) == MAX_BROKEN_KEYS_LISTED == 50
    many = known_of(*(good(ID, f"a{number:03}") for number in range(60)), keys=BOTH)
    assert len(list_broken_keys(many.findings)) == MAX_BROKEN_KEYS_LISTED
