"""Whole scans of an Azure in which the identity does not see everything."""

from typing import Final

import pytest

from cmk_check.core.enums import GapReason
from cmk_check.core.status import Status
from cmk_check.inventory.azure_inventory import AzureInventory
from local.simulator.simulator import Simulator
from tests.fakes.world import World, sub

ROOT: Final = "mg-company"
HIDDEN: Final = sub(2)


def _world(simulator: Simulator, inventory: AzureInventory, size: int) -> World:
    """Return a program over so many subscriptions on three levels of groups, one hidden."""
    estate = simulator.estate
    estate.remove_subscription(estate.subscriptions[0].id)
    for number in range(size):
        added = estate.add_subscription(sub(number), f"Subscription {number}")
        above = (f"mg-team-{number % 17}", f"mg-area-{number % 5}", ROOT, "tenant-root")
        added.management_groups = above[number % 3 :]
    estate.subscription(HIDDEN).listed = False
    world = World(management_group=ROOT)
    world.inventory = inventory  # type: ignore[assignment]  # the real one
    return world


async def _status(world: World) -> Status:
    found = await world.status()
    assert found is not None
    return found


@pytest.mark.parametrize("size", [3, pytest.param(300, marks=pytest.mark.long)])
async def test_the_hidden_subscription_of_a_tree_is_named_p1(
    simulator: Simulator, inventory: AzureInventory, size: int
) -> None:
    """P1: no list that the identity can read has it: without the group all would be green."""
    world = _world(simulator, inventory, size)

    await world.scan()

    summary = (await _status(world)).summary
    (known,) = summary.gaps
    assert (known.subscription_id, known.name) == (HIDDEN, "Subscription 2")
    assert known.gap.reason is GapReason.NOT_VISIBLE
    assert (summary.subscriptions.read, summary.subscriptions.gap) == (size - 1, 1)
    assert (await world.posture()).verdict == "unknown"
