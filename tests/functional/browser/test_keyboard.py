"""Everything the mouse does, without one."""

from datetime import datetime, timedelta

import pytest
from playwright.sync_api import Route, expect

from tests.functional.browser.conftest import OpenVisit
from tests.functional.browser.page_visit import Visit

pytestmark = pytest.mark.long

FOCUSED = """() => {
  const at = document.activeElement;
  return at.getAttribute("aria-label") || at.labels?.[0]?.textContent.trim()
    || at.textContent.trim();
}"""


def _tab_to(visit: Visit, name: str, most: int = 60) -> None:
    """Press Tab until the element of this name has the focus."""
    passed = []
    for _ in range(most):
        visit.page.keyboard.press("Tab")
        passed.append(" ".join(str(visit.page.evaluate(FOCUSED)).split()))
        if passed[-1].startswith(name):
            return
    raise AssertionError(f"{name} is not reached; passed {passed}")


def test_the_key_is_typed_and_sent_by_keyboard_alone(visit: Visit) -> None:
    """The field is where the typing goes, and Enter sends it and leads to the answer."""
    visit.go()
    expect(visit.page.get_by_label("Read key")).to_be_focused()

    visit.page.keyboard.type(visit.key)
    visit.page.keyboard.press("Enter")

    visit.wait_until_ready()
    expect(visit.posture).to_be_focused()


def test_tab_reaches_search_filters_order_and_rows(desk: Visit) -> None:
    """In the order on the page."""
    desk.open_filters()
    desk.begin_at_the_top()
    for name in ("Search findings", "Filter", "Download CSV", "Verdict", "Reason", "Account"):
        _tab_to(desk, name)
    desk.page.keyboard.press("Enter")
    expect(desk.head("Account")).to_have_attribute("aria-sort", "ascending")
    _tab_to(desk, desk.names()[0])
    desk.page.keyboard.press("Enter")

    expect(desk.drawer).to_be_visible()


def test_the_drawer_keeps_the_focus_and_gives_it_back(desk: Visit) -> None:
    """Tab must not wander off into a page that is covered."""
    name = desk.names()[2]
    desk.link(name).focus()
    desk.page.keyboard.press("Enter")
    expect(desk.drawer.get_by_role("heading", name="History")).to_be_visible()
    within = "(drawer) => drawer.contains(document.activeElement)"
    outside = []

    for key in ["Tab"] * 20 + ["Shift+Tab"] * 20:
        desk.page.keyboard.press(key)
        on_page = desk.page.evaluate("document.activeElement !== document.body")
        if on_page and not desk.drawer.evaluate(within):
            outside.append(desk.page.evaluate(FOCUSED))
    desk.page.keyboard.press("Escape")

    assert outside == []
    expect(desk.drawer).to_be_hidden()
    expect(desk.link(name)).to_be_focused()


def test_a_refresh_leaves_the_focus_on_its_link(open_visit: OpenVisit) -> None:
    """The page refreshes each minute; keyboard users must not be sent to the top each time."""
    visit = open_visit()
    ages: list[int] = []

    def older(route: Route) -> None:
        headers = {**route.request.headers, "if-none-match": ""}
        answer = route.fetch(headers=headers)
        status = answer.json()
        ages.append(5 * len(ages))
        moved = datetime.fromisoformat(status["asOf"]) - timedelta(minutes=ages[-1])
        route.fulfill(response=answer, json=status | {"asOf": f"{moved:%Y-%m-%dT%H:%M:%SZ}"})

    visit.page.route("**/api/v1/status", older)
    visit.page.clock.install()
    visit.sign_in()
    banner, steps = visit.region("Posture"), visit.region("What to do next")
    for link in (banner.get_by_role("link").first, steps.locator("a.go").first):
        link.focus()
        time = banner.locator("time").first
        later = visit.page.locator(f"time:not([datetime='{time.get_attribute('datetime')}'])")

        visit.pass_time(61_000, time.and_(later).is_visible)

        expect(link).to_be_focused()


def test_the_focus_can_be_seen_wherever_it_is(desk: Visit) -> None:
    """An invisible focus is useless to sighted people."""
    unseen = []
    for _ in range(25):
        desk.page.keyboard.press("Tab")
        drawn = desk.page.evaluate(
            "() => { const style = getComputedStyle(document.activeElement);"
            " return style.outlineStyle !== 'none' || style.boxShadow !== 'none'; }"
        )
        if not drawn:
            unseen.append(desk.page.evaluate(FOCUSED))

    assert unseen == []
