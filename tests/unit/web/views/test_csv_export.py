"""Findings as CSV: a table that every reader reads the same way, without formulas."""

import csv
import io
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cmk_check.core.account import Evidence
from cmk_check.core.enums import Verdict
from cmk_check.core.status import Status
from cmk_check.web import models
from cmk_check.web.views import csv_export
from cmk_check.web.views.columns import COLUMNS
from cmk_check.web.views.finding import to_api_finding
from tests.fakes.hostile import NAMES
from tests.unit.web.api_kit import NOON, PORTAL, Served, coverage, finding
from tests.unit.web.asgi_client import send

FINDINGS = "/api/v1/findings"
CSV = f"{FINDINGS}?format=csv"
MARK = "\ufeff"
# Beginnings that some spreadsheet takes for a formula's, and ways to hide one.
FORMULAS = [
    "=cmd|' /C calc'!A0",
    "+1+1",
    "-2+3",
    "@SUM(1)",
    "\r=1",
    " =1",
    "\u00a0=1",
    "\u200b=1",
    "\u202e=1",
    "\x00=1",
    "\uff1d1+1",
    "\uff20A1",
    "\u22121",
    "\t1",
    'a";=1+1;"',
    "a;b; +1",
    'a;"=1',
    'a;""\t"-1',
]


def _rows(body: bytes) -> list[list[str]]:
    text = body.decode().removeprefix(MARK)
    return list(csv.reader(io.StringIO(text, newline=""), strict=True))


async def test_p10_a_hostile_search_cannot_break_out_of_the_link(served: Served) -> None:
    """The header repeats the query."""
    answer = await send(served.app(), f"{CSV}&top=1&q=o%0D%0ASet-Cookie:%20x&location=%3E;%22")
    searched = await send(served.app(), f"{CSV}&top=1&location=West%20%0AEurope")

    assert answer.body == csv_export.head()
    assert answer.body.startswith(MARK.encode())
    assert set('<>"\r\n ') & set(searched.headers["link"][1 : -len('>; rel="next"')]) == set()
    assert "set-cookie" not in answer.headers | searched.headers


@pytest.mark.parametrize("text", FORMULAS)
def test_p10_no_cell_is_a_formula(text: str) -> None:
    """Anyone may choose a name, which would run in the spreadsheet of the person who opens it."""
    written = csv_export.cell(text)

    assert "'" in written
    assert not any(_runs(part) for part in written.split(";"))


@pytest.mark.parametrize(
    "text", ["", "chat", "a=b", "a-b", "2026-11-25", "'x", "ü@x", "100%", "a;b"]
)
def test_what_is_no_formula_stays_as_it_is(text: str) -> None:
    """People look for names as they are."""
    assert csv_export.cell(text) == text


def _runs(text: str) -> bool:
    """Return whether a spreadsheet would run this, independently of the code."""
    stripped = text.strip(' \t\r\n"\u00a0\u200b\u202e\ufeff')
    return stripped[:1] in set("=+-@\uff1d\uff0b\uff0d\uff20\u2212")


def _shown(text: str, other: str) -> models.Finding:
    judgement = replace(
        finding(verdict=Verdict.UNKNOWN).judgement,
        message=other,
        evidence=Evidence(text, other, text, other, text, other, text),
    )
    found = replace(
        finding(), judgement=judgement, kind=text, location=other, tags={text: other, "a": text}
    )
    return to_api_finding(found, coverage(name=text), Status(NOON), NOON, PORTAL)


TEXTS = st.sampled_from([*NAMES, *FORMULAS]) | st.text(
    st.sampled_from("=+-@;,\"'\r\n\t \u2028\x00a\uff1d") | st.characters(codec="utf-8"), max_size=40
)


@given(st.lists(st.tuples(TEXTS, TEXTS), max_size=4))
def test_p10_whatever_names_say_the_table_keeps_its_shape(texts: list[tuple[str, str]]) -> None:
    """An independent reader finds the same rows and columns, and the right text in each cell.

    No cell is a formula, even if a spreadsheet separates cells at semicolons, as it does where the
    comma is the decimal sign.
    """
    findings = [_shown(*pair) for pair in texts]

    body = csv_export.head() + csv_export.rows(findings)

    head, *rows = _rows(body)
    assert head == list(COLUMNS)
    assert len(rows) == len(findings)
    assert body.count(b"\n") == body.count(b"\r\n") == len(findings) + 1
    for row, (text, other) in zip(rows, texts, strict=True):
        read = dict(zip(head, row, strict=True))
        assert read["subscriptionName"] == read["kind"] == csv_export.cell(text)
        assert read["message"] == read["location"] == csv_export.cell(other)
        assert _letters(read["kind"]) == _letters(text)
    lines = body.decode().removeprefix(MARK).split("\r\n")
    for cells in (rows, [line.split(";") for line in lines]):
        assert [cell for row in cells for cell in row if _runs(cell)] == []


def _letters(text: str) -> str:
    return "".join(filter(str.isalnum, text))
