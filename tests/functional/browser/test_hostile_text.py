"""Anyone who may create accounts chooses names; the page shows them only as text."""

import pytest
from playwright.sync_api import expect

from tests.functional.browser.page_visit import Visit
from tests.functional.browser.sample_estate import (
    BACKWARDS,
    FORMULA,
    GAP_NAME,
    NAMES,
    SCRIPT,
    shown,
)

pytestmark = pytest.mark.long

# Elements that no part of the page is made of, but a name that became markup would be.
ALIEN = ":is(main, dialog) :is(img, iframe, object, embed, script, [onerror], [onload])"


def test_p10_names_are_text_in_the_table(desk: Visit) -> None:
    """P10: each name is shown as written, and none becomes an element."""
    desk.search.fill("rg-hostile")

    desk.expect_names(NAMES)
    expect(desk.rows.first).to_contain_text(SCRIPT)
    expect(desk.rows.first).to_contain_text(FORMULA)
    expect(desk.page.locator(ALIEN)).to_have_count(0)
    # A right-to-left override would make the cells beside it read backwards.
    assert desk.link(BACKWARDS).locator("bdi").count() == 1
    assert "\u202e" not in desk.page.locator("main").inner_text()


def test_p10_names_are_text_in_the_detail(desk: Visit) -> None:
    """P10: the drawer repeats name, evidence and tags, and no long name widens it or the page."""
    beyond = "(e) => e.scrollWidth - e.clientWidth"
    for name in NAMES:
        desk.open_detail(name)

        expect(desk.drawer.get_by_role("heading", name=shown(name), exact=True)).to_be_visible()
        expect(desk.drawer).to_contain_text(SCRIPT)
        expect(desk.page.locator(ALIEN)).to_have_count(0)
        assert desk.page.locator("html").evaluate(beyond) <= 0
        assert desk.drawer.evaluate(beyond) <= 0
        desk.page.keyboard.press("Escape")


def test_p10_names_are_text_in_changes_gaps_and_filters(desk: Visit) -> None:
    """P10: the same names appear in lists that other code draws."""
    changes = desk.region("Recent changes").inner_text()

    expect(desk.region("Coverage gaps")).to_contain_text(GAP_NAME)
    desk.open_filters()
    filters = desk.region("Findings").get_by_role("combobox", name="Subscription")
    expect(filters).to_contain_text(SCRIPT)
    assert shown(NAMES[0]) in changes
    expect(desk.page.locator(ALIEN)).to_have_count(0)
