"""A program in memory for each test of the scan's protocol."""

import asyncio

import pytest

from tests.fakes.keys import ScriptedKeys
from tests.fakes.recording_store import RecordingStore
from tests.fakes.world import good
from tests.unit.scan.scan_world import ONE, TWO, ScanWorld


@pytest.fixture
def store() -> RecordingStore:
    """Return an empty store, whose log the test may look at."""
    return RecordingStore()


@pytest.fixture
def world(store: RecordingStore) -> ScanWorld:
    """Return a program over that store, a subscription to a slice."""
    return ScanWorld(store, slice_size=1)


@pytest.fixture
def crowd() -> ScanWorld:
    """Return a program whose processes give way to each other at every storage operation."""

    async def give_way(*_operation: object) -> None:
        await asyncio.sleep(0)

    return ScanWorld(RecordingStore(before=give_way), slice_size=1)


@pytest.fixture
def keys() -> ScriptedKeys:
    """Return keys, all of them healthy as yet."""
    return ScriptedKeys()


@pytest.fixture
def world_with_keys(store: RecordingStore, keys: ScriptedKeys) -> ScanWorld:
    """Return a program with key health, over one compliant account, a subscription to a slice."""
    world = ScanWorld(store, keys=keys, slice_size=1)
    world.azure_has(good(ONE))
    return world


@pytest.fixture
async def scanned(world: ScanWorld) -> ScanWorld:
    """Return a program that has found two compliant subscriptions."""
    world.azure_has(good(ONE), good(TWO))
    await world.scan()
    return world
