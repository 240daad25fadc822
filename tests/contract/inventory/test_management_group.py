"""The subscriptions below a management group, read to the end or not at all."""

import pytest

from cmk_check.core.account import Subscription as Listed
from cmk_check.core.enums import GapReason
from cmk_check.inventory.azure_inventory import AzureInventory
from cmk_check.inventory.gaps import READ_GROUP
from cmk_check.ports import InventoryError
from local.simulator.faults import Answer, Effect, Fault, NextLink, arm_error
from tests.contract.inventory.azure_kit import OTHER, Azure
from tests.contract.inventory.conftest import SUBSCRIPTION

GROUPS = "/providers/Microsoft.Management/managementGroups"
DESCENDANTS = f"{GROUPS}/mg-ai/descendants"


@pytest.fixture(autouse=True)
def tree(azure: Azure) -> None:
    """Put two subscriptions on two levels below the group, one entry a page."""
    azure.accounts.management_groups = ("mg-ai", "root")
    hidden = azure.simulator.estate.add_subscription(OTHER, "Acquisitions")
    hidden.listed, hidden.management_groups = False, ("mg-lab", "mg-ai", "root")
    azure.simulator.arm.management_groups.per_page = 1


async def test_all_levels_and_pages_are_read_with_names(inventory: AzureInventory) -> None:
    """What the identity cannot see stands there, too, and groups are none of it."""
    below = await inventory.list_subscriptions_below("MG-AI")

    assert sorted(below, key=lambda found: found.id) == [
        Listed(SUBSCRIPTION, "Production"),
        Listed(OTHER, "Acquisitions"),
    ]


async def test_a_subscription_without_a_name_is_named_by_its_id(azure: Azure) -> None:
    """A person has to see which one it is."""
    entry = {"id": f"/subscriptions/{OTHER.upper()}", "properties": None}
    azure.simulator.faults.add(Fault(path=DESCENDANTS, then=Answer(body={"value": [entry]})))

    assert await azure.inventory.list_subscriptions_below("mg-ai") == (Listed(OTHER, OTHER),)


@pytest.mark.parametrize(
    ("then", "page", "reason"),
    [
        (arm_error(403, "AuthorizationFailed"), 1, GapReason.FORBIDDEN),
        (arm_error(404, "NotFound"), 1, GapReason.UNEXPECTED_RESPONSE),
        (Answer(body={"value": None}), 1, GapReason.MALFORMED_PAGE),
        (Answer(body={"value": [{"id": "/subscriptions/x"}]}), 1, GapReason.MALFORMED_PAGE),
        (arm_error(429, "x", headers={"Retry-After": "61"}), 2, GapReason.THROTTLED),
        (NextLink("https://elsewhere.example/"), 2, GapReason.UNTRUSTED_NEXT_LINK),
    ],
)
async def test_a_part_of_the_list_is_no_list_p1_p11(
    azure: Azure, then: Effect, page: int, reason: GapReason
) -> None:
    """P1: whoever believed the first page would take the rest for gone. P11: a role ends it."""
    azure.simulator.faults.add(Fault(path=DESCENDANTS, page=page, then=then))

    with pytest.raises(InventoryError) as caught:
        await azure.inventory.list_subscriptions_below("mg-ai")

    gap = caught.value.gap
    assert gap.reason is reason
    assert gap.missing_action == (READ_GROUP if reason is GapReason.FORBIDDEN else None)
