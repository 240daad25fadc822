"""Estates from files: a wrong word is refused, not passed over."""

from collections.abc import Mapping
from typing import Any

import pytest

from local.simulator import estate_of, load_estate
from local.simulator.load import estate_names

pytestmark = pytest.mark.long

VAULT = {"name": "kv", "group": "rg"}


def test_every_estate_loads() -> None:
    """A word that is wrong in a file is found here, not in a demonstration."""
    names = estate_names()

    assert names == ["clean", "empty", "exceptions", "keys", "nothing", "sample"]
    assert [len(load_estate(name).subscriptions) for name in names] == [2, 1, 4, 4, 0, 3]


@pytest.mark.parametrize(
    ("of_estate", "of_subscription", "wrong"),
    [
        ({"tenant": "x"}, {}, "cannot have tenant;"),
        ({"assignments": [{"role": "Owner", "who": "user:a", "scope": "/"}]}, {}, "have who;"),
        ({"denied": [{"actions": "a"}]}, {}, "cannot have actions;"),
        ({}, {"acess": "reader"}, "cannot have acess;"),
        ({}, {"accounts": [{"tag": {}}]}, "cannot have tag;"),
        ({}, {"vaults": [{**VAULT, "key": []}]}, "cannot have key;"),
        ({}, {"vaults": [{**VAULT, "policies": {"system:none": []}}]}, "principal system:none"),
    ],
)
def test_an_unknown_word_is_refused(
    of_estate: Mapping[str, Any], of_subscription: Mapping[str, Any], wrong: str
) -> None:
    """A misspelt word would silently give another estate."""
    one = {"id": "1d1f6a54-0000-4000-8000-000000000001", "name": "One", **of_subscription}

    with pytest.raises(ValueError, match=wrong):
        estate_of({"subscriptions": [one], **of_estate})
