"""A program in memory for each test of the scan's protocol."""

import pytest

from cmk_check.store.memory import MemoryStore
from tests.fakes.world import World


@pytest.fixture
def store() -> MemoryStore:
    """Return an empty store, whose log the test may look at."""
    return MemoryStore()


@pytest.fixture
def world(store: MemoryStore) -> World:
    """Return a program over that store, a subscription to a slice."""
    return World(store, slice_size=1)
