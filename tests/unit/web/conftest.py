"""What the tests of the API share."""

import pytest

from tests.unit.web.api_kit import Served, sample


@pytest.fixture
async def served() -> Served:
    """The sample estate."""
    return await sample()


@pytest.fixture
def empty() -> Served:
    """Storage that no scan has written to."""
    return Served()
