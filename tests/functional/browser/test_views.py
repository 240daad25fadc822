"""A view has an address: it can be shared, kept, and gone back to."""

import pytest
from playwright.sync_api import expect

from tests.functional.browser.conftest import CLIPBOARD, OpenVisit, World
from tests.functional.browser.page_visit import Visit

pytestmark = pytest.mark.long

ACCOUNT = "fraud-scoring"


def test_a_shared_link_opens_the_same_view_after_the_key(open_visit: OpenVisit) -> None:
    """The recipient of the link sees the sender's view, but needs a key."""
    sender, receiver = open_visit(permissions=CLIPBOARD), open_visit()
    sender.sign_in()
    sender.choose("Verdict", "non_compliant")
    sender.choose("Reason", "microsoft_managed_key")
    sender.search.fill("prod")
    sender.sort_by("Location")
    sender.link(ACCOUNT).click()
    expect(sender.drawer).to_be_visible()
    sender.page.keyboard.press("Escape")
    seen = sender.names()
    sender.button("Copy link").click()
    view = sender.clipboard()
    sender.open_detail(ACCOUNT)

    receiver.page.goto(sender.page.url)
    receiver.type_key()

    expect(receiver.drawer.get_by_role("heading", name=ACCOUNT)).to_be_visible()
    receiver.page.keyboard.press("Escape")
    receiver.expect_names(seen, ordered=True)
    assert receiver.page.url == view
    expect(receiver.search).to_have_value("prod")
    expect(receiver.head("Location")).to_have_attribute("aria-sort", "ascending")


def test_back_and_forward_go_through_the_views(desk: Visit, world: World) -> None:
    """The browser's own buttons are the ones that people use."""
    everything = list(world.scene.findings())
    desk.choose("Verdict", "unknown")
    unknown = desk.names()
    desk.open_detail(unknown[0])

    desk.page.go_back()
    expect(desk.drawer).to_be_hidden()
    desk.expect_names(unknown)
    desk.page.go_back()
    desk.expect_names(everything)
    desk.page.go_forward()
    desk.expect_names(unknown)
    desk.page.go_forward()

    expect(desk.drawer.get_by_role("heading", name=unknown[0])).to_be_visible()


def test_a_link_that_makes_no_sense_is_shown_without_harm(desk: Visit) -> None:
    """Links are cut off by mail programs and made up by others."""
    for fragment in (
        "#verdict=<script>alert(1)</script>&unknown=1",
        "#page=-1&sort=__proto__&order=sideways",
        "#page=99999999999&q=%",
        "#kind=constructor&reason=%E0%A4%A",
    ):
        desk.follow(fragment)

        expect(desk.count).to_contain_text("accounts")
        desk.look_afresh()
        expect(desk.rows).not_to_have_count(0)


def test_the_week_leads_to_the_changes_and_leaves_the_view(visit: Visit) -> None:
    """What changed since last week is asked most; the answer is in the banner."""
    visit.sign_in()
    visit.choose("Verdict", "non_compliant")
    seen, url = visit.names(), visit.page.url

    visit.region("Posture").get_by_role("link", name="Since ").click()

    expect(visit.region("Recent changes")).to_be_in_viewport()
    assert (visit.names(), visit.page.url) == (seen, url)
    expect(visit.page.locator("#week")).to_contain_text("first scan")
