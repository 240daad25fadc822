"""Findings as a workbook (XLSX): every cell is text, so a spreadsheet changes no value.

A spreadsheet that reads CSV guesses: ``007`` becomes 7, and ``1e5`` 100000. A workbook says what is
text. Rows wait in a temporary file, so memory stays the same for any number of findings.
"""

import asyncio
import re
import tempfile
from collections.abc import AsyncIterable, AsyncIterator, Iterable
from pathlib import Path
from typing import Any, Final

from cmk_check.limits import MAX_SHEET_ROWS, WORKBOOK_PIECE_BYTES
from cmk_check.web.models import Finding
from cmk_check.web.views.columns import COLUMNS, texts

_SHEET: Final = "findings"
# In characters; a head has a button for its filter.
_WIDEST: Final = 60
_BUTTON: Final = 4
# People look for a name; ids are for programs.
_ORDER: Final = ("name", *(column for column in COLUMNS if column not in {"id", "name"}), "id")
_PLACES: Final = tuple(map(COLUMNS.index, _ORDER))
_WORDS: Final = {"Id": "ID", "Uri": "URI", "Url": "URL"}
# The built-in format "@": a cell stays text when somebody edits it.
_TEXT: Final = {"num_format": 49}
_HEAD: Final = _TEXT | {"bold": True}
# The library writes a text between these as it is, for XML that it has made itself.
_RAW: Final = ("<r>", "</r>")


def _title(column: str) -> str:
    """Turn ``keyVaultUri`` into "Key vault URI"."""
    first, *others = re.findall("[A-Z]?[a-z]+", column)
    if column == "id":
        return "Resource ID"
    return " ".join([first.title(), *(_WORDS.get(word, word.lower()) for word in others)])


TITLES: Final = tuple(map(_title, _ORDER))
"""What the head row says: the columns in their order, in words."""


async def written(
    pages: AsyncIterable[Iterable[Finding]], sheet_rows: int = MAX_SHEET_ROWS
) -> AsyncIterator[bytes]:
    """Write a workbook with a row for each finding below a head row; iterate over its bytes.

    More findings than a sheet holds go on in another sheet. Threads do the writing, because ten
    thousand findings take seconds.

    Raises:
        OSError: the temporary folder cannot be written.

    """
    with tempfile.TemporaryDirectory(prefix="cmk_check-") as folder:
        file = Path(folder) / "findings.xlsx"
        workbook = _Workbook(file, sheet_rows)
        try:
            async for page in pages:
                await asyncio.to_thread(workbook.add, page)
        finally:
            await asyncio.to_thread(workbook.close)
        with file.open("rb") as stream:
            while piece := stream.read(WORKBOOK_PIECE_BYTES):
                yield piece


class _Workbook:
    """A workbook whose rows are on the disk as soon as the next one comes."""

    def __init__(self, file: Path, sheet_rows: int) -> None:
        # The library takes long to load, and only this answer needs it.
        from xlsxwriter import Workbook  # noqa: PLC0415

        self._book = Workbook(str(file), {"constant_memory": True, "tmpdir": str(file.parent)})
        self._text = self._book.add_format(_TEXT)
        self._head = self._book.add_format(_HEAD)
        self._sheet_rows = sheet_rows
        self._begin_sheet()

    def add(self, findings: Iterable[Finding]) -> None:
        for finding in findings:
            if self._row == self._sheet_rows:
                self._end_sheet()
                self._begin_sheet()
            row = texts(finding)
            self._write((row[place] for place in _PLACES), self._text)

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
        self._sheet = self._book.add_worksheet(_SHEET if number == 1 else f"{_SHEET} {number}")
        self._sheet.freeze_panes(1, 1)
        self._row = 0
        self._widths = [len(title) + _BUTTON for title in TITLES]
        self._write(TITLES, self._head)

    def _end_sheet(self) -> None:
        for column, width in enumerate(self._widths):
            self._sheet.set_column(column, column, min(width, _WIDEST), self._text)
        self._sheet.autofilter(0, 0, self._row - 1, len(COLUMNS) - 1)

    def _write(self, row: Iterable[str], form: Any) -> None:  # noqa: ANN401 - the library has no types
        for column, text in enumerate(row):
            self._widths[column] = max(self._widths[column], len(text) + 1)
            if text.startswith(_RAW[0]) and text.endswith(_RAW[1]):
                # In two parts, which the library escapes.
                self._sheet.write_rich_string(self._row, column, text[:1], form, text[1:], form)
            elif text:
                self._sheet.write_string(self._row, column, text, form)
        self._row += 1
