"""The page on a phone, on paper, and for those who want less motion."""

import re
from typing import Literal

import pytest
from playwright.sync_api import expect

from tests.functional.browser.conftest import OpenVisit, World
from tests.functional.browser.page_visit import Visit

pytestmark = pytest.mark.long

BEYOND = "document.documentElement.scrollWidth - document.documentElement.clientWidth"


def test_a_phone_needs_no_scrolling_sideways(open_visit: OpenVisit) -> None:
    """Signed out, the list, and the drawer: 360 pixels are what small phones have."""
    visit = open_visit(viewport={"width": 360, "height": 740}, has_touch=True)
    visit.go()
    beyond = [visit.page.evaluate(BEYOND)]
    visit.type_key()
    visit.wait_until_ready()
    beyond.append(visit.page.evaluate(BEYOND))
    visit.open_detail(visit.names()[0])
    beyond.append(visit.page.evaluate(BEYOND))

    assert beyond == [0, 0, 0]
    box = visit.drawer.bounding_box()
    assert box is not None
    assert box["width"] <= 360


def test_buttons_on_a_phone_are_large_enough_for_a_finger(open_visit: OpenVisit) -> None:
    """WCAG 2.2 asks for 24 pixels; less is hit by chance."""
    visit = open_visit(viewport={"width": 360, "height": 740}, has_touch=True)
    visit.sign_in()

    small = visit.page.evaluate(
        "() => [...document.querySelectorAll('button, input, select')].filter((one) =>"
        " one.checkVisibility() && (one.offsetHeight < 24 || one.offsetWidth < 24))"
        ".map((one) => one.textContent || one.name)"
    )

    assert small == []


def test_paper_shows_every_row_that_matches_and_nothing_to_press(desk: Visit, world: World) -> None:
    """A printed list that ends after fifty rows is taken for the whole."""
    desk.choose("Verdict", "non_compliant")
    matching = [
        name for name, one in world.scene.findings().items() if one["verdict"] == "non_compliant"
    ]

    desk.print()

    desk.expect_names(matching)
    expect(desk.search).to_be_hidden()
    expect(desk.button("Download CSV")).to_be_hidden()
    expect(desk.posture).to_be_visible()


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_each_colour_scheme_has_colours_of_its_own(
    desk: Visit, scheme: Literal["light", "dark"]
) -> None:
    """A white page at night is one that people close."""
    desk.page.emulate_media(color_scheme=scheme)

    background = desk.body.evaluate("(body) => getComputedStyle(body).backgroundColor")
    parts = [int(part) for part in re.findall(r"\d+", background)[:3]]
    assert (sum(parts) / len(parts) > 128) == (scheme == "light")


def test_without_motion_nothing_moves(open_visit: OpenVisit) -> None:
    """Some people are made ill by what slides."""
    visit = open_visit(reduced_motion="reduce")
    visit.sign_in()
    visit.open_detail(visit.names()[0])

    moving = visit.page.evaluate("document.getAnimations().length")

    assert moving == 0
