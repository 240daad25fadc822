"""Finding what is wrong among the accounts: filters, search, order, pages."""

import re
from collections.abc import Iterable
from typing import Any, Final

import pytest
from playwright.sync_api import expect

from tests.functional.browser.conftest import World
from tests.functional.browser.page_visit import COLUMNS, Visit
from tests.functional.browser.sample_estate import shown

pytestmark = pytest.mark.long

type Finding = dict[str, Any]

# By the name that the API has for a filter: its label, and a value.
FILTERS: Final = {
    "verdict": ("Verdict", "unknown"),
    "keyHealth": ("Key", "broken"),
    "kind": ("Kind", "AIServices"),
    "location": ("Location", "swedencentral"),
    "subscription": ("Subscription", "c4a9e1d7-52b0-4f3c-8e6d-93f1b7a05c28"),
}
# A group in any case, a tag, several words, and nothing.
SEARCHES: Final = {
    "RG-RESEARCH": None,
    "legal-tech": {"contract-summaries"},
    "prod agents": {"agents-foundry"},
    "no such thing": set[str](),
}


def _value(finding: Finding, parameter: str) -> Any:  # noqa: ANN401 - JSON
    """Return what a filter compares with."""
    value = finding["subscriptionId" if parameter == "subscription" else parameter]
    if parameter == "location":
        return value.lower().replace(" ", "")
    return value["state"] if isinstance(value, dict) else value


def _texts(finding: Finding) -> str:
    tags = [text for pair in finding["tags"].items() for text in pair]
    names = [finding["name"], finding["resourceGroup"], finding["subscriptionName"]]
    return "\n".join([*names, *tags]).casefold()


def test_a_filter_shows_what_the_api_says_and_nothing_else(desk: Visit, world: World) -> None:
    """The count beside it shows how many others there are.

    Azure calls a region West Europe, westeurope and WESTEUROPE; it is one region.
    """
    found = world.scene.findings()
    recorded = {one["location"] for one in found.values()}
    regions = set(desk.column("Location"))
    for parameter, (label, value) in FILTERS.items():
        expected = [name for name, one in found.items() if _value(one, parameter) == value]

        desk.choose(label, value)

        assert 0 < len(expected) < len(found)
        desk.expect_names(expected)
        expect(desk.count).to_have_text(f"{len(expected)} of {len(found)} accounts")
        assert f"{parameter}=" in desk.page.url
        desk.choose(label, "")

    assert regions == {region.lower().replace(" ", "") for region in recorded}
    assert len(regions) < len(recorded)


def test_filters_hold_together_and_are_cleared_together(desk: Visit, world: World) -> None:
    """It must be clear which of five filters hides a row."""
    found = world.scene.findings()
    desk.choose("Verdict", "non_compliant")
    desk.choose("Kind", "OpenAI")
    desk.search.fill("research")
    expected = [
        name
        for name, one in found.items()
        if (one["verdict"], one["kind"]) == ("non_compliant", "OpenAI")
        and "research" in _texts(one)
    ]

    desk.expect_names(expected)
    desk.button("Clear filters").click()

    assert expected
    desk.expect_names(list(found))
    expect(desk.search).to_have_value("")
    assert "#" not in desk.page.url.rstrip("#")


def test_search_finds_by_name_group_subscription_and_tag(desk: Visit, world: World) -> None:
    """People remember a team or a group more often than the name of an account."""
    found = world.scene.findings()
    for text, named in SEARCHES.items():
        words = text.casefold().split()
        expected = {name for name, one in found.items() if all(w in _texts(one) for w in words)}

        desk.search.fill(text)

        assert named is None or expected == named
        expect(desk.count).to_have_text(f"{len(expected)} of {len(found)} accounts")
        desk.expect_names(sorted(expected))


def test_every_column_sorts_both_ways_and_says_so(desk: Visit, world: World) -> None:
    """A screen reader hears the order that others see; no row is lost on the way."""
    before = desk.names()
    by_name = {shown(name): one for name, one in world.scene.findings().items()}
    for column in COLUMNS:
        desk.sort_by(column)

        expect(desk.head(column)).to_have_attribute("aria-sort", re.compile("ending$"))
        expect(desk.page.locator("[aria-sort$=ending]")).to_have_count(1)
        assert sorted(desk.names()) == sorted(before)
    for column, field in (("Account", "name"), ("Location", "location")):
        orders = {}
        for order in ("ascending", "descending"):
            desk.sort_by(column)
            expect(desk.head(column)).to_have_attribute("aria-sort", order)
            orders[order] = _plain(by_name[name][field] for name in desk.names())
        assert len(set(orders["ascending"])) > 1
        assert orders["ascending"] == sorted(orders["ascending"])
        assert orders["descending"] == orders["ascending"][::-1]
    assert "order=desc" in desk.page.url


def _plain(texts: Iterable[str]) -> list[str]:
    """Return the texts whose order is the same in every locale."""
    folded = [text.casefold() for text in texts]
    return [text for text in folded if re.fullmatch("[a-z0-9-]+", text)]


def test_filters_that_are_set_are_removed_one_by_one(desk: Visit, world: World) -> None:
    """It must be visible which filter hides an account, and a click must remove it."""
    found = world.scene.findings()
    desk.follow("#verdict=non_compliant&notOwner=project5")
    set_filters = desk.region("Findings").get_by_role("button", name="Remove the filter")
    expect(set_filters).to_contain_text(["Verdict: Not compliant", "Owner: any other than"])

    set_filters.nth(1).click()

    bad = [name for name, one in found.items() if one["verdict"] == "non_compliant"]
    desk.expect_names(bad)
    expect(set_filters).to_have_count(1)
    expect(desk.button("Filter")).to_be_focused()
    set_filters.first.click()
    desk.expect_names(list(found))
    expect(desk.button("Clear filters")).to_be_hidden()
