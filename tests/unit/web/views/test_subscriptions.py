"""The list of all subscriptions that were ever seen, with their coverage."""

from dataclasses import replace

import pytest

from cmk_check.core.enums import CoverageState
from cmk_check.ports import Insert, Table
from cmk_check.store import table_keys
from tests.unit.web.api_kit import EARLIER, LAB, NOON, Served, coverage, finding
from tests.unit.web.asgi_client import Answer, follow, send

SUBSCRIPTIONS = "/api/v1/subscriptions"


def _ids(answer: Answer) -> list[str]:
    return [entry["subscriptionId"] for entry in answer.found]


@pytest.mark.parametrize("state", CoverageState)
async def test_last_read_is_of_the_last_scan_only_while_it_is_read(
    served: Served, state: CoverageState
) -> None:
    """Its row is not written while nothing changes; and old data must not look new (P1)."""
    await served.put(coverage(state, f"f{LAB[1:]}"))

    *_, shown = (await send(served.app(), SUBSCRIPTIONS)).json["value"]

    expected = NOON if state is CoverageState.READ else EARLIER
    assert shown["lastRead"] == f"{expected:%Y-%m-%dT%H:%M:%SZ}"


async def test_before_the_first_scan_has_finished_a_reading_has_its_own_date(empty: Served) -> None:
    """No finished scan exists yet that could date it."""
    await empty.put(coverage())
    await empty.put(replace(coverage(subscription_id=LAB), last_read=None))

    lab, production = (await send(empty.app(), SUBSCRIPTIONS)).json["value"]

    assert (lab["lastRead"], production["lastRead"]) == (None, f"{EARLIER:%Y-%m-%dT%H:%M:%SZ}")


@pytest.mark.parametrize(("asked", "step"), [("", 1), ("&coverage=gap", 2)])
@pytest.mark.parametrize("top", [1, 2, 1000])
async def test_pages_bring_every_subscription_once(
    empty: Served, top: int, asked: str, step: int
) -> None:
    """In their order, and with the filter on every page."""
    everyone = [f"{LAB[:-1]}{number}" for number in range(5)]
    for number, subscription_id in enumerate(everyone):
        state = CoverageState.READ if number % 2 else CoverageState.GAP
        row = finding(subscription_id=subscription_id)
        await empty.put(coverage(state, subscription_id), [row])

    pages = await follow(empty.app(), f"{SUBSCRIPTIONS}?top={top}{asked}")

    assert [found for page in pages for found in _ids(page)] == everyone[::step]
    assert {len(page.found) for page in pages[:-1]} <= {top}


async def test_what_is_not_ours_is_not_listed(empty: Served) -> None:
    """A partition without a subscription id belongs to another program."""
    await empty.store.commit(Table.FINDINGS, "theirs", [Insert(table_keys.COVERAGE, {"schema": 4})])

    assert _ids(await send(empty.app(), SUBSCRIPTIONS)) == []
