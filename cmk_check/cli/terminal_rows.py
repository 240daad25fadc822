"""Print rows for people: one line each, with the columns that fit, and messages below.

A table squeezed into a narrow terminal would break names, and a row of several lines cannot be
compared with the next row. For this reason the least important columns are left out, and a note
lists them.
"""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from operator import itemgetter
from typing import Final

from rich.cells import cell_len, set_cell_size
from rich.console import Console
from rich.segment import Segment, Segments
from rich.style import Style

from cmk_check.cli.console import say
from cmk_check.cli.output_options import OutputOptions
from cmk_check.core.text import escape_invisible, few

INDENT: Final = "  "
_GAP: Final = "  "


@dataclass(frozen=True, slots=True)
class Row:
    """The cells of a row by heading, in order of importance; the state and the name are first.

    Names are stored unescaped, and escaped when printed. ``style`` applies to the state.
    ``messages`` are reasons with their meaning. ``rank`` orders the rows, worst first.
    """

    cells: Mapping[str, str]
    style: str
    messages: Sequence[tuple[str, str]] = ()
    rank: Sequence[object] = ()


def print_rows(console: Console, rows: Sequence[Row], options: OutputOptions) -> None:
    """Print the chosen rows below their headings, then each message once."""
    only = options.only
    rows = [row for row in rows if not only or next(iter(row.cells.values())) in only]
    if not rows:
        return
    in_order = sorted(rows, key=lambda it: (it.cells.get(options.sort or "", "").lower(), *it.rank))
    chosen_rows: list[Row] = in_order[: options.limit]
    printed = [
        {head: escape_invisible(cell) for head, cell in row.cells.items()} for row in chosen_rows
    ]
    widths = {
        head: max(cell_len(head), *(cell_len(cells[head]) for cells in printed))
        for head in printed[0]
    }
    heads: list[str] = []
    total = -len(_GAP)
    for head, width in widths.items():
        # Without the state and the name, a row means nothing.
        if not heads[1:] or total + len(_GAP) + width <= console.width:
            heads.append(head)
            total += len(_GAP) + width

    def line(cells: Mapping[str, str]) -> str:
        return _GAP.join(set_cell_size(cells[head], widths[head]) for head in heads).rstrip()

    lines = [Segment(line({head: head for head in heads}), Style.parse("bold"))]
    lines.append(Segment(f"\n{'─' * min(console.width, total)}\n"))
    for row, cells in zip(chosen_rows, printed, strict=True):
        text, state = line(cells), len(cells[heads[0]])
        lines += [Segment(text[:state], Style.parse(row.style)), Segment(f"{text[state:]}\n")]
    # rich's table is not used, because it takes half a millisecond for a row.
    console.print(Segments(lines), crop=False, end="")
    if left_out := ", ".join(head for head in widths if head not in heads):
        say(console, f"not shown, for lack of space: {left_out}; see --format json")
    if more := len(rows) - len(chosen_rows):
        say(console, f"{more:,} more: --limit 0 shows all, --only and --sort choose")
    console.print()
    _print_messages(console, chosen_rows)


def _print_messages(console: Console, rows: Sequence[Row]) -> None:
    """Print each message with its reason; name the accounts if the reason has several messages."""
    names: dict[tuple[str, str], list[str]] = {}
    for row in rows:
        for message in row.messages:
            names.setdefault(message, []).append([*row.cells.values()][1])
    messages = Counter(map(itemgetter(0), names))
    for (reason, text), accounts in names.items():
        of = f" ({few(dict.fromkeys(accounts))})" if messages[reason] > 1 else ""
        say(console, f"{reason}{escape_invisible(of)}: {escape_invisible(text)}", indent=INDENT)
    if names:
        console.print()
