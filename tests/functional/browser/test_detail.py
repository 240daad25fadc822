"""The detail of an account: evidence, history, and the fix to copy."""

import re
from typing import Any
from urllib.parse import quote

import pytest
from playwright.sync_api import expect

from tests.functional.browser.conftest import World
from tests.functional.browser.page_visit import Visit
from tests.functional.browser.sample_estate import CHANGED

pytestmark = pytest.mark.long

BROKEN = "fraud-scoring"
SOUND = "agents-foundry"


def _detail(world: World, account: str) -> dict[str, Any]:
    found = world.scene.findings()[account]
    answer = world.scene.get(f"v1/findings{quote(found['id'])}")
    assert answer.status == 200, answer
    body: dict[str, Any] = answer.body
    return body


def test_the_detail_shows_the_evidence_and_leads_to_the_portal(desk: Visit, world: World) -> None:
    """People can check the evidence behind a verdict."""
    detail = _detail(world, CHANGED)

    desk.open_detail(CHANGED)

    expect(desk.drawer).to_contain_text(detail["message"])
    for said in (detail["evidence"]["keySource"], detail["resourceGroup"], detail["id"]):
        expect(desk.drawer).to_contain_text(said)
    portal = desk.drawer.get_by_role("link", name="Open in the Azure portal")
    expect(portal).to_have_attribute("href", detail["portalUrl"])
    assert "noopener" in (portal.get_attribute("rel") or "")
    expect(portal.locator("..")).to_contain_text("Activity log")
    assert [each["verdict"] for each in detail["history"]] == ["compliant", "non_compliant"]
    for verdict in ("Compliant", "Not compliant"):
        expect(desk.drawer.get_by_text(verdict, exact=True).first).to_be_visible()
    # People open an account to fix it.
    titles = desk.drawer.get_by_role("heading", level=3).all_inner_texts()
    assert titles == [
        "How to fix",
        "Owner and dates",
        "Evidence",
        "History",
        "Why it matters",
        "Check it yourself",
        "Account",
    ]
    for said in (*detail["rule"]["why"], *detail["check"].values()):
        expect(desk.drawer).to_contain_text(said)
    desk.drawer.get_by_role("button", name="Close").click()
    desk.open_detail(SOUND)
    # A fix for what is not broken breaks it.
    expect(desk.drawer.get_by_role("button", name="Copy script")).to_have_count(0)
    desk.drawer.get_by_text("Controls of security frameworks").click()
    expect(desk.drawer.get_by_text("NIST SP 800-53 Rev. 5: SC-12")).to_be_visible()
    expect(desk.drawer.get_by_text("ISO/IEC 27001:2022: A.8.24 (by analogy)")).to_be_visible()


def test_each_fix_is_copied_as_the_api_gives_it_and_is_a_tab_for_the_keyboard(
    desk: Visit, world: World
) -> None:
    """A script that loses a character on the way to a shell may do something else.

    One stop for Tab, arrows between the ways, and the text itself can be scrolled.
    """
    fix = _detail(world, BROKEN)["remediation"]
    desk.open_detail(BROKEN)

    expect(desk.drawer).to_contain_text(fix["warning"])
    for step in fix["steps"]:
        expect(desk.drawer).to_contain_text(step["title"])
    for tab, button, part in (
        ("Script", "Copy script", "az"),
        ("Terraform", "Copy Terraform", "terraform"),
        ("Bicep", "Copy Bicep", "bicep"),
        ("Portal", "Copy steps", "portal"),
    ):
        desk.drawer.get_by_role("tab", name=tab).click()
        desk.drawer.get_by_role("button", name=button).click()
        expect(desk.drawer.get_by_role("status")).to_contain_text("Copied")
        assert desk.clipboard() == fix[part]
    desk.drawer.get_by_role("tab", name="Portal").click()
    tabs = []
    for key in ("ArrowRight", "ArrowLeft", "ArrowLeft"):
        desk.page.keyboard.press(key)
        shown = desk.drawer.get_by_role("tab", selected=True)
        expect(shown).to_be_focused()
        tabs.append(shown.inner_text())
    desk.page.keyboard.press("Tab")
    expect(desk.drawer.get_by_role("button", name="Copy Bicep")).to_be_focused()
    desk.page.keyboard.press("Tab")
    expect(desk.drawer.get_by_role("tabpanel").locator("pre")).to_be_focused()
    assert tabs == ["Script", "Portal", "Bicep"]


def test_the_detail_closes_by_button_and_leaves_the_list_as_it_was(desk: Visit) -> None:
    """Checking ten accounts means opening and closing ten times."""
    desk.choose("Verdict", "non_compliant")
    before, url = desk.names(), desk.page.url
    desk.open_detail(before[0])

    desk.drawer.get_by_role("button", name="Close").click()

    expect(desk.drawer).to_be_hidden()
    assert (desk.names(), desk.page.url) == (before, url)
    expect(desk.link(before[0])).to_be_focused()


def test_a_click_anywhere_in_a_row_opens_its_account_unless_it_selects_text(desk: Visit) -> None:
    """The name is a small target; a double click must not close again what it opened."""
    name = desk.names()[2]
    for clicks in (1, 2):
        desk.rows.nth(2).get_by_role("cell").nth(2).click(click_count=clicks)
        expect(desk.drawer.get_by_role("heading", name=name, exact=True)).to_be_visible()
        desk.drawer.get_by_role("button", name="Close").click()
    cell = desk.rows.nth(2).get_by_role("cell").nth(4)
    cell.scroll_into_view_if_needed()
    box = cell.locator("bdi").bounding_box()
    assert box is not None

    desk.page.mouse.move(box["x"] + 1, box["y"] + 5)
    desk.page.mouse.down()
    desk.page.mouse.move(box["x"] + box["width"] - 1, box["y"] + 5, steps=5)
    desk.page.mouse.up()

    assert len(desk.page.evaluate("getSelection().toString()")) > 3
    expect(desk.drawer).to_be_hidden()
    desk.page.evaluate("getSelection().removeAllRanges()")


def test_what_the_first_scan_found_did_not_begin_with_it(desk: Visit, world: World) -> None:
    """Otherwise every date would seem to be the day on which the keys were removed."""
    found = world.scene.findings()
    dates = dict(zip(desk.names(), desk.column("Since or first seen"), strict=True))
    year = found[BROKEN]["evidence"]["createdAt"][:4]

    first = min(each["violatedSince"] for each in found.values() if each["violatedSince"])
    open_ones = [each for each in found.values() if each["violatedSince"] == first]
    created = [each["evidence"]["createdAt"] for each in open_ones if each["evidence"]["createdAt"]]
    assert dates[BROKEN].endswith(("+", "just now"))
    bound = desk.region("Posture").get_by_text("violated since its creation on")
    expect(bound).to_contain_text(f"{min(created)[:4]} or later")
    # Times are whole seconds, in which two scans may fit.
    is_from_first = found[CHANGED]["violatedSince"] == found[CHANGED]["firstSeen"]
    is_now = dates[CHANGED].endswith("just now")
    assert dates[CHANGED].endswith("+") is (is_from_first and not is_now)
    desk.open_detail(BROKEN)
    expect(desk.drawer).to_contain_text(re.compile(rf"First seen\d.*Created\d+ \w+ {year}, .*then"))
    desk.drawer.get_by_role("button", name="Close").click()
    desk.open_detail(CHANGED)
    if not is_from_first:
        later = re.compile(r"Since\d.*; before that compliantCreated\d.*UTC")
        expect(desk.drawer).to_contain_text(later)
        expect(desk.drawer).not_to_contain_text("may date from then")
