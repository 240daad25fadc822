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
SEARCHES: Final = {
    "a group, any case": ("RG-RESEARCH", None),
    "a tag": ("legal-tech", {"contract-summaries"}),
    "several words": ("prod agents", {"agents-foundry"}),
    "nothing": ("no such thing", set[str]()),
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


def test_a_region_is_written_in_one_way(desk: Visit, world: World) -> None:
    """Azure calls it West Europe, westeurope and WESTEUROPE; it is one region."""
    recorded = {one["location"] for one in world.scene.findings().values()}

    shown_regions = set(desk.column("Location"))

    assert shown_regions == {region.lower().replace(" ", "") for region in recorded}
    assert len(shown_regions) < len(recorded)


@pytest.mark.parametrize("parameter", FILTERS)
def test_a_filter_shows_what_the_api_says_and_nothing_else(
    desk: Visit, world: World, parameter: str
) -> None:
    """The count beside it shows how many others there are."""
    label, value = FILTERS[parameter]
    found = world.scene.findings()
    expected = [name for name, one in found.items() if _value(one, parameter) == value]

    desk.choose(label, value)

    assert 0 < len(expected) < len(found)
    desk.expect_names(expected)
    expect(desk.count).to_have_text(f"{len(expected)} of {len(found)} accounts")
    assert f"{parameter}=" in desk.page.url


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


@pytest.mark.parametrize("what", SEARCHES)
def test_search_finds_by_name_group_subscription_and_tag(
    desk: Visit, world: World, what: str
) -> None:
    """People remember a team or a group more often than the name of an account."""
    text, named = SEARCHES[what]
    found = world.scene.findings()
    expected = {
        name
        for name, one in found.items()
        if all(word in _texts(one) for word in text.casefold().split())
    }

    desk.search.fill(text)

    assert named is None or expected == named
    desk.expect_names(sorted(expected))
    expect(desk.count).to_have_text(f"{len(expected)} of {len(found)} accounts")


@pytest.mark.parametrize(("column", "field"), [("Account", "name"), ("Location", "location")])
def test_a_column_sorts_both_ways_and_says_so(
    desk: Visit, world: World, column: str, field: str
) -> None:
    """A screen reader hears the order that others see."""
    found = world.scene.findings()
    by_name = {shown(name): one for name, one in found.items()}
    desk.sort_by("Kind")
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


def test_every_column_can_be_sorted_by(desk: Visit) -> None:
    """One column at a time, and no row is lost on the way."""
    before = desk.names()

    for column in COLUMNS:
        desk.sort_by(column)

        expect(desk.head(column)).to_have_attribute("aria-sort", re.compile("ending$"))
        expect(desk.page.locator("[aria-sort$=ending]")).to_have_count(1)
        assert sorted(desk.names()) == sorted(before)


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
