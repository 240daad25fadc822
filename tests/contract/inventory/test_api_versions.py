"""A cloud that does not serve a version is asked for another one that can be judged."""

import pytest

from cmk_check.core.enums import GapReason
from local.simulator.accounts import AccountSpec
from local.simulator.faults import Effect, Fault, arm_error
from local.simulator.simulator import Simulator
from tests.contract.inventory.azure_kit import Azure
from tests.contract.inventory.conftest import ACCOUNTS, LISTED

PINNED = {"api-version": "2025-09-01"}
TYPE = "microsoft.cognitiveservices/accounts"


def refusal(served: str, code: str = "NoRegisteredProviderFound", status: int = 400) -> Effect:
    """Refuse the pinned version, and name those that are served."""
    message = (
        "No registered resource provider found for location 'global' and API version "
        f"'2025-09-01' for type 'accounts'. The supported api-versions are '{served}'."
    )
    return arm_error(status, code, message)


def _asked(simulator: Simulator) -> list[str]:
    return [r.query["api-version"] for r in simulator.requests if r.path.endswith("/accounts")]


@pytest.mark.parametrize(
    ("status", "code"),
    [
        (400, "NoRegisteredProviderFound"),
        (404, "InvalidResourceType"),
        (400, "InvalidResourceType"),
    ],
)
async def test_newest_version_that_both_know_is_asked_for_once_p11(
    azure: Azure, status: int, code: str
) -> None:
    """P11: sovereign clouds lag behind by years, and a retired version is gone everywhere."""
    for name in ("a", "b", "c"):
        azure.accounts.add_account(AccountSpec(name=name, group="rg"))
    served = "2017-04-18,2023-05-01,2024-10-01, 2099-01-01"
    fault = Fault(path=ACCOUNTS, query=PINNED, then=refusal(served, code, status))
    azure.simulator.faults.add(fault)

    first = await azure.inventory.read(LISTED, seconds=30)
    second = await azure.inventory.read(LISTED, seconds=30)

    assert (len(first.accounts), first.gap, second.gap) == (3, None, None)
    assert _asked(azure.simulator) == ["2025-09-01", *["2024-10-01"] * 4]
    assert azure.inventory.api_versions().in_use[TYPE] == "2024-10-01"
    assert azure.inventory.api_versions().answers[TYPE] == {None: 4}


@pytest.mark.parametrize(
    ("served", "tries"),
    [
        ("2017-04-18,2099-01-01", 1),
        ("2025-09-01", 1),
        ("", 1),
        ("2024-10-01,2023-05-01,2022-12-01", 2),  # which it refuses, too
    ],
)
async def test_only_a_version_that_can_be_judged_is_asked_for_and_one_only_p2(
    azure: Azure, served: str, tries: int
) -> None:
    """P2: an answer without the field that holds the key would pass for "no key"."""
    fault = Fault(path=ACCOUNTS, then=refusal(served))
    azure.simulator.faults.add(fault)

    gap = (await azure.inventory.read(LISTED, seconds=30)).gap

    assert gap is not None
    assert gap.reason is GapReason.API_VERSION_UNSUPPORTED
    assert azure.simulator.faults.hits(fault) == tries


async def test_list_of_subscriptions_has_another_version_as_well(azure: Azure) -> None:
    """Without it there is no scan at all."""
    message = "The api-version '2020-01-01' is invalid. The supported versions are '2022-12-01'."
    fault = Fault(
        path="/subscriptions",
        query={"api-version": "2020-01-01"},
        then=arm_error(400, "InvalidApiVersionParameter", message),
    )
    azure.simulator.faults.add(fault)

    assert [listed.tenant_id for listed in await azure.inventory.subscriptions()] == [
        azure.simulator.estate.tenant_id
    ]
