"""Where else an account keeps data: counts, filter, next step, and the map in the drawer."""

import re
from collections.abc import Iterator
from typing import Any, Final

import pytest
from playwright.sync_api import Browser, expect

from tests.functional.browser.conftest import OpenVisit, World, window
from tests.functional.browser.keys_kit import BROKEN, answer_with, change, data_of, health
from tests.functional.browser.keys_kit import COUNTS as KEYS
from tests.functional.browser.page_visit import Visit
from tests.functional.browser.sample_estate import BACKWARDS, SCRIPT, SHOWN_BACKWARDS
from tests.functional.browser.test_accessibility import BEYOND, faults
from tests.functional.browser.test_hostile_text import ALIEN

pytestmark = pytest.mark.long

AGENTS: Final = "agents-foundry"
BASIC: Final = f"basic {BACKWARDS}"
PLAIN: Final = "policy-search"
UNREAD: Final = "tm-openai-workspace-server"
ADVICE: Final = "What follows, and what to do."
COUNTS: Final = {"ownKeys": 1_200, "microsoftKeys": 1, "mayBeMicrosoftKeys": 0, "unknown": 3}
LONG_ID: Final = f"/subscriptions/s/resourcegroups/{'g' * 90}/providers/microsoft.storage/{SCRIPT}"
CHANGES: Final = [
    change("data.covered", {"dataStores": "microsoft_keys"}, {"dataStores": "own_keys"}),
    change("data.exposed", {}, {"dataStores": "microsoft_keys"}),
]
CHANGES[1]["data"]["dataStores"] = {
    "stores": [],
    "reasons": [
        {"code": "store_key_lost", "severity": "error"},
        {"code": "stored_completions", "severity": "info"},
    ],
}


def _store(kind: str, name: str, state: str, uses: list[dict[str, Any]]) -> dict[str, Any]:
    key = "https://kv.vault.azure.net/keys/own" if state == "own_key" else None
    return {
        "type": kind,
        "id": LONG_ID,
        "name": name,
        "state": state,
        "key": key,
        "uses": uses,
        "detail": None,
    }


def _of(finding: dict[str, Any]) -> dict[str, object]:
    """Give one account thirty projects that share two stores, and one that has another."""
    if finding["name"] == PLAIN:
        return {"dataStores": data_of("none"), "keyHealth": health(BROKEN)}
    if finding["name"] == UNREAD:
        return {"dataStores": None, "keyHealth": None, "remediation": None}
    if finding["name"] != AGENTS:
        return {"dataStores": None}
    shared = [f"team-{number}" for number in range(1, 31)]
    files = [{"project": project, "use": "files"} for project in shared]
    threads = [{"project": project, "use": "threads"} for project in shared]
    reason = {
        "code": "store_under_microsoft_key",
        "severity": "error",
        "message": ADVICE,
        "evidence": {"store": SCRIPT},
        "missingAction": None,
    }
    stores = [
        _store("storage_account", BACKWARDS, "microsoft_key", files),
        _store("cosmos_db", "threads", "own_key", threads),
        _store("search_service", SCRIPT, "unknown", [{"project": SCRIPT, "use": "vectors"}]),
        _store("storage_account", "speech", "own_key", [{"project": None, "use": "workspace"}]),
    ]
    more = {"reasons": [reason], "stores": stores, "basicProjects": [BASIC]}
    return {"dataStores": data_of("microsoft_keys", asOf="2026-11-24T23:15:07Z", **more)}


@pytest.fixture(scope="module")
def _phone(browser: Browser, world: World) -> Iterator[Visit]:
    small = {"width": 360, "height": 740}
    with window(
        browser, world.origin, world.key, bypass_csp=True, reduced_motion="reduce", viewport=small
    ) as visit:
        posture = {"posture": "compliant", "reasons": []}
        counts = COUNTS | {"none": 7}
        answer_with(visit, world, _of, CHANGES, dataStores=counts, keys=KEYS, **posture)
        visit.sign_in()
        visit.hide()
        yield visit


@pytest.fixture
def phone(_phone: Visit) -> Iterator[Visit]:
    """A small window on a world whose data stores are read."""
    _phone.look_afresh()
    yield _phone
    _phone.watch.check()


def test_counts_next_step_and_changes_lead_to_the_accounts(phone: Visit) -> None:
    """An account that is green over data under Microsoft's keys must not look finished."""
    group = phone.region("Accounts").get_by_role("group", name="Data stores of the accounts")
    links = group.get_by_role("link")
    advice = phone.region("What to do next").get_by_role("link", name="data stores of")

    lines = phone.region("Recent changes").locator(".sentence")

    said = [" ".join(text.split()) for text in links.all_inner_texts()]
    expect(phone.region("Posture")).to_contain_text("1 keeps data in stores under Microsoft's keys")
    expect(phone.region("Posture")).to_contain_text("1 has a broken key")
    links.nth(0).click()

    assert said[:3] == ["Microsoft's keys 1", "Possibly Microsoft's keys 0", "Unknown 3"]
    assert said[3:] == ["Own keys 1,200", "No data stores 7"]
    phone.expect_names([AGENTS])
    phone.choose("Data stores", "none")
    phone.expect_names([PLAIN])
    phone.open_detail(PLAIN)
    expect(phone.drawer).to_contain_text("Key expired (broken)")
    assert (faults(phone), phone.page.evaluate(BEYOND)) == ([], 0)
    phone.page.keyboard.press("Escape")
    phone.region("What to do next").locator("summary").first.click()
    expect(advice).to_contain_text(f"{AGENTS}\u2069: store under Microsoft key")
    owned = f" (owner {SCRIPT})."
    assert lines.all_inner_texts() == [
        f"Data stores of chat: Microsoft's keys: store key lost{owned}",
        f"Data stores of chat: own keys (was Microsoft's keys){owned}",
    ]


def test_the_map_is_used_by_keyboard_and_read_by_screen_readers(phone: Visit) -> None:
    """Nested lists say which key guards what; names from outside stay text."""
    phone.open_detail(AGENTS)
    tree = phone.drawer.get_by_role("list", name="Account, projects, stores and keys")
    fold = tree.locator("summary", has_text="30 projects with the same stores")
    inner = fold.locator("xpath=..").get_by_role("list").first

    expect(inner).to_be_visible()
    fold.focus()
    phone.page.keyboard.press("Enter")
    expect(inner).to_be_hidden()
    phone.page.keyboard.press("Enter")

    expect(inner.get_by_role("listitem").first).to_contain_text(SHOWN_BACKWARDS)
    expect(inner).to_contain_text("Key https://kv.vault.azure.net/keys/own")
    expect(tree).to_contain_text("team-2, team-3")
    expect(tree).to_contain_text("speech (workspace)")
    expect(tree).to_contain_text(f"basic {SHOWN_BACKWARDS} no store of its own")
    for said in (ADVICE, "see Data stores: what to do", "Projects and connections read"):
        expect(phone.drawer).to_contain_text(said)
    expect(phone.page.locator(ALIEN)).to_have_count(0)
    for scheme in ("light", "dark"):
        phone.page.emulate_media(color_scheme=scheme)
        assert (faults(phone), phone.page.evaluate(BEYOND)) == ([], 0)
    phone.print()
    expect(tree).to_contain_text("30 projects with the same stores")
    expect(tree.locator("summary")).to_have_count(0)


def test_what_was_never_read_is_not_in_order(phone: Visit) -> None:
    """A compliant account whose key and stores were never read must not look finished."""
    steps = phone.region("What to do next")
    phone.open_detail(UNREAD)

    expect(phone.drawer).to_contain_text("Whether anything must be fixed is not yet known:")
    expect(phone.drawer).to_contain_text("will check its key and read its data stores.")
    expect(phone.drawer).not_to_contain_text("Nothing to fix")
    expect(steps).to_contain_text(f"Check the key of \u2068{UNREAD}\u2069: never read")
    expect(steps).to_contain_text(re.compile(r"Check the data stores of \d+ accounts: never read"))


def test_where_keys_and_data_stores_are_not_read_nothing_speaks_of_them(
    open_visit: OpenVisit, world: World
) -> None:
    """A column that stays empty, or a filter that finds nothing, looks like a fault of the page."""
    visit = open_visit()
    answer_with(visit, world, _of, dataStores=None, keys=None)

    visit.sign_in()

    expect(visit.head("Key")).to_have_count(0)
    expect(visit.region("Accounts").get_by_role("group", name=re.compile("^Keys"))).to_have_count(0)
    visit.open_filters()
    for name in ("Data stores", "Key"):
        expect(visit.page.get_by_role("combobox", name=name, exact=True)).to_have_count(0)
    visit.open_detail(AGENTS)
    for name in ("Data stores", "Key health"):
        expect(visit.drawer.get_by_role("heading", name=name)).to_have_count(0)
