"""The list as a file for spreadsheets: CSV or a workbook."""

import csv
import io
import re
import urllib.request
from pathlib import Path

import pytest
from playwright.sync_api import Route, expect

from cmk_check.web.http.responses import XLSX
from tests.functional.browser.conftest import World
from tests.functional.browser.page_visit import Visit
from tests.functional.browser.sample_estate import BACKWARDS, FORMULA, SHOWN_BACKWARDS, shown
from tests.workbooks import sheets_of

pytestmark = pytest.mark.long

BLANKED = BACKWARDS.replace(chr(0x202E), " ")


def _by_the_api(world: World, query: str) -> str:
    request = urllib.request.Request(  # noqa: S310 - our own URL
        f"{world.origin}/api/v1/findings?format=csv&top=1000{query}",
        headers={"x-functions-key": world.key},
    )
    with urllib.request.urlopen(request) as answer:  # noqa: S310 - as above
        assert answer.headers["link"] is None
        return str(answer.read().decode("utf-8-sig"))


def _meant(cell: str) -> str:
    """Return a cell without the apostrophes that keep a spreadsheet from running it."""
    return ";".join(part.removeprefix("'") for part in cell.split(";"))


def _download(visit: Visit, form: str = "CSV") -> bytes:
    with visit.page.expect_download() as started:
        visit.button(f"Download {form}").click()
    assert started.value.suggested_filename.endswith(f".{form.lower()}")
    return Path(started.value.path()).read_bytes()


def test_the_file_is_what_the_api_gives(desk: Visit, world: World) -> None:
    """The file and the API must agree."""
    content = _download(desk)

    assert content.startswith(b"\xef\xbb\xbf")
    assert content.decode("utf-8-sig") == _by_the_api(world, "")
    rows = list(csv.DictReader(io.StringIO(content.decode("utf-8-sig"), newline="")))
    assert [_meant(row["id"]) for row in rows] == [
        one["id"].replace(BACKWARDS, BLANKED) for one in world.scene.findings().values()
    ]


@pytest.mark.parametrize("form", ["CSV", "XLSX"])
def test_a_file_holds_what_the_filters_show(desk: Visit, form: str) -> None:
    """An owner gets only the owner's accounts, with every name unchanged."""
    desk.choose("Owner", f"={FORMULA}")
    desk.choose("Verdict", "unknown")
    names = desk.names()

    content = _download(desk, form)

    if form == "XLSX":
        (sheet,) = sheets_of(content)
        found = [row[0] for row in sheet.rows[1:]]
    else:
        text = io.StringIO(content.decode("utf-8-sig"), newline="")
        found = [_meant(row["name"]) for row in csv.DictReader(text)]
        names = [name.replace(SHOWN_BACKWARDS, BLANKED) for name in names]
    assert sorted(map(shown, found)) == sorted(names) != []


def test_a_view_that_no_workbook_can_hold_says_so(desk: Visit) -> None:
    """A workbook with the accounts of others would look like the view."""
    desk.follow("#notOwner=project5")

    desk.button("Download XLSX").click()

    expect(desk.page.get_by_text("Workbooks cannot be filtered by key reason")).to_be_visible()


def test_more_findings_than_a_workbook_holds_are_several(visit: Visit, world: World) -> None:
    """Each file is marked as a part; a response that is not a workbook is not saved."""
    link = f'<{world.origin}/api/v1/findings?format=xlsx&skipToken=x>; rel="next"'
    parts = {False: {"content-type": XLSX, "link": link}, True: {"content-type": XLSX}}
    visit.sign_in()
    visit.page.route(
        "**/findings?*format=xlsx*",
        lambda route: route.fulfill(body="PK", headers=parts["skipToken" in route.request.url]),
    )
    names = list[str]()
    visit.page.on("download", lambda download: names.append(download.suggested_filename))

    visit.button("Download XLSX").click()
    expect(visit.page.get_by_text("The workbook is in your downloads.")).to_be_visible()
    parts[True]["content-type"] = "text/html"
    visit.button("Download XLSX").click()
    expect(visit.page.get_by_text("It is not a file from this app.")).to_be_visible()

    assert [name[-12:] for name in names] == ["-1-of-2.xlsx", "-2-of-2.xlsx"]
    _pages_are_joined_under_one_head(visit, world)


def test_a_filter_of_the_page_waits_for_all_accounts(visit: Visit, world: World) -> None:
    """A file of those that are loaded would look complete."""
    onwards = f"{world.origin}/api/v1/findings?skipToken=never"

    def first(route: Route) -> None:
        answer = route.fetch()
        route.fulfill(response=answer, json={**answer.json(), "nextLink": onwards})

    visit.page.route(re.compile(r"/findings\?(?!.*format=)"), first)
    visit.page.route(onwards, lambda _: None)
    visit.go("#notOwner=project5")
    visit.type_key()
    expect(visit.rows.first).to_be_visible()

    visit.button("Download CSV").click()

    expect(visit.page.get_by_text("Not all accounts are loaded")).to_be_visible()


def _pages_are_joined_under_one_head(visit: Visit, world: World) -> None:
    """See that no head is in the middle of a sheet, where it would break every formula below."""
    whole = _by_the_api(world, "")
    head, _, lines = whole.partition("\r\n")
    cut = lines.index("\r\n", len(lines) // 2) + 2
    link = f'<{world.origin}/api/v1/findings?format=csv&skipToken=x>; rel="next"'
    kind = {"content-type": "text/csv; charset=utf-8"}
    pages = {
        False: (f"\ufeff{head}\r\n{lines[:cut]}", {**kind, "link": link}),
        True: (f"\ufeff{head}\r\n{lines[cut:]}", kind),
    }
    visit.page.route(
        "**/findings?*format=csv*",
        lambda route: route.fulfill(
            body=pages["skipToken" in route.request.url][0],
            headers=pages["skipToken" in route.request.url][1],
        ),
    )

    content = _download(visit)

    assert content.decode("utf-8-sig") == whole
