"""The page on paper: as its print and as the PDF that is handed on."""

import re

import pypdfium2
import pytest
from playwright.sync_api import expect

from tests.functional.browser.conftest import World
from tests.functional.browser.page_visit import COLUMNS, Visit
from tests.functional.browser.sample_estate import CHANGED

pytestmark = pytest.mark.long


def _sheets(visit: Visit, *, landscape: bool = False) -> list[list[str]]:
    """Print the page as the browser does, and return the lines of each sheet."""
    visit.page.emulate_media(media="null")
    document = pypdfium2.PdfDocument(visit.page.pdf(format="A4", landscape=landscape))
    return [page.get_textpage().get_text_range().splitlines() for page in document]


def test_paper_shows_every_row_that_matches_and_nothing_to_press(desk: Visit, world: World) -> None:
    """A printed list that ends after fifty rows would seem complete."""
    desk.choose("Verdict", "non_compliant")
    matching = [
        name for name, one in world.scene.findings().items() if one["verdict"] == "non_compliant"
    ]

    desk.print()

    desk.expect_names(matching)
    expect(desk.search).to_be_hidden()
    expect(desk.button("Download CSV")).to_be_hidden()
    expect(desk.button("Download XLSX")).to_be_hidden()
    expect(desk.posture).to_be_visible()


def test_paper_is_a_record(desk: Visit, world: World) -> None:
    """It says when and where it was printed, in times and words that hold for years."""
    sheets = _sheets(desk, landscape=True)
    texts = [" ".join(lines) for lines in sheets]
    text = " ".join(texts)

    assert re.search(r"\b(just now|\d+ (min|h|days?)( ago)?)\b", text) is None
    assert desk.url in text
    assert [lines[0] for lines in sheets] == [
        f"{number} / {len(sheets)}" for number in range(1, len(sheets) + 1)
    ]
    # On the next page, readers must know which date is which.
    first = next(place for place, each in enumerate(texts) if "Resource group" in each)
    heads = {word for column in COLUMNS for word in column.split()}
    assert len(sheets) > first + 1
    assert [heads - set(each.split()) for each in texts[first:]] == [set()] * len(texts[first:])
    # A region in two pieces is not found by searching the PDF.
    regions = {one["location"].lower().replace(" ", "") for one in world.scene.findings().values()}
    assert [region for region in regions if region not in text] == []


def test_with_an_account_open_paper_shows_that_account(desk: Visit, world: World) -> None:
    """A printed detail goes to the person who fixes the account, or to an auditor."""
    steps = world.scene.get(f"v1/findings{world.scene.findings()[CHANGED]['id']}").body
    desk.open_detail(CHANGED)

    sheets = _sheets(desk)

    text = " ".join(" ".join(lines) for lines in sheets)
    assert sheets[0][:2] == [f"1 / {len(sheets)}", CHANGED]
    assert [
        step["title"] for step in steps["remediation"]["steps"] if step["title"] not in text
    ] == []
    assert "Coverage gaps" not in text
    as_of = "Evidence for this account as of"
    assert [
        part
        for part in (as_of, world.origin[7:], "History", "NIST SP 800-53 Rev. 5: SC-12")
        if part not in text
    ] == []
