"""Findings as tables: the same contract in every format, and CSV without formulas."""

import csv
import io
from dataclasses import replace
from urllib.parse import parse_qs, urlsplit

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cmk_check.core.account import Evidence
from cmk_check.core.enums import Verdict
from cmk_check.core.status import Status
from cmk_check.web import models
from cmk_check.web.http.responses import XLSX
from cmk_check.web.views import csv_export
from cmk_check.web.views.columns import COLUMNS
from cmk_check.web.views.finding import to_api_finding
from cmk_check.web.views.xlsx_export import TITLES
from tests.fakes.hostile import NAMES
from tests.unit.web.api_kit import NOON, PORTAL, Served, coverage, finding, recorded
from tests.unit.web.asgi_client import Answer, follow, send
from tests.unit.web.views.test_aspects import BROKEN, VAULT
from tests.workbooks import sheets_of

FINDINGS = "/api/v1/findings"
IN_A_WORKBOOK = ["name", *(name for name in COLUMNS if name not in {"id", "name"}), "id"]
TYPES = {"csv": "text/csv; charset=utf-8", "xlsx": XLSX}
in_each_form = pytest.mark.parametrize("form", ["csv", "xlsx"])
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


def _cells(body: bytes) -> list[list[str]]:
    """Read CSV as any reader does."""
    return list(csv.reader(io.StringIO(body.decode("utf-8-sig"), newline=""), strict=True))


def _rows(answer: Answer, form: str) -> list[dict[str, str]]:
    """Read the rows by column names, which the header must have in order."""
    assert (answer.status, answer.headers["content-type"]) == (200, TYPES[form])
    if form == "csv":
        head, *rows = _cells(answer.body)
        names: list[str] = list(COLUMNS)
        assert head == names
    else:
        (sheet,) = sheets_of(answer.body)
        head, *rows = sheet.rows
        names = IN_A_WORKBOOK
        assert head == list(TITLES)
    return [dict(zip(names, [*row, *[""] * (len(names) - len(row))], strict=True)) for row in rows]


@in_each_form
async def test_a_row_says_what_the_list_says(served: Served, form: str) -> None:
    """The table and the list must agree."""
    listed = (await send(served.app(), FINDINGS)).found

    table = _rows(await send(served.app(), f"{FINDINGS}?format={form}"), form)

    assert [row["name"] for row in table] == ["old", "Chat", "odd", "safe"]
    for row, shown in zip(table, listed, strict=True):
        others = {"tags": "owner=ai-platform", "owner": "ai-platform", "ownerSource": "account"}
        flat = shown | shown["evidence"] | others
        assert row == {name: flat.get(name) or "" for name in COLUMNS}
        assert set(shown) - {"evidence"} < set(row)
        assert set(shown["evidence"]) < set(row)


@in_each_form
async def test_the_next_page_is_in_the_link_header(served: Served, form: str) -> None:
    """A table has no place for a link, so the header has it (RFC 8288). Each page is complete."""
    target = f"{FINDINGS}?format={form}&verdict=compliant&top=1&code=s3cret"

    first, last = await follow(served.app(), target)

    assert [row["name"] for page in (first, last) for row in _rows(page, form)] == ["old", "safe"]
    assert first.headers["link"].startswith("<https://cmk.example/api/v1/findings?")
    assert first.headers["link"].endswith('>; rel="next"')
    asked = parse_qs(urlsplit(first.onwards).query)
    assert asked.pop("skipToken")
    assert asked == {"format": [form], "verdict": ["compliant"], "top": ["1"]}
    assert "link" not in last.headers


@in_each_form
async def test_what_stands_beside_a_verdict_has_columns_that_stay_where_they_were(
    form: str,
) -> None:
    """Existing spreadsheets must find the old columns in their places."""
    safe = replace(finding("safe", Verdict.COMPLIANT), key_health=BROKEN)
    tags = {"owner": "ai", "team": "=x"}
    served = await recorded(finding("bad"), replace(safe, tags=tags))

    bad, shown = _rows(await send(served.app(), f"{FINDINGS}?format={form}"), form)

    of_key = ("keyHealth", "keyReasons", "keyExpires", "keyRotation", "keyVaultId")
    place = COLUMNS.index("portalUrl")
    assert COLUMNS[place : place + 7] == ("portalUrl", *of_key, "createdAt")
    assert COLUMNS[-4:] == ("owner", "ownerSource", "dueAt", "due")
    assert {bad[name] for name in of_key} == {""}
    assert shown["tags"] == "owner=ai; team==x"
    assert [shown[name] for name in of_key] == [
        "broken",
        "key_expired; cannot_read",
        "2026-11-25T09:00:00Z",
        "pinned",
        VAULT,
    ]


async def test_p10_a_hostile_search_cannot_break_out_of_the_link(served: Served) -> None:
    """The header repeats the query."""
    answer = await send(
        served.app(), f"{FINDINGS}?format=csv&top=1&q=o%0D%0ASet-Cookie:%20x&location=%3E;%22"
    )
    searched = await send(served.app(), f"{FINDINGS}?format=csv&top=1&location=West%20%0AEurope")

    assert answer.body == csv_export.head()
    assert answer.body.startswith("\ufeff".encode())
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


def test_a_cell_shows_its_text_in_the_order_in_which_it_is_read() -> None:
    """A name that seems to end with .png must not end with .exe, nor turn the cells behind it."""
    family = "\U0001f468\u200d\U0001f469\u200d\U0001f467"

    assert csv_export.cell(f"\u202egnp.exe\u2069{family}") == f" gnp.exe {family}"


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
    """Any reader finds the right text in each cell, also one that separates at semicolons."""
    findings = [_shown(*pair) for pair in texts]

    body = csv_export.head() + csv_export.rows(findings)

    head, *rows = _cells(body)
    assert head == list(COLUMNS)
    assert len(rows) == len(findings)
    assert body.count(b"\n") == body.count(b"\r\n") == len(findings) + 1
    for row, (text, other) in zip(rows, texts, strict=True):
        read = dict(zip(head, row, strict=True))
        assert read["subscriptionName"] == read["kind"] == csv_export.cell(text)
        assert read["message"] == read["location"] == csv_export.cell(other)
        assert _letters(read["kind"]) == _letters(text)
    lines = body.decode().removeprefix("\ufeff").split("\r\n")
    for cells in (rows, [line.split(";") for line in lines]):
        assert [cell for row in cells for cell in row if _runs(cell)] == []


def _letters(text: str) -> str:
    return "".join(filter(str.isalnum, text))
