"""The page on a phone, on a wide screen, and with reduced motion."""

import re
from typing import Literal

import pytest
from playwright.sync_api import expect

from tests.functional.browser.conftest import OpenVisit
from tests.functional.browser.page_visit import Visit
from tests.functional.conftest import OpenScene

pytestmark = pytest.mark.long

BEYOND = "document.documentElement.scrollWidth - document.documentElement.clientWidth"


def test_the_first_screen_answers_four_questions(open_visit: OpenVisit) -> None:
    """Compliant, and as of when? What is wrong? Who acts next? Does it get better?"""
    visit = open_visit(viewport={"width": 1280, "height": 800})
    visit.sign_in()
    banner, steps = visit.region("Posture"), visit.region("What to do next")
    answers = [
        visit.posture,
        banner.get_by_text("As of"),
        *banner.get_by_role("link").all(),
        *steps.get_by_role("heading").all()[:2],
        *steps.get_by_role("listitem").all()[:3],
        visit.region("Trend").get_by_role("img"),
    ]

    bottoms = [box["y"] + box["height"] for each in answers if (box := each.bounding_box())]

    assert len(bottoms) == len(answers) > 10
    assert [bottom for bottom in bottoms if bottom > 800] == []


def test_bars_that_are_compared_have_one_scale(desk: Visit) -> None:
    """Five accounts that look like fourteen lead to the wrong conclusion."""
    kinds = desk.region("Accounts").get_by_role("list", name="Accounts by kind")
    bars: dict[int, list[float]] = {}
    for item in kinds.get_by_role("listitem").all():
        box = item.locator(".bar").bounding_box()
        count = sum(int(number) for number in re.findall(r"(\d+) (?:not )?[cu]", item.inner_text()))
        assert box is not None
        bars[round(box["x"])] = [*bars.get(round(box["x"]), []), box["width"] / count]

    (scales,) = bars.values()
    assert len(scales) == 2
    assert scales[0] == pytest.approx(scales[1], rel=0.02)


def test_buttons_on_a_phone_are_large_enough_for_a_finger(open_visit: OpenVisit) -> None:
    """WCAG 2.2 requires 24 pixels. No view is wider than a small phone."""
    visit = open_visit(viewport={"width": 360, "height": 740}, has_touch=True)
    visit.go()
    assert visit.page.evaluate(BEYOND) == 0
    visit.type_key()
    visit.wait_until_ready()
    assert visit.page.evaluate(BEYOND) == 0
    # The filters would fill a screen before the first account.
    box = visit.region("Findings").get_by_role("combobox", name="Verdict", exact=True)
    expect(box).to_be_hidden()
    visit.button("Filter").click()
    expect(box).to_be_visible()

    small = visit.page.evaluate(
        "() => [...document.querySelectorAll('button, input, select')].filter((one) =>"
        " one.checkVisibility() && (one.offsetHeight < 24 || one.offsetWidth < 24))"
        ".map((one) => one.textContent || one.name)"
    )

    assert small == []


def test_a_phone_shows_a_small_estate_in_six_screens(
    open_scene: OpenScene, open_visit: OpenVisit
) -> None:
    """Fourteen accounts took ten screens of scrolling; nobody reads the last ones."""
    scene = open_scene("sample", CMK_KEY_HEALTH="on")
    scene.scan()
    visit = open_visit(scene, viewport={"width": 375, "height": 812}, has_touch=True)
    visit.sign_in()

    assert visit.page.evaluate("document.documentElement.scrollHeight") <= 6 * 812
    # One scan is no trend, and takes no place.
    expect(visit.page.get_by_text("Trend", exact=True)).to_be_hidden()


def test_no_half_of_a_wide_page_is_empty(open_visit: OpenVisit) -> None:
    """A block beside a shorter one leaves a hole as long as the difference."""
    visit = open_visit(viewport={"width": 1280, "height": 900})
    visit.sign_in()
    board = visit.page.locator("#board").bounding_box()
    boxes = [each.bounding_box() for each in visit.page.locator("#board > section").all()]

    assert board is not None
    filled: dict[tuple[int, int], float] = {}
    for box in boxes:
        assert box is not None
        band = (round(box["y"]), round(box["height"]))
        filled[band] = filled.get(band, 0) + box["width"]
    assert len(filled) == len(boxes) - 2
    assert [band for band, width in filled.items() if width < 0.95 * board["width"]] == []


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_each_colour_scheme_has_colours_of_its_own(
    desk: Visit, scheme: Literal["light", "dark"]
) -> None:
    """People close a white page at night."""
    desk.page.emulate_media(color_scheme=scheme)

    background = desk.body.evaluate("(body) => getComputedStyle(body).backgroundColor")
    parts = [int(part) for part in re.findall(r"\d+", background)[:3]]
    assert (sum(parts) / len(parts) > 128) == (scheme == "light")


def test_without_motion_nothing_moves(open_visit: OpenVisit) -> None:
    """Sliding elements make some people ill."""
    visit = open_visit(reduced_motion="reduce")
    visit.sign_in()
    visit.open_detail(visit.names()[0])

    moving = visit.page.evaluate("document.getAnimations().length")

    assert moving == 0


def test_an_account_is_a_line_and_shows_owner_and_date(open_visit: OpenVisit) -> None:
    """Twenty accounts fit on a screen, each with its owner, also on a tablet."""
    visit = open_visit(viewport={"width": 1280, "height": 800})
    visit.sign_in()
    heights = "(rows) => rows.map((row) => Math.round(row.getBoundingClientRect().height))"

    wide = visit.rows.evaluate_all(heights)
    visit.page.set_viewport_size({"width": 768, "height": 1024})

    assert max(wide + visit.rows.evaluate_all(heights)) <= 42
    assert visit.page.evaluate(BEYOND) == 0
    for column in ("Owner", "Since"):
        visit.head(column).scroll_into_view_if_needed()
        expect(visit.head(column)).to_be_in_viewport(ratio=1)
        assert any(visit.column(column))
