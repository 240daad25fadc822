"""A workbook in LibreOffice: what another program reads is what the app wrote."""

from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path

import pytest

from cmk_check.core.status import Status
from cmk_check.web import models
from cmk_check.web.views import xlsx_export
from cmk_check.web.views.finding import to_api_finding
from tests.functional.libreoffice import read_again
from tests.unit.web.api_kit import NOON, PORTAL, coverage, finding

pytestmark = pytest.mark.long
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
    file.write_bytes(b"".join([piece async for piece in xlsx_export.written(_pages())]))

    rows = read_again(file)

    assert list(rows[0]) == list(xlsx_export.TITLES)
    for row, text in zip(rows, TEXTS, strict=True):
        for column in ("Subscription name", "Key name", "Key version", "Message"):
            assert row[column] == text
        assert row["Tags"] == f"owner={text}"[:32_767]
