"""Five thousand findings: the browser holds all, draws fifty, and filters without requests."""

import json
from collections.abc import Iterator
from typing import Any, Final
from urllib.parse import parse_qs, urlsplit

import pytest
from playwright.sync_api import Browser, Dialog, Route, expect

from tests.functional.browser.conftest import World, window
from tests.functional.browser.page_visit import Visit

pytestmark = pytest.mark.long

ACCOUNTS: Final = 5_000
PAGE: Final = 1_000
DRAWN: Final = 50
# Types into the search, and counts the frames until the one that matches is drawn alone.
FRAMES_TO_FILTER: Final = """async () => {
  const box = document.querySelector("input[type=search]");
  box.value = "account-04999";
  box.dispatchEvent(new Event("input", {bubbles: true}));
  for (let frames = 1; frames <= 600; frames += 1) {
    await new Promise(requestAnimationFrame);
    const shown = [...document.querySelectorAll("tbody a")].map((link) => link.textContent);
    if (shown.includes("account-04999") && !shown.includes("account-00000")) return frames;
  }
  return Infinity;
}"""


@pytest.fixture(scope="module")
def _many(browser: Browser, world: World) -> Iterator[Visit]:
    found = list(world.scene.findings().values())
    findings = [_copy(found[number % len(found)], number) for number in range(ACCOUNTS)]

    def answer(route: Route) -> None:
        start = int(parse_qs(urlsplit(route.request.url).query).get("skipToken", ["0"])[0])
        body: dict[str, Any] = {"value": findings[start : start + PAGE]}
        if start + PAGE < ACCOUNTS:
            body["nextLink"] = f"{world.origin}/api/v1/findings?top=1000&skipToken={start + PAGE}"
        route.fulfill(body=json.dumps(body), content_type="application/json")

    with window(browser, world.origin, world.key) as visit:
        visit.page.route("**/api/v1/findings?**", answer)
        visit.sign_in()
        visit.hide()
        yield visit


@pytest.fixture
def many(_many: Visit) -> Iterator[Visit]:
    """A window on a world of which each finding is there a few hundred times."""
    _many.look_afresh()
    yield _many
    _many.watch.check()


def _copy(finding: dict[str, Any], number: int) -> dict[str, Any]:
    name = f"account-{number:05d}"
    return {**finding, "name": name, "id": f"{finding['id'].rpartition('/')[0]}/{name}"}


def test_filters_ask_nobody_and_show_within_a_few_frames(many: Visit) -> None:
    """What was read once is filtered where it is; a clock would tell more of the machine."""
    expect(many.count).to_have_text("5,000 of 5,000 accounts")
    expect(many.rows).to_have_count(DRAWN)
    before = len(many.watch.asked())

    frames = many.page.evaluate(FRAMES_TO_FILTER)

    expect(many.count).to_have_text("1 of 5,000 accounts")
    assert frames <= 60
    many.search.fill("")
    many.choose("Verdict", "unknown")
    many.sort_by("Since")
    expect(many.rows).to_have_count(DRAWN)
    assert many.watch.asked()[before:] == []


@pytest.mark.parametrize(("answer", "rows"), [("accept", 1_000), ("dismiss", 500)])
def test_more_than_five_hundred_accounts_are_printed_only_if_wanted(
    many: Visit, answer: str, rows: int
) -> None:
    """Ctrl-P by habit must not print two hundred sheets; the page mentions what is left out."""
    asked = []

    def heed(dialog: Dialog) -> None:
        asked.append(dialog.message)
        getattr(dialog, answer)()

    many.search.fill("account-01")
    expect(many.count).to_have_text("1,000 of 5,000 accounts")
    many.page.once("dialog", heed)
    many.print()

    assert [text.partition("?")[0] for text in asked] == ["Print all 1,000 accounts"]
    expect(many.rows).to_have_count(rows)
    left_out = many.region("Findings").get_by_text("Only the first 500 of 1,000 accounts are")
    expect(left_out).to_have_count(1 if answer == "dismiss" else 0)
    many.print(printing=False)
    expect(many.rows).to_have_count(DRAWN)
