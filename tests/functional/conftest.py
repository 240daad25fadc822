"""The whole program for each test; the storage is shared, and emptied before each."""

from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack
from pathlib import Path

import pytest

from local.azurite import Azurite
from local.simulator import Estate, Simulator
from tests.functional.az_kit import Az, AzServer
from tests.functional.estate_kit import Scene
from tests.functional.storage_kit import Storage

type OpenScene = Callable[..., Scene]
type OpenAz = Callable[[Simulator], Az]


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

        def start(
            estate: Estate | str,
            *,
            lease: int | None = None,
            scan_options: Mapping[str, int] | None = None,
            **settings: str,
        ) -> Scene:
            scene = Scene(
                estate, storage, azurite, lease=lease, scan_options=scan_options, settings=settings
            )
            return stack.enter_context(scene)

        yield start


@pytest.fixture(scope="session")
def _az_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[AzServer]:
    with AzServer(tmp_path_factory.mktemp("az")) as server:
        yield server


@pytest.fixture
def open_az(_az_server: AzServer, tmp_path: Path) -> OpenAz:
    """Give Microsoft's az command to a simulated Azure."""
    return lambda simulator: Az(simulator, tmp_path, _az_server)
