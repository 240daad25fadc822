"""Keys open what they open on Azure, and stay out of what is printed."""

import json
from pathlib import Path

import pytest

from local.functions_host.errors import StartError
from local.functions_host.functions import AuthLevel
from local.functions_host.keys import Keys

pytestmark = pytest.mark.long

_KEYS = Keys(master="m-key", default="d-key", functions={"api": "a-key", "scan": "s-key"})


@pytest.mark.parametrize(
    ("level", "given", "opens"),
    [
        (AuthLevel.ANONYMOUS, None, True),
        (AuthLevel.FUNCTION, None, False),
        (AuthLevel.FUNCTION, "wrong", False),
        (AuthLevel.FUNCTION, "kéy", False),
        (AuthLevel.FUNCTION, "a-key", True),
        (AuthLevel.FUNCTION, "s-key", False),
        (AuthLevel.FUNCTION, "d-key", True),
        (AuthLevel.FUNCTION, "m-key", True),
        (AuthLevel.ADMIN, "a-key", False),
        (AuthLevel.ADMIN, "d-key", False),
        (AuthLevel.ADMIN, "m-key", True),
    ],
)
def test_a_key_opens_by_level(level: AuthLevel, given: str | None, opens: bool) -> None:  # noqa: FBT001
    """That one function's key opens no other is what the app's own keys rely on."""
    assert _KEYS.allows("api", level, given) is opens


def test_keys_are_new_at_each_start_but_for_those_of_the_file(tmp_path: Path) -> None:
    """A dashboard under development keeps its key; nothing else does."""
    path = tmp_path / "keys.json"
    path.write_text(json.dumps({"functions": {"api": "mine"}}), encoding="utf-8")

    first, second = Keys.make(["api", "scan"], path), Keys.make(["api", "scan"], path)

    assert first.functions["api"] == second.functions["api"] == "mine"
    assert first.functions["scan"] != second.functions["scan"]
    assert first.master != second.master


def test_a_keys_file_with_an_unknown_function_is_refused(tmp_path: Path) -> None:
    """A misspelt name would leave the function with a random key and the person puzzled."""
    path = tmp_path / "keys.json"
    path.write_text(json.dumps({"functions": {"apo": "mine"}}), encoding="utf-8")

    with pytest.raises(StartError, match="HTTP functions only"):
        Keys.make(["api"], path)


def test_keys_stay_out_of_the_repr() -> None:
    """What is printed while looking for a fault must not hold them."""
    assert "-key" not in repr(_KEYS)
