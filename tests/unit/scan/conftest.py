"""A program in memory for each test of the scan's protocol."""

import asyncio

import pytest

from cmk_check.core.enums import ExceptionMode
from cmk_check.limits import WATCH_OVERLAP
from tests.fakes.exemptions import ScriptedExemptions, exempted
from tests.fakes.keys import ScriptedKeys
from tests.fakes.recording_store import RecordingStore
from tests.fakes.world import World, bad, good
from tests.unit.scan.faulty_processes import ONE, TWO
from tests.unit.scan.scan_settings import END, set_mode
from tests.unit.scan.watched import EVERY, Watched


@pytest.fixture
def store() -> RecordingStore:
    """Return an empty store, whose log the test may look at."""
    return RecordingStore()


@pytest.fixture
def world(store: RecordingStore) -> World:
    """Return a program over that store, a subscription to a slice."""
    return World(store, slice_size=1)


@pytest.fixture
def crowd() -> World:
    """Return a program whose processes give way to each other at every storage operation."""

    async def give_way(*_operation: object) -> None:
        await asyncio.sleep(0)

    return World(RecordingStore(before=give_way), slice_size=1)


@pytest.fixture
def keys() -> ScriptedKeys:
    """Return keys, all of them healthy as yet."""
    return ScriptedKeys()


@pytest.fixture
def world_with_keys(store: RecordingStore, keys: ScriptedKeys) -> World:
    """Return a program with key health, over one compliant account, a subscription to a slice."""
    world = World(store, keys=keys, slice_size=1)
    world.listed(ONE)
    world.read(ONE, good(ONE))
    return world


@pytest.fixture
async def scanned(world: World) -> World:
    """Return a program that has found two compliant subscriptions."""
    world.listed(ONE, TWO)
    world.read(ONE, good(ONE))
    world.read(TWO, good(TWO))
    await world.scan()
    return world


@pytest.fixture
async def watched(scanned: World) -> Watched:
    """A watch over two compliant subscriptions that a full scan has read."""
    scanned.clock.advance(WATCH_OVERLAP)
    return Watched(scanned)


@pytest.fixture
async def keyed(world_with_keys: World) -> Watched:
    """A watch over a subscription whose key lies in ``VAULT``."""
    await world_with_keys.scan()
    world_with_keys.clock.advance(EVERY)
    return Watched(world_with_keys)


@pytest.fixture
def exemptions() -> ScriptedExemptions:
    """Return the exemption of the second subscription."""
    return ScriptedExemptions({TWO: exempted(TWO, END, ticket="T-1", approved_by="Board")})


@pytest.fixture
def estate(world: World, exemptions: ScriptedExemptions) -> World:
    """Return a program that accepts exceptions, over a good subscription and an exempted one."""
    world.exemptions = exemptions
    set_mode(world, ExceptionMode.ACCEPT)
    world.listed(ONE, TWO)
    world.read(ONE, good(ONE))
    world.read(TWO, bad(TWO))
    return world
