"""The whole program for each test; the storage is shared, and emptied before each."""

from collections.abc import Callable, Iterator
from contextlib import ExitStack

import pytest

from local.azurite import Azurite
from local.simulator import Estate
from tests.functional.estate_kit import Scene
from tests.functional.storage_kit import Storage

type OpenScene = Callable[..., Scene]


@pytest.fixture(scope="session")
def _storage(azurite: Azurite) -> Iterator[Storage]:
    storage = Storage(azurite)
    yield storage
    storage.close()


@pytest.fixture
def storage(_storage: Storage) -> Storage:
    """The storage, empty."""
    _storage.clear()
    return _storage


@pytest.fixture
def open_scene(azurite: Azurite, storage: Storage) -> Iterator[OpenScene]:
    """Start the program over an estate: ``open_scene(estate, lease=..., CMK_...=...)``."""
    with ExitStack() as stack:

        def start(estate: Estate | str, *, lease: int | None = None, **settings: str) -> Scene:
            scene = Scene(estate, storage, azurite, lease=lease, settings=settings)
            return stack.enter_context(scene)

        yield start
