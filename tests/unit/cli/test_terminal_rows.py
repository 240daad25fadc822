"""Rows at terminals of every width: one line each, with the columns that fit."""

import io
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.console import Console

from cmk_check.cli.console import say
from cmk_check.cli.output_options import OutputOptions
from cmk_check.cli.terminal_rows import Row, print_rows


def _row(state: str, name: str, rank: int = 0, *messages: tuple[str, str], **more: str) -> Row:
    cells = {"verdict": state, "account": name, "group": "rg-ai", "subscription": "R&D (EMEA)"}
    return Row(cells | more, "red", messages, (rank,))


ROWS = [
    _row("unknown", "lab", 2, ("odd", "Look.")),
    _row("non_compliant", "chat-1", 0, ("bad", "Mend."), subscription="Production"),
    _row("non_compliant", "chat-2", 1, ("bad", "Mend.")),
]
ALL = OutputOptions()
WIDEST = len("non_compliant  account  group  subscription")


def _printed(width: int, options: OutputOptions = ALL, rows: list[Row] = ROWS) -> list[str]:
    stream = io.StringIO()
    print_rows(Console(file=stream, width=width), rows, options)
    return stream.getvalue().splitlines()


def test_the_worst_rows_are_first_and_each_message_is_printed_once() -> None:
    """A person has time for the first lines alone; thousands would hide the totals."""
    rows, few = _printed(WIDEST), _printed(80, OutputOptions(limit=2))

    assert rows[2:] == [
        "non_compliant  chat-1   rg-ai  Production",
        "non_compliant  chat-2   rg-ai  R&D (EMEA)",
        "unknown        lab      rg-ai  R&D (EMEA)",
        *("", "bad: Mend.", "odd: Look.", ""),
    ]
    assert [line.split()[1] for line in few[2:4]] == ["chat-1", "chat-2"]
    assert few[4] == "1 more: --limit 0 shows all, --only and --sort choose"
    assert "odd: Look." not in few


@pytest.mark.parametrize(
    ("width", "heads"),
    [
        (len("non_compliant  account  group  subscription"), "group  subscription"),
        (len("non_compliant  account  group  subscriptio"), "group"),
        (len("non_compliant  account  subscription"), "group"),
        (len("non_compliant  account"), ""),
        (5, ""),
    ],
)
def test_a_row_is_one_line_with_the_columns_that_fit(width: int, heads: str) -> None:
    """Rows below each other can be compared; a note says what is missing."""
    head, _, *lines = _printed(width)

    assert head == f"verdict        account  {heads}".rstrip()
    assert [line.split()[1] for line in lines[:3]] == ["chat-1", "chat-2", "lab"]
    note = " ".join(line.strip() for line in lines[3:] if line)
    assert ("for lack of space" in note) == (heads != "group  subscription")
    assert all(each in heads or each in note for each in ("group", "subscription"))


def test_rows_can_be_chosen_and_sorted() -> None:
    """Who looks for one subscription, or for what is open, need not scroll."""
    by_subscription = _printed(80, OutputOptions(sort="subscription"))
    unknown = _printed(80, OutputOptions(only=["unknown"]))

    assert [line.split()[1] for line in by_subscription[2:5]] == ["chat-1", "chat-2", "lab"]
    assert [line.split()[1] for line in unknown[2:-3]] == ["lab"]
    assert _printed(80, OutputOptions(only=["compliant"])) == []


def test_messages_that_differ_name_their_accounts() -> None:
    """The reason alone does not say whose message it is."""
    rows = [replace(each, messages=[("odd", each.cells["account"] + "!")]) for each in ROWS[:2]]

    assert {"odd (lab): lab!", "odd (chat-1): chat-1!"} <= {*_printed(80, rows=rows)}


def test_wide_letters_count_as_two() -> None:
    """A terminal shows them so, and a table that is too wide by one breaks every line."""
    width = len("unknown  lab  ") + 12 + len("  R&D (EMEA)")
    wide = [Row({"v": "unknown", "a": "lab", "g": "組" * 6, "s": "R&D (EMEA)"}, "")]

    assert "R&D" in _printed(width, rows=wide)[2]
    assert "R&D" not in _printed(width - 1, rows=wide)[2]


@given(st.text("ab-. ", min_size=1), st.integers(1, 30), st.integers(0, 4))
def test_no_word_is_broken_and_none_is_lost(text: str, width: int, hanging: int) -> None:
    """Hyphens and points belong to names; a word that is too long is the terminal's to break."""
    stream = io.StringIO()

    say(Console(file=stream, width=width), text, indent=" " * hanging)

    lines = stream.getvalue().splitlines()
    assert " ".join(lines).split() == text.split()
    assert all(len(line) <= width or len(line.split()) == 1 for line in lines)
