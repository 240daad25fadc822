"""Which subscriptions are read, and that slices leave no gap between them."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cmk_check.core.account import Subscription
from cmk_check.core.enums import CoverageState, Disposition
from cmk_check.core.scope import Scope, slice_ranges, visible


@pytest.mark.parametrize(
    ("include", "exclude", "state", "disposition"),
    [
        ("", "", "Disabled", Disposition.READ),
        ("", "", None, Disposition.READ),
        ("", "", "deleted", Disposition.RETIRED),
        ("s", "", "Enabled", Disposition.READ),
        ("t", "", "Enabled", Disposition.EXCLUDED),
        ("", "s", "Enabled", Disposition.EXCLUDED),
        ("s", "s", "Enabled", Disposition.EXCLUDED),
        ("t", "", "Deleted", Disposition.EXCLUDED),
    ],
)
def test_what_to_do_with_a_listed_subscription(
    include: str, exclude: str, state: str | None, disposition: Disposition
) -> None:
    """Everything that can be read is read, unless a person excluded it."""
    scope = Scope(frozenset(include), frozenset(exclude))

    assert scope.judge_listed(Subscription("s", state=state)) is disposition


@pytest.mark.parametrize(
    ("include", "exclude", "recorded", "disposition"),
    [
        ("", "", None, Disposition.NOT_VISIBLE),
        ("", "", CoverageState.EXCLUDED, Disposition.NOT_VISIBLE),
        ("", "", CoverageState.RETIRED, Disposition.RETIRED),
        ("", "s", CoverageState.READ, Disposition.EXCLUDED),
        ("", "s", CoverageState.RETIRED, Disposition.EXCLUDED),
        ("t", "", CoverageState.READ, Disposition.EXCLUDED),
    ],
)
def test_what_to_do_with_a_subscription_no_longer_listed(
    include: str, exclude: str, recorded: CoverageState | None, disposition: Disposition
) -> None:
    """A vanished subscription is a gap until a person excludes it; a deleted one stays so (P2)."""
    scope = Scope(frozenset(include), frozenset(exclude))

    assert scope.judge_unlisted("s", recorded) is disposition


def test_a_deleted_subscription_is_not_visible() -> None:
    """A remainder must not hide a subscription that the identity lost."""
    listed = [Subscription("a", state="Enabled"), Subscription("b", state="DELETED")]

    assert visible([*listed, Subscription("c")]) == 2


@given(st.sets(st.text("abc", min_size=1), min_size=1), st.integers(1, 5), st.text("abcd"))
def test_slices_cover_every_key_exactly_once(ids: set[str], size: int, probe: str) -> None:
    """A row between two slices would never be read again (P2)."""
    ranges = slice_ranges(sorted(ids, reverse=True), str, size)

    holding = [low for low, high, _ in ranges if low <= probe and (not high or probe < high)]
    assert len(holding) == 1
    assert [key for _, _, group in ranges for key in group] == sorted(ids)
    assert all(1 <= len(group) <= size for *_, group in ranges)
    # An id outside its range would find none of its rows, and be taken for new.
    assert all(low <= min(group) and (not high or max(group) < high) for low, high, group in ranges)


def test_slices_are_cut_in_the_order_of_keys() -> None:
    """The table sorts by its keys, and an id and its key may sort differently."""
    entries = ["a3", "b1", "c2"]

    ranges = slice_ranges(entries, lambda entry: entry[1], 2)

    assert ranges == [("", "3", ("b1", "c2")), ("3", "", ("a3",))]
