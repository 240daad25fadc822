"""Where a proof that needs a real browser stands without one."""

import os
from typing import NoReturn

import pytest

from local.browser import NAMES, find_browser


def path_of_browser() -> str:
    """Return the path of a browser; without one end the test as ``end_without`` does."""
    return find_browser() or end_without(f"NO BROWSER WAS SEEN: install {' or '.join(NAMES)}")


def end_without(reason: str) -> NoReturn:
    """Skip and say why; but fail in CI, where nobody would see it."""
    if os.environ.get("CI") == "true":
        pytest.fail(reason)
    pytest.skip(reason)
