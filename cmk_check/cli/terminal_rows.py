"""Rows for people: a table if it fits, and otherwise several lines per row.

A table squeezed into a narrow terminal would break names. A wide terminal always gets one line per
row: the least important columns are left out, and a note lists them.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from rich.box import SIMPLE_HEAD
from rich.cells import cell_len
from rich.console import Console
from rich.rule import Rule
from rich.table import Column, Table
from rich.text import Text

from cmk_check.cli.console import say
from cmk_check.core.text import shown
from cmk_check.limits import ONE_LINE_CHARS

INDENT: Final = "  "
_GAP: Final = "  "


@dataclass(frozen=True, slots=True)
class Row:
    """The cells that come first, and the cells that may go to a line below.

    Names are unescaped and escaped when printed; ``style`` applies to the first cell.
    """

    first: Sequence[str]
    more: Sequence[str]
    style: str


def print_rows(
    console: Console,
    first: Sequence[str],
    more: Sequence[str],
    rows: Sequence[Row],
    *,
    may_omit: bool = False,
) -> None:
    """Print rows below the headings of their columns.

    With ``may_omit``, a wide terminal leaves out the last cells of ``more`` that do not fit.
    """
    heads = (*first, *more)
    columns = zip(heads, *((*row.first, *row.more) for row in rows), strict=True)
    widths = [max(cell_len(shown(cell)) for cell in column) for column in columns]
    fewest = len(first) if may_omit and console.width >= ONE_LINE_CHARS else len(heads)
    for count in range(len(heads), fewest - 1, -1):
        if _fits(console, widths[:count]):
            console.print(_table(heads[:count], rows))
            if left_out := ", ".join(heads[count:]):
                say(console, f"not shown, for lack of space: {left_out}; see --format csv")
            return
    aligned = widths[: len(first)]
    if not _fits(console, aligned):
        aligned = aligned[:1]
    _print_lines(console, Row(tuple(first), tuple(more), "bold"), aligned)
    console.print(Rule(style="none"))
    for row in rows:
        _print_lines(console, row, aligned)


def _fits(console: Console, widths: Sequence[int]) -> bool:
    return sum(widths) + len(_GAP) * (len(widths) - 1) <= console.width


def _print_lines(console: Console, row: Row, widths: Sequence[int]) -> None:
    cells = [shown(cell) for cell in row.first]
    for place, width in enumerate(widths):
        cells[place] += " " * (width - cell_len(cells[place]))
    say(console, _GAP.join(cells), hanging=INDENT, styled=len(cells[0]), style=row.style)
    say(console, INDENT + _GAP.join(map(shown, row.more)), hanging=INDENT)


def _table(heads: Sequence[str], rows: Sequence[Row]) -> Table:
    table = Table(
        *(Column(head, no_wrap=True) for head in heads),
        box=SIMPLE_HEAD,
        show_edge=False,
        pad_edge=False,
        padding=(0, 1, 0, 0),
    )
    for row in rows:
        cells = (*row.first, *row.more)[: len(heads)]
        state, *others = (Text(shown(cell)) for cell in cells)
        state.stylize(row.style)
        table.add_row(state, *others)
    return table
