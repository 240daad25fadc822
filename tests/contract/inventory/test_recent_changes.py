"""What has changed, by the real SDK against the simulated Resource Graph."""

from datetime import UTC, datetime, timedelta
from typing import Final

import pytest

from cmk_check.core.enums import GapReason
from cmk_check.core.watch_state import RecentChanges
from cmk_check.inventory.azure_inventory import AzureInventory
from local.simulator import AccountSpec, Fault, VaultSpec
from local.simulator.faults import arm_error
from tests.contract.inventory.azure_kit import OTHER, Azure
from tests.contract.inventory.conftest import GRAPH, SUBSCRIPTION, graph_answer

CHAT: Final = AccountSpec(name="Chat", group="rg")


async def _since(
    inventory: AzureInventory, since: datetime, *, vaults: bool = True
) -> RecentChanges:
    return await inventory.change_search().changes(since, vaults=vaults, seconds=10)


def _now() -> datetime:
    return datetime.now(UTC)


async def test_every_write_is_a_change_of_its_subscription(azure: Azure) -> None:
    """Created, changed and deleted alike; the time is Azure's."""
    begun = _now()
    azure.simulator.estate.add_subscription(OTHER, "Lab")
    azure.accounts.add_account(CHAT).set_encryption(None)
    changed = _now()
    azure.accounts.remove_account("Chat")

    found = await _since(azure.inventory, begun)

    assert found.subscriptions.keys() == {SUBSCRIPTION, OTHER}
    assert changed <= found.subscriptions[SUBSCRIPTION] <= _now()
    assert (found.vaults, found.until, found.gap) == ({}, None, None)


async def test_a_change_of_state_is_one_of_the_subscription_and_the_latest_counts_p2(
    azure: Azure,
) -> None:
    """P2: an account that changed after its subscription would not be read at once."""
    begun = _now()
    azure.accounts.state = "Warned"
    by_state = (await _since(azure.inventory, begun)).subscriptions
    changed = _now()
    azure.accounts.add_account(CHAT)

    assert by_state.keys() == {SUBSCRIPTION}
    assert (await _since(azure.inventory, begun)).subscriptions[SUBSCRIPTION] >= changed


async def test_what_was_changed_before_is_left_out(azure: Azure) -> None:
    """The cursor bounds what is asked for."""
    azure.accounts.add_account(CHAT)

    assert await _since(azure.inventory, _now()) == RecentChanges()


async def test_a_vault_counts_for_itself_and_only_where_keys_are_read(azure: Azure) -> None:
    """Which subscriptions it concerns is known here, not there."""
    begun = _now()
    vault = azure.accounts.vaults.add(VaultSpec(name="kv-One", group="rg"))
    vault.set("properties.enablePurgeProtection", value=False)

    found = await _since(azure.inventory, begun)
    without = await _since(azure.inventory, begun, vaults=False)

    assert found.vaults.keys() == {vault.id.lower()}
    assert (found.subscriptions, without.vaults) == ({}, {})


async def test_more_than_a_page_says_where_it_ends(azure: Azure) -> None:
    """The oldest come first, so that the next look can go on there."""
    begun = _now()
    azure.accounts.add_account(CHAT)
    azure.simulator.estate.add_subscription(OTHER, "Lab").add_account(CHAT)
    azure.simulator.arm.graph.per_page = 1

    found = await _since(azure.inventory, begun)

    assert found.subscriptions.keys() == {SUBSCRIPTION, OTHER}
    assert found.until == found.subscriptions[SUBSCRIPTION]


async def test_where_both_tables_have_more_the_earlier_end_counts(azure: Azure) -> None:
    """The next look would leave out what lies between the two ends."""
    for hour, name in ((12, SUBSCRIPTION), (13, OTHER)):
        row = {"target": f"/subscriptions/{name}", "at": f"2026-11-25T{hour}:00:00Z"}
        answer = graph_answer(row, truncated=True)
        azure.simulator.faults.add(Fault(path=GRAPH, times=1, then=answer))

    found = await _since(azure.inventory, _now())

    assert found.subscriptions.keys() == {SUBSCRIPTION, OTHER}
    assert found.until == found.subscriptions[SUBSCRIPTION]


async def test_one_table_that_fails_leaves_what_the_other_tells(azure: Azure) -> None:
    """A cloud without one of them is blind, and still reads what it hears of."""
    begun = _now()
    azure.accounts.add_account(CHAT)
    refused = arm_error(403, "AuthorizationFailed")
    azure.simulator.faults.add(Fault(path=GRAPH, times=1, then=refused))

    found = await _since(azure.inventory, begun)

    assert found.gap is not None
    assert found.gap.missing_action == "Microsoft.ResourceGraph/resources/read"
    assert len(found.subscriptions) <= 1


async def test_subscriptions_that_were_left_out_make_the_watch_blind(azure: Azure) -> None:
    """Beyond 10,000 of them, only a header says so; what has come is of use all the same."""
    begun = _now()
    azure.accounts.add_account(CHAT)
    azure.simulator.arm.graph.limit_hit = True

    found = await _since(azure.inventory, begun)

    assert found.gap is not None
    assert "10,000 subscriptions" in (found.gap.detail or "")
    assert found.subscriptions.keys() == {SUBSCRIPTION}


@pytest.mark.parametrize(
    "row",
    [
        {},
        {"target": f"/subscriptions/{SUBSCRIPTION}"},
        {"target": f"/subscriptions/{SUBSCRIPTION}", "at": "2026-11-25T12:00:00"},
        {"target": f"/subscriptions/{SUBSCRIPTION}", "at": "0001-01-01T00:00:00+14:00"},
        {"target": "/subscriptions/../x", "at": "2026-11-25T12:00:00Z"},
    ],
)
async def test_a_row_that_is_not_one_makes_the_watch_blind(
    azure: Azure, row: dict[str, object]
) -> None:
    """What it stands for is not known, so the cursor must stay."""
    azure.simulator.faults.add(Fault(path=GRAPH, then=graph_answer(row)))

    found = await _since(azure.inventory, _now() - timedelta(minutes=1))

    assert found.gap is not None
    assert found.gap.reason in {GapReason.MALFORMED_PAGE, GapReason.UNEXPECTED_RESPONSE}
    assert found.subscriptions == {}


async def test_throttling_is_waited_for(azure: Azure) -> None:
    """Other programs of the same identity share its fifteen queries in five seconds."""
    begun = _now()
    azure.accounts.add_account(CHAT)
    quota = {"x-ms-user-quota-remaining": "0", "x-ms-user-quota-resets-after": "00:00:00"}
    throttled = arm_error(429, "RateLimiting", headers=quota)
    azure.simulator.faults.add(Fault(path=GRAPH, times=2, then=throttled))

    found = await _since(azure.inventory, begun)

    assert found.gap is None
    assert found.subscriptions.keys() == {SUBSCRIPTION}
