"""Write lists as a workbook (XLSX) in which every cell is text, so no value changes.

When a spreadsheet program reads CSV, it guesses: ``007`` becomes 7, and ``1e5`` becomes 100000. A
workbook declares which cells are text. Rows are kept in a temporary file, so that memory does not
grow with the number of findings.
"""

import asyncio
import tempfile
from collections.abc import AsyncIterable, AsyncIterator, Iterable
from pathlib import Path
from typing import Any, Final

from pydantic import BaseModel

from cmk_check.limits import MAX_SHEET_ROWS, WORKBOOK_PIECE_BYTES
from cmk_check.web.views.columns import FINDINGS, Table, texts, title

# Widths in characters; a header cell has a filter button.
_WIDEST: Final = 60
_BUTTON: Final = 4
# The built-in format "@": a cell remains text when somebody edits it.
_TEXT: Final = {"num_format": 49}
_HEAD: Final = _TEXT | {"bold": True}
# The library writes a text between these markers unchanged, as its own XML.
_RAW: Final = ("<r>", "</r>")


def _order_columns(table: Table) -> Table:
    """Put the name first for people, and the id last for programs."""
    names = sorted(table.columns, key=lambda name: (name != "name", name == "id"))
    return Table(table.what, {name: table.columns[name] for name in names})


TITLES: Final = tuple(map(title, _order_columns(FINDINGS).columns))
"""The header row for findings: the column names in words, in order."""


async def write_workbook(
    pages: AsyncIterable[Iterable[BaseModel]],
    table: Table = FINDINGS,
    sheet_rows: int = MAX_SHEET_ROWS,
) -> AsyncIterator[bytes]:
    """Yield the bytes of a workbook with a header row and a row for each entry.

    If a sheet is full, another sheet follows. The work is done in threads, because ten thousand
    findings take seconds.

    Raises:
        OSError: the temporary folder cannot be written.
    """
    with tempfile.TemporaryDirectory(prefix="cmk_check-") as folder:
        file = Path(folder) / "list.xlsx"
        workbook = _Workbook(file, sheet_rows, _order_columns(table))
        try:
            async for page in pages:
                await asyncio.to_thread(workbook.add, page)
        finally:
            await asyncio.to_thread(workbook.close)
        with file.open("rb") as stream:
            while piece := stream.read(WORKBOOK_PIECE_BYTES):
                yield piece


class _Workbook:
    """A workbook that writes each row to disk when the next row begins."""

    def __init__(self, file: Path, sheet_rows: int, table: Table) -> None:
        # The library loads slowly, and only this response needs it.
        from xlsxwriter import Workbook  # noqa: PLC0415

        self._book = Workbook(str(file), {"constant_memory": True, "tmpdir": str(file.parent)})
        self._text = self._book.add_format(_TEXT)
        self._head = self._book.add_format(_HEAD)
        self._sheet_rows, self._table = sheet_rows, table
        self._begin_sheet()

    def add(self, entries: Iterable[BaseModel]) -> None:
        for entry in entries:
            if self._row == self._sheet_rows:
                self._end_sheet()
                self._begin_sheet()
            self._write(texts(entry, self._table), self._text)

    def close(self) -> None:
        from xlsxwriter.exceptions import FileCreateError  # noqa: PLC0415

        self._end_sheet()
        try:
            self._book.close()
        except FileCreateError as error:
            (reason,) = error.args  # the error of the disk
            raise reason from error

    def _begin_sheet(self) -> None:
        number = len(self._book.worksheets()) + 1
        what = self._table.what
        self._sheet = self._book.add_worksheet(what if number == 1 else f"{what} {number}")
        self._sheet.freeze_panes(1, 1)
        self._row = 0
        titles = list(map(title, self._table.columns))
        self._widths = [len(title) + _BUTTON for title in titles]
        self._write(titles, self._head)

    def _end_sheet(self) -> None:
        for column, width in enumerate(self._widths):
            self._sheet.set_column(column, column, min(width, _WIDEST), self._text)
        self._sheet.autofilter(0, 0, self._row - 1, len(self._table.columns) - 1)

    def _write(self, row: Iterable[str], form: Any) -> None:  # noqa: ANN401 - the library has no types
        for column, text in enumerate(row):
            self._widths[column] = max(self._widths[column], len(text) + 1)
            if text.startswith(_RAW[0]) and text.endswith(_RAW[1]):
                # In two parts, which the library escapes.
                self._sheet.write_rich_string(self._row, column, text[:1], form, text[1:], form)
            elif text:
                self._sheet.write_string(self._row, column, text, form)
        self._row += 1
