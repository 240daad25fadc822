"""axe-core finds nothing in any state of the page, in either colour scheme and on any screen."""

import re
from pathlib import Path
from typing import Final

import pytest
from playwright.sync_api import expect

from tests.browsers import end_without
from tests.functional.browser.conftest import OpenVisit
from tests.functional.browser.page_visit import Visit

pytestmark = pytest.mark.long

AXE: Final = Path(__file__).parents[3] / "node_modules/axe-core/axe.min.js"
BEYOND: Final = "document.documentElement.scrollWidth - document.documentElement.clientWidth"
RUN: Final = """async () => {
  const found = await axe.run(document, {resultTypes: ["violations"]});
  return found.violations.map((each) =>
    `${each.id}: ${each.help}: ${each.nodes.map((node) => node.target.join(" ")).join(", ")}`);
}"""


def faults(visit: Visit) -> list[str]:
    """Return what axe-core finds on the page as it is now."""
    if not AXE.exists():
        end_without("NOTHING WAS LOOKED AT: run `make install` for axe-core")
    if not visit.page.evaluate("'axe' in window"):
        visit.page.evaluate(AXE.read_text())
    found: list[str] = visit.page.evaluate(RUN)
    return found


def _faults_in_each_scheme(visit: Visit) -> list[str]:
    found: list[str] = []
    for scheme in ("light", "dark"):
        visit.page.emulate_media(color_scheme=scheme)
        background = visit.body.evaluate("(body) => getComputedStyle(body).backgroundColor")
        parts = [int(part) for part in re.findall(r"\d+", background)[:3]]
        assert (sum(parts) / len(parts) > 128) == (scheme == "light")
        found += faults(visit)
    return found


def test_axe_finds_nothing_in_any_state(open_visit: OpenVisit) -> None:
    """Signed out, refused, ready, no match, with the drawer open."""
    visit = open_visit(trouble=True, bypass_csp=True, reduced_motion="reduce")
    found: dict[str, list[str]] = {}
    visit.go()
    found["signed out"] = _faults_in_each_scheme(visit)
    visit.type_key("wrong")
    expect(visit.alert).to_be_visible()
    found["refused"] = _faults_in_each_scheme(visit)
    visit.type_key()
    visit.wait_until_ready()
    found["ready"] = _faults_in_each_scheme(visit)
    visit.open_detail("fraud-scoring")
    assert visit.page.evaluate("document.getAnimations().length") == 0
    found["detail"] = _faults_in_each_scheme(visit)
    visit.page.keyboard.press("Escape")
    visit.search.fill("nothing is called this")
    expect(visit.count).to_contain_text("0 of")
    expect(visit.region("Findings")).to_contain_text("match")
    found["no match"] = _faults_in_each_scheme(visit)

    assert {state: faults for state, faults in found.items() if faults} == {}


def test_axe_finds_nothing_in_trouble(open_visit: OpenVisit) -> None:
    """The rarest states are the least tested ones."""
    visit = open_visit(trouble=True, bypass_csp=True, reduced_motion="reduce")
    answers = {"unreachable": 0, "forbidden": 403, "error": 503}
    status = 0
    visit.page.route(
        "**/api/v1/**", lambda route: route.fulfill(status=status) if status else route.abort()
    )
    visit.go()
    visit.type_key()
    found: dict[str, list[str]] = {}
    for state, status in answers.items():  # noqa: B007 - the route answers with it
        visit.button("Try again").click()
        visit.expect_state(state)
        found[state] = _faults_in_each_scheme(visit)

    assert found == {state: [] for state in answers}


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
        steps.get_by_role("heading").first,
        *steps.get_by_role("listitem").all()[:3],
        banner.get_by_role("link", name=re.compile("^Since ")),
    ]

    expect(banner.get_by_role("link", name=re.compile(r"^\d+ could not be judged"))).to_be_visible()
    bottoms = [box["y"] + box["height"] for each in answers if (box := each.bounding_box())]

    assert len(bottoms) == len(answers) > 10
    assert [bottom for bottom in bottoms if bottom > 800] == []
    heights = "(rows) => rows.map((row) => Math.round(row.getBoundingClientRect().height))"

    wide = visit.rows.evaluate_all(heights)
    visit.page.set_viewport_size({"width": 768, "height": 1024})

    assert max(wide + visit.rows.evaluate_all(heights)) <= 42
    assert visit.page.evaluate(BEYOND) == 0
    for column in ("Owner", "Since or first seen"):
        visit.head(column).scroll_into_view_if_needed()
        expect(visit.head(column)).to_be_in_viewport(ratio=1)
        assert any(visit.column(column))


def test_buttons_on_a_phone_are_large_enough_for_a_finger(open_visit: OpenVisit) -> None:
    """WCAG 2.2 requires 24 pixels, also of a number. No view is wider than a small phone."""
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
        "() => [...document.querySelectorAll('button, input, select, #posture a, .chip')]"
        ".filter((one) => one.checkVisibility() && (one.offsetHeight < 24 || one.offsetWidth < 24))"
        ".map((one) => one.textContent || one.name)"
    )

    assert small == []
