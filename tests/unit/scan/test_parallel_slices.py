"""Slices that one process works through at once share its places."""

import asyncio
from dataclasses import replace

import pytest

from cmk_check.core.enums import ScanState
from cmk_check.scan.scan_context import ScanContext
from tests.fakes.world import bad
from tests.unit.scan.scan_world import ONE, THREE, TWO, ScanWorld


class Azure:
    """Answers when it is told to; knows how many requests wait for it."""

    def __init__(self) -> None:
        self.waiting = 0
        self.most = 0
        self.open = asyncio.Event()

    async def answer(self, _subscription_id: str) -> None:
        """Wait for the answer."""
        self.waiting += 1
        self.most = max(self.most, self.waiting)
        await self.open.wait()
        self.waiting -= 1


async def settle() -> None:
    """Let everything run as far as it gets."""
    for _ in range(100):
        await asyncio.sleep(0)


@pytest.fixture
async def planned(world: ScanWorld) -> ScanWorld:
    """Return a program with three slices in its queue, of one subscription each."""
    world.listed(ONE, TWO, THREE)
    for subscription in (ONE, TWO, THREE):
        world.read(subscription, bad(subscription))
    await world.start_next()
    await world.deliver(world.sent()[0])
    return world


def narrow(world: ScanWorld, places: int) -> ScanContext:
    """Return a process with so many places."""
    return replace(world.context, subscription_limit=asyncio.Semaphore(places))


@pytest.mark.parametrize("places", [1, 2])
async def test_p8_slices_at_once_ask_no_more_of_azure_than_one(
    planned: ScanWorld, places: int
) -> None:
    """The bound on requests is that of the process, however many slices the host gives it."""
    azure = Azure()
    planned.inventory.before_read = azure.answer
    context = narrow(planned, places)
    async with asyncio.TaskGroup() as group:
        for message in planned.sent():
            group.create_task(planned.deliver(message, context))
        await settle()
        azure.open.set()

    assert azure.most == places
    assert (await planned.scan_row(message.scan_id)).state is ScanState.COMPLETE
