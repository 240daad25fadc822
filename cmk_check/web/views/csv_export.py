"""Write lists as CSV (RFC 4180) for spreadsheets: one row each, and no cell is a formula.

Names and tags are untrusted text. A spreadsheet runs a cell that starts with ``=``, ``+``, ``-`` or
``@`` (https://owasp.org/www-community/attacks/CSV_Injection). An apostrophe at the start makes the
cell a text.
"""

import csv
import io
import unicodedata
from collections.abc import AsyncIterable, AsyncIterator, Iterable
from typing import Final

from pydantic import BaseModel

from cmk_check.web.views.columns import FINDINGS, Table, texts

# Without a byte order mark, Excel reads the file in the local code page.
_BYTE_ORDER_MARK: Final = "\ufeff"
_FORMULA: Final = frozenset("=+-@\N{MINUS SIGN}")
_TEXT: Final = "'"
_BREAKS: Final = frozenset({"Cc", "Zl", "Zp"})
# These characters would show the text after them, also in the next cells, in another order.
_REORDERING: Final = frozenset("\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")


async def write_csv(
    pages: AsyncIterable[Iterable[BaseModel]], table: Table = FINDINGS
) -> AsyncIterator[bytes]:
    """Write the header row, then a row for each entry."""
    yield head(table)
    async for page in pages:
        yield rows(page, table)


def head(table: Table = FINDINGS) -> bytes:
    """Write the header row, after the byte order mark."""
    return f"{_BYTE_ORDER_MARK}{_lines([table.columns])}".encode()


def rows(entries: Iterable[BaseModel], table: Table = FINDINGS) -> bytes:
    """Write a row for each entry."""
    return _lines(map(cell, texts(entry, table)) for entry in entries).encode()


def _lines(lines: Iterable[Iterable[str]]) -> str:
    text = io.StringIO()
    csv.writer(text, lineterminator="\r\n").writerows(lines)
    return text.getvalue()


def cell(text: str) -> str:
    """Make a text safe to open in a spreadsheet.

    In some languages a semicolon separates cells, so the text after a semicolon is also protected.
    Control characters, line breaks and characters that reorder text become blanks.
    """
    return ";".join(_guard_text(part) for part in text.split(";"))


def _guard_text(text: str) -> str:
    plain = text
    if not text.isprintable():
        plain = "".join(
            " " if char in _REORDERING or unicodedata.category(char) in _BREAKS else char
            for char in text
        )
    return f"{_TEXT}{plain}" if text[:1] in {"\t", "\r"} or _is_formula(text) else plain


def _is_formula(text: str) -> bool:
    """Return whether the first visible character, in any width, starts a formula.

    Quotes are skipped, because after a semicolon a quote opens a cell that contains the text.
    """
    visible = (char for char in text if char.isprintable() and not char.isspace() and char != '"')
    first = next(visible, "")
    return unicodedata.normalize("NFKC", first)[:1] in _FORMULA
