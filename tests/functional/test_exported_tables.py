"""Workbooks and CSV in LibreOffice: what another program reads is what the app wrote."""

import csv
import io
import os
import subprocess
from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path
from typing import Final

import pytest

from cmk_check.core.status import Status
from cmk_check.web import models
from cmk_check.web.views import csv_export, xlsx_export
from cmk_check.web.views.finding import to_api_finding
from tests.unit.web.api_kit import NOON, PORTAL, coverage, finding

pytestmark = pytest.mark.tools("LibreOffice")

# To CSV in UTF-8, with every cell as it is shown (LibreOffice's help, "Filter Options for CSV").
_TO_CSV: Final = "csv:Text - txt - csv (StarCalc):44,34,76,1,,0,true,true,false"
# What a spreadsheet that guesses changes, and what could be lost on the way.
TEXTS = [
    "007",
    "1e5",
    "12345678901234567890",
    "2026-11-25",
    "1/2",
    "TRUE",
    "50%",
    "=1+1",
    "+1",
    "@SUM(1)",
    "'quoted",
    "''",
    "\U0001f512 \u00fc \u202e",
    "two\nlines",
    " blanks ",
    'a,b;"c"',
    "_x0041_",
    "<r><t>x</t></r>",
    "&lt;",
    "x" * 32_767,
]


def _read_again(file: Path) -> list[dict[str, str]]:
    """Open a file in LibreOffice, and save it as CSV."""
    folder = file.parent / "saved"
    subprocess.run(
        [  # noqa: S607 - wherever it is installed
            "soffice",
            f"-env:UserInstallation=file://{file.parent}/profile",
            *("--headless", "--convert-to", _TO_CSV, "--outdir", folder, file),
        ],
        env={"HOME": str(file.parent), "PATH": os.environ["PATH"], "LC_ALL": "C.UTF-8"},
        capture_output=True,
        check=True,
        timeout=120,
    )
    text = (folder / f"{file.stem}.csv").read_text(encoding="utf-8-sig", newline="")
    csv.field_size_limit(100_000)
    return list(csv.DictReader(io.StringIO(text, newline=""), strict=True))


def _findings() -> list[models.Finding]:
    """Make a finding for each text, in a name, an identifier and a sentence."""
    found = []
    for text in TEXTS:
        judged = finding().judgement
        evidence = replace(judged.evidence, key_name=text, key_version=text)
        judgement = replace(judged, message=text, evidence=evidence)
        one = replace(finding(), judgement=judgement, tags={"owner": text})
        found.append(to_api_finding(one, coverage(name=text), Status(NOON), NOON, PORTAL))
    return found


async def _pages() -> AsyncIterator[list[models.Finding]]:
    yield _findings()


async def test_every_value_of_a_workbook_survives(tmp_path: Path) -> None:
    """Identifiers of digits, names that look like formulas, and lines."""
    file = tmp_path / "findings.xlsx"
    file.write_bytes(b"".join([piece async for piece in xlsx_export.write_workbook(_pages())]))

    rows = _read_again(file)

    assert list(rows[0]) == list(xlsx_export.TITLES)
    for row, text in zip(rows, TEXTS, strict=True):
        for column in ("Subscription name", "Key name", "Key version", "Message"):
            assert row[column] == text
        assert row["Tags"] == f"owner={text}"[:32_767]


def test_no_text_of_a_csv_file_is_a_formula(tmp_path: Path) -> None:
    """The same names in a CSV file, which has no types: what would be run is shown instead."""
    file = tmp_path / "findings.csv"
    file.write_bytes(csv_export.head() + csv_export.rows(_findings()))
    texts = [text for text in TEXTS if not text[0].isalnum()]

    shown = [row["message"] for row in _read_again(file)]

    assert {csv_export.cell(text) for text in texts} <= set(shown)
