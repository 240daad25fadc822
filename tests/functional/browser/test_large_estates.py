"""Thousands of accounts: up to five thousand, the browser holds all; beyond, what is visible."""

import json
import re
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from typing import Any, Final
from urllib.parse import parse_qs, urlencode, urlsplit

import pytest
from playwright.sync_api import Browser, Dialog, Route, expect

from cmk_check.core.model import VerdictCounts
from cmk_check.web.aspect_models import Keys
from cmk_check.web.models import KeyInUse, OwnerSums
from tests.functional.browser.conftest import CLIPBOARD, World, window
from tests.functional.browser.page_visit import Visit

pytestmark = pytest.mark.long

TOTAL: Final = 6_000
BAD: Final = 1_500
OWNERS: Final = 6
SINCE: Final = datetime(2026, 3, 4, tzinfo=UTC)
# As in the API: by subscription, in which names are in no order that people would choose.
ORDER: Final = [number * 7 % TOTAL for number in range(TOTAL)]
# Of an estate that the browser holds.
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


def _named(example: dict[str, Any], number: int) -> dict[str, Any]:
    name = f"account-{number:05d}"
    return {**example, "name": name, "id": f"{example['id'].rpartition('/')[0]}/{name}"}


def _made(example: dict[str, Any], number: int) -> dict[str, Any]:
    verdict = "non_compliant" if number < BAD else "compliant"
    owner = {"value": f"team-{number % OWNERS}", "source": "account"}
    return _named(example, number) | {"verdict": verdict, "owner": owner}


def _sums(number: int) -> dict[str, Any]:
    return OwnerSums(
        owner=f"team-{number}",
        accounts=VerdictCounts(0, BAD // OWNERS, 0),
        keys=None,
        overdue=7 if number == OWNERS - 1 else 0,
        oldest_violation=SINCE,
        unread=0,
    ).model_dump(mode="json", by_alias=True)


def _key_sums(number: int) -> dict[str, Any]:
    broken = 40 - number
    return KeyInUse(
        id=f"https://kv-{number}.vault.azure.net/keys/main",
        name="main",
        message="",
        vault_id=None,
        shared=True,
        accounts=broken,
        owners=1,
        unowned=0,
        unread=0,
        keys=Keys(healthy=0, at_risk=0, broken=broken, unknown=0),
        pinned=0,
        expires=None,
        next_rotation_at=None,
        owner_names=["team-0"],
        versions=[],
        identities=[],
    ).model_dump(mode="json", by_alias=True)


def _api(origin: str, example: dict[str, Any]) -> Callable[[Route], None]:
    findings = [_made(example, number) for number in ORDER]

    def answer(route: Route) -> None:
        asked = {name: value for name, (value,) in _query(route).items()}
        top, start = int(asked.get("top", 100)), int(asked.pop("skipToken", 0))
        if asked.get("kind") == "Nonsense":
            error = {"code": "InvalidParameter", "message": "kind must be one of these."}
            route.fulfill(status=400, json={"error": error})
            return
        found = [
            finding
            for finding in findings
            if asked.get("verdict", finding["verdict"]) == finding["verdict"]
            and asked.get("owner", finding["owner"]["value"]) == finding["owner"]["value"]
            and asked.get("q", "") in finding["name"]
        ]
        body: dict[str, Any] = {"value": found[start : start + top]}
        if start + top < len(found):
            onwards = urlencode(asked | {"skipToken": start + top})
            body["nextLink"] = f"{origin}/api/v1/findings?{onwards}"
        route.fulfill(body=json.dumps(body), content_type="application/json")

    return answer


def _query(route: Route) -> dict[str, list[str]]:
    return parse_qs(urlsplit(route.request.url).query)


@pytest.fixture(scope="module")
def _huge(browser: Browser, world: World) -> Iterator[Visit]:
    counts = {"compliant": TOTAL - BAD, "nonCompliant": BAD, "unknown": 0}
    status = world.scene.get("v1/status").body
    accounts = status["accounts"] | counts | {"total": TOTAL, "byKind": {"OpenAI": counts}}
    example = next(iter(world.scene.findings().values()))
    with window(browser, world.origin, world.key, trouble=True, permissions=CLIPBOARD) as visit:
        page = visit.page
        page.route("**/api/v1/findings?**", _api(world.origin, example))
        broken = {"healthy": TOTAL - BAD - 200, "atRisk": 0, "broken": 200, "unknown": 0}
        sums = status | {"accounts": accounts, "keys": broken}
        page.route("**/api/v1/status", lambda route: route.fulfill(json=sums))
        owners = {"value": [_sums(number) for number in range(OWNERS)]}
        page.route("**/api/v1/owners?**", lambda route: route.fulfill(json=owners))
        keys = {"value": [_key_sums(number) for number in range(5)]}
        page.route("**/api/v1/keys?**", lambda route: route.fulfill(json=keys))
        visit.sign_in()
        visit.hide()
        yield visit


@pytest.fixture
def huge(_huge: Visit) -> Iterator[Visit]:
    """A window on a world of thousands of accounts."""
    _huge.look_afresh()
    expect(_huge.count).to_have_text("6,000 of 6,000 accounts")
    expect(_huge.rows).to_have_count(50)
    yield _huge
    _huge.watch.check()


def _findings(visit: Visit) -> list[str]:
    return [each for each in visit.watch.asked() if "/findings?" in each]


def test_the_worst_are_shown_and_the_others_are_not_loaded(huge: Visit) -> None:
    """Loading all accounts would take 51 requests and 20 seconds."""
    before = len(_findings(huge))
    huge.page.reload()
    huge.wait_until_ready()

    expect(huge.rows).to_have_count(50)

    assert set(huge.column("Verdict")) == {"Not compliant"}
    asked = _findings(huge)[before:]
    assert 1 <= len(asked) <= 2
    assert all("verdict=non_compliant" in each for each in asked)


def test_pages_are_loaded_as_somebody_turns_them(huge: Visit) -> None:
    """A link to a late page also works."""
    first = huge.names()

    huge.button("Next page").click()
    expect(huge.page.get_by_text("Page 2 of 120")).to_be_visible()
    expect(huge.rows).to_have_count(50)
    second = huge.names()
    huge.follow("#page=12")
    expect(huge.page.get_by_text("Page 12 of 120")).to_be_visible()
    expect(huge.rows).to_have_count(50)

    last = huge.names()
    huge.button("Previous page").click()
    expect(huge.page.get_by_text("Page 11 of 120")).to_be_visible()

    assert not {*first} & {*second}
    assert not {*first, *second} & {*last}


def test_the_app_filters_and_searches_all_of_them(huge: Visit) -> None:
    """The browser has only a small part. The status has the counts for some filters."""
    huge.choose("Verdict", "compliant")
    expect(huge.count).to_have_text("4,500 of 6,000 accounts")
    expect(huge.rows).to_have_count(50)
    assert set(huge.column("Verdict")) == {"Compliant"}

    huge.search.fill("account-05")
    expect(huge.count).to_have_text(re.compile("^At least [0-9]+ of 6,000 accounts"))
    huge.search.fill("account-0599")

    huge.expect_names([f"account-{number:05d}" for number in range(5990, 6000)])
    expect(huge.count).to_have_text("10 of 6,000 accounts")
    assert any("q=account-0599" in each and "verdict=compliant" in each for each in _findings(huge))
    # A subscription that is missing among the choices seems to have no account.
    box = huge.region("Findings").get_by_role("combobox", name="Subscription", exact=True)
    expect(box.locator("option", has_text="Acquisitions")).to_have_count(1)
    # The message that no account matches would be wrong.
    huge.follow("#kind=Nonsense")
    expect(huge.region("Findings")).to_contain_text("refused these filters: kind must be one of")


def test_only_a_list_that_is_loaded_is_sorted(huge: Visit) -> None:
    """If only the first page were sorted, its first row would seem to be the overall first."""
    expect(huge.head("Verdict").get_by_role("button")).to_be_visible()
    expect(huge.head("Account").get_by_role("button")).to_have_count(0)
    huge.button("Load all").click()
    expect(huge.button("Load all")).to_have_count(0)
    before = len(_findings(huge))

    huge.sort_by("Owner")
    huge.sort_by("Account")

    expect(huge.head("Account")).to_have_attribute("aria-sort", "ascending")
    huge.expect_names([f"account-{number:05d}" for number in range(50)], ordered=True)
    assert _findings(huge)[before:] == []


def test_a_filter_that_only_the_page_has_goes_on_until_it_has_found_enough(huge: Visit) -> None:
    """An old link must not end in an empty table because the first page has none of them."""
    teams = "".join(f"&notOwner=team-{number}" for number in range(1, OWNERS))

    huge.follow(f"#verdict=non_compliant{teams}")

    expect(huge.rows).to_have_count(50)
    assert set(huge.column("Owner")) == {"team-0"}
    expect(huge.count).to_have_text(re.compile("^At least [0-9]+ of 6,000 accounts"))


def test_the_next_steps_name_keys_and_owners_from_sums_the_overdue_ones_first(huge: Visit) -> None:
    """Who acts is known without the accounts; "all owners" reaches no one."""
    steps = huge.region("What to do next").get_by_role("listitem")

    texts = [" ".join(text.split()) for text in steps.all_text_contents()]

    order = (5, 0, 1, 2, 3, 4)
    owned = [f"\u2068team-{number}\u2069: set a key on 250 accounts" for number in order]
    vaults = [f"The owner of the vault \u2068kv-{number}\u2069: repair" for number in range(3)]
    expected = [owned[0], *vaults, "Owners of other vaults: repair the key of 83 more", *owned[1:]]
    assert [text[: len(lead)] for text, lead in zip(texts, expected, strict=False)] == expected
    assert "7 overdue" in texts[0]
    assert "since 4 Mar 2026" in texts[5]
    assert not any("All owners" in text for text in texts)
    oldest = huge.region("Posture").get_by_text("Oldest open violation: since 4 Mar 2026")
    expect(oldest).to_be_visible()
    # An owner needs the accounts, not a number; the page does not have them yet.
    steps.filter(has_text="team-3").get_by_role("button").click()
    expect(huge.region("What to do next").get_by_role("status")).to_contain_text("Copied")
    text = huge.clipboard()
    assert text.count("  cmk-check plan '/subscriptions/") == 20
    assert "- and 230 more accounts" in text
    assert f"{huge.url}#verdict=non_compliant&owner=team-3" in text


@pytest.fixture(scope="module")
def _many(browser: Browser, world: World) -> Iterator[Visit]:
    found = list(world.scene.findings().values())
    findings = [_named(found[number % len(found)], number) for number in range(ACCOUNTS)]

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


def test_more_than_five_hundred_accounts_are_printed_only_if_wanted(many: Visit) -> None:
    """Ctrl-P by habit must not print two hundred sheets; the page mentions what is left out."""
    asked, answers = list[str](), {"accept": 1_000, "dismiss": 500}

    def heed(dialog: Dialog) -> None:
        getattr(dialog, [*answers][len(asked)])()
        asked.append(dialog.message)

    many.search.fill("account-01")
    expect(many.count).to_have_text("1,000 of 5,000 accounts")
    left_out = many.region("Findings").get_by_text("Only the first 500 of 1,000 accounts are")
    for answer, rows in answers.items():
        many.page.once("dialog", heed)
        many.print()
        expect(many.rows).to_have_count(rows)
        expect(left_out).to_have_count(1 if answer == "dismiss" else 0)
        many.print(printing=False)
        expect(many.rows).to_have_count(DRAWN)

    assert [text.partition("?")[0] for text in asked] == ["Print all 1,000 accounts"] * 2
