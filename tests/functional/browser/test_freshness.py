"""The page keeps up with the scans, from the first one on."""

import re
from typing import Final

import pytest
from playwright.sync_api import expect

from tests.functional.browser.conftest import OpenVisit
from tests.functional.browser.page_visit import Visit
from tests.functional.conftest import OpenScene
from tests.functional.estate_kit import CMK, MICROSOFT, estate_of, sub_id

pytestmark = pytest.mark.long

MINUTE: Final = 60_000


def test_a_scan_that_ends_shows_without_a_reload(
    open_scene: OpenScene, open_visit: OpenVisit
) -> None:
    """On a wall screen, no one presses keys; nor may an open account keep old data."""
    scene = open_scene(estate_of({"chat": CMK, "search": CMK}))
    scene.scan()
    visit = open_visit(scene, trouble=True)
    visit.page.clock.install()
    visit.sign_in()
    expect(visit.posture).to_have_text("Compliant")
    expect(visit.region("Coverage gaps").get_by_role("table")).to_have_count(0)
    subscription = scene.simulator.estate.subscription(sub_id(1))
    subscription.accounts["chat"].set_encryption(MICROSOFT)
    scene.scan()

    visit.page.clock.fast_forward(MINUTE + 1_000)

    expect(visit.posture).to_have_text("Not compliant")
    expect(visit.rows.filter(has_text="chat")).to_contain_text("Not compliant")
    expect(visit.region("Recent changes")).to_contain_text("chat")
    visit.open_detail("chat")
    expect(visit.drawer.get_by_text("Compliant", exact=True).first).to_be_visible()
    subscription.remove_account("chat")
    scene.scan()
    gone = visit.drawer.get_by_text("This account is not recorded")
    visit.pass_time(MINUTE + 1_000, gone.is_visible)
    expect(visit.drawer).not_to_contain_text("Compliant")


def test_an_estate_that_was_never_scanned_is_unknown_and_says_what_to_do(
    open_scene: OpenScene, open_visit: OpenVisit
) -> None:
    """A newcomer's first view must show what to do next; an empty scope is not green."""
    scene = open_scene("empty")
    visit = open_visit(scene)
    visit.page.clock.install()
    visit.go()
    visit.type_key()

    expect(visit.posture).to_have_text("Unknown")
    banner = visit.region("Posture")
    expect(banner).to_contain_text(re.compile("^.*The first one starts at [0-9:]+ UTC", re.DOTALL))
    expect(banner).to_contain_text("To start it now, sign in with a start key too.")
    expect(visit.page.get_by_role("region")).to_have_count(1)
    scene.scan()
    visit.page.clock.fast_forward(61_000)

    expect(visit.posture).to_have_text("Nothing to judge")
    expect(banner).to_contain_text("1 of 1 subscription was read, without an account of a kind in")
    expect(visit.region("Accounts")).to_be_hidden()
    expect(visit.region("Coverage gaps")).to_contain_text(
        "Every subscription that the app can see was read."
    )
    # An estate of one subscription is what one command deploys: nobody must take it for all.
    expect(visit.region("Posture")).to_contain_text("1 subscription is read; others are not")
    # One scan is no trend, and takes no place.
    expect(visit.page.get_by_text("Trend", exact=True)).to_be_hidden()


def test_an_open_page_costs_one_small_answer_a_minute_and_in_the_background_nothing(
    visit: Visit,
) -> None:
    """Fifty open pages must not load the storage noticeably, nor must a forgotten tab."""
    visit.page.clock.install()
    visit.sign_in()
    before = len(visit.watch.asked())

    with visit.page.expect_request("**/api/v1/status") as asked:
        visit.page.clock.fast_forward(MINUTE + 1_000)
    answer = asked.value.response()

    assert answer is not None
    assert answer.status == 304
    assert visit.watch.asked()[before:] == ["/api/v1/status"]
    visit.expect_state("ready")
    visit.hide()
    visit.page.clock.fast_forward(10 * MINUTE)
    assert visit.watch.asked()[before:] == ["/api/v1/status"]
    with visit.page.expect_request("**/api/v1/status"):
        visit.hide(hidden=False)
