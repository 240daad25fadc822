"""Signing in: the key, where it is kept, and the sign-in with Entra ID."""

import json
from typing import Final

import pytest
from playwright.sync_api import Browser, Route, expect

from tests.functional.browser.conftest import OpenVisit, World, leave
from tests.functional.browser.page_visit import PATH, Visit
from tests.functional.conftest import OpenScene
from tests.functional.estate_kit import CMK, estate_of

pytestmark = pytest.mark.long

ENTRA: Final = {"CMK_HTTP_AUTH": "entra", "WEBSITE_AUTH_ENABLED": "True"}
# What App Service adds to each request once somebody has signed in.
SIGNED_IN: Final = {"x-ms-client-principal-id": "7b1c5a2e-3f0d-4c55-9d6a-0c6f1f0e2a11"}


def test_the_first_visit_asks_for_a_key_and_for_no_data(visit: Visit) -> None:
    """The page itself is for everybody, so nothing may be in it or be asked for without a key.

    The address of the app alone leads there, and not to the welcome page of Azure Functions.
    """
    visit.page.goto(visit.url.removesuffix(PATH))

    visit.expect_state("signed-out")
    assert visit.page.url == visit.url
    expect(visit.page.get_by_role("form", name="Sign in")).to_be_visible()
    expect(visit.page.get_by_label("Read key")).to_have_attribute("type", "password")
    expect(visit.page.get_by_role("table", name="Findings")).to_be_hidden()
    assert visit.watch.asked() == []
    assert visit.stored() == {"session": {}, "local": {}, "cookies": ""}


def test_what_does_not_open_the_page_is_refused_and_not_kept(
    open_visit: OpenVisit, world: World
) -> None:
    """A person who mistyped a key must see that, and can retry at once."""
    visit = open_visit(trouble=True)
    visit.go()
    for key, said, is_sent in (
        # A sentence that was pasted by mistake stays in the window.
        ("two words", "This is not a key", False),
        ("wrong", "not accepted", True),
        ("scan_now", "This is a start key, which cannot show the status.", True),
    ):
        visit.type_key(world.scene.host.keys.functions.get(key, key))

        expect(visit.alert).to_contain_text(said)
        visit.expect_state("signed-out")
        assert visit.stored()["session"] == {}
        assert bool(visit.watch.asked()) is is_sent
    visit.type_key()
    visit.wait_until_ready()
    expect(visit.alert).to_have_count(0)


def test_a_key_is_sent_as_a_header_alone_and_kept_until_it_is_withdrawn(
    open_visit: OpenVisit,
) -> None:
    """Addresses end up in histories and logs; the watch over every window looks at each of them."""
    visit = open_visit(trouble=True)
    visit.sign_in()

    sent = [each.headers for each in visit.watch.requests if "/api/v1/" in each.url]
    assert {headers["x-functions-key"] for headers in sent} == {visit.key}
    files = [each.headers for each in visit.watch.requests if PATH in each.url]
    assert not [headers for headers in files if "x-functions-key" in headers]
    assert visit.stored() == {"session": {"cmk-key": visit.key}, "local": {}, "cookies": ""}
    visit.page.reload()
    visit.wait_until_ready()
    visit.page.evaluate("sessionStorage.setItem('cmk-key', 'withdrawn')")
    visit.page.reload()
    expect(visit.alert).to_contain_text("no longer accepted")
    visit.expect_state("signed-out")
    assert visit.stored()["session"] == {}
    expect(visit.page.get_by_role("table", name="Findings")).to_be_hidden()


def test_the_address_of_a_local_stack_signs_in_and_loses_its_keys(
    open_visit: OpenVisit, world: World
) -> None:
    """`make up` opens it; a bookmark or a link to a view must not carry a key."""
    keys = world.scene.host.keys.functions
    visit = open_visit()

    visit.page.goto(f"{visit.url}#read-key={visit.key}&start-key={keys['scan_now']}")

    visit.wait_until_ready()
    assert visit.page.url == visit.url
    assert visit.stored()["session"] == {"cmk-key": visit.key, "cmk-start-key": keys["scan_now"]}
    visit.watch.requests.pop(0)  # Playwright adds the fragment, which no browser sends


def test_elsewhere_no_address_signs_in(browser: Browser, world: World) -> None:
    """On Azure, an address with a key would stay in histories, logs of proxies and chats."""

    def lead_there(route: Route) -> None:
        url = route.request.url.replace("http://app.test", world.origin)
        route.fulfill(response=route.fetch(url=url))

    with browser.new_context() as context:
        page = context.new_page()
        page.route("http://app.test/**", lead_there)

        page.goto(f"http://app.test{PATH}#read-key={world.key}")

        expect(page.get_by_label("Read key")).to_be_visible()
        assert page.evaluate("sessionStorage.length") == 0
        leave(page)


def test_under_entra_the_page_leads_to_its_sign_in_and_then_needs_no_key(
    open_scene: OpenScene, open_visit: OpenVisit
) -> None:
    """The page does not request a useless key; the requested view opens after the sign-in."""
    scene = open_scene(estate_of({"chat": CMK}), **ENTRA)
    reader = open_visit(scene, trouble=True, extra_http_headers=SIGNED_IN)
    reader.page.route("**/api/scan", lambda route: route.fulfill(status=403))
    reader.go()
    expect(reader.region("Posture")).to_contain_text("No scan has finished yet.")
    expect(reader.region("Posture")).not_to_contain_text("start key")
    scene.fire()
    scene.wait_for_line('"event":"cmk.scan"')
    visit = open_visit(scene, trouble=True)
    # What App Service answers to a request for data without a sign-in.
    visit.page.route("**/api/v1/**", lambda route: route.fulfill(status=401))
    visit.go("#verdict=compliant")

    link = visit.page.get_by_role("link", name="Sign in with Microsoft")

    expect(link).to_have_attribute("href", f"/.auth/login/aad?post_login_redirect_uri={PATH}")
    visit.expect_state("signed-out")
    expect(visit.page.get_by_label("Read key")).to_have_count(0)
    visit.page.route("**/.auth/**", lambda route: route.fulfill(body="signed in"))
    link.click()
    assert "verdict=compliant" in json.dumps(visit.stored()["session"])
    # The browser's own session is enough to read and to start scans.
    signed_in = open_visit(scene, extra_http_headers=SIGNED_IN)
    # The page asks after its first reading, which the first requests to a new host delay.
    with signed_in.page.expect_response("**/api/scan", timeout=60_000) as may_start:
        signed_in.go()
        signed_in.wait_until_ready()
    assert may_start.value.status == 204
    sent = [each.headers for each in signed_in.watch.requests if PATH not in each.url]
    assert sent
    assert not [headers for headers in sent if "x-functions-key" in headers]
