"""Scans that a visitor starts on the page: from a fix to the result, and to the alert."""

import json
import re
from collections.abc import Callable
from datetime import UTC, datetime
from functools import partial
from typing import Final

import pytest
from playwright.sync_api import Locator, Request, Route, expect

from local.simulator import Access
from tests.functional.browser.conftest import OpenVisit, World
from tests.functional.browser.page_visit import PATH, Visit
from tests.functional.browser.test_accessibility import BEYOND, faults
from tests.functional.conftest import OpenScene
from tests.functional.estate_kit import MICROSOFT, Scene, estate_of, sub_id, wait_until

pytestmark = pytest.mark.long

BROKEN: Final = "fraud-scoring"
# Where everything in the drawer is, and how far it is scrolled.
PLACES: Final = """() => {
  const drawer = document.querySelector("dialog");
  const tops = [...drawer.querySelectorAll("h3, button, summary")].map((one) =>
    Math.round(one.getBoundingClientRect().top));
  return [drawer.scrollTop, drawer.scrollHeight, ...tops];
}"""


def _to_start(scene: Scene) -> str:
    return scene.host.keys.functions["scan_now"]


def _again(visit: Visit) -> Locator:
    return visit.drawer.get_by_role("button", name="Check again")


def _said(visit: Visit) -> Locator:
    return visit.drawer.get_by_role("status").last


def _press(visit: Visit, button: Locator) -> None:
    button.focus()
    visit.page.keyboard.press("Enter")


def _answer(
    status: int, code: str = "", seconds: int = 0, location: str = ""
) -> Callable[[Route], None]:
    headers = {"retry-after": str(seconds), "location": location}
    error = {"code": code, "message": "What the app says.", "target": None}
    body = json.dumps({"error": error})
    return lambda route: route.fulfill(status=status, headers=headers, body=body)


def _wait_for_a_turn(scene: Scene) -> None:
    """Wait until ten seconds have passed since the last start: then a partial scan may begin."""
    started = datetime.fromisoformat(scene.get("v1/scans", top="1").body["value"][0]["startedAt"])
    wait_until(lambda: (datetime.now(UTC) - started).total_seconds() > 11, "a turn")


def test_a_newcomer_starts_the_first_scan_and_checks_a_gap_by_keyboard(
    open_scene: OpenScene, open_visit: OpenVisit
) -> None:
    """From an empty page to a closed gap; disappearing elements must not lose the focus."""
    estate = estate_of({"chat": MICROSOFT}, {"lab": MICROSOFT})
    estate.subscription(sub_id(2)).access = Access.FORBIDDEN
    scene = open_scene(estate)
    visit = open_visit(scene, trouble=True)
    visit.go()
    visit.type_key(to_start=_to_start(scene))

    _press(visit, visit.button("Start the first scan"))
    result = visit.region("Posture").get_by_role("status")
    expect(result).to_have_text(re.compile(r"^Checked at .* UTC: not compliant\.$"))
    expect(visit.button("Scan now")).to_be_focused()
    expect(visit.rows.filter(has_text="just now+")).to_have_count(0)
    visit.page.keyboard.press("Enter")
    expect(result).to_have_text(re.compile(r"^The last scan has only just started\. Try again in"))
    gaps = visit.region("Coverage gaps")
    again = gaps.get_by_role("button", name="Check again")
    # The app itself says so for ten seconds, which a busy machine takes to get here.
    visit.page.route("**/api/scan", _answer(429, "TooManyRequests", 9))
    _press(visit, again)
    expect(gaps.get_by_role("row").nth(1)).to_contain_text("Try again in")
    expect(again).to_be_focused()
    visit.page.unroute("**/api/scan")
    estate.subscription(sub_id(2)).access = Access.READER
    _wait_for_a_turn(scene)
    _press(visit, again)

    expect(gaps.get_by_role("status")).to_contain_text("Subscription 2")
    expect(gaps.get_by_role("status")).to_contain_text("the subscription was read.")
    expect(gaps.get_by_role("table")).to_have_count(0)
    expect(gaps).to_be_focused()
    expect(visit.rows.filter(has_text="lab")).to_contain_text("Not compliant")


@pytest.fixture
def checking(open_visit: OpenVisit, world: World) -> Visit:
    """A window on the world with an account open, whose button starts nothing yet."""
    visit = open_visit(
        trouble=True, bypass_csp=True, viewport={"width": 360, "height": 740}, color_scheme="dark"
    )
    visit.sign_in(to_start=_to_start(world.scene))
    visit.open_detail(BROKEN)
    return visit


def test_a_check_that_finds_nothing_new_moves_nothing(checking: Visit, world: World) -> None:
    """A reader of the steps must not lose the place meanwhile; screen readers announce it."""
    location = f"/api/v1/scans/{world.scene.last_scan()}"
    checking.page.route("**/api/scan", _answer(202, location=location))
    checking.drawer.get_by_role("tab", name="Script").click()
    said = _said(checking).element_handle()
    checking.drawer.get_by_role("heading", name="Evidence").scroll_into_view_if_needed()
    before = checking.page.evaluate(PLACES)

    _press(checking, _again(checking))

    expect(_said(checking)).to_have_text(re.compile(r"^Checked at .* UTC: still not compliant\.$"))
    expect(_again(checking)).to_be_focused()
    assert checking.page.evaluate(PLACES) == before
    assert said.is_visible()
    assert checking.page.evaluate(BEYOND) == 0
    assert faults(checking) == []


def test_why_nothing_was_checked_is_said_beside_the_button(checking: Visit) -> None:
    """Each reason needs a different reaction, and none may look like a result."""
    answers = {
        "Another scan is running. Try again in": _answer(409, "ScanRunning", 10),
        "only just started. Try again in": _answer(429, "TooManyRequests", 10),
        "A scan of all subscriptions must finish first.": _answer(409, "NoScanYet"),
        "What the app says.": _answer(400, "InvalidParameter"),
        "The app cannot be reached.": lambda route: route.abort(),
        "No scan was started: your start key is no longer accepted.": _answer(401),
    }
    for said, answer in answers.items():
        checking.page.route("**/api/scan", answer)
        _again(checking).click()
        expect(_said(checking)).to_contain_text(said)

    expect(_again(checking)).to_have_count(0)
    assert checking.stored()["session"] == {"cmk-key": checking.key}
    checking.expect_state("ready")


def test_the_seconds_until_another_try_are_counted_down_and_end(checking: Visit) -> None:
    """A number that stays is wrong after a second; a screen reader announces only the first one."""
    said = _said(checking)
    checking.page.clock.install()
    checking.page.route("**/api/scan", _answer(429, "TooManyRequests", 300))
    _again(checking).click()
    expect(said).to_contain_text(re.compile(r"Try again in [23]\d\d seconds\.$"))
    checking.page.clock.fast_forward(250_000)

    expect(said).to_contain_text(re.compile(r"Try again in \d\d seconds\.$"))

    expect(said).to_have_attribute("aria-live", "off")
    checking.page.clock.fast_forward(250_000)
    expect(said).to_have_text("")


RUNNING: Final = "/api/v1/scans/x"


@pytest.fixture
def running(checking: Visit) -> Visit:
    """As above; scans that it starts never end, and a test moves its clock."""
    body = json.dumps({"state": "running", "finishedAt": None})
    checking.page.route("**/api/scan", _answer(202, location=RUNNING))
    checking.page.route(f"**{RUNNING}", lambda route: route.fulfill(body=body))
    checking.page.clock.install()
    return checking


def _has_given_up(visit: Visit) -> bool:
    return "is taking longer than usual" in _said(visit).inner_text()


def test_the_page_does_not_ask_for_ever_whether_a_scan_has_ended(running: Visit) -> None:
    """A forgotten tab must not send requests all night."""
    ended: list[str] = []

    def note(request: Request) -> None:
        if request.url.endswith(RUNNING):
            ended.append(request.url)

    def moved_on(already: int) -> bool:
        return len(ended) > already or _has_given_up(running)

    running.page.on("requestfinished", note)
    running.page.on("requestfailed", note)

    _again(running).click()
    expect(_said(running)).to_have_text("Reading Azure…")
    # An answer needs real time; the page gives up on one after a minute of its own clock.
    for already in range(40):
        running.pass_time(10_000, until=partial(moved_on, already))
        if _has_given_up(running):
            break

    assert _has_given_up(running)
    assert 5 < running.watch.asked().count(RUNNING) < 40


def test_a_scan_of_everything_says_what_it_reads_and_for_how_long(running: Visit) -> None:
    """A large estate takes minutes, so people must see that something happens."""
    running.page.keyboard.press("Escape")
    said = running.region("Posture").get_by_role("status")

    running.button("Scan now").click()
    expect(said).to_have_text("Reading 5 subscriptions…")
    running.pass_time(5_000, said.filter(has_text="subscriptions… 30 s").is_visible)

    expect(running.button("Scan now")).to_have_attribute("aria-disabled", "true")


def test_the_button_is_offered_to_those_alone_whose_key_starts_scans(
    open_visit: OpenVisit, world: World
) -> None:
    """The page checks with the app and never guesses; each key goes only where it is needed."""
    read_only, wrong, both = (open_visit(trouble=True) for _ in range(3))
    read_only.sign_in()
    wrong.sign_in(to_start="wrong")
    both.sign_in(to_start=_to_start(world.scene))
    for visit in (read_only, wrong, both):
        visit.open_detail(BROKEN)
    expect(_again(both)).to_be_visible()

    expect(wrong.page.get_by_text("The start key was not accepted.")).to_be_attached()
    assert [_again(visit).count() for visit in (read_only, wrong)] == [0, 0]
    for visit, count in ((read_only, 0), (wrong, 0), (both, 1)):
        visit.page.keyboard.press("Escape")
        expect(visit.button("Scan now")).to_have_count(count)
    assert not [each for each in read_only.watch.requests if each.url.endswith("/api/scan")]
    assert wrong.stored()["session"] == {"cmk-key": wrong.key}
    sent = {
        (each.url.endswith("/api/scan"), each.headers.get("x-functions-key"))
        for each in both.watch.requests
        if PATH not in each.url
    }
    assert sent == {(True, _to_start(world.scene)), (False, both.key)}
