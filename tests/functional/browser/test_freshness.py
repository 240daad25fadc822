"""The page keeps up with the scans, and says when they have stopped."""

import json
from typing import Final

import pytest
from playwright.sync_api import Request, expect

from tests.functional.browser.conftest import OpenVisit
from tests.functional.conftest import OpenScene
from tests.functional.estate_kit import CMK, MICROSOFT, Scene, estate_of, sub_id

pytestmark = pytest.mark.long

MINUTE: Final = 60_000


@pytest.fixture
def scene(open_scene: OpenScene) -> Scene:
    """Two accounts as they should be, after a scan."""
    scene = open_scene(estate_of({"chat": CMK, "search": CMK}))
    scene.scan()
    return scene


def _age(scene: Scene) -> None:
    """Make the last scan look as if it had been half a year ago."""
    (row,) = [row for row in scene.storage.rows("cmkscans") if row["RowKey"] == "status"]
    text = json.dumps(json.loads(row["document0"]))
    year = text[text.index("20") :][:4]
    scene.storage.put("cmkscans", {**row, "document0": text.replace(year, "2024")})


def test_a_scan_that_ends_shows_without_a_reload(scene: Scene, open_visit: OpenVisit) -> None:
    """On a wall screen, no one presses keys."""
    visit = open_visit(scene)
    visit.page.clock.install()
    visit.sign_in()
    expect(visit.posture).to_have_text("Compliant")
    scene.simulator.estate.subscription(sub_id(1)).accounts["chat"].set_encryption(MICROSOFT)
    scene.scan()

    visit.page.clock.fast_forward(MINUTE + 1_000)

    expect(visit.posture).to_have_text("Not compliant")
    expect(visit.rows.filter(has_text="chat")).to_contain_text("Not compliant")
    expect(visit.region("Recent changes")).to_contain_text("chat")
    visit.open_detail("chat")
    expect(visit.drawer.get_by_text("Compliant", exact=True).first).to_be_visible()


def test_an_account_that_is_gone_is_not_shown_as_it_was(
    scene: Scene, open_visit: OpenVisit
) -> None:
    """A person who has it open must not rely on old data."""
    visit = open_visit(scene, trouble=True)
    visit.page.clock.install()
    visit.sign_in()
    visit.open_detail("chat")
    scene.simulator.estate.subscription(sub_id(1)).remove_account("chat")
    scene.scan()

    visit.page.clock.fast_forward(MINUTE + 1_000)

    expect(visit.drawer).to_contain_text("This account is not recorded")
    expect(visit.drawer).not_to_contain_text("Compliant")


def test_nothing_new_costs_one_small_answer(scene: Scene, open_visit: OpenVisit) -> None:
    """Fifty open pages must not load the storage noticeably."""
    visit = open_visit(scene)
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


def test_scans_that_stopped_turn_the_posture_to_unknown(
    scene: Scene, open_visit: OpenVisit
) -> None:
    """All accounts were compliant at the last scan, but that is too old."""
    visit = open_visit(scene)
    visit.page.clock.install()
    visit.sign_in()
    _age(scene)

    visit.page.clock.fast_forward(MINUTE + 1_000)

    expect(visit.posture).to_have_text("Unknown")
    expect(visit.body).to_have_attribute("data-fresh", "false")
    expect(visit.body).to_have_attribute("data-posture", "unknown")
    expect(visit.region("Posture").get_by_role("listitem")).not_to_have_count(0)
    expect(visit.region("Coverage gaps")).to_contain_text("its result is out of date.")


def test_a_tab_in_the_background_asks_for_nothing(scene: Scene, open_visit: OpenVisit) -> None:
    """A tab forgotten over the weekend costs nothing, and is up to date when shown again."""
    visit = open_visit(scene)
    visit.page.clock.install()
    visit.sign_in()
    visit.hide()
    before = len(visit.watch.asked())

    visit.page.clock.fast_forward(10 * MINUTE)
    while_hidden = visit.watch.asked()[before:]
    with visit.page.expect_request(_is_status):
        visit.hide(hidden=False)

    assert while_hidden == []


def _is_status(request: Request) -> bool:
    return request.url.endswith("/api/v1/status")
