"""An empty page has a message, which depends on the reason."""

import pytest
from playwright.sync_api import expect

from tests.functional.browser.conftest import OpenVisit
from tests.functional.conftest import OpenScene
from tests.functional.estate_kit import CMK, estate_of

pytestmark = pytest.mark.long


def test_an_estate_that_was_never_scanned_is_unknown_and_says_what_to_do(
    open_scene: OpenScene, open_visit: OpenVisit
) -> None:
    """A newcomer's first view must show what to do next; an empty scope is not green."""
    scene = open_scene("empty")
    visit = open_visit(scene)
    visit.page.clock.install()
    visit.sign_in()

    expect(visit.posture).to_have_text("Unknown")
    expect(visit.region("Posture")).to_contain_text("No scan has succeeded yet")
    expect(visit.rows.get_by_role("link")).to_have_count(0)
    before = visit.region("Findings").inner_text()
    scene.scan()
    visit.page.clock.fast_forward(61_000)

    expect(visit.region("Coverage gaps")).to_contain_text("Every subscription was read.")
    expect(visit.region("Findings")).not_to_have_text(before)
    expect(visit.region("Posture")).to_contain_text(
        scene.status()["reasons"][0]["message"] if scene.status()["reasons"] else ""
    )


def test_without_a_gap_and_without_a_fault_it_says_so(
    open_scene: OpenScene, open_visit: OpenVisit
) -> None:
    """Good news also needs a message; an empty box is not one."""
    scene = open_scene(estate_of({"chat": CMK}))
    scene.scan()
    visit = open_visit(scene)

    visit.sign_in()

    expect(visit.posture).to_have_text("Compliant")
    expect(visit.body).to_have_attribute("data-posture", "compliant")
    expect(visit.region("Coverage gaps")).to_contain_text("Every subscription was read.")
    expect(visit.region("Coverage gaps").get_by_role("table")).to_have_count(0)
