"""What Azure's built-in policy says, in the list of findings and as a filter of it."""

from dataclasses import replace

import pytest

from cmk_check.core.enums import Verdict
from tests.unit.web.api_kit import PRODUCTION, Served, counted, coverage, finding, status_of
from tests.unit.web.asgi_client import send

FINDINGS = "/api/v1/findings"
ESTATE = [
    finding("keyed", Verdict.COMPLIANT),
    finding("bare"),
    finding("foundry", kind="AIServices"),
    finding("odd", Verdict.UNKNOWN),
]
EXPECTED = {
    "keyed": ("compliant", "same_as_verdict"),
    "bare": ("non_compliant", "same_as_verdict"),
    "foundry": ("not_assessed", "kind_left_out"),
    "odd": None,
}


@pytest.fixture
async def recorded(empty: Served) -> Served:
    """Record an account of each state, and one whose answer is not usable."""
    await empty.put(coverage(), ESTATE)
    return empty


async def test_each_finding_says_what_the_policy_says(recorded: Served) -> None:
    """An account that the policy leaves out must not look as if it had passed."""
    answer = await send(recorded.app(), FINDINGS)

    assert {
        one["name"]: one["azurePolicy"] and tuple(one["azurePolicy"].values())
        for one in answer.json["value"]
    } == EXPECTED


@pytest.mark.parametrize("is_old", [False, True])
async def test_the_status_counts_where_the_policy_differs_unless_rows_are_old(
    empty: Served, *, is_old: bool
) -> None:
    """A 0 for what nobody counted would say that both agree."""
    accounts = counted(ESTATE)
    row = coverage(accounts=replace(accounts, policy=None) if is_old else accounts)
    await empty.put(row, ESTATE)
    await empty.put_status(status_of(row))
    shown = None if is_old else {"notAssessed": 1, "differs": 1}

    for path in ("status", f"status?subscription={PRODUCTION}"):
        answer = await send(empty.app(), f"/api/v1/{path}")
        assert answer.json["azurePolicy"] == shown
    listed = await send(empty.app(), "/api/v1/subscriptions")
    assert [one["azurePolicy"] for one in listed.json["value"]] == [shown]
