"""Bundles of evidence in a folder of their own."""

from pathlib import Path

import pytest

from tests.unit.evidence.bundle_kit import Bundles


@pytest.fixture
def bundles(tmp_path: Path) -> Bundles:
    """Return what makes bundles and verifies them."""
    return Bundles(tmp_path)
