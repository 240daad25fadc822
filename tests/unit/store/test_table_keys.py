"""Keys: every name has its own, and rows sort as the program reads them."""

import re
from collections.abc import Callable
from datetime import UTC, datetime

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from cmk_check.ports import LimitExceeded
from cmk_check.store import table_keys

_LEGAL = re.compile(r"[A-Za-z0-9\-._()~]*")
_ANY_TEXT = st.text(st.characters(exclude_categories=[]))  # lone surrogates as well
_FEW = st.text(st.sampled_from("a0~|/_é\U0010ffff\ud800"), max_size=8)
NOON = datetime(2026, 11, 25, 12, tzinfo=UTC)
SCAN = "scan|8204391999|20261125T120000Z-3fa9"


@given(_ANY_TEXT | _FEW)
@example("~002t~")
@example("\ud83d\ude00")
@example("\U0001f600")
def test_escaping_can_be_undone(text: str) -> None:
    """A subscription's id is read back from its partition, and no two share one."""
    key = table_keys.escape(text)

    assert table_keys.unescape(key) == text
    # The service refuses some characters, clients trip over others, and | is our separator.
    assert _LEGAL.fullmatch(key)


@pytest.mark.parametrize(
    ("text", "key"),
    [
        ("rg/prod", "rg~001b~prod"),
        ("a|b", "a~003g~b"),
        ("50% of é", "50~0011000w~of~000w006h~"),
        ("~", "~003i~"),
        ("\U0010ffff", "~nvnj~"),
    ],
)
def test_the_escape_stays_what_it_is(text: str, key: str) -> None:
    """Rows must be found again by every later version."""
    assert table_keys.escape(text) == key


@pytest.mark.parametrize(
    "key", ["a/b", "é", "~", "~001b", "~001B~", "~001b~~001b~", "~002p~", "~zzzz~"]
)
def test_what_escape_never_makes_is_refused(key: str) -> None:
    """A foreign row must not be taken for one of ours."""
    with pytest.raises(ValueError, match="must be escaped text"):
        table_keys.unescape(key)


@given(_FEW, _FEW, _FEW, _FEW)
@example("a|b", "c", "a", "b|c")
def test_group_and_name_are_told_apart(group: str, name: str, group2: str, name2: str) -> None:
    """A name must not reach into the group before it."""
    same = (group.lower(), name.lower()) == (group2.lower(), name2.lower())

    assert (table_keys.finding_row(group, name) == table_keys.finding_row(group2, name2)) == same


_TOO_LONG: dict[str, Callable[[], str]] = {
    "names": lambda: table_keys.finding_row("א" * 128, "n"),
    "a subscription": lambda: table_keys.get_partition("s" * 513),
    "a sequence": lambda: table_keys.outbox_row(10**12, "c"),
    "a negative sequence": lambda: table_keys.outbox_row(-1, "c"),
    "a slice": lambda: table_keys.slice_row("plan", 10_000),
    "a number in the feed": lambda: table_keys.feed_row(10**20),
}


@pytest.mark.parametrize("make", _TOO_LONG.values(), ids=_TOO_LONG)
def test_a_key_that_does_not_fit_is_refused(make: Callable[[], str]) -> None:
    """A key cut short or out of order would be worse than none."""
    with pytest.raises(LimitExceeded):
        make()


def test_keys_have_the_form_of_the_design() -> None:
    """Operators and alert rules read these rows."""
    assert table_keys.outbox_row(7, "5f0c7a1e-8d0e") == "outbox|000000000007|5f0c7a1e-8d0e"
    assert table_keys.scan_row(NOON, "20261125T120000Z-3fa9") == SCAN
    assert table_keys.slice_partition("20261125T120000Z-3fa9") == "slice|20261125T120000Z-3fa9"
    assert table_keys.slice_row("plan", 7) == "plan|0007"
    assert table_keys.feed_row(7) == "00000000000000000007"
    assert table_keys.feed_marker("5f0c7a1e") == "id|5f0c7a1e"


@pytest.mark.parametrize(
    ("start", "end", "row"),
    [
        (table_keys.FINDINGS_FROM, table_keys.FINDINGS_TO, table_keys.finding_row("א", "n")),
        (table_keys.OUTBOX_FROM, table_keys.OUTBOX_TO, table_keys.outbox_row(10**12 - 1, "~")),
        (table_keys.SCANS_FROM, table_keys.SCANS_TO, table_keys.scan_row(NOON, "~")),
    ],
)
def test_the_bounds_hold_all_rows_of_a_kind_and_no_others(start: str, end: str, row: str) -> None:
    """A range that misses a row is a finding never seen again."""
    others = [table_keys.COVERAGE, "current", "status", "head"]

    assert start <= row < end
    assert not [other for other in others if start <= other < end]


@pytest.mark.parametrize(
    "row", ["7" * 19, "7" * 21, "id|" + "7" * 17, "\u0667" * 20, "head"], ids=ascii
)
def test_a_row_of_the_feed_is_its_twenty_digits(row: str) -> None:
    """A row that somebody else wrote has no number to publish it under."""
    assert table_keys.is_feed_row("0" * 19 + "7")
    assert not table_keys.is_feed_row(row)
