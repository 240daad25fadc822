"""Findings as a workbook: every text is unchanged, whatever it looks like."""

import tempfile
from collections.abc import AsyncIterator, Iterable
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from cmk_check.core.status import Status
from cmk_check.store.findings import FindingsTable
from cmk_check.web import models
from cmk_check.web.parameters import FindingsQuery
from cmk_check.web.views.columns import COLUMNS
from cmk_check.web.views.finding import to_api_finding
from cmk_check.web.views.findings import FindingsView
from cmk_check.web.views.xlsx_export import TITLES, write_workbook
from tests.fakes.hostile import NAMES
from tests.unit.web.api_kit import KINDS, LAB, NOON, PORTAL, Served, coverage, finding
from tests.unit.web.asgi_client import send
from tests.workbooks import Sheet, sheets_of

FINDINGS = "/api/v1/findings"
XLSX = f"{FINDINGS}?format=xlsx"
TEXT = "49"  # the built-in number format "@"
# What spreadsheets take for something else, what XML cannot hold, and what the library writes raw.
STRANGE = [
    "007",
    "1e5",
    "=1+1",
    "'quoted",
    " blanks ",
    "two\nlines\r\nthree\t",
    "\x00\x01\x1b\x7f",
    "_x0041_",
    "\ufffe\uffff\ufeff",
    "<r><t>x</t></r>",
    "<r></c></row></r>",
    "]]>",
    "https://example.test",
    "\U0001f512 \u202e",
]


def _by_column(row: list[str]) -> dict[str, str]:
    """Give each cell the name that it has in CSV."""
    names = ["name", *(name for name in COLUMNS if name not in {"id", "name"}), "id"]
    return dict(zip(names, [*row, *[""] * len(names)], strict=False))


async def test_it_is_a_file_to_be_saved_and_a_table_to_be_filtered(served: Served) -> None:
    """Its header stays visible, and a cell stays text when it is edited."""
    answer = await send(served.app(), XLSX)

    assert answer.headers["content-disposition"] == 'attachment; filename="cmk-findings.xlsx"'
    assert answer.headers["cache-control"] == "no-store"
    (sheet,) = sheets_of(answer.body)
    assert (sheet.frozen, sheet.filtered, sheet.formats) == ("1 1 frozen", "A1:AT5", {TEXT})
    # A person looks for a name; ids are for programs.
    head, first = sheet.rows[0], sheet.rows[1]
    assert head[:3] == ["Name", "Resource group", "Subscription ID"]
    assert (head[19], head[-1]) == ("Key vault URI", "Resource ID")
    assert (first[0], first[-1].rpartition("/")[2]) == ("old", "old")


async def test_a_column_is_as_wide_as_its_texts_and_its_head() -> None:
    """Up to a width that leaves the next column visible."""
    (sheet,) = await _sheets([_shown("x" * 30)], [_shown("y" * 500)], sheet_rows=3)
    (narrow,) = await _sheets([_shown("x" * 30)])

    kind, message, location, rule = (
        sheet.rows[0].index(name) for name in ("Kind", "Message", "Location", "Rule version")
    )
    assert [round(sheet.widths[at]) for at in (kind, message, location)] == [61, 61, 13]
    assert [round(narrow.widths[at]) for at in (kind, rule)] == [32, 17]
    assert len(sheet.widths) == len(TITLES)


async def test_a_workbook_ends_after_a_hundred_pages(empty: Served) -> None:
    """A search in a huge estate must not take unlimited time."""
    for number in range(51):
        each = f"{LAB[:-2]}{number:02}"
        await empty.put(
            coverage(subscription_id=each), [finding(f"a{number}", subscription_id=each)]
        )
    table = FindingsTable(empty.store)
    view = FindingsView(table, empty.scans, empty.clock, KINDS, PORTAL, most=1)

    query = FindingsQuery(format="xlsx")
    first = [page async for page in view.table_pages(query, view.search(query))]
    rest = FindingsQuery(format="xlsx", skipToken=first[-1].skip_token)
    second = [page async for page in view.table_pages(rest, view.search(rest))]

    # Every other row is that of a subscription.
    names = [[found.name for page in pages for found in page.value] for pages in (first, second)]
    assert names == [[f"a{number}" for number in range(50)], ["a50"]]
    assert second[-1].skip_token is None


def _shown(text: str) -> models.Finding:
    judgement = replace(finding().judgement, message=text)
    found = replace(finding(), judgement=judgement, kind=text, tags={text: text})
    return to_api_finding(found, coverage(name=text), Status(NOON), NOON, PORTAL)


async def _sheets(*pages: Iterable[models.Finding], sheet_rows: int = 100) -> list[Sheet]:
    async def each() -> AsyncIterator[Iterable[models.Finding]]:
        for page in pages:
            yield page

    return sheets_of(
        b"".join([piece async for piece in write_workbook(each(), sheet_rows=sheet_rows)])
    )


@given(st.lists(st.sampled_from([*STRANGE, *NAMES]) | st.text(st.characters(codec="utf-8"))))
@hypothesis_settings(max_examples=30)
async def test_p10_every_text_is_in_the_cell_as_it_is(texts: list[str]) -> None:
    """No text is a formula, a number or markup, and none damages the file."""
    (sheet,) = await _sheets([_shown(text) for text in [*STRANGE, *texts]])

    rows = [_by_column(row) for row in sheet.rows[1:]]
    for row, text in zip(rows, [*STRANGE, *texts], strict=True):
        assert row["message"] == row["kind"] == row["subscriptionName"] == text
        assert row["tags"] == f"{text}={text}"


async def test_a_text_that_no_cell_can_hold_is_cut() -> None:
    """Excel repairs a file with a longer text by removing the cell. It counts UTF-16 units."""
    (sheet,) = await _sheets([_shown("\U0001f512" * 20_000)])

    assert _by_column(sheet.rows[1])["message"] == "\U0001f512" * 16_383


async def test_more_rows_than_a_sheet_holds_go_on_in_another_one() -> None:
    """The library silently skips rows that do not fit."""
    found = [_shown(str(number)) for number in range(5)]

    sheets = await _sheets(found[:4], found[4:], sheet_rows=3)

    assert [[row[5] for row in sheet.rows] for sheet in sheets] == [
        ["Kind", "0", "1"],
        ["Kind", "2", "3"],
        ["Kind", "4"],
    ]
    assert [sheet.filtered for sheet in sheets] == ["A1:AT3", "A1:AT3", "A1:AT2"]


def _inside(folder: Path) -> list[Path]:
    return list(folder.iterdir())


async def test_nothing_stays_in_the_temporary_folder(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An instance lives for weeks with a small disk; this also holds if the store fails."""
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    seen = list[Path]()

    async def pages() -> AsyncIterator[list[models.Finding]]:
        yield [_shown("x")]
        seen.extend(_inside(tmp_path))
        raise ConnectionError

    with pytest.raises(ConnectionError):
        assert [piece async for piece in write_workbook(pages())]

    assert len(seen) == 1
    assert _inside(tmp_path) == []
