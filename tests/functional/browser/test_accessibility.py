"""axe-core finds nothing in any state of the page, in either colour scheme; nothing moves."""

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


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_axe_finds_nothing_in_any_state(open_visit: OpenVisit, scheme: str) -> None:
    """Signed out, refused, ready, no match, with the drawer open."""
    visit = open_visit(trouble=True, bypass_csp=True, color_scheme=scheme, reduced_motion="reduce")
    found: dict[str, list[str]] = {}
    visit.go()
    background = visit.body.evaluate("(body) => getComputedStyle(body).backgroundColor")
    parts = [int(part) for part in re.findall(r"\d+", background)[:3]]
    assert (sum(parts) / len(parts) > 128) == (scheme == "light")
    found["signed out"] = faults(visit)
    visit.type_key("wrong")
    expect(visit.alert).to_be_visible()
    found["refused"] = faults(visit)
    visit.type_key()
    visit.wait_until_ready()
    found["ready"] = faults(visit)
    visit.open_detail("fraud-scoring")
    assert visit.page.evaluate("document.getAnimations().length") == 0
    found["detail"] = faults(visit)
    visit.page.keyboard.press("Escape")
    visit.search.fill("nothing is called this")
    expect(visit.count).to_contain_text("0 of")
    expect(visit.region("Findings")).to_contain_text("match")
    found["no match"] = faults(visit)

    assert {state: faults for state, faults in found.items() if faults} == {}


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_axe_finds_nothing_in_trouble(open_visit: OpenVisit, scheme: str) -> None:
    """The rarest states are the least tested ones."""
    visit = open_visit(trouble=True, bypass_csp=True, color_scheme=scheme)
    answers = {"unreachable": 0, "forbidden": 403, "error": 503}
    status = 0
    visit.page.route(
        "**/api/v1/**",
        lambda route: route.fulfill(status=status) if status else route.abort(),
    )
    visit.go()
    visit.type_key()
    found: dict[str, list[str]] = {}
    for state, status in answers.items():  # noqa: B007 - the route answers with it
        visit.button("Try again").click()
        visit.expect_state(state)
        found[state] = faults(visit)

    assert found == {state: [] for state in answers}
