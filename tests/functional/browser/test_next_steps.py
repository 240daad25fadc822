"""What to do next: each item opens exactly what it counts, however hostile its name is."""

import re
from collections.abc import Callable
from typing import Final

import pytest
from playwright.sync_api import Locator, expect

from local.simulator import AccountSpec, Estate
from tests.functional.browser.conftest import OpenVisit
from tests.functional.browser.page_visit import Visit
from tests.functional.browser.sample_estate import BACKWARDS, FORMULA, SCRIPT, hostile_estate
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
    """Return an estate in which owners differ by what an address could lose on its way."""
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


def _counted(text: str) -> int:
    """Return the number in an item; one that names what it is about counts one."""
    found = _COUNTED.search(text)
    return int(found[1].replace(",", "")) if found else 1


def _opened(visit: Visit, link: Locator) -> int:
    """Follow an item, and return how many rows of accounts or gaps it leads to."""
    link.click()
    if visit.page.url.partition("#")[2].startswith("gap="):
        expect(visit.region("Coverage gaps")).to_contain_text("Only gaps with the reason")
        return visit.page.get_by_role("table", name="Coverage gaps").locator("tbody tr").count()
    if visit.drawer.is_visible():
        visit.drawer.get_by_role("button", name="Close").click()
    expect(visit.region("Findings").get_by_text("Filtered:")).to_be_visible()
    shown = re.match(r"([\d,]+) of", visit.count.inner_text())
    assert shown
    return int(shown[1].replace(",", ""))


@pytest.mark.parametrize(
    ("estate", "items"),
    [
        ("clean", 0),
        ("empty", 0),
        ("keys", 15),
        ("exceptions", 5),
        (hostile_estate, 10),
        (_many_owners, 5),
    ],
    ids=["clean", "empty", "keys", "exceptions", "hostile", "many owners"],
)
def test_each_item_opens_exactly_what_it_counts(
    open_scene: OpenScene, open_visit: OpenVisit, estate: str | Callable[[], Estate], items: int
) -> None:
    """People send the list on as it opens: one account too many goes to the wrong owner."""
    scene = open_scene(estate if isinstance(estate, str) else estate(), CMK_KEY_HEALTH="on")
    scene.scan()
    visit = open_visit(scene)
    visit.sign_in()
    texts = _items(visit).all_inner_texts()

    wrong = [
        (text, opened)
        for place, text in enumerate(texts)
        if (opened := _opened(visit, _items(visit).nth(place).get_by_role("link")))
        != _counted(text)
    ]

    assert wrong == []
    assert len(texts) >= items
    broken = [text.startswith("Repair the key") for text in texts]
    assert broken == sorted(broken, reverse=True)


def test_any_owner_is_found_again_by_the_link(open_scene: OpenScene, open_visit: OpenVisit) -> None:
    """The link of an owner is mailed to that owner: it must survive a new window."""
    scene = open_scene(_many_owners())
    scene.scan()
    visit = open_visit(scene)
    visit.sign_in()
    box = visit.region("Findings").get_by_role("combobox", name="Owner", exact=True)
    values = [option.get_attribute("value") or "" for option in box.get_by_role("option").all()]
    owners = [finding["owner"] for finding in scene.findings().values()]
    recorded = [owner["value"] if owner else "" for owner in owners]
    counts = {}

    for place, value in enumerate(values[1:], 1):
        box.select_option(index=place)
        visit.page.reload()
        visit.wait_until_ready()
        expect(box).to_have_value(value)
        counts[value.removeprefix("=")] = visit.rows.count()

    assert counts == {owner: recorded.count(owner) for owner in recorded}
    assert len(counts) == len(OWNERS) + 1
