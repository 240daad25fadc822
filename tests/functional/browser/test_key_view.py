"""What depends on the key of an account: a window over the drawer, and nothing before a click."""

import json
from typing import Any, Final

import pytest
from playwright.sync_api import Locator, Route, expect

from tests.functional.browser.conftest import OpenVisit, World
from tests.functional.browser.keys_kit import ACCOUNTS, BROKEN, VAULT, answer_with
from tests.functional.browser.keys_kit import health as health_of
from tests.functional.browser.page_visit import Visit
from tests.functional.browser.sample_estate import BACKWARDS, SCRIPT, SHOWN_BACKWARDS
from tests.functional.browser.test_accessibility import BEYOND, faults

pytestmark = pytest.mark.long

(MINE, NEIGHBOUR, _), ID = ACCOUNTS, "https://kv-claims.vault.azure.net/keys/cmk"
KEY: Final = {
    "id": ID,
    "name": "cmk",
    "message": f"If this key stops working, 4 accounts lose their data. {BACKWARDS}",
    "vaultId": VAULT,
    "shared": True,
    "accounts": 4,
    "owners": 103,
    "pinned": 1,
    "expires": "2027-01-31T12:00:00Z",
    "nextRotationAt": None,
    "ownerNames": [SCRIPT, BACKWARDS],
    "versions": ["9f4b2c7d1e8a4f60b3c5d7e9a1f20486"],
    "identities": [],
}
CAUTION: Final = "Not counted: 3 accounts whose key is not known."


def _of(finding: dict[str, Any]) -> dict[str, object]:
    """Put two accounts under the key, in two spellings."""
    uri = {
        MINE: "https://kv-claims.vault.azure.net/",
        NEIGHBOUR: "https://KV-Claims.vault.azure.net.:443",
    }
    if (place := uri.get(finding["name"])) is not None:
        evidence = finding["evidence"] | {"keyVaultUri": place, "keyName": "CMK"}
        return {"verdict": "compliant", "evidence": evidence, "keyHealth": health_of(BROKEN)}
    return {}


def _open(visit: Visit, world: World, answer: dict[str, Any], status: int = 200) -> list[str]:
    """Open the account, respond for the key, and return the requests."""
    asked: list[str] = []

    def fulfill(route: Route) -> None:
        asked.append(route.request.url)
        route.fulfill(status=status, body=json.dumps(answer), content_type="application/json")

    def depending(route: Route) -> None:
        listed = world.scene.findings().values()
        found = [each | of for each in listed if (of := _of(each))]
        route.fulfill(body=json.dumps({"value": found}), content_type="application/json")

    answer_with(visit, world, _of)
    visit.page.route("**/api/v1/keys?**", fulfill)
    visit.page.route("**/api/v1/findings?**key=**", depending)
    visit.sign_in()
    visit.open_detail(MINE)
    return asked


def _window(visit: Visit) -> Locator:
    return visit.page.get_by_role("dialog", name="What depends on")


def test_a_key_shows_what_depends_on_it(open_visit: OpenVisit, world: World) -> None:
    """Requested with a click, in the API's words, with every name as text."""
    visit = open_visit()
    asked = _open(visit, world, {"value": [KEY], "caution": CAUTION})
    button = visit.page.get_by_role("button", name="What depends on this key")

    assert asked == []
    button.click()
    window = _window(visit)

    expect(window).to_contain_text("4 accounts lose their data.")
    assert [url.partition("?")[2] for url in asked] == [
        "top=1&key=https%3A%2F%2Fkv-claims.vault.azure.net%2Fkeys%2Fcmk"
    ]
    for text in (CAUTION, SHOWN_BACKWARDS, SCRIPT, "and 101 others", "31 Jan 2027, 12:00 UTC"):
        expect(window).to_contain_text(text)
    entries = window.locator(".places > li")
    assert entries.count() == 2
    for name in (MINE, NEIGHBOUR):
        expect(entries.filter(has_text=name)).to_contain_text("Broken")
    expect(window).to_contain_text("2 accounts more: GET /api/v1/findings?key= lists all.")
    assert faults(visit) == []
    assert visit.page.evaluate(BEYOND) == 0
    visit.page.keyboard.press("Escape")
    expect(window).to_have_count(0)
    expect(button).to_be_focused()
    button.click()
    _window(visit).get_by_role("link", name=NEIGHBOUR).click()
    expect(visit.page.locator("#drawer-title")).to_have_text(NEIGHBOUR)
    expect(visit.drawer).to_contain_text("History")


def test_a_key_that_cannot_be_shown_says_why(open_visit: OpenVisit, world: World) -> None:
    """The drawer stays, and so does the page."""
    visit = open_visit(trouble=True)
    error = {
        "error": {"code": "TooManyFindings", "message": f"Too many. {BACKWARDS}", "target": None}
    }
    _open(visit, world, error, 400)

    visit.page.get_by_role("button", name="What depends on this key").click()

    expect(_window(visit)).to_contain_text(f"The app answered 400. Too many. {SHOWN_BACKWARDS}")
    visit.page.get_by_role("button", name="Close").last.click()
    expect(_window(visit)).to_have_count(0)
    expect(visit.page.locator("#drawer")).to_be_visible()
