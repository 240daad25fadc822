"""What the page shows without a response, and that it never presents old data as new."""

from collections.abc import Iterator
from functools import partial
from typing import Final

import pytest
from playwright.sync_api import Page, Route, expect

from tests.functional.browser.conftest import OpenVisit, World
from tests.functional.browser.page_visit import Visit
from tests.functional.conftest import OpenScene
from tests.functional.cuttable_connection import Line
from tests.functional.estate_kit import CMK, MICROSOFT, estate_of, sub_id, wait_until

pytestmark = pytest.mark.long

MINUTE: Final = 60_000
DATA: Final = "**/api/v1/**"


@pytest.fixture
def lines(world: World) -> Iterator[tuple[Line, Line]]:
    """The lines browser-host and host-tables, which are mended afterwards."""
    pair = (world.line, world.storage_line)
    yield pair
    for line in pair:
        line.cut()
        line.mend()


def _poll(page: Page, milliseconds: int = MINUTE + 1_000) -> None:
    """Let the page's pause between two requests pass."""
    page.clock.fast_forward(milliseconds)


def _answer_with(body: str, route: Route) -> None:
    route.fulfill(body=body)


def _open(open_visit: OpenVisit) -> Visit:
    """Open a window whose clock a test can move, and see everything in it."""
    visit = open_visit(trouble=True)
    visit.page.clock.install()
    visit.sign_in()
    return visit


def test_what_was_shown_stays_under_a_notice_when_the_app_is_gone(
    open_visit: OpenVisit, lines: tuple[Line, Line]
) -> None:
    """The list is still useful, as long as the page shows its age."""
    visit = _open(open_visit)
    names, posture = visit.names(), visit.posture.inner_text()
    lines[0].cut()

    _poll(visit.page)

    visit.expect_state("unreachable")
    expect(visit.alert.first).to_be_visible()
    assert (visit.names(), visit.posture.inner_text()) == (names, posture)
    lines[0].mend()
    visit.button("Try again").click()
    visit.expect_state("ready")
    expect(visit.alert).to_have_count(0)


def test_storage_that_is_down_is_told_in_the_words_of_the_api(
    open_visit: OpenVisit, lines: tuple[Line, Line]
) -> None:
    """The app's storage failed, not the reader's network."""
    visit = open_visit(trouble=True)
    visit.go()
    lines[1].cut()

    visit.type_key()

    visit.expect_state("error")
    expect(visit.alert.first).to_contain_text("storage")
    lines[1].mend()
    visit.button("Try again").click()
    visit.wait_until_ready()


# Of a compliant account's verdict, and of a secondary text.
COLOURS = """() => ({
  badge: getComputedStyle(document.querySelector(".badge.compliant")).color,
  note: getComputedStyle(document.querySelector(".count")).color,
})"""


def test_a_host_that_is_killed_turns_the_posture_to_unknown_in_time(
    open_scene: OpenScene, open_visit: OpenVisit
) -> None:
    """An outdated green is the worst that a wall screen can show."""
    scene = open_scene(estate_of({"chat": CMK}))
    scene.scan()
    visit = open_visit(scene, trouble=True)
    visit.page.clock.install()
    visit.sign_in()
    expect(visit.posture).to_have_text("Compliant")
    scene.host.kill()

    _poll(visit.page)
    visit.expect_state("unreachable")
    expect(visit.body).to_have_attribute("data-fresh", "true")
    _poll(visit.page, 4 * 60 * MINUTE)

    expect(visit.body).to_have_attribute("data-fresh", "false")
    expect(visit.posture).to_have_text("Unknown")
    visit.link("chat").wait_for()
    colours = visit.page.evaluate(COLOURS)
    assert colours["badge"] == colours["note"]


def test_a_scan_that_failed_says_nothing_of_gaps(visit: Visit) -> None:
    """That every subscription was read would be an answer that nobody has. It says once why."""
    posture_reasons: list[dict[str, str]] = []

    def failed(route: Route) -> None:
        answer = route.fetch()
        status = answer.json()
        status["lastScan"] |= {"state": "failed", "reason": "The list is empty."}
        status["subscriptions"]["gap"], status["gaps"] = 0, []
        status["reasons"] += posture_reasons
        route.fulfill(response=answer, json=status)

    visit.page.route("**/api/v1/status", failed)
    visit.sign_in()

    gaps = visit.region("Coverage gaps")
    expect(gaps).to_contain_text("The last scan failed, so the coverage gaps are unknown.")
    expect(visit.region("Posture")).to_contain_text("The last scan failed: The list is empty.")
    posture_reasons.append({"code": "no_scan_yet", "message": "The list is empty."})
    visit.page.reload()
    visit.wait_until_ready()
    expect(visit.region("Posture").get_by_text("The list is empty.")).to_have_count(1)


def test_a_muted_feed_is_said_and_costs_only_the_list_of_changes(
    open_scene: OpenScene, open_visit: OpenVisit
) -> None:
    """Who looks at the page while no mail comes must not read that nothing has changed."""
    scene = open_scene(estate_of({"chat": CMK}))
    scene.scan()
    (head,) = [row for row in scene.storage.rows("cmkchanges") if row["RowKey"] == "head"]
    scene.storage.put("cmkchanges", {**head, "schema": 99})
    scene.simulator.estate.subscription(sub_id(1)).accounts["chat"].set_encryption(MICROSOFT)
    scene.fire()
    wait_until(lambda: scene.status()["unpublished"]["changes"], "a scan that has counted it")
    visit = open_visit(scene, trouble=True)

    visit.sign_in()

    text = "recorded change has not been published, so no alert has been sent for it (1, the oldest"
    expect(visit.region("Posture")).to_contain_text(text)
    expect(visit.region("Recent changes")).to_contain_text("uses this storage: deploy that")
    visit.link("chat").wait_for()
    expect(visit.region("Posture")).not_to_contain_text("Since ")


def test_an_answer_that_makes_no_sense_is_an_error_and_a_slow_one_is_waited_for(
    open_visit: OpenVisit,
) -> None:
    """Neither an unreadable response nor an empty page may look like an estate without problems."""
    visit = open_visit(trouble=True)
    visit.sign_in()
    for body in ("<html>Sign in to the guest network</html>", "{}"):
        visit.page.route(DATA, partial(_answer_with, body))
        visit.page.reload()
        visit.expect_state("error", "unreachable")
        expect(visit.alert.first).to_be_visible()
        expect(visit.body).not_to_have_attribute("data-posture", "compliant")
        visit.page.unroute(DATA)
        visit.button("Try again").click()
        visit.wait_until_ready()
    held: list[Route] = []
    holding = True

    def hold(route: Route) -> None:
        if holding:
            held.append(route)
        else:
            route.continue_()

    visit.page.route(DATA, hold)
    visit.page.reload()

    visit.expect_state("loading")
    expect(visit.body).not_to_have_attribute("data-posture", "compliant")
    holding = False
    for route in held:
        route.continue_()

    visit.wait_until_ready()


def test_a_page_that_is_asked_to_come_again_does_so(open_visit: OpenVisit) -> None:
    """P11: the app limits concurrent lists; the page retries without the visitor's help."""
    visit = open_visit(trouble=True)
    refused: list[str] = []

    def busy(route: Route) -> None:
        if refused:
            route.continue_()
        else:
            refused.append(route.request.url)
            route.fulfill(status=429, headers={"Retry-After": "1"}, body="")

    visit.page.route("**/api/v1/findings?**", busy)
    visit.go()
    visit.type_key()
    visit.wait_until_ready()

    assert refused
    assert visit.names()
    expect(visit.alert).to_have_count(0)


def test_a_page_of_findings_that_is_cut_off_is_never_taken_for_all(
    open_visit: OpenVisit, world: World
) -> None:
    """Half a list without a notice would hide half of the problems."""
    first = world.scene.get("v1/findings", top="1").body
    visit = open_visit(trouble=True)

    def first_page_only(route: Route) -> None:
        if "skipToken" in route.request.url:
            route.abort()
        else:
            route.fulfill(json=first)

    visit.page.route("**/api/v1/findings?**", first_page_only)
    visit.go()

    visit.type_key()

    assert first["nextLink"]
    # The first question has its answer; that the list is missing is said where it would be.
    expect(visit.posture).to_have_text("Not compliant")
    expect(visit.alert.first).to_be_visible()
    expect(visit.page.get_by_text("No account")).to_have_count(0)
    expect(visit.page.get_by_text("1 of 1 accounts")).to_have_count(0)


def test_links_of_the_apps_own_name_are_followed_where_the_page_has_another(
    open_visit: OpenVisit, world: World
) -> None:
    """Behind a gateway or a custom domain, the app still links to the name it knows."""
    first = world.scene.get("v1/findings", top="10").body
    first["nextLink"] = first["nextLink"].replace(world.scene.host.url, "https://app.test")
    visit = open_visit(trouble=True)
    visit.page.route("**/api/v1/findings?top=1000", lambda route: route.fulfill(json=first))

    visit.sign_in()

    assert first["nextLink"].startswith("https://app.test/")
    visit.expect_names(list(world.scene.findings()))


def test_an_answer_that_cannot_be_drawn_leaves_no_older_one_in_sight(
    open_visit: OpenVisit, world: World
) -> None:
    """A tab that stays open for weeks meets an app that has moved on."""
    later = world.scene.get("v1/status").body | {"accounts": {"total": 1}}
    visit = _open(open_visit)
    tag = {"ETag": '"later"'}
    visit.page.route("**/api/v1/status", lambda route: route.fulfill(json=later, headers=tag))
    # The rest of that answer is still on its way when somebody tries again.
    visit.page.route("**/api/v1/scans?**", lambda _: None)

    _poll(visit.page)

    visit.expect_state("error")
    expect(visit.posture).to_be_hidden()
    expect(visit.alert.first).to_be_visible()
    for path in ("status", "scans?**"):
        visit.page.unroute(f"**/api/v1/{path}")
    visit.button("Try again").click()
    visit.wait_until_ready()
    expect(visit.posture).to_have_text("Not compliant")
    statuses = [one for one in visit.watch.requests if one.url.endswith("/v1/status")]
    assert "if-none-match" not in statuses[-1].headers
