"""Exceptions on the page: who accepted what until when, and what ends soon."""

from datetime import timedelta

import pytest
from playwright.sync_api import expect

from tests.functional.browser.conftest import OpenVisit
from tests.functional.browser.page_visit import Visit
from tests.functional.browser.test_accessibility import faults
from tests.functional.browser.test_next_steps import wrong_items
from tests.functional.conftest import OpenScene
from tests.functional.estate_kit import CMK, sub_id
from tests.functional.exception_kit import ACCEPT, accepted_estate

pytestmark = pytest.mark.long

TEAL = "rgb(11, 95, 107)"


def _shown(visit: Visit, exception: str) -> set[str]:
    visit.choose("Exception", exception)
    return set(visit.names())


def test_each_account_shows_who_accepted_what_until_when(
    open_scene: OpenScene, open_visit: OpenVisit
) -> None:
    """P10, P11: untrusted text is labelled as such, and an unread exemption has instructions."""
    scene = open_scene("exceptions", **ACCEPT)
    scene.scan()
    found = scene.findings()
    visit = open_visit(scene)
    visit.sign_in()

    assert wrong_items(visit) == []
    visit.look_afresh()
    for choice in ("honoured", "not_honoured", "none"):
        answer = scene.get(f"v1/findings?exception={choice}").body["value"]
        assert _shown(visit, choice) == {each["name"] for each in answer}
    visit.choose("Exception", "")
    expect(visit.region("Accounts")).to_contain_text("the violation is accepted for a time")
    visit.open_detail("honoured-at-account")
    drawer = visit.drawer
    expect(drawer).to_contain_text("Accepted until")
    expect(drawer).to_contain_text("Approved by (requester's text)Risk committee")
    expect(drawer).to_contain_text("Ticket (requester's text)RISK-1042")
    expect(drawer).to_contain_text("Created bypolicy-team@simulator.onmicrosoft.com")
    drawer.get_by_role("button", name="Close").click()
    visit.open_detail("honoured-hostile-text")
    expect(drawer).to_contain_text("<b onmouseover=alert(1)>Risk committee</b>")
    expect(drawer).to_contain_text("\u27e8U+202E\u27e9gnp.exe")
    expect(drawer.get_by_role("link", name="javascript:alert(1)")).to_have_count(0)
    drawer.get_by_role("button", name="Close").click()
    visit.open_detail("exemption-unread-list")
    expect(drawer).to_contain_text(found["exemption-unread-list"]["exception"]["message"])
    expect(drawer).to_contain_text("Microsoft.Authorization/policyExemptions/read")


def test_a_posture_with_exceptions_has_a_word_and_a_colour_of_its_own(
    open_scene: OpenScene, open_visit: OpenVisit
) -> None:
    """P1: it must not look compliant, or like a violation that is not accepted."""
    estate, exemptions = accepted_estate(
        chat=timedelta(days=2), lab=timedelta(days=200), old=timedelta(days=9)
    )
    scene = open_scene(estate, **ACCEPT)
    scene.scan()
    estate.policies.remove(exemptions["old"].id)
    estate.subscription(sub_id(1)).accounts["old"].set_encryption(CMK)
    scene.scan()
    visit = open_visit(scene, bypass_csp=True, color_scheme="light", reduced_motion="reduce")
    visit.sign_in()

    expect(visit.posture).to_have_text("Compliant with exceptions")
    expect(visit.posture).to_have_css("color", TEAL)
    expect(visit.region("Posture")).to_contain_text("2 of 4 accounts are encrypted")
    advice = visit.region("What to do next").get_by_role("listitem")
    expect(advice).to_have_count(1)
    expect(advice).to_contain_text(": exception ends soon")
    expect(visit.region("Recent changes")).to_contain_text("The exception of old has ended")
    visit.open_detail("chat")
    expect(visit.drawer).to_contain_text("Accepted until")
    light = faults(visit)
    visit.page.emulate_media(color_scheme="dark")
    visit.drawer.get_by_role("button", name="Close").click()
    assert (light, faults(visit)) == ([], [])
