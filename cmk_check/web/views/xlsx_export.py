"""Lists as a workbook (XLSX): every cell is text, so a spreadsheet changes no value.

Spreadsheets guess on reading CSV: ``007`` becomes 7, and ``1e5`` 100000. A workbook says what is
text. Rows wait in a temporary file, so memory stays the same for any number of findings.
"""

import asyncio
import tempfile
from collections.abc import AsyncIterable, AsyncIterator, Iterable
from pathlib import Path
from typing import Any, Final

from pydantic import BaseModel

from cmk_check.limits import MAX_SHEET_ROWS, WORKBOOK_PIECE_BYTES
from cmk_check.web.views.columns import FINDINGS, Table, texts, title

# In characters; a header cell has a filter button.
_WIDEST: Final = 60
_BUTTON: Final = 4
# The built-in format "@": a cell stays text when somebody edits it.
_TEXT: Final = {"num_format": 49}
_HEAD: Final = _TEXT | {"bold": True}
# The library writes a text between these unchanged, as XML that it has made itself.
_RAW: Final = ("<r>", "</r>")


def _order_columns(table: Table) -> Table:
    """Put the name first for people, and the id last for programs."""
    names = sorted(table.columns, key=lambda name: (name != "name", name == "id"))
    return Table(table.what, {name: table.columns[name] for name in names})


TITLES: Final = tuple(map(title, _order_columns(FINDINGS).columns))
"""The header row for findings: the columns in order, in words."""


async def write_workbook(
    pages: AsyncIterable[Iterable[BaseModel]],
    table: Table = FINDINGS,
    sheet_rows: int = MAX_SHEET_ROWS,
) -> AsyncIterator[bytes]:
    """Write a workbook with a row for each entry below a header row; iterate over its bytes.

    If a sheet is full, another sheet follows. Threads do the writing, because ten thousand
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
    """A workbook that writes each row to the disk when the next row comes."""

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
