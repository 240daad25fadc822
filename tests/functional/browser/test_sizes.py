"""The page on a phone, a tablet and a desk."""

import pytest
from playwright.sync_api import expect

from tests.functional.browser.conftest import OpenVisit

pytestmark = pytest.mark.long

BEYOND = "document.documentElement.scrollWidth - document.documentElement.clientWidth"


def test_the_first_screen_answers_four_questions_and_an_account_is_a_line(
    open_visit: OpenVisit,
) -> None:
    """Compliant, and as of when? What is wrong? Who acts next? Does it get better?

    Twenty accounts fit on a screen, each with its owner, also on a tablet.
    """
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
    heights = "(rows) => rows.map((row) => Math.round(row.getBoundingClientRect().height))"

    wide = visit.rows.evaluate_all(heights)
    visit.page.set_viewport_size({"width": 768, "height": 1024})

    assert max(wide + visit.rows.evaluate_all(heights)) <= 42
    assert visit.page.evaluate(BEYOND) == 0
    for column in ("Owner", "Since"):
        visit.head(column).scroll_into_view_if_needed()
        expect(visit.head(column)).to_be_in_viewport(ratio=1)
        assert any(visit.column(column))


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
