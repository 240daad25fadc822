"""The cost of a page of findings in table requests, for any number of subscriptions."""

import pytest

from cmk_check.core.model import AccountCounts, VerdictCounts
from cmk_check.core.status import Status, SubscriptionCounts, Summary
from tests.unit.web.api_kit import LAB, NOON, Served, coverage, finding
from tests.unit.web.asgi_client import send

FINDINGS = "/api/v1/findings"


async def _put_three_each(served: Served, subscriptions: int) -> None:
    for number in range(subscriptions):
        subscription_id = f"{LAB[:-3]}{number:03}"
        rows = [finding(name, subscription_id=subscription_id) for name in "abc"]
        await served.put(coverage(subscription_id=subscription_id), rows)


async def _reads_of(served: Served, query: str) -> tuple[int, list[str]]:
    """Return how many findings a page shows, and the requests that it took."""
    served.store.log.clear()
    answer = await send(served.app(), f"{FINDINGS}?{query}")
    assert {entry["subscriptionName"] for entry in answer.json["value"]} == {"Production"}
    return len(answer.json["value"]), [entry.name for entry in served.store.log]


@pytest.mark.parametrize(
    ("top", "requests"),
    [(10, [17]), (90, [134]), (1_000, [735, 735])],
    ids=["few", "many", "more than the service returns at once"],
)
async def test_a_page_reads_what_it_needs_and_little_more(
    empty: Served, top: int, requests: list[int]
) -> None:
    """An invisible row costs as much time as a visible one."""
    await _put_three_each(empty, 500)
    counts = AccountCounts(by_kind={"OpenAI": VerdictCounts(non_compliant=1_500)})
    summary = Summary(accounts=counts, subscriptions=SubscriptionCounts(read=500))
    await empty.put_status(Status(NOON, summary, 500))

    for query in (f"top={top}", f"top={top}&verdict=non_compliant"):
        shown, _ = await _reads_of(empty, query)

        assert shown == top
        assert [entry.rows for entry in empty.store.log if entry.name == "query"] == requests


@pytest.mark.parametrize(
    ("matching", "query", "reads"),
    [
        # Otherwise thousands of rows would be read for a few names.
        (0, "verdict=non_compliant", ["get", "query", *["get"] * 20]),
        # By the last scan's counts, most subscriptions have such a finding.
        (3_000, "verdict=non_compliant", ["get", "query"]),
        (0, "location=westeurope", ["get", "query"] * 2),
        (0, "q=rg", ["get", "query"] * 2),
    ],
)
async def test_names_of_subscriptions_are_read_singly_where_that_is_less(
    empty: Served, matching: int, query: str, reads: list[str]
) -> None:
    """Few findings may come from thousands of subscriptions."""
    await _put_three_each(empty, 20)
    counts = AccountCounts(by_kind={"OpenAI": VerdictCounts(non_compliant=matching)})
    summary = Summary(accounts=counts, subscriptions=SubscriptionCounts(read=1_001))
    await empty.put_status(Status(NOON, summary, 1_001))

    assert await _reads_of(empty, query) == (60, reads)
