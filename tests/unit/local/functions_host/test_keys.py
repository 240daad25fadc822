"""Keys open what they open on Azure, and stay out of what is printed."""

import pytest

from local.functions_host.functions import AuthLevel
from local.functions_host.keys import Keys

pytestmark = pytest.mark.long

_KEYS = Keys(master="m-key", default="d-key", functions={"api": "a-key", "scan": "s-key"})


@pytest.mark.parametrize(
    ("level", "given", "opens"),
    [
        (AuthLevel.ANONYMOUS, None, True),
        (AuthLevel.FUNCTION, "wrong", False),
        (AuthLevel.FUNCTION, "kéy", False),
        (AuthLevel.FUNCTION, "a-key", True),
        (AuthLevel.FUNCTION, "s-key", False),
        (AuthLevel.ADMIN, "d-key", False),
        (AuthLevel.ADMIN, "m-key", True),
    ],
)
def test_a_key_opens_by_level(level: AuthLevel, given: str | None, opens: bool) -> None:  # noqa: FBT001
    """That one function's key opens no other is what the app's own keys rely on."""
    assert _KEYS.allows("api", level, given) is opens
