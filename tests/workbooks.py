"""Reads a workbook by the standard alone (ECMA-376), apart from the library that writes it."""

import io
import re
import zipfile
from dataclasses import dataclass
from xml.etree import ElementTree as ET

_MAIN = "{http://schemas.openxmlformats.org/spreadsheetml/2006/main}"


@dataclass(frozen=True, slots=True)
class Sheet:
    """A sheet: its texts by row and column, the number format of each, and how it is shown."""

    rows: list[list[str]]
    formats: set[str]
    frozen: str
    widths: list[float]
    filtered: str


def sheets_of(workbook: bytes) -> list[Sheet]:
    """Read all sheets; a cell that is not text fails."""
    package = zipfile.ZipFile(io.BytesIO(workbook))
    assert package.testzip() is None
    names = [name for name in package.namelist() if name.startswith("xl/worksheets/sheet")]
    styles = [
        style.get("numFmtId", "")
        for style in _part(package, "xl/styles.xml").findall(f"{_MAIN}cellXfs/{_MAIN}xf")
    ]
    return [_sheet(_part(package, name), styles) for name in sorted(names)]


def _part(package: zipfile.ZipFile, name: str) -> ET.Element:
    return ET.fromstring(package.read(name))  # noqa: S314 - our own file


def _sheet(sheet: ET.Element, styles: list[str]) -> Sheet:
    pane, filtered = sheet.find(f".//{_MAIN}pane"), sheet.find(f"{_MAIN}autoFilter")
    assert pane is not None
    assert filtered is not None
    rows, formats = list[list[str]](), set[str]()
    for row in sheet.iter(f"{_MAIN}row"):
        cells = dict[int, str]()
        for cell in row:
            assert cell.get("t") == "inlineStr"
            assert [part.tag for part in cell] == [f"{_MAIN}is"]
            text = "".join(part.text or "" for part in cell.iter(f"{_MAIN}t"))
            cells[_column(cell.get("r", ""))] = _unescaped(text)
            formats.add(styles[int(cell.get("s", "0"))])
        rows.append([cells.get(number, "") for number in range(1, max(cells) + 1)])
    frozen = f"{pane.get('ySplit')} {pane.get('xSplit')} {pane.get('state')}"
    widths = list[float]()
    for column in sheet.iter(f"{_MAIN}col"):
        alike = int(column.get("max", "")) - int(column.get("min", "")) + 1
        widths += [float(column.get("width", ""))] * alike
    return Sheet(rows, formats, frozen, widths, filtered.get("ref", ""))


def _column(place: str) -> int:
    number = 0
    for letter in place.rstrip("0123456789"):
        number = number * 26 + ord(letter) - ord("A") + 1
    return number


def _unescaped(text: str) -> str:
    """Read what XML cannot hold: ``_x0001_`` (22.9.2.19, ST_Xstring)."""
    return re.sub("_x([0-9A-Fa-f]{4})_", lambda found: chr(int(found[1], 16)), text)
