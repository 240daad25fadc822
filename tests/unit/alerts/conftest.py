"""The scene of the tests of delivery."""

import pytest

from tests.unit.alerts.delivery_scene import Scene


@pytest.fixture
def scene(caplog: pytest.LogCaptureFixture) -> Scene:
    """An empty scene."""
    return Scene(caplog)
