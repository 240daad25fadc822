"""Resource Graph shows where exemptions are, or it is not known; it decides nothing else."""

import pytest

from local.simulator import CMK_POLICY, builtin_id
from local.simulator.faults import Answer, Effect, arm_error
from local.simulator.policies import PolicyObject
from tests.contract.inventory.azure_kit import OTHER, Azure
from tests.contract.inventory.conftest import GRAPH, SUBSCRIPTION, account_id, graph_answer

MANAGED = "/providers/Microsoft.Management/managementGroups"
ABOVE = {"displayName": "Company", "name": "Company"}


@pytest.fixture(autouse=True)
def assignment(azure: Azure) -> PolicyObject:
    """Assign the policy to a company with two subscriptions, one of them below a team."""
    azure.accounts.management_groups = ("team", "company")
    azure.vaults.management_groups = ("company",)
    return azure.simulator.estate.policies.assign(
        f"{MANAGED}/company", "cmk", builtin_id(CMK_POLICY)
    )


async def _exempted(azure: Azure) -> frozenset[str] | None:
    both = [SUBSCRIPTION, OTHER]
    return await azure.inventory.exemptions().may_be_exempted(both, seconds=20)


@pytest.mark.parametrize(
    ("scope", "expected"),
    [
        (None, set()),
        (f"{MANAGED}/Company", {SUBSCRIPTION, OTHER}),
        (f"{MANAGED}/Team", {SUBSCRIPTION}),
        (f"{MANAGED}/elsewhere", set()),
        (f"/subscriptions/{OTHER.upper()}", {OTHER}),
        (account_id("chat").text, {SUBSCRIPTION}),
    ],
)
async def test_an_exemption_at_inside_or_above_a_subscription_is_seen(
    azure: Azure, assignment: PolicyObject, scope: str | None, expected: set[str]
) -> None:
    """At most two queries show it for all subscriptions of a slice."""
    if scope is not None:
        azure.simulator.estate.policies.exempt(scope, "accepted", assignment.id)

    assert await _exempted(azure) == frozenset(expected)

    assert azure.costs()["graph"] <= 2


async def test_an_identity_that_sees_no_policy_does_not_know(
    azure: Azure, assignment: PolicyObject
) -> None:
    """Without the right to see them, Resource Graph shows none and says nothing."""
    azure.simulator.estate.policies.remove(assignment.id)

    assert await _exempted(azure) is None


async def test_what_resource_graph_has_not_seen_yet_is_omitted(
    azure: Azure, assignment: PolicyObject
) -> None:
    """It is late; the list of Azure Resource Manager is not."""
    policies = azure.simulator.estate.policies
    policies.index = [assignment]
    policies.exempt(f"/subscriptions/{OTHER}", "accepted", assignment.id)

    assert await _exempted(azure) == frozenset()


@pytest.mark.parametrize(
    "then",
    [
        arm_error(403, "AuthorizationFailed"),
        Answer(body={"data": 7}),
        graph_answer({"place": ""}, truncated=True),
        graph_answer({"place": ""}, {"place": "/elsewhere"}),
        graph_answer({"place": ""}, {"other": "/subscriptions/x"}),
    ],
    ids=["denied", "malformed", "cut off", "not a scope", "another shape"],
)
async def test_without_a_whole_answer_it_is_not_known(azure: Azure, then: Effect) -> None:
    """P2: half an answer might lack the one that matters."""
    azure.answer(GRAPH, then)

    assert await _exempted(azure) is None


@pytest.mark.parametrize(
    ("above", "expected"),
    [
        ([ABOVE], {SUBSCRIPTION, OTHER}),
        ([], {SUBSCRIPTION, OTHER}),
        (None, {SUBSCRIPTION, OTHER}),
        ([{"name": "other"}, 7], {SUBSCRIPTION, OTHER}),
        ([{"name": "other"}], {SUBSCRIPTION}),
    ],
)
async def test_unknown_groups_above_a_subscription_may_have_an_exemption(
    azure: Azure, above: object, expected: set[str]
) -> None:
    """P2: only a subscription whose groups are all known is left out."""
    first = graph_answer({"place": f"{MANAGED}/company".lower()})
    groups = graph_answer({"id": f"/subscriptions/{OTHER}", "above": above})
    azure.answer(GRAPH, first, times=1)
    azure.answer(GRAPH, groups)

    assert await _exempted(azure) == frozenset(expected)
