"""Rows at terminals of every width: a table, or several lines for each row."""

import io

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.console import Console

from cmk_check.cli.console import say
from cmk_check.cli.terminal_rows import Row, print_rows

ROWS = [
    Row(("non_compliant", "chat-1"), ("rg-ai", "R&D (EMEA)"), "red"),
    Row(("unknown", "lab"), ("rg", "Production"), "yellow"),
]
HEADS = ("verdict", "account"), ("group", "subscription")
NARROWEST_TABLE = len("non_compliant  account  group  subscription")


def _console(width: int, **options: bool) -> tuple[Console, io.StringIO]:
    stream = io.StringIO()
    return Console(file=stream, width=width, **options), stream  # type: ignore[arg-type] # no others


def _printed(width: int, rows: list[Row] = ROWS) -> list[str]:
    console, stream = _console(width)
    print_rows(console, *HEADS, rows)
    return [line.rstrip() for line in stream.getvalue().splitlines()]


def test_a_row_takes_two_lines_where_the_table_does_not_fit() -> None:
    """A table that is squeezed breaks its names, or leaves them out."""
    assert _printed(NARROWEST_TABLE - 1) == [
        "verdict        account",
        "  group  subscription",
        "─" * (NARROWEST_TABLE - 1),
        "non_compliant  chat-1",
        "  rg-ai  R&D (EMEA)",
        "unknown        lab",
        "  rg  Production",
    ]


def test_the_first_cell_has_its_colour_in_both_forms() -> None:
    """The eye finds the red ones first."""
    for width in (80, 20):
        console, stream = _console(width, force_terminal=True)
        print_rows(console, *HEADS, ROWS)

        assert "\x1b[31mnon_compliant\x1b[0m" in stream.getvalue()


@pytest.mark.parametrize(
    ("name", "left_out"),
    [
        ("a" * (140 - len("non_compliant  group  subscription  ")), ""),
        ("a" * (141 - len("non_compliant  group  subscription  ")), "subscription"),
        ("a" * (140 - len("non_compliant  ")), "group, subscription"),
    ],
)
def test_a_wide_terminal_has_one_line_for_each_row(name: str, left_out: str) -> None:
    """Who compares hundreds of accounts needs them below each other, and a note of the rest."""
    console, stream = _console(140)
    print_rows(console, *HEADS, [Row(("non_compliant", name), ("rg", "s"), "")], may_omit=True)

    _, _, row, *note = stream.getvalue().splitlines()
    said = f"not shown, for lack of space: {left_out}; see --format csv"
    assert name in row
    assert note == ([said] if left_out else [])


@pytest.mark.parametrize(("width", "may_omit"), [(139, True), (140, False)])
def test_elsewhere_nothing_is_left_out(width: int, may_omit: bool) -> None:  # noqa: FBT001 - a case
    """Below that width too little would remain, and what to do is never left out."""
    console, stream = _console(width)
    print_rows(console, *HEADS, [Row(("unknown", "a" * 120), ("rg", "s"), "")], may_omit=may_omit)

    assert len(stream.getvalue().splitlines()) == 5


def test_wide_letters_count_as_two() -> None:
    """A terminal shows them so, and a table that is too wide by one breaks every line."""
    wide = [Row(("unknown", "chat"), ("組" * 6, "x"), "")]
    width = len("verdict  account  ") + 12 + len("  subscription")

    assert len(_printed(width, wide)) == 3
    assert len(_printed(width - 1, wide)) == 5


@given(st.text("ab-. ", min_size=1), st.integers(1, 30), st.integers(0, 4))
def test_no_word_is_broken_and_none_is_lost(text: str, width: int, hanging: int) -> None:
    """Hyphens and points belong to names; a word that is too long is the terminal's to break."""
    console, stream = _console(width)

    say(console, text, hanging=" " * hanging)

    lines = stream.getvalue().splitlines()
    assert " ".join(lines).split() == text.split()
    assert all(len(line) <= width or len(line.split()) == 1 for line in lines)
