"""Exemptions and what they rest on, read from Azure: each once, and trouble accepts nothing."""

import asyncio
import time
from collections import Counter

import pytest

from cmk_check.core.enums import GapReason
from cmk_check.core.exceptions.facts import Assignment, ExemptionFacts, SetDefinition
from cmk_check.core.unread import Absent, Unread
from cmk_check.inventory.azure_inventory import AzureInventory
from local.simulator import CMK_POLICY, Fault, builtin_id
from local.simulator.faults import Answer, Effect, Hold, arm_error
from tests.contract.conftest import GENEROUS_SECONDS
from tests.contract.inventory.azure_kit import Azure
from tests.contract.inventory.conftest import SUBSCRIPTION, account_id

MANAGED = "/providers/Microsoft.Management/managementGroups"
COMPANY = f"{MANAGED}/company"
AUTH = "/providers/Microsoft.Authorization"
ACCOUNT = account_id("chat")
LIST = f"*/{SUBSCRIPTION}{AUTH}/policyExemptions"
ASSIGNMENT = f"{COMPANY}{AUTH}/policyAssignments/cmk"
SET = f"{COMPANY}{AUTH}/policySetDefinitions/ours"
ACTIONS = {
    LIST: "Microsoft.Authorization/policyExemptions/read",
    ASSIGNMENT: "Microsoft.Authorization/policyAssignments/read",
    SET: "Microsoft.Authorization/policySetDefinitions/read",
}
SCOPES = (COMPANY, f"/subscriptions/{SUBSCRIPTION}", ACCOUNT.text, f"{ACCOUNT.text}-2")


@pytest.fixture(autouse=True)
def _exempted(azure: Azure) -> None:
    """Exempt the account at each scope, and its neighbour, from an initiative of the company."""
    azure.accounts.management_groups = ("company",)
    policies = azure.simulator.estate.policies
    members = policies.add_set(COMPANY, "ours", {"cmk": builtin_id(CMK_POLICY)})
    assignment = policies.assign(COMPANY, "cmk", members.id)
    for number, scope in enumerate(SCOPES):
        policies.exempt(scope, f"exempt-{number}", assignment.id, expiresOn="2030-01-01T00:00:00Z")


async def _read(inventory: AzureInventory, seconds: float = 5) -> ExemptionFacts:
    return await inventory.exemptions().read(SUBSCRIPTION, [ACCOUNT], seconds=seconds)


def _unread(fact: object) -> Unread:
    assert isinstance(fact, Unread)
    assert fact.gap.detail
    return fact


async def test_all_pages_are_read_and_what_they_rest_on_once_p5_p8(azure: Azure) -> None:
    """P5, P8: subscriptions of a slice share what they name, and nothing but GET is sent."""
    azure.simulator.arm.policies.per_page = 1
    slice_ = azure.inventory.exemptions()

    first, second = await asyncio.gather(
        *(slice_.read(SUBSCRIPTION, [ACCOUNT], seconds=30) for _ in range(2))
    )

    assert first == second
    assert isinstance(first.exemptions, tuple)
    names = [(each.shown.id or "").rpartition("/")[2] for each in first.exemptions]
    assert names == ["exempt-0", "exempt-1", "exempt-2"]
    assert first.assignments == {ASSIGNMENT.lower(): Assignment(COMPANY.lower(), SET.lower())}
    policy = builtin_id(CMK_POLICY).lower()
    assert first.sets == {SET.lower(): SetDefinition((("cmk", policy),))}
    asked = [each for each in azure.simulator.requests if each.kind != "token"]
    assert Counter(each.kind for each in asked) == {"exemption": 8, "assignment": 1, "policy": 1}
    assert {each.method for each in asked} == {"GET"}


@pytest.mark.parametrize("path", ACTIONS)
@pytest.mark.parametrize(
    ("then", "reason"),
    [
        (arm_error(403, "AuthorizationFailed"), GapReason.FORBIDDEN),
        (arm_error(404, "ManagementGroupNotFound"), GapReason.UNEXPECTED_RESPONSE),
        (Answer(body={"value": None, "properties": 7}), GapReason.MALFORMED_PAGE),
    ],
)
async def test_what_cannot_be_read_is_unread_and_not_absent_p2_p11(
    azure: Azure, path: str, then: Effect, reason: GapReason
) -> None:
    """P2: half a list might lack what ends an exception. P11: what is unknown has its way out."""
    azure.answer(path, then)

    facts = await _read(azure.inventory)

    found = {LIST: facts.exemptions, **facts.assignments, **facts.sets}
    gap = _unread(found.get(path, found.get(path.lower()))).gap
    assert gap.reason is reason
    assert gap.missing_action == (ACTIONS[path] if reason is GapReason.FORBIDDEN else None)


@pytest.mark.parametrize("path", [ASSIGNMENT, SET])
async def test_what_is_deleted_is_absent(azure: Azure, path: str) -> None:
    """Azure keeps the exemption of an assignment that is gone: it exempts from nothing."""
    azure.simulator.estate.policies.remove(path)

    facts = await _read(azure.inventory)

    assert isinstance({**facts.assignments, **facts.sets}[path.lower()], Absent)


async def test_an_assignment_that_does_not_answer_costs_no_more_than_the_time_given_p8(
    azure: Azure,
) -> None:
    """P8: exceptions are an extra, and the slice has other work."""
    hold = Hold()
    azure.simulator.faults.add(Fault(path="*/policyAssignments/cmk", hold=hold))
    began = time.monotonic()

    facts = await _read(azure.inventory, seconds=0.5)

    assert time.monotonic() - began < GENEROUS_SECONDS
    assert _unread(facts.assignments[ASSIGNMENT.lower()]).gap.reason is GapReason.TIMEOUT
    hold.release()
