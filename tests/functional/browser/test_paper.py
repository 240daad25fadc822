"""The page on paper: as its print and as the PDF that is handed on."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

import pypdfium2
import pytest
from playwright.sync_api import expect

from tests.functional.browser.conftest import World
from tests.functional.browser.page_visit import COLUMNS, Visit
from tests.functional.browser.sample_estate import CHANGED

pytestmark = pytest.mark.long

_ONLY: Final = """rules => {
  const sheet = new CSSStyleSheet();
  sheet.replaceSync(`@media print { ${rules} }`);
  document.adoptedStyleSheets = [sheet];
}"""


@dataclass(frozen=True, slots=True)
class Sheet:
    """A printed page: its words line by line, and which part of its height they take."""

    lines: list[str]
    filled: float

    @property
    def words(self) -> set[str]:
        """The words of the page."""
        return {word for line in self.lines for word in line.split()}


def _sheets(visit: Visit) -> list[Sheet]:
    """Print the page as the browser does, and read the PDF."""
    visit.page.emulate_media(media="null")
    document = pypdfium2.PdfDocument(visit.page.pdf(format="A4"))
    return list(_read(document))


def _read(document: pypdfium2.PdfDocument) -> Iterator[Sheet]:
    for page in document:
        text = page.get_textpage()
        count = text.count_chars()
        height = page.get_height()
        lowest = min((text.get_charbox(place)[1] for place in range(count)), default=height)
        yield Sheet(text.get_text_range().splitlines(), 1 - lowest / height)


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


def test_paper_says_when_and_where_it_was_printed_and_no_time_is_relative(desk: Visit) -> None:
    """A record that says "just now" is worth nothing a week later, nor is one from nowhere."""
    sheets = _sheets(desk)

    text = " ".join(" ".join(sheet.lines) for sheet in sheets)
    assert re.search(r"\b(just now|\d+ (min|h|days?)( ago)?)\b", text) is None
    assert desk.url in text
    assert [sheet.lines[0] for sheet in sheets] == [
        f"{number} / {len(sheets)}" for number in range(1, len(sheets) + 1)
    ]


def test_each_page_of_the_list_has_the_heads_of_its_columns(desk: Visit) -> None:
    """On the third page, readers must know which date is which."""
    sheets = _sheets(desk)
    first = next(
        place for place, sheet in enumerate(sheets) if "Resource group" in "\n".join(sheet.lines)
    )

    heads = {word for column in COLUMNS for word in column.split()}
    assert len(sheets) > first + 1
    assert [heads - sheet.words for sheet in sheets[first:]] == [set()] * len(sheets[first:])


def test_no_page_but_the_last_is_half_empty(desk: Visit) -> None:
    """White space in the middle of a record looks as if something had been left out."""
    sheets = _sheets(desk)

    assert [round(sheet.filled, 2) for sheet in sheets[:-1] if sheet.filled < 0.8] == []


@pytest.mark.parametrize(
    ("panel", "title", "head"),
    [("gaps", "Coverage gaps", "Missing permission"), ("findings", "Findings", "Resource group")],
)
def test_no_title_stays_behind_alone(desk: Visit, panel: str, title: str, head: str) -> None:
    """A title without content would suggest that there is nothing to show."""
    alone = []
    others = f"main > .board > :not(#changes, #{panel}), #changes > * {{ display: none; }}"
    for above in range(840, 1020, 20):
        desk.page.evaluate(_ONLY, f"{others} #changes {{ padding-bottom: {above}px; }}")
        sheet = next(sheet for sheet in _sheets(desk) if title in " ".join(sheet.lines))
        if head not in " ".join(sheet.lines):
            alone.append(above)

    assert alone == []


def test_paper_breaks_no_word(desk: Visit, world: World) -> None:
    """A region in two pieces is not found by searching the PDF."""
    findings = [
        one for one in world.scene.findings().values() if "hostile" not in one["resourceGroup"]
    ]
    words = {part for one in findings for part in one["name"].replace("_", "-").split("-")}
    words |= {one[field] for one in findings for field in ("kind",)}
    words |= {one["location"].lower().replace(" ", "") for one in findings}

    text = " ".join(" ".join(sheet.lines) for sheet in _sheets(desk))

    assert len(words) > 20
    assert [word for word in sorted(words) if word not in text] == []


def test_with_an_account_open_paper_shows_that_account(desk: Visit, world: World) -> None:
    """A printed detail goes to the person who fixes the account, or to an auditor."""
    steps = world.scene.get(f"v1/findings{world.scene.findings()[CHANGED]['id']}").body
    desk.open_detail(CHANGED)

    sheets = _sheets(desk)

    text = " ".join(" ".join(sheet.lines) for sheet in sheets)
    assert sheets[0].lines[:2] == [f"1 / {len(sheets)}", CHANGED]
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
    assert [sheet for sheet in sheets[:-1] if sheet.filled < 0.8] == []
