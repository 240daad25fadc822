"""The host is killed at one step after another: nothing is lost and nothing told untruly."""

from collections.abc import Iterator

import pytest

from local.azurite import Azurite
from tests.functional.killed.killing import Killing, Point
from tests.functional.killed.points import CHOSEN
from tests.functional.killed.rig import Rig
from tests.functional.storage_kit import Storage

pytestmark = pytest.mark.long


@pytest.fixture(scope="module")
def killing(azurite: Azurite, _storage: Storage) -> Iterator[Killing]:
    """Run every case once with nothing that disturbs it."""
    _storage.clear()
    with Rig(_storage, azurite) as rig:
        yield Killing(rig)


@pytest.mark.parametrize("point", CHOSEN, ids=str)
def test_p1_p3_p9_killed_at_a_step_nothing_is_lost(killing: Killing, point: Point) -> None:
    """The next scan brings every change into the feed once, and tells it under the same id."""
    assert killing.run(point).faults == ()
