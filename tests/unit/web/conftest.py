"""What the tests of the API share."""

from collections.abc import Iterator

import pytest

from tests.unit.web.api_kit import Served, free_apps, sample


@pytest.fixture(autouse=True)
def _apps() -> Iterator[None]:
    yield
    free_apps()


@pytest.fixture
async def served() -> Served:
    """The sample estate."""
    return await sample()


@pytest.fixture
def empty() -> Served:
    """Storage that no scan has written to."""
    return Served()
