"""Findings as CSV: a table that every reader reads alike, and that runs nothing."""

import csv
import io
import json
from dataclasses import replace
from urllib.parse import parse_qs, urlsplit

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
from tests.unit.web.api_kit import LAB, NOON, PORTAL, PRODUCTION, Served, coverage, finding
from tests.unit.web.asgi_client import Answer, send

FINDINGS = "/api/v1/findings"
CSV = f"{FINDINGS}?format=csv"
MARK = "\ufeff"
# Beginnings that some spreadsheet takes for a formula's, and ways to hide one.
FORMULAS = [
    "=cmd|' /C calc'!A0",
    "+1+1",
    "-2+3",
    "@SUM(1)",
    "\t=1",
    "\r=1",
    "\n=1",
    " =1",
    "\u00a0=1",
    "\u200b=1",
    "\u202e=1",
    "\x00=1",
    "\uff1d1+1",
    "\uff0b1",
    "\uff0d1",
    "\uff20A1",
    "\u22121",
    "\t1",
    'a";=1+1;"',
    "a;=1+1",
    "a; +1",
    "a;b;@x",
    'a;"=1',
    'a;""\t"-1',
]


def _rows(body: bytes, delimiter: str = ",") -> list[list[str]]:
    text = body.decode().removeprefix(MARK)
    return list(csv.reader(io.StringIO(text, newline=""), strict=True, delimiter=delimiter))


def _table(answer: Answer) -> list[dict[str, str]]:
    assert answer.status == 200, answer.json
    head, *rows = _rows(answer.body)
    assert head == list(COLUMNS)
    return [dict(zip(head, row, strict=True)) for row in rows]


async def test_a_row_says_what_the_list_says(served: Served) -> None:
    """Whoever compares the two must not find another answer."""
    listed = (await send(served.app(), FINDINGS)).json["value"]

    table = _table(await send(served.app(), CSV))

    assert [row["name"] for row in table] == ["old", "Chat", "odd", "safe"]
    for row, shown in zip(table, listed, strict=True):
        policy = (shown["azurePolicy"] or {}).get("state")
        others = {"tags": "owner=ai-platform", "owner": "ai-platform", "ownerSource": "account"}
        flat = shown | shown["evidence"] | {"azurePolicy": policy} | others
        assert row == {name: flat.get(name) or "" for name in COLUMNS}
        assert set(shown) - {"evidence"} < set(row)
        assert set(shown["evidence"]) < set(row)


async def test_it_is_the_media_type_and_the_line_ends_of_the_standard(served: Served) -> None:
    """RFC 4180; the mark in front tells Excel that it is UTF-8."""
    answer = await send(served.app(), CSV)

    assert answer.headers["content-type"] == "text/csv; charset=utf-8"
    assert answer.body.startswith(MARK.encode())
    lines = answer.body.decode().split("\r\n")
    assert len(lines) == 1 + 4 + 1
    assert lines[-1] == ""
    assert not any("\n" in line or "\r" in line for line in lines)


@pytest.mark.parametrize("query", ["", "&verdict=unknown", "&q=nowhere"])
async def test_a_table_without_rows_still_has_its_columns(empty: Served, query: str) -> None:
    """A query that finds nothing must not break the report built on it."""
    answer = await send(empty.app(), f"{CSV}{query}")

    assert _table(answer) == []
    assert answer.body.endswith(b"\r\n")


async def test_filters_narrow_the_table_as_they_narrow_the_list(served: Served) -> None:
    """One contract, two forms."""
    for query in ("verdict=compliant", f"subscription={LAB}", "kind=openai", "q=lab"):
        listed = (await send(served.app(), f"{FINDINGS}?{query}")).json["value"]
        table = _table(await send(served.app(), f"{CSV}&{query}"))
        assert [row["id"] for row in table] == [shown["id"] for shown in listed] != [], query


@pytest.mark.parametrize("top", [1, 2, 3])
async def test_the_next_page_is_in_the_link_header(served: Served, top: int) -> None:
    """A CSV body has no place for it; RFC 8288 has. Each page is a whole table."""
    names, target = list[str](), f"{CSV}&verdict=compliant&top={top}&code=s3cret"
    while target:
        answer = await send(served.app(), target)
        names += [row["name"] for row in _table(answer)]
        link = answer.headers.get("link", "")
        if link:
            assert link.startswith("<https://cmk.example/api/v1/findings?")
            assert link.endswith('>; rel="next"')
            asked = parse_qs(urlsplit(link[1:].split(">")[0]).query)
            assert (asked["format"], asked["verdict"]) == (["csv"], ["compliant"])
            assert set(asked) == {"format", "verdict", "top", "skipToken"}
        target = link[1:].split(">")[0].removeprefix("https://cmk.example")

    assert names == ["old", "safe"]


async def test_no_link_where_the_table_ends(served: Served) -> None:
    """Its absence ends a client's loop."""
    assert "link" not in (await send(served.app(), CSV)).headers


async def test_p10_a_hostile_search_cannot_break_out_of_the_link(served: Served) -> None:
    """The header repeats what was asked for."""
    answer = await send(served.app(), f"{CSV}&top=1&q=o%0D%0ASet-Cookie:%20x&location=%3E;%22")
    searched = await send(served.app(), f"{CSV}&top=1&location=West%20%0AEurope")

    assert _table(answer) == []
    assert set('<>"\r\n ') & set(searched.headers["link"][1 : -len('>; rel="next"')]) == set()
    assert "set-cookie" not in answer.headers | searched.headers


async def test_errors_are_the_envelope_there_too(served: Served) -> None:
    """A table of an error would be read as data."""
    answer = await send(served.app(), f"{CSV}&verdict=bad")

    assert (answer.status, answer.error) == (400, ("InvalidParameter", "verdict"))
    assert answer.headers["content-type"].startswith("application/json")


@pytest.mark.parametrize("text", FORMULAS)
def test_p10_no_cell_is_a_formula(text: str) -> None:
    """A name that anybody may choose would run in the sheet of whoever opens it."""
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
    """Tell, written apart from the code, what a spreadsheet would run."""
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
    """Read back by another's reader: as many rows and columns, and in each cell its own text."""
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


@given(st.lists(st.tuples(TEXTS, TEXTS), min_size=1, max_size=3))
def test_p10_no_cell_is_a_formula_whatever_parts_the_cells(texts: list[tuple[str, str]]) -> None:
    """Where the comma is the decimal sign, a spreadsheet parts cells at semicolons."""
    body = csv_export.head() + csv_export.rows(_shown(*pair) for pair in texts)

    lines = body.decode().removeprefix(MARK).split("\r\n")
    for cells in (_rows(body), [line.split(";") for line in lines]):
        assert [text for row in cells for text in row if _runs(text)] == []


def _letters(text: str) -> str:
    return "".join(filter(str.isalnum, text))


async def test_p10_a_page_of_hostile_names_is_a_table(empty: Served) -> None:
    """From the rows of the store to the body."""
    texts = [text for text in [*NAMES, *FORMULAS] if "/" not in text]
    rows = [
        replace(finding(f"a{number:02}"), tags={"owner": text}, location=text)
        for number, text in enumerate(texts)
    ]
    await empty.put(coverage(name="=1;+1\r\n"), rows)

    table = _table(await send(empty.app(), CSV))

    assert [row["name"] for row in table] == [row.id.name for row in rows]
    assert {row["subscriptionName"] for row in table} == {"'=1;'+1  "}
    assert not any(_runs(cell) for row in table for cell in row.values())


async def test_tags_are_one_cell(empty: Served) -> None:
    """Names and values in their order, as people read them."""
    tags = {"owner": "ai", "team": "=x"}
    await empty.put(coverage(), [replace(finding(), tags=tags)])

    (row,) = _table(await send(empty.app(), CSV))

    assert row["tags"] == "owner=ai; team==x"
    assert row["subscriptionId"] == PRODUCTION


async def test_the_two_forms_are_of_one_list(served: Served) -> None:
    """JSON may be asked for by name."""
    answer = await send(served.app(), f"{FINDINGS}?format=json")

    assert json.loads(answer.body) == (await send(served.app(), FINDINGS)).json
