"""What to do next: each item opens exactly what it counts, however hostile its name is."""

import re
from collections.abc import Callable
from typing import Any, Final
from urllib.parse import parse_qs, unquote, urlsplit

import pytest
from playwright.sync_api import Locator, expect

from cmk_check.core.enums import GapReason
from cmk_check.core.reasons.catalogue import GAP_REASONS
from local.simulator import AccountSpec, Estate
from tests.functional.browser.conftest import CLIPBOARD, OpenVisit, World
from tests.functional.browser.page_visit import Visit
from tests.functional.browser.sample_estate import BACKWARDS, FORMULA, SCRIPT
from tests.functional.conftest import OpenScene
from tests.functional.estate_kit import CMK, MICROSOFT, sub_id

pytestmark = pytest.mark.long

_COUNTED: Final = re.compile(r"([\d,]+) (?:non-compliant )?(?:account|subscription)s?\b")
# The last one has most accounts, and says what a view says.
OWNERS: Final = (
    SCRIPT,
    FORMULA,
    BACKWARDS,
    "team",
    "Team",
    " team ",
    "a team",
    "=",
    "%2F + %23 \\",
    "platform&verdict=compliant#owner=team",
)


def _many_owners() -> Estate:
    """Return an estate with owners that differ in characters that a URL could lose."""
    estate = Estate()
    subscription = estate.add_subscription(sub_id(1), "Production")

    def add(name: str, tags: dict[str, str], encryption: object = MICROSOFT) -> None:
        spec = AccountSpec(name=name, group="rg-test", encryption=encryption, tags=tags)
        subscription.add_account(spec)

    for place, owner in enumerate(("", *OWNERS)):
        for number in range(place + 1):
            tags = {"owner": owner} if owner else {}
            add(f"account-{place}-{number}", tags)
    # A compliant account of an owner, and one that speaks of an owner without having it.
    add("fine", {"owner": "team"}, CMK)
    add("team", {"application": "team"})
    return estate


def _items(visit: Visit) -> Locator:
    return visit.region("What to do next").get_by_role("listitem")


def _unfold(visit: Visit) -> None:
    for fold in visit.region("What to do next").locator("summary").all():
        fold.click()


def _counted(text: str) -> int:
    """Return the number in an item; an item that names its subject counts as one."""
    found = _COUNTED.search(text)
    return int(found[1].replace(",", "")) if found else 1


def _is_red(item: Locator) -> bool:
    return item.get_attribute("class") == "non_compliant"


def _opens(visit: Visit, link: Locator, counted: int) -> bool:
    """Follow an item, and return whether it leads to this many rows of accounts or gaps."""
    link.click()
    if visit.page.url.partition("#")[2].startswith("gap="):
        expect(visit.region("Coverage gaps")).to_contain_text("Only gaps with the reason")
        gaps = visit.page.get_by_role("table", name="Coverage gaps").locator("tbody tr")
        return _comes(lambda: expect(gaps).to_have_count(counted))
    if "finding=" in visit.page.url:
        visit.drawer.get_by_role("button", name="Close").click()
        expect(visit.drawer).to_be_hidden()
    expect(visit.region("Findings").get_by_text("Filtered by")).to_be_visible()
    shown = re.compile(rf"^{counted:,} of")
    return _comes(lambda: expect(visit.count).to_have_text(shown))


def _comes(look: Callable[[], None]) -> bool:
    """Return whether the page shows it, once the answer is there."""
    try:
        look()
    except AssertionError:
        return False
    return True


def wrong_items(visit: Visit) -> list[str]:
    """Open each item, and return those that open something else than they count."""
    _unfold(visit)
    texts = _items(visit).all_inner_texts()
    assert len(texts) > 3
    return [
        text
        for place, text in enumerate(texts)
        if not _opens(visit, _items(visit).nth(place).get_by_role("link").first, _counted(text))
    ]


def test_each_item_opens_exactly_what_it_counts(
    open_scene: OpenScene, open_visit: OpenVisit
) -> None:
    """People forward the list as it opens: an extra account would go to the wrong owner."""
    scene = open_scene(_many_owners())
    scene.scan()
    visit = open_visit(scene)
    visit.sign_in()

    assert wrong_items(visit) == []


def test_items_of_hostile_accounts_open_them_and_the_red_ones_come_first(desk: Visit) -> None:
    """As above, with gaps, keys and names that could change a link."""
    assert wrong_items(desk) == []
    lists = desk.region("What to do next").locator("ol").all()
    tones = [[_is_red(each) for each in one.get_by_role("listitem").all()] for one in lists]
    assert tones == [sorted(one, reverse=True) for one in tones]


ADDRESS: Final = "ai.team+keys@mail.contoso.com"
# A stranger writes them: another receiver, a header, a list, a name, and letters that look alike.
NO_ADDRESSES: Final = (
    f"{ADDRESS}?bcc=eve@evil.example",
    f"{ADDRESS}&bcc=eve@evil.example",
    f"{ADDRESS}\r\nBcc: eve@evil.example",
    f"{ADDRESS},eve@evil.example",
    f"{ADDRESS};eve@evil.example",
    f"{ADDRESS} ",
    f"Team <{ADDRESS}>",
    f"mailto:{ADDRESS}",
    "team%2Ceve@evil.example",
    "te\u0430m@contoso.com",
    "team@localhost",
)


def _addressed() -> Estate:
    estate = Estate()
    subscription = estate.add_subscription(sub_id(1), "Production")
    names = [f"chat-{place}" for place in range(60)]
    owners = [*NO_ADDRESSES, *[ADDRESS] * len(names)]
    for name, owner in zip([f"other-{place}" for place in range(11)] + names, owners, strict=True):
        spec = AccountSpec(name=name, group="rg-'x'", encryption=MICROSOFT, tags={"owner": owner})
        subscription.add_account(spec)
    return estate


def test_a_message_names_accounts_commands_and_link_and_goes_to_one_plain_address(
    open_scene: OpenScene, open_visit: OpenVisit
) -> None:
    """P10: a tag is a stranger's text, and must neither choose receivers nor run commands."""
    scene = open_scene(_addressed())
    scene.scan()
    visit = open_visit(scene, permissions=CLIPBOARD)
    visit.sign_in()
    _unfold(visit)
    item = _items(visit).filter(has_text=ADDRESS).first

    mails = visit.page.locator('a[href^="mailto:"]')
    item.get_by_role("button").click()
    expect(visit.region("What to do next").get_by_role("status")).to_contain_text("Copied")
    text = visit.clipboard()

    expect(mails).to_have_count(1)
    mail = urlsplit(mails.get_attribute("href") or "")
    fields = parse_qs(mail.query)
    assert unquote(mail.path) == ADDRESS
    assert sorted(fields) == ["body", "subject"]
    assert len(mail.geturl()) <= 2_000
    link = f"{visit.url}#verdict=non_compliant&owner={ADDRESS}".replace("+", "%2B")
    link = link.replace("@", "%40")
    assert link in text
    assert link in fields["body"][0]
    assert text.count("  cmk-check plan '/subscriptions/") == 20
    assert "rg-'\\''x'\\''" in text
    assert "and 40 more accounts" in text
    assert "- 60 accounts" in fields["body"][0] or "more accounts" in fields["body"][0]


OWN = "The time of its slice was up. Raise CMK_MAX_IN_FLIGHT."
TIMEOUT = GAP_REASONS[GapReason.TIMEOUT]


def _with_gaps(visit: Visit, world: World, *details: str | None) -> None:
    gap: dict[str, Any] = {"name": None, "reason": "timeout", "missingAction": None, "since": None}
    gaps = [
        gap | {"subscriptionId": f"0-{number}", "detail": detail}
        for number, detail in enumerate(details)
    ]
    status = world.scene.get("v1/status").body | {"gaps": gaps, "gapsOmitted": 0}
    visit.page.route("**/api/v1/status", lambda route: route.fulfill(json=status))


def test_the_advice_on_gaps_is_what_the_gaps_say(open_visit: OpenVisit, world: World) -> None:
    """P11: advice that contradicts the gap sends people to a setting that cannot help.

    If explanations are missing, the known data must still be shown.
    """
    visit = open_visit(trouble=True)
    advice = _items(visit).filter(has_text="let the app read")
    visit.sign_in()
    for details, said in (
        ((OWN,), OWN),
        ((OWN, None), "See each one for what is wrong and what to do."),
        ((None,), TIMEOUT.way_out),
    ):
        _with_gaps(visit, world, *details)
        visit.page.reload()
        visit.wait_until_ready()
        expect(advice).to_contain_text(said)
        expect(advice).to_contain_text("This app's operators: let the app read")
        expect(visit.region("Coverage gaps")).to_contain_text(details[0] or TIMEOUT.message)

    visit.page.route("**/api/v1/reasons", lambda route: route.abort())
    visit.page.reload()
    visit.wait_until_ready()
    expect(visit.posture).to_have_text("Not compliant")
    expect(visit.region("Coverage gaps")).to_contain_text("Timeout")
    expect(visit.region("What to do next")).to_contain_text("Not yet known")
