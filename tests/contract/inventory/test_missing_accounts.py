"""An account that was recorded is gone when Azure says so of it, not when a list lacks it."""

import pytest

from cmk_check.core.account import Reading
from cmk_check.core.enums import GapReason
from cmk_check.core.gap import Gap
from local.simulator.accounts import AccountSpec
from local.simulator.estate import Access
from local.simulator.faults import Answer, Effect, Fault, Hold, arm_error
from tests.contract.inventory.azure_kit import Azure
from tests.contract.inventory.conftest import ACCOUNTS, LISTED, account_id

EMPTY = Fault(path=ACCOUNTS, then=Answer(body={"value": []}))
ONE = "*/resourceGroups/rg/providers/Microsoft.CognitiveServices/accounts/*"
GONE = account_id("gone")


def _gap(reading: Reading) -> GapReason | None:
    return reading.gap.reason if reading.gap else None


@pytest.mark.parametrize("group", ["rg", "other"], ids=["account", "group"])
async def test_account_that_azure_does_not_find_is_gone(azure: Azure, group: str) -> None:
    """Deleted accounts leave the findings, alone or with their group."""
    azure.accounts.add_account(AccountSpec(name="a", group="rg"))

    reading = await azure.inventory.read(
        LISTED, [account_id("a"), account_id("gone", group)], seconds=30
    )

    assert (len(reading.accounts), reading.gap) == (1, None)


async def test_account_that_the_list_lacks_and_azure_has_is_judged_and_a_gap(azure: Azure) -> None:
    """A provider's list has been empty while the resource was there; it must not read as gone."""
    azure.accounts.add_account(AccountSpec(name="a", group="rg"))
    azure.accounts.add_account(AccountSpec(name="b", group="rg"))
    azure.simulator.faults.add(EMPTY)

    reading = await azure.inventory.read(LISTED, [account_id("a"), account_id("b")], seconds=30)

    assert sorted(account.id.name for account in reading.accounts) == ["a", "b"]
    assert isinstance(reading.gap, Gap)
    assert reading.gap.reason is GapReason.LIST_INCOMPLETE
    assert "(2)" in str(reading.gap.detail)


@pytest.mark.parametrize(
    "then",
    [
        arm_error(403, "AuthorizationFailed"),
        arm_error(404, "SubscriptionNotFound"),
        arm_error(404, "NotFound"),
        Answer(status=404, body="<html/>"),
        Answer(status=204),
        Answer(body={}),
        None,
    ],
)
async def test_without_an_answer_about_the_account_nothing_is_removed_p2(
    azure: Azure, then: Effect | None
) -> None:
    """P2: of an account that nobody could ask for, in its time, nobody knows that it is gone."""
    hold = None if then else Hold()
    azure.simulator.faults.add(Fault(path=ONE, then=then, hold=hold))

    assert _gap(await azure.inventory.read(LISTED, [GONE], seconds=1)) is GapReason.LIST_INCOMPLETE


@pytest.mark.parametrize("name", ["..", "."])
async def test_name_that_leads_to_another_path_is_not_asked_for(azure: Azure, name: str) -> None:
    """That something else is not found says nothing of the account."""
    reading = await azure.inventory.read(LISTED, [account_id(name)], seconds=30)

    assert _gap(reading) is GapReason.LIST_INCOMPLETE
    assert len([r for r in azure.simulator.requests if "/providers/" in r.path]) == 1


async def test_unregistered_provider_removes_nothing_by_itself(azure: Azure) -> None:
    """A provider can be unregistered while accounts are there, and then answers for none."""
    azure.accounts.access = Access.UNREGISTERED

    assert _gap(await azure.inventory.read(LISTED, [GONE], seconds=30)) is GapReason.LIST_INCOMPLETE


async def test_nothing_is_asked_for_where_nothing_is_missing(azure: Azure) -> None:
    """A scan of an unchanged estate costs what it did; an account may be of another kind now."""
    azure.accounts.add_account(AccountSpec(name="a", group="RG"))
    azure.accounts.add_account(AccountSpec(name="b", group="rg", kind="SpeechServices"))

    reading = await azure.inventory.read(LISTED, [account_id("A"), account_id("b")], seconds=30)

    assert reading.gap is None
    assert len([r for r in azure.simulator.requests if "/providers/" in r.path]) == 1
